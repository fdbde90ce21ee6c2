//! The verdict on each resilience pattern: what was seen of it, how often, and where to look.

use lab_model::Span;
use lab_verdict::outcome::{Call, PatternVerdict};

use super::{Judged, Word};
use crate::format;
use crate::run::Run;
use crate::words;

/// The most moments that are named.
const MOST_MOMENTS: usize = 2;

/// One line for each pattern.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let patterns = run.verdict.patterns.iter();
    patterns.filter_map(|verdict| line(run, verdict)).collect()
}

fn line(run: &Run<'_>, verdict: &PatternVerdict) -> Option<Judged> {
    let pattern = run.plan().patterns.get(verdict.pattern)?;
    Some(Judged {
        word: Word::of_call(verdict.call),
        subject: pattern.summary.clone(),
        found: found(verdict),
        strength: words::strength(verdict.strength),
        note: note(run, verdict),
    })
}

/// `gives up after 402 ms · 0 of 231 slow requests lasted longer · 95 %: 0.0 – 3.1 %`.
fn found(verdict: &PatternVerdict) -> String {
    let mut found = verdict.found.clone();
    // An allowance of nothing is a check; its interval says less than its count.
    let shared = verdict.allowed.is_some_and(|allowed| allowed > 0.0);
    if let Some(interval) = verdict.interval.filter(|_| shared) {
        let separator = if found.is_empty() { "" } else { " · " };
        found = format!("{found}{separator}95 %: {}", format::interval(interval));
    }
    found
}

/// Why it is no pass, and where that is to be seen.
fn note(run: &Run<'_>, verdict: &PatternVerdict) -> String {
    if verdict.call == Call::Pass {
        return String::new();
    }
    let start = run.tally.life.load_started.unwrap_or(Span::ZERO);
    let moments = verdict.moments.iter().take(MOST_MOMENTS).map(|moment| {
        let at = format::elapsed(moment.at.minus(start));
        format!("{} at {at}", moment.what)
    });
    let moments: Vec<String> = moments.collect();
    match (verdict.note.is_empty(), moments.is_empty()) {
        (_, true) => verdict.note.clone(),
        (true, false) => moments.join(", "),
        (false, false) => format!("{} ({})", verdict.note, moments.join(", ")),
    }
}
