//! Mergeable latency histograms that stand in JSON as plain numbers.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::Span;

/// Counts of durations in microseconds, 1 µs to one hour, with three significant digits
/// (an HDR histogram). Longer ones count as one hour.
///
/// In JSON: a flat list `[value, count, value, count, …]` of the filled buckets, each value the
/// largest of its bucket. Merging and reading back are exact, bucket by bucket.
///
/// What was read from a journal stays a list of filled buckets, a few hundred bytes; the full grid
/// of some hundred kilobytes is laid out when something is counted.
#[derive(Clone)]
pub struct Histogram {
    /// What was read; empty once the grid is laid out.
    buckets: Vec<(u64, u64)>,
    grid: Option<Grid>,
}

type Grid = hdrhistogram::Histogram<u64>;

impl Histogram {
    /// The longest duration told apart: one hour, in microseconds.
    pub const LONGEST: u64 = 3_600_000_000;
    const DIGITS: u8 = 3;

    /// An empty histogram.
    pub const fn new() -> Self {
        Self {
            buckets: Vec::new(),
            grid: None,
        }
    }

    /// Counts one duration.
    pub fn record(&mut self, span: Span) {
        self.record_many(span, 1);
    }

    /// Counts the same duration several times.
    pub fn record_many(&mut self, span: Span, count: u64) {
        // Cannot fail: the grid resizes itself and the value is bounded.
        let _ = self
            .grid()
            .record_n(span.as_micros().clamp(1, Self::LONGEST), count);
    }

    /// Adds all of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (value, count) in &other.buckets {
            self.record_many(Span::from_micros(*value), *count);
        }
        if let Some(other) = &other.grid {
            let _ = self.grid().add(other);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        let read: u64 = self.buckets.iter().map(|(_, count)| count).sum();
        read + self.grid.as_ref().map_or(0, Grid::len)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The duration at a quantile from 0 to 1; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<Span> {
        self.read(|grid| Span::from_micros(grid.value_at_quantile(q)))
    }

    /// The mean; `None` when empty.
    pub fn mean(&self) -> Option<Span> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to LONGEST"
        )]
        self.read(|grid| Span::from_micros(grid.mean().round() as u64))
    }

    /// The longest; `None` when empty.
    pub fn max(&self) -> Option<Span> {
        self.read(|grid| Span::from_micros(grid.max()))
    }

    /// The filled buckets: the largest value of each, in microseconds, and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let filled = self.grid.iter().flat_map(|grid| grid.iter_recorded());
        let filled = filled.map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()));
        self.buckets.iter().copied().chain(filled)
    }

    fn read<T>(&self, question: impl FnOnce(&Grid) -> T) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        match &self.grid {
            Some(grid) => Some(question(grid)),
            None => Some(question(self.clone().grid())),
        }
    }

    /// The grid, laid out if it is not yet.
    #[expect(clippy::expect_used, reason = "three digits are valid")]
    fn grid(&mut self) -> &mut Grid {
        let buckets = &mut self.buckets;
        self.grid.get_or_insert_with(|| {
            // Resizes itself, so that a grid of short durations stays small.
            let mut grid = Grid::new(Self::DIGITS).expect("valid digits");
            for (value, count) in buckets.drain(..) {
                let _ = grid.record_n(value.clamp(1, Self::LONGEST), count);
            }
            grid
        })
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.buckets().eq(other.buckets())
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for (value, count) in self.buckets() {
            seq.serialize_element(&value)?;
            seq.serialize_element(&count)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Histogram;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list [value, count, value, count, …]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Histogram, A::Error> {
                use serde::de::Error;
                let mut buckets: Vec<(u64, u64)> = Vec::new();
                while let Some(value) = seq.next_element::<u64>()? {
                    let count: u64 = seq
                        .next_element()?
                        .ok_or_else(|| A::Error::custom("a value without its count"))?;
                    let ascends = buckets.last().is_none_or(|(last, _)| *last < value);
                    let fits = (1..=Histogram::LONGEST * 2).contains(&value) && count <= 1 << 50;
                    if !ascends || !fits {
                        return Err(A::Error::custom("a bucket out of order or range"));
                    }
                    buckets.push((value, count));
                }
                Ok(Histogram {
                    buckets,
                    grid: None,
                })
            }
        }
        deserializer.deserialize_seq(Pairs)
    }
}

impl JsonSchema for Histogram {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Histogram".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "microseconds and counts: [value, count, value, count, …]",
            "type": "array",
            "items": { "type": "integer", "minimum": 0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        for value in values {
            histogram.record(Span::from_micros(*value));
        }
        histogram
    }

    #[test]
    fn quantiles() {
        let histogram = of(&[1_000, 2_000, 3_000, 4_000]);
        assert_eq!(histogram.count(), 4);
        let median = histogram.quantile(0.5).unwrap().as_micros();
        assert!((2_000..=2_002).contains(&median), "{median}");
        assert_eq!(Histogram::new().quantile(0.5), None);
    }

    #[test]
    fn broken_lists_are_refused() {
        for text in [
            "[1]",
            "[0,1]",
            "[1,-1]",
            "{}",
            "[99999999999999,1]",
            "[2,1,1,1]",
        ] {
            assert!(serde_json::from_str::<Histogram>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn json_is_exact_and_merging_is_adding(
            a in prop::collection::vec(1_u64..4_000_000_000, 0..50),
            b in prop::collection::vec(1_u64..4_000_000_000, 0..50),
        ) {
            let back = |h: &Histogram| -> Histogram {
                serde_json::from_str(&serde_json::to_string(h).unwrap()).unwrap()
            };
            let (ha, hb) = (of(&a), of(&b));
            let mut merged = back(&ha);
            merged.merge(&back(&hb));
            let together = of(&[a, b].concat());
            prop_assert_eq!(
                merged.buckets().collect::<Vec<_>>(),
                together.buckets().collect::<Vec<_>>()
            );
        }
    }
}
