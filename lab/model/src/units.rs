//! Quantities as people write them: `1.5s`, `150/s`, `99.9%`, `20KB`, `100KB/s`.
//!
//! Each type prints the shortest exact form of itself and reads that form back, so plans and
//! journals keep the words of the scenario.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::text::as_text;

/// Why a text is not a quantity; says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct UnitError {
    text: String,
    expected: &'static str,
}

/// Splits `12.5ms` into its number and its unit; `None` where no finite number ≥ 0 stands first.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_')))
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: f64 = digits.replace('_', "").parse().ok()?;
    number.is_finite().then(|| (number, unit.trim()))
}

/// A number without needless zeros: at most six decimals.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A length of time, in whole microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// In microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// In seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// As the standard library's type.
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// The sum, at most the largest span there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, at least zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            us if us % 60_000_000 == 0 && us >= 120_000_000 => format!("{}m", us / 60_000_000),
            us if us >= 1_000_000 || us == 0 => format!("{}s", trimmed_ratio(us, 1_000_000)),
            us if us >= 1_000 => format!("{}ms", trimmed_ratio(us, 1_000)),
            us => format!("{us}us"),
        };
        f.pad(&text)
    }
}

/// `value / unit` in exact decimals (`unit` is a power of ten).
fn trimmed_ratio(value: u64, unit: u64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    format!(
        "{whole}.{}",
        format!("{rest:0width$}").trim_end_matches('0')
    )
}

impl FromStr for Span {
    type Err = UnitError;

    /// One or more of `h`, `m`, `s`, `ms`, `us`: `1.5s`, `2m`, `1m30s`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError {
            text: text.to_owned(),
            expected: "a duration such as `200ms`, `1.5s`, `2m` or `1m30s`",
        };
        let mut rest = text.trim();
        let mut micros = 0.0;
        if rest.is_empty() {
            return Err(refuse());
        }
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| c.is_ascii_alphabetic() || c == 'µ')
                .ok_or_else(refuse)?;
            let (number, tail) = rest.split_at(digits);
            let end = tail
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(tail.len());
            let (unit, next) = tail.split_at(end);
            let Some((number, "")) = number_and_unit(number) else {
                return Err(refuse());
            };
            let scale = match unit.trim() {
                "us" | "µs" => 1.0,
                "ms" => 1e3,
                "s" => 1e6,
                "m" | "min" => 60e6,
                "h" => 3_600e6,
                _ => return Err(refuse()),
            };
            micros += number * scale;
            rest = next;
        }
        // A year bounds every sum made of spans far below overflow.
        if micros > 365.0 * 86_400e6 {
            return Err(refuse());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 ≤ micros ≤ a year"
        )]
        Ok(Self(micros.round() as u64))
    }
}

/// How often something happens, per second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// From a count per second; `None` unless finite, positive and at most a million.
    pub fn per_second(rate: f64) -> Option<Self> {
        (rate.is_finite() && rate > 0.0 && rate <= 1e6).then_some(Self(rate))
    }

    /// Per second.
    pub const fn as_per_second(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", trimmed(self.0)))
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError {
            text: text.to_owned(),
            expected: "a rate above 0 and at most 1000000/s, such as `150/s` or `90/min`",
        };
        let (number, unit) = number_and_unit(text).ok_or_else(refuse)?;
        let seconds = match unit.replace(' ', "").as_str() {
            "/s" => 1.0,
            "/m" | "/min" => 60.0,
            "/h" => 3_600.0,
            _ => return Err(refuse()),
        };
        Self::per_second(number / seconds).ok_or_else(refuse)
    }
}

/// A share between 0 and 1, written in percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// All of it.
    pub const ONE: Self = Self(1.0);

    /// None of it.
    pub const ZERO: Self = Self(0.0);

    /// From a share; `None` outside 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// Between 0 and 1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// 1 − share, without the rounding noise of `1.0 - 0.99`.
    pub fn complement(self) -> f64 {
        ((1.0 - self.0) * 1e12).round() / 1e12
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", trimmed(self.0 * 100.0)))
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError {
            text: text.to_owned(),
            expected: "a share from 0% to 100%, such as `99.9%`",
        };
        match number_and_unit(text).ok_or_else(refuse)? {
            (percent, "%") => {
                Self::new(((percent / 100.0) * 1e12).round() / 1e12).ok_or_else(refuse)
            }
            _ => Err(refuse()),
        }
    }
}

const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

fn parse_bytes(number: f64, unit: &str) -> Option<u64> {
    let (_, scale) = SIZES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let bytes = (number * *scale as f64).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 ≤ bytes ≤ 10^15"
    )]
    (bytes <= 1e15).then_some(bytes as u64)
}

fn show_bytes(bytes: u64) -> String {
    let exact = SIZES[3..]
        .iter()
        .find(|(_, scale)| bytes >= *scale && bytes.is_multiple_of((scale / 1_000).max(1)));
    let (unit, scale) = exact.copied().unwrap_or(("B", 1));
    format!("{}{unit}", trimmed_ratio(bytes, scale))
}

/// An amount of data, in bytes; `KB` is 1,000 bytes, `KiB` 1,024.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&show_bytes(self.0))
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        number_and_unit(text)
            .and_then(|(number, unit)| parse_bytes(number, unit))
            .map(Self)
            .ok_or_else(|| UnitError {
                text: text.to_owned(),
                expected: "a size such as `500B`, `20KB` or `1MiB`",
            })
    }
}

/// A speed of data, in bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRate(pub u64);

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", show_bytes(self.0)))
    }
}

impl FromStr for ByteRate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        number_and_unit(text)
            .and_then(|(number, unit)| parse_bytes(number, unit.strip_suffix("/s")?.trim()))
            .map(Self)
            .ok_or_else(|| UnitError {
                text: text.to_owned(),
                expected: "a speed such as `100KB/s` or `2MB/s`",
            })
    }
}

as_text!(
    Span,
    "duration: us, ms, s, m, h",
    "^([0-9.]+ *(us|µs|ms|s|m|min|h))+$",
    "200ms"
);
as_text!(
    Rate,
    "rate: /s, /min, /h",
    "^[0-9._]+ */ *(s|m|min|h)$",
    "150/s"
);
as_text!(Ratio, "share: %", "^[0-9.]+ *%$", "99.9%");
as_text!(
    ByteSize,
    "size: B, KB, MB, KiB",
    "^[0-9._]+ *[kKmMgG]?[iI]?[bB]$",
    "20KB"
);
as_text!(
    ByteRate,
    "speed: B/s, KB/s, MB/s",
    "^[0-9._]+ *[kKmMgG]?[iI]?[bB] */s$",
    "100KB/s"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<T: FromStr + fmt::Display>(text: &str, expected: Option<&str>) {
        let shown = text.parse::<T>().ok().map(|value| value.to_string());
        assert_eq!(shown.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn spans() {
        check::<Span>("2s", Some("2s"));
        check::<Span>("1.5s", Some("1.5s"));
        check::<Span>("200ms", Some("200ms"));
        check::<Span>("1500ms", Some("1.5s"));
        check::<Span>("1m30s", Some("90s"));
        check::<Span>("2m", Some("2m"));
        check::<Span>("250us", Some("250us"));
        check::<Span>("0s", Some("0s"));
        for bad in [
            "",
            "2",
            "s",
            "-1s",
            "1x",
            "1e9h",
            "99999999h",
            "1s2",
            "nans",
        ] {
            check::<Span>(bad, None);
        }
    }

    #[test]
    fn rates_ratios_and_sizes() {
        check::<Rate>("150/s", Some("150/s"));
        check::<Rate>("90/min", Some("1.5/s"));
        check::<Rate>("0/s", None);
        check::<Rate>("150", None);
        check::<Ratio>("99.9%", Some("99.9%"));
        check::<Ratio>("100%", Some("100%"));
        check::<Ratio>("101%", None);
        check::<Ratio>("0.99", None);
        check::<ByteSize>("20KB", Some("20KB"));
        check::<ByteSize>("1KiB", Some("1.024KB"));
        check::<ByteSize>("1.5 MB", Some("1.5MB"));
        check::<ByteSize>("20", None);
        check::<ByteRate>("100KB/s", Some("100KB/s"));
        check::<ByteRate>("100KB", None);
    }

    #[test]
    fn a_complement_has_no_noise() {
        assert_eq!(
            "99%".parse::<Ratio>().unwrap().complement().to_string(),
            "0.01"
        );
        assert_eq!(
            "99.9%".parse::<Ratio>().unwrap().complement().to_string(),
            "0.001"
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(us in 0_u64..1 << 40, bytes in 0_u64..1 << 49) {
            let span = Span::from_micros(us);
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
            let size = ByteSize(bytes);
            prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<Span>();
            let _ = text.parse::<Rate>();
            let _ = text.parse::<Ratio>();
            let _ = text.parse::<ByteSize>();
            let _ = text.parse::<ByteRate>();
        }
    }
}
