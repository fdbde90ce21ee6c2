//! Texts without what a browser must not see.

use maud::{Markup, PreEscaped, html};

use crate::style::{Style, Tone};

/// The document without control characters, with one line feed at its end.
pub(super) fn finished(mut page: String) -> String {
    page.retain(|c| c == '\n' || !is_unwanted(c));
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// Control characters, and the marks that turn the direction of writing and so hide what stands
/// there.
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Several lines (the end of a service's log), each without a terminal's control sequences.
pub(super) fn lines(text: &str) -> String {
    let clean: Vec<String> = text.lines().map(|line| Style::PLAIN.clean(line)).collect();
    clean.join("\n")
}

/// The class that colours a tone.
pub(super) const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain | Tone::Strong => "plain",
        Tone::Quiet => "quiet",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubt => "doubt",
    }
}

/// A word of verdict with its sign, so that it never stands on colour alone.
pub(super) fn chip(tone: Tone, word: &str) -> Markup {
    html! { span.chip .(class(tone)) { (sign(tone)) (word) } }
}

/// A sign drawn for a tone: a check mark, a cross, a question mark, a dot.
pub(super) fn sign(tone: Tone) -> Markup {
    let path = match tone {
        Tone::Good => "M3 8.5 6.5 12 13 4.5",
        Tone::Bad => "M4 4 12 12M12 4 4 12",
        Tone::Doubt => "M5 6a3 3 0 1 1 4.5 2.6Q8 9.5 8 10.5M8 13v.2",
        Tone::Plain | Tone::Strong | Tone::Quiet => "M8 8v.1",
    };
    html! {
        svg.sign viewBox="0 0 16 16" aria-hidden="true" { path d=(path) {} }
    }
}

/// A coordinate with at most two decimals.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// A share of the width or height, for a style: `12.5%`.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", number(share.clamp(0.0, 1.0) * 100.0))
}

/// What must not be escaped because it is our own.
pub(super) fn raw(text: String) -> PreEscaped<String> {
    PreEscaped(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let check = |value, expected: &str| assert_eq!(number(value), expected);
        check(0.0, "0");
        check(-0.001, "0");
        check(12.5, "12.5");
        check(1.0 / 3.0, "0.33");
        check(f64::NAN, "0");
        assert_eq!(percent(2.0), "100%");
    }

    #[test]
    fn nothing_hides_in_a_page() {
        assert_eq!(finished("a\u{202e}b\u{0}c\n\n".to_owned()), "abc\n");
        assert_eq!(lines("\u{1b}[31mred\u{1b}[0m\nplain"), "red\nplain");
    }
}
