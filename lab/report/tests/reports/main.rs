//! Reports of whole runs: from a journal's bytes through the verdict to text.
//!
//! Snapshots are written anew with `INSTA_UPDATE=always`.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod damage;
mod html;
mod json;
mod live;
mod pipelines;
mod plan;
mod sample;
mod terminal;

use lab_model::Journal;
use lab_report::{Run, Style};

/// Where the sample runs are kept.
const KEPT: &str = ".lab/runs/2026-11-22-slow-payments-7";

/// The report of a journal in a format, in each of some styles.
fn render<const N: usize>(journal: &Journal, format: &str, styles: [Style; N]) -> [String; N] {
    let verdict = lab_verdict::judge(journal);
    let run = Run::new(journal, &verdict, Some(KEPT));
    let format = lab_report::registry::find(format).unwrap();
    styles.map(|style| (format.render)(&run, &style))
}

/// A plain style of that width.
fn plain(width: usize) -> Style {
    Style {
        width,
        ..Style::PLAIN
    }
}

/// A text without its colours.
fn uncolored(colored: &str) -> String {
    let mut text = String::new();
    let mut rest = colored;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

/// Columns of a line as a terminal shows it.
fn columns(line: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(uncolored(line).as_str())
}

/// No line is longer than the style's width, but for those that hold a path, a run's id, or a word
/// of a command.
fn check_fits(text: &str, style: Style) {
    for line in text.lines() {
        let copied = ["lab report", "--with", "--seed", "slow-payments"];
        let whole = line.contains(KEPT) || copied.iter().any(|part| line.contains(part));
        assert!(
            whole || columns(line) <= style.columns(),
            "{} columns where {} fit: {line:?}\n{text}",
            columns(line),
            style.columns()
        );
    }
}
