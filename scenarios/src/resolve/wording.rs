//! Quantities inside sentences: `99.9 %`, `30 s`, `3,995`.

use lab_model::{Ratio, Span};

/// `99.9 %`.
pub(super) fn percent(ratio: Ratio) -> String {
    let text = ratio.to_string();
    format!("{} %", text.trim_end_matches('%'))
}

/// `1.5 s`.
pub(super) fn time(span: Span) -> String {
    let text = span.to_string();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    format!("{} {unit}", &text[..text.len() - unit.len()])
}

/// `3,995`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 arrival`, `3,995 arrivals`.
pub(super) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_spaces_and_groups() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(3_995), "3,995");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "arrival"), "1 arrival");
        assert_eq!(time(Span::from_millis(1_500)), "1.5 s");
        assert_eq!(time(Span::from_millis(200)), "200 ms");
        assert_eq!(percent("99.9%".parse().unwrap()), "99.9 %");
    }
}
