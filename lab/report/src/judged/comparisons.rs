//! The verdict on each journey beside another: both arms, and how many times as bad one is.

use lab_model::objective::Measure;
use lab_verdict::outcome::{Call, ComparisonVerdict};

use super::{Judged, Word};
use crate::format;
use crate::run::Run;
use crate::words;

/// One line for each comparison and phase.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let comparisons = run.verdict.comparisons.iter();
    comparisons
        .filter_map(|verdict| line(run, verdict))
        .collect()
}

fn line(run: &Run<'_>, verdict: &ComparisonVerdict) -> Option<Judged> {
    let plan = run.plan();
    let comparison = plan.comparisons.get(verdict.comparison)?;
    let phase = plan.phases.get(verdict.phase)?;
    Some(Judged {
        word: Word::of_call(verdict.call),
        subject: format!("{comparison} ({})", phase.name),
        found: found(comparison.by, verdict),
        strength: words::strength(verdict.strength),
        // Why it failed stands in what was found.
        note: if verdict.call == Call::Fail {
            String::new()
        } else {
            verdict.note.clone()
        },
    })
}

/// `12 bad of 250 beside 46 of 4 750 · 5.0 times as bad · 95 %: 2.3 – 10.2`.
fn found(by: Measure, verdict: &ComparisonVerdict) -> String {
    let word = match by {
        Measure::Failures => "bad",
        Measure::Latency => "slow",
    };
    let arm = |bad, n| format!("{} of {}", format::count(bad), format::count(n));
    let (ours, theirs) = (
        arm(verdict.bad, verdict.n),
        arm(verdict.control_bad, verdict.control_n),
    );
    let mut facts = vec![format!("{word}: {ours} beside {theirs}")];
    if let Some(ratio) = verdict.ratio {
        facts.push(format!("{ratio:.1} times as {word}"));
    }
    if let (Some(low), Some(high)) = (verdict.ratio_low, verdict.ratio_high) {
        facts.push(format!("95 %: {low:.1} – {high:.1}"));
    }
    facts.join(" · ")
}
