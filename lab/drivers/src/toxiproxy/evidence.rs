//! What a fault did, where the server that did it says nothing of it.
//!
//! A Toxiproxy counts neither requests nor what its toxics touched. So each link is tapped on both
//! sides of it, by the lab's own proxy, and what happened in between is the difference. Each figure
//! is a lower bound: a request is taken for held only where nothing else explains the two taps.

use lab_model::Span;
use lab_model::link::{Delay, Touched};
use lab_model::plan::{Effect, Fault};
use lab_model::toxic::Stream;
use lab_proxy::{Histogram, HttpCounts, LinkSnapshot};

/// A shaped answer ends at least that much later than it would have.
const SHAPED: Span = Span::from_millis(1);

/// What was seen of a fault since it was armed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) touched: Touched,
    pub(super) delay: Delay,
    pub(super) resets: u64,
    pub(super) refused: u64,
    pub(super) dropped: u64,
}

impl Evidence {
    /// What a fault did, from the tap on the caller's side and the one on the callee's.
    pub(super) fn of(fault: &Fault, caller: &LinkSnapshot, callee: &LinkSnapshot) -> Self {
        let nothing = HttpCounts::default();
        let outer = caller.http.as_ref().unwrap_or(&nothing);
        let inner = callee.http.as_ref().unwrap_or(&nothing);
        let broken = outer.failed.saturating_sub(inner.failed);
        match fault.effect {
            Effect::Delay { mean, .. } => {
                // A caller that gives up ends its wait long before the delay does.
                let part = Span::from_micros(mean.as_micros() / 10).max(SHAPED);
                held(
                    &[&outer.upstream_first_byte, &outer.abandoned_after],
                    &[&inner.caller_first_byte, &inner.abandoned_after],
                    part,
                )
            }
            Effect::Throttle { .. } | Effect::Reshape => {
                let mut seen = held(
                    &[&outer.caller_last_byte, &outer.abandoned_after],
                    &[&inner.caller_last_byte, &inner.abandoned_after],
                    SHAPED,
                );
                if seen.touched.requests > 0 {
                    seen.touched.bytes = passing(fault, caller, callee);
                }
                seen
            }
            Effect::Reset => Self {
                touched: connections(broken),
                resets: broken,
                ..Self::default()
            },
            Effect::Close => Self {
                touched: connections(broken),
                ..Self::default()
            },
            Effect::Refuse => Self {
                touched: connections(caller.traffic.dial_failures + broken),
                refused: caller.traffic.dial_failures,
                resets: broken,
                ..Self::default()
            },
            Effect::Withhold | Effect::Lose { .. } => lost(fault, caller, callee, outer, inner),
            // No Toxiproxy has a toxic for these; such faults never come here.
            Effect::Open { .. }
            | Effect::Alter { .. }
            | Effect::Exchange { .. }
            | Effect::State => Self::default(),
        }
    }

    /// What is new after an earlier look at the same fault.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let more = |now: u64, then: u64| now.saturating_sub(then);
        Self {
            touched: Touched {
                connections: more(self.touched.connections, earlier.touched.connections),
                requests: more(self.touched.requests, earlier.touched.requests),
                bytes: more(self.touched.bytes, earlier.touched.bytes),
                readings: 0,
            },
            delay: Delay {
                count: more(self.delay.count, earlier.delay.count),
                sum: self.delay.sum.minus(earlier.delay.sum),
                ..self.delay
            },
            resets: more(self.resets, earlier.resets),
            refused: more(self.refused, earlier.refused),
            dropped: more(self.dropped, earlier.dropped),
        }
    }
}

fn connections(number: u64) -> Touched {
    Touched {
        connections: number,
        ..Touched::default()
    }
}

/// The bytes that reached the server, in the fault's directions.
pub(super) fn passing(fault: &Fault, caller: &LinkSnapshot, callee: &LinkSnapshot) -> u64 {
    let streams = fault.direction.streams().iter();
    streams
        .map(|stream| match stream {
            Stream::Upstream => caller.traffic.sent_upstream,
            Stream::Downstream => callee.traffic.sent_downstream,
        })
        .sum()
}

/// What went in on one side and did not come out on the other.
fn lost(
    fault: &Fault,
    caller: &LinkSnapshot,
    callee: &LinkSnapshot,
    outer: &HttpCounts,
    inner: &HttpCounts,
) -> Evidence {
    let came = |stream: &Stream| match stream {
        Stream::Upstream => callee.traffic.received_upstream,
        Stream::Downstream => caller.traffic.received_downstream,
    };
    let came: u64 = fault.direction.streams().iter().map(came).sum();
    // A request that was lost never began there; a reply that was lost never ended here.
    let requests = outer.requests.saturating_sub(inner.requests);
    let replies = inner.completed.saturating_sub(outer.completed);
    Evidence {
        touched: Touched {
            requests: requests.max(replies),
            ..Touched::default()
        },
        dropped: passing(fault, caller, callee).saturating_sub(came),
        ..Evidence::default()
    }
}

/// Requests that were held between the taps, and for how long on average.
fn held(outer: &[&Histogram], inner: &[&Histogram], by: Span) -> Evidence {
    let together = |parts: &[&Histogram]| {
        let mut sum = Histogram::default();
        for part in parts {
            sum.add(part);
        }
        sum
    };
    let requests = held_longer(&together(outer), &together(inner), by.as_micros());
    // Of those that had an answer on both sides.
    let answered = |parts: &[&Histogram]| {
        let first = parts.first()?;
        Some((first.count(), first.mean_us()?))
    };
    let delay = match (answered(outer), answered(inner)) {
        (Some((count, outside)), Some((_, inside))) if requests > 0 => {
            let mean = micros((outside - inside).max(0.0));
            Delay {
                count,
                sum: Span::from_micros(mean.saturating_mul(count)),
                min: Span::from_micros(mean),
                max: Span::from_micros(mean),
            }
        }
        _ => Delay::default(),
    };
    Evidence {
        touched: Touched {
            requests,
            ..Touched::default()
        },
        delay,
        ..Evidence::default()
    }
}

/// How many requests, at the least, took so much longer outside than inside: were fewer held, then
/// at every limit `t` no more than that many requests could take `t` and the hold outside beyond
/// those that take `t` inside.
fn held_longer(outer: &Histogram, inner: &Histogram, by: u64) -> u64 {
    let at_least = |histogram: &Histogram, limit: u64| -> u64 {
        let buckets = histogram.buckets.iter();
        buckets
            .filter(|(floor, _)| *floor >= limit)
            .map(|(_, count)| count)
            .sum()
    };
    // A bucket's values lie up to 1.6 % above its floor: limits are taken above them.
    let limits = inner
        .buckets
        .iter()
        .map(|(floor, _)| floor + floor / 32 + 1);
    let held = |limit: u64| {
        let outside = at_least(outer, limit.saturating_add(by));
        outside.saturating_sub(at_least(inner, limit))
    };
    limits.chain([0]).map(held).max().unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float casts saturate, and the difference is not negative"
)]
fn micros(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[u64]) -> Histogram {
        let mut buckets = std::collections::BTreeMap::new();
        for value in values {
            *buckets.entry(*value).or_insert(0) += 1;
        }
        Histogram {
            sum_us: values.iter().sum(),
            buckets: buckets.into_iter().collect(),
        }
    }

    #[test]
    fn a_delay_is_seen_and_a_slow_callee_is_none() {
        let inner = histogram(&[20_000; 50]);
        let late = histogram(&[2_020_000; 50]);
        assert_eq!(held_longer(&late, &inner, 1_000_000), 50);
        assert_eq!(held_longer(&late, &late, 1_000_000), 0);
        assert_eq!(held_longer(&inner, &inner, 1_000), 0);
        let seen = held(&[&late], &[&inner], Span::from_secs(1));
        assert_eq!(seen.delay.mean(), Some(Span::from_secs(2)));
        let none = held(&[&late], &[&late], Span::from_secs(1));
        assert_eq!(none, Evidence::default());
    }

    proptest! {
        #[test]
        fn never_more_are_found_than_were_held(
            inner in prop::collection::vec(0_u64..10_000, 1..60),
            held in prop::collection::vec(any::<bool>(), 60),
        ) {
            const BY: u64 = 5_000;
            let outer: Vec<u64> = inner.iter().zip(&held).map(|(t, held)| if *held { t + 2 * BY } else { *t }).collect();
            let really = inner.iter().zip(&held).filter(|(_, held)| **held).count() as u64;
            let found = held_longer(&histogram(&outer), &histogram(&inner), BY);
            prop_assert!(found <= really, "{found} of {really}");
        }
    }
}
