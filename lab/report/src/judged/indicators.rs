//! The verdict on each figure of the system: what was read, and how often it was not as promised.

use lab_verdict::outcome::{Call, IndicatorVerdict};

use super::{Judged, Word};
use crate::format;
use crate::run::Run;
use crate::words;

/// One line for each indicator and phase.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let indicators = run.verdict.indicators.iter();
    indicators
        .filter_map(|verdict| line(run, verdict))
        .collect()
}

fn line(run: &Run<'_>, verdict: &IndicatorVerdict) -> Option<Judged> {
    let plan = run.plan();
    let indicator = plan.indicators.get(verdict.indicator)?;
    let phase = plan.phases.get(verdict.phase)?;
    let strength = match verdict.at_most {
        Some(_) if verdict.call == Call::Pass => "checked",
        _ => words::strength(verdict.strength),
    };
    Some(Judged {
        word: Word::of_call(verdict.call),
        subject: format!("{indicator} ({})", phase.name),
        found: found(verdict),
        strength,
        note: verdict.note.clone(),
    })
}

/// `0.25 in the median, 0.5 at the highest · 0 bad of 30 · 95 %: 0 – 12 %`.
fn found(verdict: &IndicatorVerdict) -> String {
    let mut facts = Vec::new();
    if !verdict.found.is_empty() {
        facts.push(verdict.found.clone());
    }
    if verdict.allowed.is_some_and(|allowed| allowed > 0.0) {
        let (bad, n) = (format::count(verdict.bad), format::count(verdict.n));
        facts.push(format!("{bad} bad of {n}"));
        if let Some(interval) = verdict.interval {
            let (low, high) = (
                format::percent(interval.low),
                format::percent(interval.high),
            );
            facts.push(format!("95 %: {low} – {high}"));
        }
    }
    if verdict.missing > 0 {
        facts.push(format!("{} missing", format::count(verdict.missing)));
    }
    facts.join(" · ")
}
