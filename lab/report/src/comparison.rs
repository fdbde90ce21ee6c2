//! Two runs beside each other, for people.

use lab_model::accepted::Summary;
use lab_verdict::across::{Across, Change, Figure, Line as Compared};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::{Style, Tone};

/// The room of the words at the left.
const LABEL: usize = 9;

/// What changed from one run to the other; the verdict alone at the end.
pub fn text(before: &Summary, after: &Summary, across: &Across, style: &Style) -> String {
    let mut page = Page::new(*style);
    let head = format!("{} → {}", before.run, after.run);
    page.line(0, &Line::of(Tone::Strong, head));
    let said = |page: &mut Page, label: &str, text: &str| {
        page.labelled(0, &Line::of(Tone::Quiet, label), LABEL, &Line::plain(text));
    };
    for difference in &across.differences {
        said(&mut page, "changed", difference);
    }
    if let Some(machine) = across.machine {
        said(
            &mut page,
            "machine",
            &format!("{machine:.2} times as slow by its echo"),
        );
    }
    for note in &across.notes {
        said(&mut page, "note", note);
    }
    page.blank();
    for line in &across.lines {
        let label = Line::of(tone(line.change), word(line.change));
        let subject = format!("{} {} ({})", line.journey, line.measure, line.phase);
        let body = Line::of(Tone::Strong, subject).then(Tone::Plain, format!("  {}", found(line)));
        page.labelled(0, &label, LABEL, &body);
    }
    page.blank();
    let change = across.change();
    let last = match change {
        Change::Same => "NOT WORSE",
        Change::Better => "BETTER",
        Change::Worse => "WORSE",
        Change::Unknown => "NOT COMPARABLE",
    };
    page.line(0, &Line::of(tone(change), last));
    page.finish()
}

fn found(line: &Compared) -> String {
    let figure = |figure: Figure| match figure {
        Figure::Failures { bad, n } => {
            let share = bad as f64 / n.max(1) as f64;
            format!(
                "{} ({} of {})",
                format::percent(share),
                format::count(bad),
                format::count(n)
            )
        }
        Figure::Latency { p50, p99 } => {
            let time = |time: Option<_>| time.map_or_else(|| "–".to_owned(), format::span);
            format!("p50 {}, p99 {}", time(p50), time(p99))
        }
    };
    format!("{} → {}", figure(line.before), figure(line.after))
}

const fn word(change: Change) -> &'static str {
    match change {
        Change::Same => "same",
        Change::Better => "better",
        Change::Worse => "WORSE",
        Change::Unknown => "unknown",
    }
}

const fn tone(change: Change) -> Tone {
    match change {
        Change::Same | Change::Better => Tone::Good,
        Change::Worse => Tone::Bad,
        Change::Unknown => Tone::Doubt,
    }
}
