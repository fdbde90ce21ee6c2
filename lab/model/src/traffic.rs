//! What the load does: journeys of steps, and when they start.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::Name;
use crate::units::{Rate, Span};

/// The load of a run, resolved: which journeys, how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The journeys with their shares; never empty, weights sum above zero.
    pub journeys: Vec<Journey>,
    /// When journeys start.
    pub arrivals: Arrivals,
}

impl Load {
    /// The share of arrivals that start this journey, 0 to 1.
    pub fn share(&self, journey: &Name) -> f64 {
        let total: u32 = self.journeys.iter().map(|j| j.weight).sum();
        let mine: u32 = self
            .journeys
            .iter()
            .filter(|j| &j.name == journey)
            .map(|j| j.weight)
            .sum();
        if total == 0 {
            0.0
        } else {
            f64::from(mine) / f64::from(total)
        }
    }
}

/// When journeys start, counted from the start of the load. One arrival starts one journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// The same rate all the time: arrival `k` is due at `k / rate`.
    Constant {
        /// Journeys per second.
        rate: Rate,
    },
}

impl Arrivals {
    /// How many arrivals are due in `[from, to)`.
    pub fn count_between(&self, from: Span, to: Span) -> u64 {
        let Self::Constant { rate } = self;
        // Arrival k is due at k / rate, so the first k due at or after t is ⌈t · rate⌉. The products
        // are rounded to 1e-6 first: 15 s · 150/s is 2,250 and not 2,250.0000000001.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded by a year at a million a second"
        )]
        let first = |at: Span| {
            let product = at.as_secs_f64() * rate.as_per_second();
            ((product * 1e6).round() / 1e6).ceil() as u64
        };
        first(to).saturating_sub(first(from))
    }

    /// When arrival `k` (from 0) is due.
    pub fn due(&self, k: u64) -> Span {
        let Self::Constant { rate } = self;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        Span::from_micros((k as f64 * 1e6 / rate.as_per_second()).round() as u64)
    }
}

/// What one user does, step after step, until a step fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// Its name in the scenario and in reports.
    pub name: Name,
    /// Its share of arrivals among all weights.
    pub weight: u32,
    /// Its steps, in order; never empty.
    pub steps: Vec<Step>,
}

impl Journey {
    /// The longest a journey can take: the sum of its steps' timeouts.
    pub fn longest(&self) -> Span {
        self.steps
            .iter()
            .fold(Span::ZERO, |sum, step| sum.plus(step.timeout))
    }
}

/// One HTTP request of a journey.
///
/// `path`, header values and the strings inside `body` may hold `{name}` (a value saved by an
/// earlier step), `{random:1..20}` (a whole number from the seed) and `{unique}` (a text that no
/// other arrival of the run gets).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in reports, unique in the journey.
    pub name: Name,
    /// The service it calls: the callee of an entry link.
    pub service: Name,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path with its query, starting with `/`.
    pub path: String,
    /// Headers beside those the generator sets itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A JSON body, or a text sent as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// From the request's start to the last byte of the reply; beyond it the step has failed.
    pub timeout: Span,
    /// The status it must answer with; any of 200 to 399 where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<u16>,
    /// Values for later steps: a name and where it stands in the reply (a JSON pointer).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub save: BTreeMap<String, String>,
    /// Whether a success is an acknowledged write, kept in the ledger under its idempotency key.
    #[serde(default, skip_serializing_if = "is_false")]
    pub write: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn constant(rate: f64) -> Arrivals {
        Arrivals::Constant {
            rate: Rate::per_second(rate).unwrap(),
        }
    }

    #[test]
    fn phases_share_arrivals_without_overlap() {
        let arrivals = constant(150.0);
        let s = Span::from_secs;
        assert_eq!(arrivals.count_between(s(0), s(5)), 750);
        assert_eq!(arrivals.count_between(s(5), s(20)), 2_250);
        assert_eq!(arrivals.count_between(s(20), s(20)), 0);
    }

    proptest! {
        #[test]
        fn counts_add_up(rate in 0.1_f64..5_000.0, a in 0_u64..60_000, b in 0_u64..60_000) {
            let arrivals = constant(rate);
            let (a, b) = (Span::from_millis(a.min(b)), Span::from_millis(a.max(b)));
            let whole = arrivals.count_between(Span::ZERO, b);
            prop_assert_eq!(
                arrivals.count_between(Span::ZERO, a) + arrivals.count_between(a, b),
                whole
            );
            prop_assert!((whole as f64 - b.as_secs_f64() * rate).abs() <= 1.0);
        }

        #[test]
        fn due_times_never_go_back(rate in 0.1_f64..5_000.0, k in 0_u64..100_000) {
            let arrivals = constant(rate);
            prop_assert!(arrivals.due(k) <= arrivals.due(k + 1));
        }
    }
}
