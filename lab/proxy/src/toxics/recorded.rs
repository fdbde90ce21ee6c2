//! Delays that somebody measured: a histogram as the lab writes them, and draws from it.

use super::attributes::LONGEST;
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most buckets that are taken: more than any histogram with three significant digits has.
const MOST_BUCKETS: usize = 65_536;

/// A histogram as a flat list: `[microseconds, count, microseconds, count, …]`. Each sample counts
/// with the value of its bucket, so that no draw is shorter than the shortest that was recorded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub(super) struct Recorded {
    /// As it was given.
    list: Vec<u64>,
    /// Samples up to and with each bucket; empty when the counts are too large to add up.
    cumulated: Vec<u64>,
}

impl From<Vec<u64>> for Recorded {
    fn from(list: Vec<u64>) -> Self {
        let counts = list.chunks_exact(2).map(|bucket| bucket[1]);
        let cumulated = counts
            .scan(Some(0_u64), |total, count| {
                *total = total.and_then(|total| total.checked_add(count));
                Some(*total)
            })
            .collect::<Option<Vec<u64>>>();
        Self {
            list,
            cumulated: cumulated.unwrap_or_default(),
        }
    }
}

impl From<Recorded> for Vec<u64> {
    fn from(recorded: Recorded) -> Self {
        recorded.list
    }
}

impl Recorded {
    /// Whether nothing was recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.cumulated.last().is_none_or(|total| *total == 0)
    }

    /// Whether it is a list of pairs that can be drawn from, or none at all.
    pub(super) fn check(&self) -> Result<(), String> {
        let wrong = |reason: &str| {
            Err(format!(
                "attribute histogram must be [microseconds, count, …], {reason}"
            ))
        };
        if !self.list.len().is_multiple_of(2) {
            return wrong("got an odd number of values");
        }
        if self.list.len() > 2 * MOST_BUCKETS {
            return wrong("got too many values");
        }
        let longest = LONGEST.unsigned_abs() * 1_000;
        if self.list.chunks_exact(2).any(|bucket| bucket[0] > longest) {
            return wrong("got a time above 49 days");
        }
        if !self.list.is_empty() && self.is_empty() {
            return wrong("got no samples, or too many to count");
        }
        Ok(())
    }

    /// A sample as likely as it was recorded.
    pub(super) fn draw(&self, draw: &mut Draw) -> Duration {
        let total = self.cumulated.last().copied().unwrap_or_default();
        let rank = draw.below(total);
        let bucket = self.cumulated.partition_point(|upto| *upto <= rank);
        let micros = self.list.get(2 * bucket).copied().unwrap_or_default();
        Duration::from_micros(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_as_likely_as_they_were_recorded() {
        let recorded = Recorded::from(vec![1_000, 900, 2_000, 0, 50_000, 100]);
        assert_eq!(recorded.check(), Ok(()));
        let mut draw = Draw::new(7, "", "", 0);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            match recorded.draw(&mut draw).as_micros() {
                1_000 => counts[0] += 1,
                2_000 => counts[1] += 1,
                50_000 => counts[2] += 1,
                other => panic!("{other} was never recorded"),
            }
        }
        assert!(
            (8_800..9_200).contains(&counts[0]) && counts[1] == 0,
            "{counts:?}"
        );
        assert_eq!(counts[0] + counts[2], 10_000);
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        for (list, reason) in [
            (vec![1], "odd number"),
            (vec![1, 0], "no samples"),
            (vec![1, u64::MAX, 2, 1], "too many to count"),
            (vec![u64::MAX, 1], "49 days"),
        ] {
            let error = Recorded::from(list).check().unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        assert!(Recorded::default().check().is_ok());
    }
}
