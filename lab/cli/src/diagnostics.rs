//! Diagnostics as text: drawn with the quoted line on a terminal, one line first in a pipe; and
//! the codes of all crates, for `lab explain`.

use std::io::IsTerminal;

use lab_diagnostic::{Code, Diagnostic, FileCode};
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::arguments::Color;
use crate::text;

/// Every code that a diagnostic of the lab can have.
pub(crate) fn codes() -> impl Iterator<Item = Code> {
    let files = FileCode::ALL.iter().map(|code| code.code());
    let scenarios = lab_scenarios::Code::ALL.iter().map(|code| code.code());
    let runbooks = lab_runbooks::Code::ALL.iter().map(|code| code.code());
    files.chain(scenarios).chain(runbooks)
}

/// All of them, one after the other.
pub(crate) fn render<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    color: Color,
    stream: &impl IsTerminal,
) -> String {
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

/// Whether mistakes are asked for as SARIF; `None`, with a word on it, for an unknown format.
pub(crate) fn is_sarif(format: &str) -> Option<bool> {
    match format {
        "terminal" => Some(false),
        "sarif" => Some(true),
        other => {
            text::error(
                &format!("mistakes have no format called `{other}`"),
                "terminal, sarif",
            );
            None
        }
    }
}

/// All of them as one SARIF log.
pub(crate) fn sarif<'a>(found: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    lab_report::sarif::log(found, env!("CARGO_PKG_VERSION"))
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_told_apart_and_explained() {
        let texts: BTreeSet<_> = codes().map(Code::as_str).collect();
        assert_eq!(texts.len(), codes().count());
        for code in codes() {
            assert!(code.explanation().ends_with('.'), "{code}");
            assert!(code.as_str().contains("::"), "{code}");
        }
    }
}
