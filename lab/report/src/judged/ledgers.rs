//! What was found of each ledger.

use lab_verdict::outcome::{Call, LedgerVerdict};

use super::{Judged, Word};
use crate::format;
use crate::run::Run;

/// One line for each ledger.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let ledgers = run.verdict.ledgers.iter();
    ledgers.filter_map(|ledger| line(run, ledger)).collect()
}

fn line(run: &Run<'_>, verdict: &LedgerVerdict) -> Option<Judged> {
    let check = run.plan().ledgers.get(verdict.ledger)?;
    let report = &verdict.report;
    let mut found = vec![format!(
        "{} beside {} in {}",
        format::counted(report.acknowledged, "acknowledged write"),
        format::count(report.held),
        check.source
    )];
    if report.unknown > 0 {
        found.push(format!("{} unknown", format::count(report.unknown)));
    }
    let strength = verdict.at_most.map(|share| {
        found.push(format!(
            "none lost, doubled, altered or invented: at most {}",
            format::percent(share)
        ));
        "checked"
    });
    Some(Judged {
        word: Word::of_call(verdict.call),
        subject: format!("{} ledger", check.name),
        found: found.join(" · "),
        strength: strength.unwrap_or_default(),
        note: if verdict.call == Call::Pass {
            String::new()
        } else {
            verdict.note.clone()
        },
    })
}
