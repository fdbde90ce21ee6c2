//! When each journey was back after its faults were taken back.

use lab_model::Span;
use lab_verdict::outcome::Recovery;

use super::{Judged, Word};
use crate::format;
use crate::run::Run;
use crate::style::Tone;

/// One line for each journey that was away, in each recovery phase the run came to.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let recoveries = run.verdict.recoveries.iter();
    recoveries
        .filter_map(|recovery| line(run, recovery))
        .collect()
}

fn line(run: &Run<'_>, recovery: &Recovery) -> Option<Judged> {
    let phase = run.plan().phases.get(recovery.phase)?;
    run.tally.phases.get(recovery.phase)?.started?;
    let journey = run.tally.journey(recovery.phase, &recovery.journey)?;
    let (word, found) = match recovery.after {
        // Never away.
        Some(Span::ZERO) => return None,
        Some(after) => {
            let found = format!("after {}", format::elapsed(after));
            (Word::of(Tone::Good, "back"), found)
        }
        // Too short a phase to see a recovery, but nothing to recover from either.
        None if journey.total.bad == 0 && journey.total.over.iter().all(|over| *over == 0) => {
            return None;
        }
        None => {
            let found = format!("not seen within {}", format::planned(phase.length));
            (Word::of(Tone::Doubt, "NOT BACK"), found)
        }
    };
    Some(Judged {
        word,
        subject: format!("{} ({})", recovery.journey, phase.name),
        found,
        strength: "",
        note: String::new(),
    })
}
