//! Numbers as people read them: with a unit, grouped, and no more digits than they deserve.
//!
//! Measured values are rounded to two or three digits; planned ones are exact, as somebody wrote
//! them. A value that is not zero never reads as zero, and one below 100 % never as 100 %.

use lab_model::{Link, Site, Span};
use lab_verdict::outcome::Interval;

/// A measured length of time: `0.4 ms`, `9 ms`, `41 ms`, `1.50 s`, `15.0 s`, `120 s`, `11 min`.
pub fn span(span: Span) -> String {
    match span.as_micros() {
        0 => "0 ms".to_owned(),
        us if us < 50 => "<0.1 ms".to_owned(),
        us if us < 950 => format!("{:.1} ms", us as f64 / 1e3),
        us if us < 999_500 => format!("{:.0} ms", us as f64 / 1e3),
        us if us < 9_995_000 => format!("{:.2} s", us as f64 / 1e6),
        us if us < 99_950_000 => format!("{:.1} s", us as f64 / 1e6),
        us if us < 600_000_000 => format!("{:.0} s", us as f64 / 1e6),
        us => format!("{:.0} min", us as f64 / 60e6),
    }
}

/// How long something took, to be read in passing: `2.2 s`, `78 s`, `12 min`.
pub fn elapsed(span: Span) -> String {
    match span.as_micros() {
        us if us < 9_950_000 => format!("{:.1} s", us as f64 / 1e6),
        us if us < 600_000_000 => format!("{:.0} s", us as f64 / 1e6),
        us => format!("{:.0} min", us as f64 / 60e6),
    }
}

/// A planned length of time, exact: `5 s`, `1.5 s`, `400 ms`.
pub fn planned(span: Span) -> String {
    let text = span.to_string();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "m" => "min",
        unit => unit,
    };
    format!("{digits} {unit}")
}

/// A share in percent: `0.0 %`, `0.04 %`, `4.1 %`, `99.8 %`, `99.97 %`, `100.0 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return "– %".to_owned();
    }
    match percent {
        p if p <= 0.0 => "0.0 %".to_owned(),
        p if p < 0.005 => "<0.01 %".to_owned(),
        p if p < 0.095 => format!("{p:.2} %"),
        p if p >= 100.0 => "100.0 %".to_owned(),
        p if p > 99.995 => ">99.99 %".to_owned(),
        p if p > 99.945 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

/// Both ends of an interval of shares, rounded outwards: `0.01 – 0.97 %`, `3.0 – 5.6 %`.
pub fn interval(interval: Interval) -> String {
    let (low, high) = (interval.low * 100.0, interval.high * 100.0);
    // Two decimals where one would swallow the difference to 0 or to 100 %.
    let decimals = if high < 1.0 || low > 99.0 { 2 } else { 1 };
    let scale = if decimals == 2 { 100.0 } else { 10.0 };
    // The small term keeps 3.0 from becoming 2.9 by the noise of the multiplication.
    let low = (low * scale + 1e-9).floor() / scale;
    let high = (high * scale - 1e-9).ceil() / scale;
    let (low, high) = (low.clamp(0.0, 100.0), high.clamp(0.0, 100.0));
    format!("{low:.decimals$} – {high:.decimals$} %")
}

/// A count with its thousands set apart by a space, for tables: `1 497`.
pub fn count(count: u64) -> String {
    grouped(count, ' ')
}

/// A count with its thousands set apart by a comma, for sentences: `1,497`.
pub fn count_in_words(count: u64) -> String {
    grouped(count, ',')
}

fn grouped(count: u64, separator: char) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 request`, `1 497 requests`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A measured rate per second: `150/s`, `12.5/s`, `0.25/s`.
pub fn rate(per_second: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates; a rate is bounded by a million"
    )]
    match per_second {
        r if !r.is_finite() => "–".to_owned(),
        r if r <= 0.0 => "0/s".to_owned(),
        // Whole where the fraction is below half a percent of the rate.
        r if r >= 99.5 || (r - r.round()).abs() < 0.005 * r => {
            format!("{}/s", count(r.round() as u64))
        }
        r if r >= 9.95 => format!("{r:.1}/s"),
        r => format!("{r:.2}/s"),
    }
}

/// A link with the arrow of reports: `orders → payments`.
pub fn link(link: &Link) -> String {
    format!("{} → {}", link.from, link.to)
}

/// What a fault acts on, with the arrow of reports.
pub fn site(site: &Site) -> String {
    match site {
        Site::Link(link) => self::link(link),
        Site::Service(name) => name.to_string(),
    }
}

/// An amount of data: `512 B`, `20.5 KB`, `1.20 MB`; a KB is 1,000 bytes.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn measured_and_planned_times() {
        let check = |micros, expected: &str| assert_eq!(span(Span::from_micros(micros)), expected);
        check(0, "0 ms");
        check(40, "<0.1 ms");
        check(400, "0.4 ms");
        check(9_200, "9 ms");
        check(41_300, "41 ms");
        check(999_400, "999 ms");
        check(999_600, "1.00 s");
        check(1_502_000, "1.50 s");
        check(9_996_000, "10.0 s");
        check(15_040_000, "15.0 s");
        check(120_400_000, "120 s");
        check(660_000_000, "11 min");
        let check = |text: &str, expected: &str| {
            assert_eq!(planned(text.parse().unwrap()), expected);
        };
        check("5s", "5 s");
        check("1500ms", "1.5 s");
        check("400ms", "400 ms");
        check("2m", "2 min");
        let check = |millis, expected: &str| {
            assert_eq!(elapsed(Span::from_millis(millis)), expected);
        };
        check(2_249, "2.2 s");
        check(9_960, "10 s");
        check(77_800, "78 s");
        check(700_000, "12 min");
    }

    #[test]
    fn shares_never_pretend() {
        let check = |share, expected: &str| assert_eq!(percent(share), expected);
        check(0.0, "0.0 %");
        check(0.00001, "<0.01 %");
        check(0.0004, "0.04 %");
        check(0.041, "4.1 %");
        check(1497.0 / 1500.0, "99.8 %");
        check(0.9997, "99.97 %");
        check(0.99999, ">99.99 %");
        check(1.0, "100.0 %");
        check(f64::NAN, "– %");
    }

    #[test]
    fn intervals_are_rounded_outwards() {
        let check = |low, high, expected: &str| {
            assert_eq!(interval(Interval { low, high }), expected);
        };
        check(0.000_123, 0.009_67, "0.01 – 0.97 %");
        check(0.03, 0.0555, "3.0 – 5.6 %");
        check(0.9903, 0.999_99, "99.03 – 100.00 %");
        check(0.0, 1.0, "0.0 – 100.0 %");
    }

    #[test]
    fn counts_rates_and_sizes() {
        let check = |number, expected: &str| assert_eq!(count(number), expected);
        check(7, "7");
        check(1_497, "1 497");
        check(1_234_567, "1 234 567");
        assert_eq!(count_in_words(3_995), "3,995");
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(1_497, "request"), "1 497 requests");
        let check = |per_second, expected: &str| assert_eq!(rate(per_second), expected);
        check(150.0, "150/s");
        check(149.93, "150/s");
        check(1_500.0, "1 500/s");
        check(12.5, "12.5/s");
        check(0.25, "0.25/s");
        check(0.0, "0/s");
        let check = |number, expected: &str| assert_eq!(bytes(number), expected);
        check(512, "512 B");
        check(20_480, "20.5 KB");
        check(1_200_000, "1.20 MB");
        check(999_900, "1.00 MB");
    }

    proptest! {
        #[test]
        fn numbers_stay_short(us in any::<u64>(), share in 0.0_f64..=1.0, n in any::<u64>()) {
            prop_assert!(span(Span::from_micros(us % (86_400_000_000))).len() <= 8);
            prop_assert!(percent(share).len() <= 8);
            prop_assert!(bytes(n).len() <= 11);
            prop_assert_eq!(count(n).replace(' ', ""), n.to_string());
        }

        #[test]
        fn an_interval_holds_what_it_shows(a in 0.0_f64..=1.0, b in 0.0_f64..=1.0) {
            let (low, high) = (a.min(b), a.max(b));
            let text = interval(Interval { low, high });
            let ends: Vec<f64> = text
                .trim_end_matches(" %")
                .split(" – ")
                .map(|end| end.parse().unwrap())
                .collect();
            prop_assert!(ends[0] <= low * 100.0 + 1e-6 && high * 100.0 <= ends[1] + 1e-6);
        }
    }
}
