//! Ids and random values, all from the seed: the same seed sends the same requests.

use std::fmt::Write;

/// An odd constant: multiples of it visit every 64-bit number once (`SplitMix64`, 2014).
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`'s finaliser: a bijection of 64-bit numbers that looks like noise.
const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The keys of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    seed: u64,
}

impl Keys {
    /// The keys of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed: mix(seed.wrapping_add(STRIDE)),
        }
    }

    /// The keys of one arrival. Different arrivals of a run never share an identity, because each
    /// operation from index to identity is a bijection.
    pub(crate) const fn arrival(self, index: u64) -> ArrivalKeys {
        ArrivalKeys {
            index,
            identity: mix(self.seed.wrapping_add(index.wrapping_mul(STRIDE))),
        }
    }
}

/// The keys of one arrival.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArrivalKeys {
    index: u64,
    identity: u64,
}

impl ArrivalKeys {
    /// The number of the arrival in its run.
    pub(crate) const fn index(self) -> u64 {
        self.index
    }

    /// A text that no other arrival of the run gets: 16 hexadecimal digits.
    pub(crate) fn unique(self) -> String {
        format!("{:016x}", self.identity)
    }

    /// The key under which a step's request counts once, however often it is sent.
    pub(crate) fn idempotency(self, step: &str) -> String {
        format!("{:016x}-{step}", self.identity)
    }

    /// The `traceparent` of a step (W3C Trace Context, sampled): one trace an arrival, one span an
    /// attempt of a step.
    pub(crate) fn traceparent(self, step: usize, attempt: u32) -> String {
        // The standard forbids ids of zeros only.
        let trace = mix(self.identity ^ STRIDE).max(1);
        let span = self.draw(step, u64::MAX - u64::from(attempt - 1)).max(1);
        let mut text = String::with_capacity(55);
        // Writing to a string cannot fail.
        let _ = write!(text, "00-{:016x}{trace:016x}-{span:016x}-01", self.identity);
        text
    }

    /// A whole number between two others, both included, for the `occurrence`-th placeholder of a
    /// step.
    pub(crate) fn whole(self, step: usize, occurrence: u64, low: u64, high: u64) -> u64 {
        let width = u128::from(high.saturating_sub(low)) + 1;
        // Lemire's multiply-shift; without rejection its bias is below width / 2^64.
        let offset = (u128::from(self.draw(step, occurrence)) * width) >> 64;
        low.saturating_add(u64::try_from(offset).unwrap_or(0))
    }

    /// A pause behind a step, between two lengths, both included.
    pub(crate) fn pause(self, step: usize, least: u64, most: u64) -> u64 {
        // Behind every placeholder and before every attempt's span.
        self.whole(step, u64::MAX / 2, least, most)
    }

    const fn draw(self, step: usize, occurrence: u64) -> u64 {
        let place = mix((step as u64).wrapping_mul(STRIDE).wrapping_add(occurrence));
        mix(self.identity ^ place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_arrivals_or_steps_share_a_key() {
        let keys = Keys::new(7);
        let mut seen = HashSet::new();
        for index in 0..10_000 {
            let arrival = keys.arrival(index);
            assert!(seen.insert(arrival.unique()));
            assert!(seen.insert(arrival.idempotency("place")));
            assert!(seen.insert(arrival.idempotency("pay")));
            assert!(seen.insert(arrival.traceparent(0, 1)));
            assert!(seen.insert(arrival.traceparent(1, 1)));
        }
    }

    #[test]
    fn a_trace_spans_the_arrival() {
        let arrival = Keys::new(7).arrival(3);
        let (first, second) = (arrival.traceparent(0, 1), arrival.traceparent(1, 1));
        assert_eq!(first.len(), 55);
        assert_eq!(first[..36], second[..36]);
        assert_ne!(first[36..], second[36..]);
        assert!(first.starts_with("00-") && first.ends_with("-01"));
    }

    #[test]
    fn seeds_repeat_and_differ() {
        let of = |seed| Keys::new(seed).arrival(1).idempotency("pay");
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn every_value_of_a_range_comes_up() {
        let keys = Keys::new(1);
        let seen: HashSet<u64> = (0..500)
            .map(|k| keys.arrival(k).whole(0, 0, 1, 20))
            .collect();
        assert_eq!(seen.len(), 20);
    }

    proptest! {
        #[test]
        fn values_stay_in_their_range(
            seed in any::<u64>(), index in any::<u64>(), step in 0_usize..9,
            occurrence in any::<u64>(), a in any::<u64>(), b in any::<u64>(),
        ) {
            let (low, high) = (a.min(b), a.max(b));
            let value = Keys::new(seed).arrival(index).whole(step, occurrence, low, high);
            prop_assert!((low..=high).contains(&value));
        }
    }
}
