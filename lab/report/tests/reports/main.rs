//! Reports of whole runs: from a journal's bytes through the verdict to text.
//!
//! Snapshots are written anew with `INSTA_UPDATE=always`.

mod damage;
mod json;
mod live;
mod plan;
mod sample;
mod terminal;

use lab_model::Journal;
use lab_report::{Run, Style};

/// Where the sample runs are kept.
const KEPT: &str = ".lab/runs/2026-11-22-slow-payments-7";

/// The report of a journal in a format.
fn render(journal: &Journal, format: &str, style: Style) -> String {
    let verdict = lab_verdict::judge(journal);
    let run = Run::new(journal, &verdict, Some(KEPT));
    let format = lab_report::registry::find(format).unwrap();
    (format.render)(&run, &style)
}

/// A plain style of that width.
fn plain(width: usize) -> Style {
    Style {
        width,
        ..Style::PLAIN
    }
}

/// Columns of a line as a terminal shows it, colours left out.
fn columns(line: &str) -> usize {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    unicode_width::UnicodeWidthStr::width(text.as_str())
}

/// No line is longer than the style's width, but for those that hold a path or a run's id.
fn check_fits(text: &str, style: Style) {
    for line in text.lines() {
        let whole = line.contains(KEPT) || line.contains("lab report");
        assert!(
            whole || columns(line) <= style.columns(),
            "{} columns where {} fit: {line:?}\n{text}",
            columns(line),
            style.columns()
        );
    }
}
