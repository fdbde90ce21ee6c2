//! Days of the calendar, as people write them: `2026-11-22`.

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;

/// A day of the Gregorian calendar, from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Why a text is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day such as `2026-11-22`")]
pub struct DateError(String);

impl Date {
    /// The first day there is.
    pub const FIRST: Self = Self {
        year: 1970,
        month: 1,
        day: 1,
    };

    /// Whole days from `earlier` to this day; negative where that is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.number() - earlier.number()
    }

    /// Days since 1970-03-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible
    /// low-level date algorithms", `days_from_civil`), up to a constant.
    fn number(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
    }
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let read = || {
            let (year, rest) = text.trim().split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let lengths = (year.len(), month.len(), day.len()) == (4, 2, 2);
            let digits = [year, month, day]
                .iter()
                .all(|part| part.bytes().all(|b| b.is_ascii_digit()));
            (lengths && digits).then_some(())?;
            let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
            let real = year >= 1970
                && (1..=12).contains(&month)
                && (1..=days_of(year, month)).contains(&day);
            real.then_some(Self { year, month, day })
        };
        read().ok_or_else(|| DateError(text.to_owned()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

as_text!(Date, "day", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2026-11-22");

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn only_days_that_exist() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "26-01-01",
            "2026-1-1",
            "tomorrow",
            "",
            "2026-01-32",
            "1969-12-31",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["2024-02-29", "2000-02-29", "2026-12-31"] {
            assert_eq!(date(text).to_string(), text);
        }
    }

    #[test]
    fn days_between() {
        let check = |later: &str, earlier: &str, days| {
            assert_eq!(date(later).days_since(date(earlier)), days);
        };
        check("2026-11-22", "2026-11-22", 0);
        check("2026-03-01", "2026-02-28", 1);
        check("2024-03-01", "2024-02-28", 2);
        check("2027-01-01", "2026-01-01", 365);
        check("2000-01-01", "1970-01-01", 10_957);
        check("2026-01-01", "2026-01-02", -1);
    }
}
