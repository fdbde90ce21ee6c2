//! A histogram of microseconds: a fixed log-linear grid, cheap to record into from many threads,
//! sparse when read, and subtractable.
//!
//! Values below 128 µs are exact; above, 64 steps to each power of two keep the error under 1.6 %.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Steps to each power of two.
const STEPS: u64 = 64;
/// Values are capped at 2^40 µs, about twelve days.
const LARGEST: u64 = (1 << 40) - 1;
/// Slots of the grid: the slot of [`LARGEST`] and all below.
const SLOTS: usize = slot(LARGEST) + 1;

#[expect(clippy::cast_possible_truncation, reason = "slots are below 2,304")]
const fn slot(value: u64) -> usize {
    let shift = shift(value);
    (STEPS * shift + (value >> shift)) as usize
}

/// How many low bits of a value the grid forgets.
const fn shift(value: u64) -> u64 {
    let bits = 64 - value.leading_zeros() as u64;
    bits.saturating_sub(7)
}

/// The smallest value of a slot.
const fn floor_of(slot: usize) -> u64 {
    let slot = slot as u64;
    if slot < 2 * STEPS {
        return slot;
    }
    let shift = slot / STEPS - 1;
    (slot - STEPS * shift) << shift
}

/// The largest value recorded under the same floor.
const fn ceiling_of(floor: u64) -> u64 {
    floor + (1 << shift(floor)) - 1
}

/// Where threads record; memory is taken at the first sample.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    slots: OnceLock<Box<[AtomicU64]>>,
    sum: AtomicU64,
}

impl Recorder {
    /// Records one duration.
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros())
            .unwrap_or(LARGEST)
            .min(LARGEST);
        let slots = self
            .slots
            .get_or_init(|| (0..SLOTS).map(|_| AtomicU64::new(0)).collect());
        if let Some(count) = slots.get(slot(micros)) {
            count.fetch_add(1, Relaxed);
        }
        self.sum.fetch_add(micros, Relaxed);
    }

    /// What was recorded so far.
    pub(crate) fn read(&self) -> Histogram {
        let Some(slots) = self.slots.get() else {
            return Histogram::default();
        };
        let buckets = slots
            .iter()
            .enumerate()
            .map(|(slot, count)| (floor_of(slot), count.load(Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect();
        Histogram {
            sum_us: self.sum.load(Relaxed),
            buckets,
        }
    }
}

/// Durations in microseconds as `(smallest value of the bucket, count)`, ascending, without
/// empty buckets. Values below 128 µs are exact, larger ones within 1.6 %.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// The exact sum of all samples, in microseconds.
    pub sum_us: u64,
    /// The buckets that hold samples.
    pub buckets: Vec<(u64, u64)>,
}

impl Histogram {
    /// Samples recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The mean in microseconds; `None` when empty.
    pub fn mean_us(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum_us as f64 / count as f64)
    }

    /// A lower bound of the smallest sample, in microseconds.
    pub fn min_us(&self) -> Option<u64> {
        self.buckets.first().map(|(floor, _)| *floor)
    }

    /// An upper bound of the largest sample, in microseconds.
    pub fn max_us(&self) -> Option<u64> {
        self.buckets.last().map(|(floor, _)| ceiling_of(*floor))
    }

    /// The value below or at which a share `q` (0 to 1) of the samples lies, by nearest rank,
    /// as the upper bound of its bucket in microseconds.
    pub fn quantile_us(&self, q: f64) -> Option<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count, clamped to be positive"
        )]
        let rank = ((q.clamp(0.0, 1.0) * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|(floor, count)| {
            seen += count;
            (seen >= rank).then(|| ceiling_of(*floor))
        })
    }

    /// What was recorded after `earlier`, a reading of the same counter.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |floor: u64| {
            earlier
                .buckets
                .binary_search_by_key(&floor, |bucket| bucket.0)
                .map_or(0, |index| earlier.buckets[index].1)
        };
        Self {
            sum_us: self.sum_us.saturating_sub(earlier.sum_us),
            buckets: self
                .buckets
                .iter()
                .map(|(floor, count)| (*floor, count.saturating_sub(before(*floor))))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }

    /// Adds the samples of another histogram.
    pub fn add(&mut self, other: &Self) {
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        for (floor, count) in &other.buckets {
            match self.buckets.binary_search_by_key(floor, |bucket| bucket.0) {
                Ok(index) => self.buckets[index].1 += count,
                Err(index) => self.buckets.insert(index, (*floor, *count)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn recorded(values: &[u64]) -> Histogram {
        let recorder = Recorder::default();
        for value in values {
            recorder.record(Duration::from_micros(*value));
        }
        recorder.read()
    }

    #[test]
    fn an_empty_histogram_has_no_figures() {
        let empty = recorded(&[]);
        assert_eq!(empty, Histogram::default());
        assert_eq!((empty.mean_us(), empty.max_us()), (None, None));
        assert_eq!(empty.quantile_us(0.5), None);
    }

    #[test]
    fn the_difference_of_two_readings_is_what_came_between() {
        let recorder = Recorder::default();
        recorder.record(Duration::from_micros(10));
        let earlier = recorder.read();
        recorder.record(Duration::from_micros(10));
        recorder.record(Duration::from_millis(5));
        assert_eq!(recorder.read().since(&earlier), recorded(&[10, 5_000]));
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bucket(value in 0..=LARGEST) {
            let floor = floor_of(slot(value));
            prop_assert!(floor <= value && value <= ceiling_of(floor));
            prop_assert!((ceiling_of(floor) - floor) as f64 <= value as f64 / 64.0);
        }

        #[test]
        fn quantiles_are_near_the_sorted_sample(
            mut values in prop::collection::vec(0_u64..10_000_000, 1..200),
            rank in 0_usize..200,
        ) {
            let histogram = recorded(&values);
            values.sort_unstable();
            let rank = rank % values.len();
            let exact = values[rank];
            let q = (rank + 1) as f64 / values.len() as f64;
            let found = histogram.quantile_us(q - 1e-9).unwrap();
            prop_assert!(found >= exact && (found - exact) as f64 <= exact as f64 / 64.0);
            prop_assert_eq!(histogram.sum_us, values.iter().sum::<u64>());
        }

        #[test]
        fn adding_is_recording_together(
            one in prop::collection::vec(0_u64..1_000_000, 0..50),
            two in prop::collection::vec(0_u64..1_000_000, 0..50),
        ) {
            let mut sum = recorded(&one);
            sum.add(&recorded(&two));
            prop_assert_eq!(&sum, &recorded(&[one.clone(), two.clone()].concat()));
            prop_assert_eq!(sum.since(&recorded(&one)), recorded(&two));
        }
    }
}
