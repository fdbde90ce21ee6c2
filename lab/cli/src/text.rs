//! How the program writes: style of the terminal, and lines that never fail.

use std::io::{IsTerminal, Write};

use lab_report::style::Style;

use crate::arguments::Color;

/// Data: standard output. A closed pipe is not an error worth a word.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// A line of data, in one piece; whether somebody reads it.
pub(crate) fn out_line(text: &str) -> bool {
    let mut stdout = std::io::stdout().lock();
    let line = format!("{text}\n");
    stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
        .is_ok()
}

/// Everything else: standard error, one line.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error with a way out, on standard error.
pub(crate) fn error(text: &str, help: &str) {
    note(&format!("error: {text}"));
    if !help.is_empty() {
        note(&format!("  help: {help}"));
    }
}

/// The style for a stream: colour as asked for, the terminal's width.
pub(crate) fn style(color: Color, stream: &impl IsTerminal) -> Style {
    let terminal = stream.is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            terminal && !plain && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    };
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
    let width = size
        .filter(|_| terminal)
        .map_or(100, |size| usize::from(size.ws_col).clamp(40, 200));
    Style {
        color,
        width,
        unicode: speaks_unicode(),
    }
}

/// Whether the locale says UTF-8; where it says nothing at all, it is assumed.
pub(crate) fn speaks_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    set.is_none_or(|value| value.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

/// Several lines that may be none, on standard error.
pub(crate) fn note_all(lines: &str) {
    let _ = std::io::stderr().lock().write_all(lines.as_bytes());
}
