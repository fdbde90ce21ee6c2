//! What the proxy has seen and done: plain cumulative counters, easy to subtract.
//!
//! All counters only grow while a link lives; [`Snapshot::since`] gives what happened between two
//! readings. Times are in microseconds, sizes in bytes.

use crate::histogram::Histogram;
use crate::spec::Stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reading of all links.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Each link under its name.
    pub links: BTreeMap<String, LinkSnapshot>,
}

/// A reading of one link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkSnapshot {
    /// Differs for two links of the same name that lived one after the other.
    pub id: u64,
    /// Whether it accepts connections now.
    pub enabled: bool,
    /// The address it listens on.
    pub listen: String,
    /// Where it connects to; empty while unknown.
    pub upstream: String,
    /// Connections and bytes, whatever the protocol.
    pub traffic: Traffic,
    /// What the HTTP tap saw; absent while the tap was never on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCounts>,
    /// What being disabled did: connections reset, attempts refused.
    pub down: Witness,
    /// Each toxic, and each removed one until it is forgotten, in order of creation.
    pub toxics: Vec<ToxicSnapshot>,
}

/// Traffic of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Connections accepted while the link was up.
    pub connections: u64,
    /// Connections open now; a gauge, kept as it is by [`Snapshot::since`].
    pub open: u64,
    /// Connections to the upstream that failed or took too long.
    pub dial_failures: u64,
    /// Connections reset because no upstream was known.
    pub without_upstream: u64,
    /// Bytes received from callers.
    pub received_upstream: u64,
    /// Bytes written to the upstream.
    pub sent_upstream: u64,
    /// Bytes received from the upstream.
    pub received_downstream: u64,
    /// Bytes written to callers.
    pub sent_downstream: u64,
}

/// What the HTTP/1.1 tap of a link counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpCounts {
    /// Requests whose head was received from a caller.
    pub requests: u64,
    /// Replies whose head was received from the upstream, by class: index 0 is 1xx (only
    /// `101 Switching Protocols`), 4 is 5xx, 5 any other number.
    pub responses: [u64; 6],
    /// Replies whose last byte was written to a caller who still wanted it.
    pub completed: u64,
    /// Requests whose caller closed (or half-closed) before the reply ended: it gave up.
    pub abandoned: u64,
    /// Requests whose reply did not end because the upstream closed, reset or was unreachable.
    pub failed: u64,
    /// Requests in flight when a toxic, being disabled or the proxy's end cut the connection.
    pub cut: u64,
    /// Connections that were not HTTP/1.1 (or stopped to be), which the tap left alone.
    pub not_http: u64,
    /// Requests by attempt number: index 0 counts first attempts, 1 second ones, …, the last all
    /// further ones. Attempts share an `idempotency-key`, else the trace id of `traceparent`
    /// with method and path; a request with neither is not in here.
    pub attempts: [u64; 8],
    /// Requests that carried no key to recognise further attempts by.
    pub keyless: u64,
    /// From the start of one attempt to the start of the next one of the same request.
    pub attempt_gap: Histogram,
    /// From a request's first byte received to the moment its caller gave up.
    pub abandoned_after: Histogram,
    /// Caller's side: first byte of the request received to first byte of the reply written.
    pub caller_first_byte: Histogram,
    /// Caller's side: first byte of the request received to last byte of the reply written.
    pub caller_last_byte: Histogram,
    /// Upstream's side: first byte of the request written to first byte of the reply received.
    pub upstream_first_byte: Histogram,
    /// What the link itself added to the first byte: caller's side minus upstream's side.
    pub added: Histogram,
    /// From the end of one attempt to the start of the next one of the same request, by the number
    /// of the retry that begins there: first, second, all further ones.
    pub pauses: [Histogram; 3],
    /// Caller's side, whole replies with status 429 or 503: load that was shed.
    pub shed_time: Histogram,
    /// Caller's side, whole replies with any other status from 500 on.
    pub error_time: Histogram,
    /// From a request's first byte received to the moment it was known to get no (whole) reply
    /// because the upstream failed or the link cut it.
    pub broken_after: Histogram,
    /// Writes under an idempotency key that were answered with success again, with the same body.
    /// Bodies in chunks or of more than a mebibyte are not compared.
    pub repeated_alike: u64,
    /// The same, with another body.
    pub repeated_otherwise: u64,
    /// The link's age at this reading, in microseconds.
    pub age_us: u64,
    /// Stretches of attempts that a silence ended, the last few hundred of them; a difference
    /// holds those that ended in between.
    pub bursts: Vec<Burst>,
    /// The most requests on their way at once, by second of the link's age, for the last minute; a
    /// difference holds the seconds it touches.
    pub peaks: Vec<Peak>,
}

/// A stretch of attempts (requests and refused connections), ended by at least 100 ms without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// Rises by one with each.
    pub number: u64,
    /// The link's age at its first attempt.
    pub started_us: u64,
    /// From its first attempt to its last.
    pub lasted_us: u64,
    /// Attempts in it.
    pub attempts: u64,
    /// Attempts that failed in it or in the silence after it: without a reply, or with one of 429
    /// or from 500 on.
    pub failed: u64,
    /// From the end of its last attempt to the next attempt.
    pub silent_us: u64,
}

/// The most requests on their way at once in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// Whole seconds of the link's age.
    pub second: u64,
    /// The most at once.
    pub most: u64,
}

impl HttpCounts {
    /// Distinct requests among those that carry a key: the first attempts.
    pub fn logical_requests(&self) -> u64 {
        self.attempts[0]
    }
}

/// A reading of one toxic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToxicSnapshot {
    /// Unique in the proxy's life: a toxic added again under its old name is another one.
    pub id: u64,
    /// Its name on the link.
    pub name: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The direction it acts on.
    pub stream: Stream,
    /// Whether it was removed since.
    pub removed: bool,
    /// What it did.
    pub witness: Witness,
}

/// What a fault did, measured where it acted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Connections its toxicity chose.
    pub chosen: u64,
    /// Connections its toxicity spared.
    pub spared: u64,
    /// Requests that matched, for a fault of a protocol; `chosen` and `spared` count requests there.
    pub matched: u64,
    /// Connections on which it acted.
    pub connections: u64,
    /// Requests in flight on a connection while it acted there (needs the tap).
    pub requests: u64,
    /// Chunks it acted on.
    pub chunks: u64,
    /// Bytes it acted on.
    pub bytes: u64,
    /// The time it really held each chunk (latency, slicer, bandwidth) or close (`slow_close`).
    pub delay: Histogram,
    /// Connections it ended with a reset.
    pub resets: u64,
    /// Connections it ended with a close.
    pub closes: u64,
    /// Bytes it dropped.
    pub dropped_bytes: u64,
    /// Connection attempts refused; only for a link that is down with [`Down::Reset`](crate::Down::Reset).
    pub refused: u64,
}

impl Snapshot {
    /// What happened after `earlier`. Links and toxics are matched by id, new ones count whole,
    /// those that are gone are left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let nothing = LinkSnapshot::default();
        let links = self
            .links
            .iter()
            .map(|(name, link)| {
                let before = earlier.links.get(name).filter(|old| old.id == link.id);
                (name.clone(), link.since(before.unwrap_or(&nothing)))
            })
            .collect();
        Self { links }
    }
}

impl LinkSnapshot {
    /// What happened after `earlier`; its state (`enabled`, addresses) is that of `self`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let nothing = Witness::default();
        let toxics = self.toxics.iter().map(|toxic| {
            let before = earlier.toxics.iter().find(|old| old.id == toxic.id);
            let before = before.map_or(&nothing, |old| &old.witness);
            ToxicSnapshot {
                witness: toxic.witness.since(before),
                ..toxic.clone()
            }
        });
        Self {
            traffic: self.traffic.since(&earlier.traffic),
            http: self.http.as_ref().map(|http| match &earlier.http {
                Some(before) => http.since(before),
                None => http.clone(),
            }),
            down: self.down.since(&earlier.down),
            toxics: toxics.collect(),
            ..self.clone()
        }
    }

    /// The toxic of that name: the live one, else the one removed last.
    pub fn toxic(&self, name: &str) -> Option<&ToxicSnapshot> {
        let named = || self.toxics.iter().rev().filter(|toxic| toxic.name == name);
        named()
            .find(|toxic| !toxic.removed)
            .or_else(|| named().next())
    }
}

/// Builds the difference of two values of a struct: counts, histograms, then what is set apart.
macro_rules! difference {
    ($later:ident, $earlier:ident; $($count:ident),*; $($nested:ident),*; $($field:ident: $value:expr),*) => {
        Self {
            $($count: $later.$count.saturating_sub($earlier.$count),)*
            $($nested: $later.$nested.since(&$earlier.$nested),)*
            $($field: $value,)*
        }
    };
}

impl Traffic {
    /// What happened after `earlier`; `open` stays as it is.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        difference!(self, earlier;
            connections, dial_failures, without_upstream, received_upstream, sent_upstream,
            received_downstream, sent_downstream;; open: self.open)
    }
}

impl HttpCounts {
    /// What happened after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let less = |now: &[u64], then: &[u64], index: usize| now[index].saturating_sub(then[index]);
        let last = earlier.bursts.last().map(|burst| burst.number);
        let newer = |burst: &&Burst| last.is_none_or(|last| burst.number > last);
        let second = earlier.age_us / 1_000_000;
        difference!(self, earlier;
            requests, completed, abandoned, failed, cut, not_http, keyless,
            repeated_alike, repeated_otherwise;
            attempt_gap, abandoned_after, caller_first_byte, caller_last_byte,
            upstream_first_byte, added, shed_time, error_time, broken_after;
            pauses: std::array::from_fn(|i| self.pauses[i].since(&earlier.pauses[i])),
            age_us: self.age_us,
            bursts: self.bursts.iter().filter(|b| newer(b)).copied().collect(),
            peaks: self.peaks.iter().filter(|p| p.second >= second).copied().collect(),
            responses: std::array::from_fn(|i| less(&self.responses, &earlier.responses, i)),
            attempts: std::array::from_fn(|i| less(&self.attempts, &earlier.attempts, i)))
    }
}

impl Witness {
    /// What happened after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        difference!(self, earlier;
            chosen, spared, matched, connections, requests, chunks, bytes, resets, closes, dropped_bytes,
            refused; delay;)
    }

    /// Whether it was seen to act at all.
    pub fn acted(&self) -> bool {
        self.connections > 0 || self.refused > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toxic(id: u64, bytes: u64) -> ToxicSnapshot {
        ToxicSnapshot {
            id,
            name: "slow".to_owned(),
            kind: "latency".to_owned(),
            stream: Stream::Downstream,
            removed: false,
            witness: Witness {
                bytes,
                ..Witness::default()
            },
        }
    }

    fn reading(id: u64, connections: u64, toxics: Vec<ToxicSnapshot>) -> Snapshot {
        let traffic = Traffic {
            connections,
            open: 3,
            ..Traffic::default()
        };
        let link = LinkSnapshot {
            id,
            traffic,
            toxics,
            ..LinkSnapshot::default()
        };
        Snapshot {
            links: [("a".to_owned(), link)].into(),
        }
    }

    #[test]
    fn a_difference_counts_what_came_between() {
        let earlier = reading(1, 10, vec![toxic(1, 100)]);
        let later = reading(1, 14, vec![toxic(1, 150), toxic(2, 7)]);
        assert_eq!(
            later.since(&earlier),
            reading(1, 4, vec![toxic(1, 50), toxic(2, 7)])
        );
    }

    #[test]
    fn another_link_of_the_same_name_counts_whole() {
        let earlier = reading(1, 10, vec![]);
        let later = reading(2, 4, vec![]);
        assert_eq!(later.since(&earlier), later);
    }
}
