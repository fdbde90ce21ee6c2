//! What a link shows of its caller's and its callee's resilience: attempts and the pauses between
//! them, silences, refusals, answers to repeated writes.
//!
//! Like everything on links: differences since the observation before, a few figures a second
//! however many requests pass.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::units::Span;

/// The shortest time without any attempt on a link that counts as a silence. Between two reports of
/// a second there are at most ten.
pub const SILENCE: Span = Span::from_millis(100);

/// Attempts that are told apart by their number; the last place counts all further ones.
pub const ATTEMPTS: usize = 8;

/// Pauses that are told apart by the retry that ends them; the last place holds all further ones.
pub const PAUSES: usize = 3;

/// Resilience as seen on the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calls {
    /// Requests that carry a key, by attempt number: first ones, second ones, …
    #[serde(skip_serializing_if = "no_attempts")]
    pub attempts: [u64; ATTEMPTS],
    /// From the end of one attempt to the start of the next one under the same key, by the number
    /// of the retry: first ones, second ones, all further ones.
    #[serde(skip_serializing_if = "no_pauses")]
    pub pauses: [Histogram; PAUSES],
    /// Caller's time of replies 429 and 503: load that was refused.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub shed_time: Histogram,
    /// Caller's time of all other replies from 500 on.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub error_time: Histogram,
    /// First byte of the request to the moment its connection broke, of those whose callee or whose
    /// link ended them.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub broken_after: Histogram,
    /// The most requests on their way at once. Merging takes the largest.
    #[serde(skip_serializing_if = "is_zero")]
    pub most_in_flight: u64,
    /// Writes under an idempotency key that were answered again, with the same answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated_alike: u64,
    /// Writes under an idempotency key that were answered again, with another answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated_otherwise: u64,
    /// Stretches of attempts that a silence ended since the observation before, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<Burst>,
}

/// A stretch of attempts (requests and refused connections) and the silence that ended it. It is
/// reported when the next attempt comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// From its first attempt to the observation that reports it.
    pub ago: Span,
    /// From its first attempt to its last.
    pub lasted: Span,
    /// Attempts in it.
    pub attempts: u64,
    /// Attempts that ended without a reply below 500 while it lasted or in the silence after it.
    pub failed: u64,
    /// From the end of its last attempt to the next attempt.
    pub silent: Span,
}

impl Calls {
    /// Adds later observations.
    pub fn add(&mut self, more: &Self) {
        for (sum, more) in self.attempts.iter_mut().zip(more.attempts) {
            *sum = sum.saturating_add(more);
        }
        for (sum, more) in self.pauses.iter_mut().zip(&more.pauses) {
            sum.merge(more);
        }
        self.shed_time.merge(&more.shed_time);
        self.error_time.merge(&more.error_time);
        self.broken_after.merge(&more.broken_after);
        self.most_in_flight = self.most_in_flight.max(more.most_in_flight);
        self.repeated_alike = self.repeated_alike.saturating_add(more.repeated_alike);
        self.repeated_otherwise = self
            .repeated_otherwise
            .saturating_add(more.repeated_otherwise);
    }
}

fn no_attempts(attempts: &[u64; ATTEMPTS]) -> bool {
    attempts.iter().all(|count| *count == 0)
}

fn no_pauses(pauses: &[Histogram; PAUSES]) -> bool {
    pauses.iter().all(Histogram::is_empty)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_second_takes_no_room() {
        assert_eq!(serde_json::to_string(&Calls::default()).unwrap(), "{}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut calls = Calls {
            most_in_flight: 3,
            repeated_alike: 1,
            ..Calls::default()
        };
        calls.attempts[1] = 4;
        calls.pauses[0].record(Span::from_millis(40));
        calls.bursts.push(Burst {
            ago: Span::from_secs(2),
            lasted: Span::from_millis(200),
            attempts: 5,
            failed: 5,
            silent: Span::from_secs(1),
        });
        let text = serde_json::to_string(&calls).unwrap();
        assert_eq!(serde_json::from_str::<Calls>(&text).unwrap(), calls);
    }
}
