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
#[derive(Clone, PartialEq)]
pub struct Histogram(hdrhistogram::Histogram<u64>);

impl Histogram {
    /// The longest duration told apart: one hour, in microseconds.
    pub const LONGEST: u64 = 3_600_000_000;
    const DIGITS: u8 = 3;

    /// An empty histogram.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "three digits are valid"
    )]
    pub fn new() -> Self {
        // Auto-resizing keeps an empty histogram small; the bounds above are enforced on record.
        let inner = hdrhistogram::Histogram::new(Self::DIGITS).expect("valid digits");
        Self(inner)
    }

    /// Counts one duration.
    pub fn record(&mut self, span: Span) {
        self.record_many(span, 1);
    }

    /// Counts the same duration several times.
    pub fn record_many(&mut self, span: Span, count: u64) {
        let value = span.as_micros().clamp(1, Self::LONGEST);
        // Cannot fail: the histogram resizes itself and the value is bounded.
        let _ = self.0.record_n(value, count);
    }

    /// Adds all of another histogram.
    pub fn merge(&mut self, other: &Self) {
        let _ = self.0.add(&other.0);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The duration at a quantile from 0 to 1; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<Span> {
        (!self.is_empty()).then(|| Span::from_micros(self.0.value_at_quantile(q)))
    }

    /// The mean; `None` when empty.
    pub fn mean(&self) -> Option<Span> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to LONGEST"
        )]
        (!self.is_empty()).then(|| Span::from_micros(self.0.mean().round() as u64))
    }

    /// The longest; `None` when empty.
    pub fn max(&self) -> Option<Span> {
        (!self.is_empty()).then(|| Span::from_micros(self.0.max()))
    }

    /// The filled buckets: the largest value of each, in microseconds, and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0
            .iter_recorded()
            .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
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
                let mut histogram = Histogram::new();
                while let Some(value) = seq.next_element::<u64>()? {
                    let count: u64 = seq
                        .next_element()?
                        .ok_or_else(|| A::Error::custom("a value without its count"))?;
                    if value == 0 || value > Histogram::LONGEST * 2 || count > 1 << 50 {
                        return Err(A::Error::custom("a bucket out of range"));
                    }
                    histogram.record_many(Span::from_micros(value), count);
                }
                Ok(histogram)
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
        for text in ["[1]", "[0,1]", "[1,-1]", "{}", "[99999999999999,1]"] {
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
