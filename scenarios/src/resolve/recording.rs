//! Times from access logs and HAR files.

use jiff::Timestamp;
use lab_model::Span;
use serde_json::Value;

/// The most requests of a recording.
const MOST: usize = 2_000_000;
/// Keys under which JSON lines tend to have their time.
const KEYS: [&str; 9] = [
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "time_iso8601",
    "msec",
    "start",
    "startedDateTime",
    "date",
];

/// What a recording holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recording {
    /// Instants in microseconds, in the order of the file.
    pub(super) micros: Vec<i64>,
    /// What it tells apart.
    pub(super) resolution: Span,
    /// The first line without a time and how many there are; `None` where there are none.
    pub(super) skipped: Option<(usize, u64)>,
}

/// Reads a HAR file, or a log of whichever format its lines have.
pub(super) fn read(text: &str, is_har: bool) -> Result<Recording, String> {
    let (micros, skipped) = if is_har {
        (har(text)?, None)
    } else {
        log(text)
    };
    if micros.is_empty() {
        return Err("no request with a time in it".to_owned());
    }
    if micros.len() > MOST {
        return Err(format!("more than {MOST} requests"));
    }
    let whole = |unit: i64| micros.iter().all(|at| at.rem_euclid(unit) == 0);
    let resolution = [1_000_000, 1_000].into_iter().find(|unit| whole(*unit));
    Ok(Recording {
        resolution: Span::from_micros(resolution.unwrap_or(1).unsigned_abs()),
        micros,
        skipped,
    })
}

fn har(text: &str) -> Result<Vec<i64>, String> {
    let file: Value =
        serde_json::from_str(text).map_err(|error| format!("no HAR file: {error}"))?;
    let entries = file.pointer("/log/entries").and_then(Value::as_array);
    let entries = entries.ok_or("no HAR file: it has no log.entries")?;
    let time = |entry: &Value| of_value(entry.get("startedDateTime")?);
    Ok(entries.iter().filter_map(time).collect())
}

fn log(text: &str) -> (Vec<i64>, Option<(usize, u64)>) {
    let mut micros = Vec::new();
    let mut skipped = None;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match of_line(line) {
            Some(at) => micros.push(at),
            None => skipped.get_or_insert((index + 1, 0)).1 += 1,
        }
    }
    (micros, skipped)
}

fn of_line(line: &str) -> Option<i64> {
    if line.trim_start().starts_with('{') {
        let object: Value = serde_json::from_str(line).ok()?;
        return KEYS.iter().find_map(|key| of_value(object.get(key)?));
    }
    // host ident user [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326
    let (_, rest) = line.split_once('[')?;
    let (time, _) = rest.split_once(']')?;
    let time = Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", time).ok()?;
    Some(time.as_microsecond())
}

/// RFC 3339, or a number of seconds or milliseconds since 1970.
fn of_value(value: &Value) -> Option<i64> {
    let number = match value {
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(time) => return Some(time.as_microsecond()),
            Err(_) => text.parse().ok()?,
        },
        other => other.as_f64()?,
    };
    // Seconds until the year 5138, milliseconds from 1973 on.
    let seconds = if number.abs() < 1e11 {
        number
    } else {
        number / 1e3
    };
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let micros = (seconds * 1e6).round() as i64;
    number.is_finite().then_some(micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, is_har: bool, expected: &[i64], millis: u64) {
        let recording = read(text, is_har).unwrap();
        let first = recording.micros[0];
        let since: Vec<i64> = recording.micros.iter().map(|at| at - first).collect();
        assert_eq!(since, expected, "{text}");
        assert_eq!(recording.resolution, Span::from_millis(millis), "{text}");
    }

    #[test]
    fn every_format() {
        let common = r#"10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512
10.0.0.2 - ada [22/Nov/2026:11:00:02 +0100] "POST /checkout HTTP/1.1" 201 99
"#;
        check(common, false, &[0, 2_000_000], 1_000);
        let combined = r#"::1 - - [01/Jan/2026:00:00:59 -0500] "GET / HTTP/1.1" 200 5 "-" "curl/8"
::1 - - [01/Jan/2026:00:01:00 -0500] "GET / HTTP/1.1" 200 5 "https://a/" "curl [x]""#;
        check(combined, false, &[0, 1_000_000], 1_000);
        let lines = r#"{"time":"2026-11-22T10:00:00.250Z","path":"/"}
{"ts":1795341600.5}
{"timestamp":1795341600750}
"#;
        check(lines, false, &[0, 250_000, 500_000], 1);
        let har = r#"{"log":{"entries":[
            {"startedDateTime":"2026-11-22T10:00:00.000+00:00"},
            {"startedDateTime":"2026-11-22T10:00:00.125+00:00"}]}}"#;
        check(har, true, &[0, 125_000], 1);
    }

    #[test]
    fn what_has_no_time_is_counted() {
        let log = "nonsense\n\n::1 - - [22/Nov/2026:10:00:00 +0000] \"\" 200 5\n{\"a\":1}\n";
        assert_eq!(read(log, false).unwrap().skipped, Some((1, 2)));
        assert!(read("nonsense\n", false).is_err());
        assert!(read("", false).is_err());
        assert!(read("{}", true).unwrap_err().contains("log.entries"));
        assert!(read("{", true).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(?s).{0,200}", is_har in any::<bool>()) {
            let _ = read(&text, is_har);
        }
    }
}
