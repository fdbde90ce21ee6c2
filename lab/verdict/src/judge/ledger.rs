//! Ledgers: whether the system holds what it acknowledged, once each, unaltered, and nothing else.
//!
//! A check and no test: one violation fails. Without one, the true share of violations among
//! acknowledged writes is at most 3/n with 95 % confidence (the rule of three), if they are
//! independent.

use super::Case;
use crate::figures::{count, counted};
use crate::outcome::{Call, LedgerVerdict};

pub(super) fn judge(case: &Case<'_>) -> Vec<LedgerVerdict> {
    let ledgers = case.plan.ledgers.iter().zip(&case.tally.ledgers);
    ledgers
        .enumerate()
        .map(|(ledger, (check, report))| {
            let report = report.clone().unwrap_or_default();
            let compared = case.tally.ledgers[ledger].is_some();
            let (call, note) = if !compared {
                let note = "the run ended before the ledger was compared".to_owned();
                (Call::Inconclusive, note)
            } else if let Some(problem) = &report.problem {
                (Call::Inconclusive, problem.clone())
            } else if report.wrong() > 0 {
                let wrong = report
                    .violations()
                    .into_iter()
                    .filter(|(_, found)| !found.is_none());
                let wrong: Vec<String> = wrong
                    .map(|(word, found)| {
                        let keys = found.keys.iter().take(2).cloned().collect::<Vec<_>>();
                        format!("{} {word} ({}, …)", count(found.count), keys.join(", "))
                    })
                    .collect();
                (Call::Fail, wrong.join(" · "))
            } else if report.acknowledged == 0 {
                let note = format!(
                    "{} acknowledged nothing, so nothing could be lost",
                    check.of
                );
                (Call::Inconclusive, note)
            } else {
                (Call::Pass, String::new())
            };
            let at_most = (call == Call::Pass).then(|| 3.0 / report.acknowledged as f64);
            LedgerVerdict {
                ledger,
                call,
                report,
                at_most: at_most.map(|share| share.min(1.0)),
                note,
            }
        })
        .collect()
}

/// The reason of a ledger that is no pass: its code and its sentence.
pub(super) fn reason(case: &Case<'_>, verdict: &LedgerVerdict) -> Option<(&'static str, String)> {
    let check = case.plan.ledgers.get(verdict.ledger)?;
    let code = match verdict.call {
        Call::Pass => return None,
        Call::Fail => "ledger::violated",
        _ => "ledger::not-compared",
    };
    let writes = counted(verdict.report.acknowledged, "acknowledged write");
    let text = match verdict.call {
        Call::Fail => format!("ledger {}: of {writes} {}", check.name, verdict.note),
        _ => format!("ledger {}: {}", check.name, verdict.note),
    };
    Some((code, text))
}
