//! What people (and a gateway's health) changed while the run went on.

use lab_model::event::Event;
use lab_model::plan::Fault;

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::run::Run;
use crate::style::Tone;

/// The room of the time at the left.
const LABEL: usize = 9;
/// More than this many are counted only.
const MOST: usize = 20;

/// One line for each change, at its time from the start of the load.
pub(super) fn write(page: &mut Page, run: &Run<'_>) {
    let start = run.tally.life.load_started.unwrap_or_default();
    let records = run.journal.records.iter();
    let changes = records.filter_map(|record| Some((record.at, words(run, &record.event)?)));
    let changes: Vec<_> = changes.collect();
    for (at, words) in changes.iter().take(MOST) {
        let seconds = at.minus(start).as_micros() / 1_000_000;
        let label = Line::of(Tone::Quiet, format!("{seconds:>5} s"));
        page.labelled(0, &label, LABEL, &Line::plain(words.as_str()));
    }
    if let Some(more @ 1..) = changes.len().checked_sub(MOST) {
        let words = format!("and {}", format::counted(more as u64, "more change"));
        page.labelled(0, &Line::default(), LABEL, &Line::plain(words));
    }
}

fn words(run: &Run<'_>, event: &Event) -> Option<String> {
    let place = |fault: &Fault| format!("{} on {}", fault.summary, format::link(&fault.link));
    Some(match event {
        Event::Injected { what, by, .. } => format!("{by} injected {}", place(what)),
        Event::HealAsked { fault, by } => {
            format!("{by} took back {}", place(run.plan().faults.get(*fault)?))
        }
        Event::RateAsked { rate, by } => format!("{by} asked for {rate}"),
        Event::Gateway(change) => {
            format!(
                "{}: {} (was {}), by {}",
                change.what, change.after, change.before, change.by
            )
        }
        _ => return None,
    })
}
