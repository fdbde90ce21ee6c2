//! Delays that somebody measured, in a file of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lab_model::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::Read;

/// The most different delays that are taken, and the longest one.
const MOST_DELAYS: usize = 65_536;
const LONGEST: Span = Span::from_secs(3_600);

/// A recorded histogram: the name of its file, and, once it is loaded, what that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Recording {
    file: String,
    /// How often each delay was seen.
    delays: BTreeMap<Span, u64>,
}

impl From<String> for Recording {
    fn from(file: String) -> Self {
        Self {
            file,
            delays: BTreeMap::new(),
        }
    }
}

impl From<Recording> for String {
    fn from(recording: Recording) -> Self {
        recording.file
    }
}

impl JsonSchema for Recording {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Recording".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "$comment": "file, from the scenario's folder" })
    }
}

impl Recording {
    /// The name of its file, as the scenario has it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Reads its file; the error says what is wrong with it, and where.
    pub(crate) fn load(&mut self, read: Read<'_>) -> Result<(), String> {
        let text = read(&self.file)?;
        let file = &self.file;
        let mut delays = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (delay, count) =
                entry(line).map_err(|reason| format!("{file}, line {number}: {reason}"))?;
            let seen: &mut u64 = delays.entry(delay).or_default();
            *seen = seen.saturating_add(count);
        }
        if delays.values().all(|count| *count == 0) {
            return Err(format!("{file} holds no delay"));
        }
        if delays.len() > MOST_DELAYS {
            return Err(format!("{file} holds more than {MOST_DELAYS} delays"));
        }
        self.delays = delays;
        Ok(())
    }

    /// The shortest delay that a share of all does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Span {
        let total: f64 = self.delays.values().map(|count| *count as f64).sum();
        let mut seen = 0.0;
        let reached = self.delays.iter().find(|(_, count)| {
            seen += **count as f64;
            seen >= share * total
        });
        reached.map_or(Span::ZERO, |(delay, _)| *delay)
    }

    /// As the proxy takes it: `[microseconds, count, microseconds, count, …]`.
    pub(crate) fn buckets(&self) -> Value {
        let pairs = self.delays.iter();
        pairs
            .flat_map(|(delay, count)| [delay.as_micros(), *count])
            .collect::<Vec<u64>>()
            .into()
    }
}

/// `12.5ms` or `12.5ms 40`.
fn entry(line: &str) -> Result<(Span, u64), String> {
    let mut words = line.split_whitespace();
    let delay: Span = words
        .next()
        .unwrap_or_default()
        .parse()
        .map_err(|error| format!("{error}"))?;
    let count = words.next().map_or(Ok(1), |word| {
        word.parse()
            .map_err(|_| format!("`{word}` is not how often it was seen"))
    })?;
    match words.next() {
        Some(word) => Err(format!("`{word}` is one word too many")),
        None if delay > LONGEST => Err(format!("{delay} is longer than {LONGEST}")),
        // Counts are added up in 64 bits on the way.
        None => Ok((delay, count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Recording, String> {
        let mut recording = Recording::from("d.txt".to_owned());
        recording.load(&|_| Ok(text.to_owned())).map(|()| recording)
    }

    #[test]
    fn lines_are_delays_with_counts() {
        let recording = load("# from production\n5ms 90\n\n40ms\n40ms 8 # twice\n2s 1\n").unwrap();
        assert_eq!(
            recording.buckets(),
            Value::from(vec![5_000, 90, 40_000, 9, 2_000_000, 1])
        );
        let quantiles = [0.0, 0.5, 0.9, 0.95, 1.0].map(|share| recording.quantile(share));
        let millis = quantiles.map(|span| span.as_micros() / 1_000);
        assert_eq!(millis, [5, 5, 5, 40, 2_000]);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        let check = |text: &str, reason: &str| assert_eq!(load(text).unwrap_err(), reason);
        check("", "d.txt holds no delay");
        check("5ms 0", "d.txt holds no delay");
        check(
            "5ms\n7\n",
            "d.txt, line 2: `7` is not a duration such as `200ms`, `1.5s`, `2m` or `1m30s`",
        );
        check("5ms x", "d.txt, line 1: `x` is not how often it was seen");
        check("5ms 1 2", "d.txt, line 1: `2` is one word too many");
        check("2h", "d.txt, line 1: 120m is longer than 60m");
    }
}
