//! Figures in sentences: thousands grouped, units always there, no more digits than deserved.

use lab_model::Span;

/// `1,497`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,497 requests`, `1 request`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {}", count(number), plural(noun))
    }
}

/// `none of 5 requests`, `all 5 requests`, `3 of 5 requests`.
pub(crate) fn part(some: u64, all: u64, noun: &str) -> String {
    match some {
        0 => format!("none of {}", counted(all, noun)),
        _ if some == all && all > 1 => format!("all {}", counted(all, noun)),
        _ => format!("{} of {}", count(some), counted(all, noun)),
    }
}

/// The plural of a noun or of a journey's name: `checkouts`, `searches`, `queries`.
pub(crate) fn plural(noun: &str) -> String {
    let consonant_y = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match consonant_y {
        Some(stem) if !stem.is_empty() => format!("{stem}ies"),
        _ if ["s", "x", "z", "ch", "sh"]
            .iter()
            .any(|end| noun.ends_with(end)) =>
        {
            format!("{noun}es")
        }
        _ => format!("{noun}s"),
    }
}

/// `2.2 s`, `41 ms`, `11 min`: to so many significant digits, trailing zeros dropped.
pub(crate) fn time(span: Span, digits: usize) -> String {
    let micros = span.as_micros() as f64;
    let (value, unit) = match span.as_micros() {
        0..1_000 => (micros, "µs"),
        1_000..1_000_000 => (micros / 1e3, "ms"),
        1_000_000..120_000_000 => (micros / 1e6, "s"),
        120_000_000..7_200_000_000 => (micros / 60e6, "min"),
        _ => (micros / 3_600e6, "h"),
    };
    format!("{} {unit}", significant(value, digits))
}

/// A measured time: two significant digits.
pub(crate) fn measured(span: Span) -> String {
    time(span, 2)
}

/// A time as someone set it: up to four significant digits.
pub(crate) fn set(span: Span) -> String {
    time(span, 4)
}

/// `0.2 %`: a share in percent, to two significant digits.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", significant(share * 100.0, 2))
}

/// A number to so many significant digits, whole digits always kept, trailing zeros dropped.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the exponent of a float is small"
    )]
    let whole = value.abs().log10().floor() as i32 + 1;
    let wanted = i32::try_from(digits).unwrap_or(i32::MAX);
    let decimals = usize::try_from(wanted.saturating_sub(whole))
        .unwrap_or(0)
        .min(12);
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let check = |number, expected: &str| assert_eq!(count(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_497, "1,497");
        check(1_234_567, "1,234,567");
        check(u64::MAX, "18,446,744,073,709,551,615");
    }

    #[test]
    fn parts() {
        let check = |some, all, expected: &str| assert_eq!(part(some, all, "request"), expected);
        check(0, 1_497, "none of 1,497 requests");
        check(3, 1_497, "3 of 1,497 requests");
        check(1_497, 1_497, "all 1,497 requests");
        check(1, 1, "1 of 1 request");
    }

    #[test]
    fn plurals() {
        let check = |noun, expected: &str| assert_eq!(plural(noun), expected);
        check("checkout", "checkouts");
        check("browse", "browses");
        check("search", "searches");
        check("query", "queries");
        check("day", "days");
        check("y", "ys");
    }

    #[test]
    fn times() {
        let check = |micros, expected: &str| {
            assert_eq!(measured(Span::from_micros(micros)), expected);
        };
        check(0, "0 µs");
        check(2_217_000, "2.2 s");
        check(2_000_000, "2 s");
        check(41_400, "41 ms");
        check(412_000, "412 ms");
        check(660_000_000, "11 min");
        check(u64::MAX, "5124095576 h");
        assert_eq!(set(Span::from_millis(1_250)), "1.25 s");
    }

    #[test]
    fn shares() {
        let check = |share, expected: &str| assert_eq!(percent(share), expected);
        check(0.0, "0 %");
        check(0.002, "0.2 %");
        check(0.998, "100 %");
        check(0.01234, "1.2 %");
        check(f64::NAN, "0 %");
    }
}
