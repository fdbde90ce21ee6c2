//! Diagnostics as text: drawn with the quoted line on a terminal, one line first in a pipe.

use std::io::IsTerminal;

use lab_scenarios::Diagnostic;
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::arguments::Color;
use crate::text;

/// All of them, one after the other.
pub(crate) fn render(found: &[Diagnostic], color: Color, stream: &impl IsTerminal) -> String {
    let style = text::style(color, stream);
    let drawn = stream.is_terminal() || color == Color::Always;
    let theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false);
    let mut text = String::new();
    for diagnostic in found {
        let whole = text.len();
        if !drawn || handler.render_report(&mut text, diagnostic).is_err() {
            text.truncate(whole);
            text.push_str(&diagnostic.plain());
            text.push('\n');
        }
    }
    text
}

/// `2 errors, 1 warning · lab explain objective::cannot-pass`
pub(crate) fn summary(found: &[Diagnostic]) -> String {
    let errors = found
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    let mut counts = vec![counted(errors, "error")];
    if errors < found.len() {
        counts.push(counted(found.len() - errors, "warning"));
    }
    let counts = counts.join(", ");
    let first = found
        .iter()
        .find(|diagnostic| diagnostic.is_error())
        .or(found.first());
    first.map_or(counts.clone(), |first| {
        format!("{counts} · lab explain {}", first.code())
    })
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
