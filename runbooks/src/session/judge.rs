//! From a session's lines and the journals of its trials to a report. Pure.

use lab_model::rehearsal::{Pass, Situation};
use lab_model::{Journal, Name, Span};
use serde::Serialize;

use super::{Done, Session, Trial};
use crate::grade::fold::{Folded, Outcome};
use crate::grade::{
    Clocks, Evidence, Grade, LIMIT_OF_REFERENCE, Ledger, Reference, Verdict, failure_rate_bound,
    grade,
};
use crate::mutation::{Fate, MutationScore, Trial as Tried};

/// What a session came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was graded, and how.
    pub session: Session,
    /// Whether every trial is over.
    pub complete: bool,
    /// The worst of everything.
    pub verdict: Verdict,
    /// The lowest score of a run against its own failure; `None` without one.
    pub score: Option<f64>,
    /// Why it is no pass.
    pub reasons: Vec<String>,
    /// Runs against its own failures.
    pub incidents: Vec<Incident>,
    /// In a healthy system.
    pub healthy: Option<Side>,
    /// Under a failure that it is not for.
    pub wrong: Option<Side>,
    /// Its mutants.
    pub mutants: Vec<MutantReport>,
    /// What became of them; `None` where none was run.
    pub mutation: Option<MutationScore>,
    /// Killed by the runbook over all that are not equivalent.
    pub mutation_ratio: Option<f64>,
    /// Runs against its own failures that passed, and the largest rate of failures, with 95 %
    /// confidence, where all did.
    pub clean_runs: u32,
    /// See `clean_runs`; 1 where one did not pass.
    pub failure_rate_bound: f64,
}

/// A run against its own failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// The failure.
    pub scenario: Name,
    /// The run.
    pub run: String,
    /// The grade.
    pub grade: Grade,
    /// What it is compared with.
    pub reference: Reference,
    /// What became of writes.
    pub ledger: Option<Ledger>,
    /// What was declared.
    pub declared: Vec<String>,
    /// Conditions that did not hold in the end.
    pub not_held: Vec<String>,
    /// The block that failed for good.
    pub failed: Option<String>,
    /// Whether a second execution succeeded and changed nothing.
    pub again: Option<bool>,
    /// Whether undoing restored what was.
    pub undone: Option<bool>,
}

/// A run where nothing should change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The failure, where there was one.
    pub scenario: Option<Name>,
    /// The run.
    pub run: String,
    /// Whether it is as it should be.
    pub verdict: Verdict,
    /// The block that refused.
    pub refused: Option<String>,
    /// What was changed.
    pub changed: Vec<String>,
}

/// A mutant and its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MutantReport {
    /// `drop-step shift-traffic`.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
    /// Why its author says that it is as good as the runbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equivalent: Option<String>,
    /// In each run: the block that noticed, or what the lab says.
    pub seen: Vec<String>,
}

/// A trial, and the journal of its run as far as it can be read.
type Tries<'a> = &'a [(Done, Option<Journal>)];

/// Judges a session. `tampered` names the runs whose journals are not what the lab wrote.
pub fn judge(session: &Session, tries: Tries<'_>, tampered: &[String], complete: bool) -> Report {
    let mut incidents = Vec::new();
    for (done, journal) in tries {
        if let Trial::Own { scenario, .. } = &done.trial {
            let reference = reference(session, tries, scenario);
            incidents.push(incident(
                scenario,
                done,
                journal.as_ref(),
                reference,
                tampered,
            ));
        }
    }
    let side = |wanted: fn(&Trial) -> bool| {
        let (done, journal) = tries.iter().find(|(done, _)| wanted(&done.trial))?;
        Some(self::side(done, journal.as_ref()))
    };
    let healthy = side(|trial| matches!(trial, Trial::Healthy));
    let wrong = side(|trial| matches!(trial, Trial::Wrong { .. }));
    let mutants = mutants(session, tries);
    let mutation = (!mutants.is_empty()).then(|| {
        let runs = tries.iter().filter_map(|(done, _)| match &done.trial {
            Trial::Mutant { round, .. } => Some(*round),
            _ => None,
        });
        let fates = mutants.iter().map(|mutant| mutant.fate);
        MutationScore::of(fates, runs.max().unwrap_or(0))
    });
    let (verdict, reasons) = decide(&incidents, [&healthy, &wrong], complete);
    let passed = incidents
        .iter()
        .filter(|one| one.grade.verdict == Verdict::Pass);
    let clean_runs = u32::try_from(passed.count()).unwrap_or(u32::MAX);
    let all_clean = clean_runs as usize == incidents.len();
    // What does harm where nothing is wrong is worth nothing where something is.
    let harms = [&healthy, &wrong]
        .into_iter()
        .flatten()
        .any(|side| side.verdict == Verdict::Fail);
    let scores = incidents.iter().map(|one| one.grade.score.total);
    Report {
        session: session.clone(),
        complete,
        verdict,
        score: scores
            .min_by(f64::total_cmp)
            .map(|score| if harms { 0.0 } else { score }),
        reasons,
        incidents,
        healthy,
        wrong,
        mutation_ratio: mutation.as_ref().and_then(MutationScore::ratio),
        mutants,
        mutation,
        clean_runs,
        failure_rate_bound: failure_rate_bound(if all_clean { clean_runs } else { 0 }),
    }
}

fn folded(journal: Option<&Journal>) -> Option<Folded<'_>> {
    let journal = journal?;
    Folded::new(&journal.opened.plan, &journal.records)
}

/// What a handling of a failure is compared with: the reference solution where it was measured,
/// else what the runbook allows.
fn reference(session: &Session, tries: Tries<'_>, scenario: &Name) -> Reference {
    let clocks = |wanted: &Trial| {
        let (_, journal) = tries.iter().find(|(done, _)| &done.trial == wanted)?;
        let folded = folded(journal.as_ref())?;
        Some((Clocks::of(&folded.evidence()?), folded.seconds()))
    };
    let nothing = clocks(&Trial::Nothing {
        scenario: scenario.clone(),
    });
    // What a second of doing nothing costs, once the cause bites.
    let rate = nothing.and_then(|(clocks, seconds)| {
        let from = usize::try_from(clocks.impact?.as_micros() / 1_000_000).ok()?;
        let bitten = seconds.get(from..)?;
        let sum: f64 = bitten.iter().map(|second| second.excess).sum();
        (!bitten.is_empty()).then(|| sum / bitten.len() as f64)
    });
    let solution = clocks(&Trial::Reference {
        scenario: scenario.clone(),
    });
    let until =
        |limit: Option<Span>| Some(rate? * limit?.as_secs_f64().max(1.0) * LIMIT_OF_REFERENCE);
    if let Some((solution, _)) = solution.filter(|(clocks, _)| clocks.recover.is_some()) {
        let nothing = until(solution.mitigate).unwrap_or(0.0);
        return Reference::measured(&solution, nothing);
    }
    let allowed = session.allowed;
    let excess = allowed.excess.zip(until(allowed.mitigate));
    Reference {
        excess: excess.map(|((least, _), most)| (least, most.max(least))),
        ..allowed
    }
}

fn incident(
    scenario: &Name,
    done: &Done,
    journal: Option<&Journal>,
    reference: Reference,
    tampered: &[String],
) -> Incident {
    let folded = folded(journal);
    let evidence = folded.as_ref().and_then(Folded::evidence);
    let outcome = |pass| folded.as_ref().and_then(|folded| folded.outcome(pass));
    let failed = outcome(Pass::First).and_then(|first| first.failed);
    let mut evidence =
        evidence.unwrap_or_else(|| Evidence::unknown("its journal tells of no rehearsal"));
    if tampered.iter().any(|run| run == done.run.as_str()) {
        evidence
            .tampering
            .push("somebody else wrote into the journal".to_owned());
    }
    let mut grade = grade(&evidence, Some(&reference));
    if let Some((block, _)) = &failed {
        grade.verdict = grade.verdict.max(Verdict::Fail);
        grade.reasons.push(format!("the block {block} failed"));
    }
    let not_held = evidence.conditions.iter().filter(|one| !one.held);
    Incident {
        scenario: scenario.clone(),
        run: done.run.to_string(),
        grade,
        reference,
        ledger: evidence.ledger,
        declared: evidence
            .declarations
            .iter()
            .map(|one| one.said.clone())
            .collect(),
        not_held: not_held.map(|one| one.name.clone()).collect(),
        failed: failed.map(|(block, _)| block),
        again: evidence.changes.rerun_clean,
        undone: evidence.changes.undo_restores,
    }
}

fn side(done: &Done, journal: Option<&Journal>) -> Side {
    let outcome = folded(journal).and_then(|folded| folded.outcome(Pass::First));
    let scenario = match &done.trial {
        Trial::Wrong { scenario } => Some(scenario.clone()),
        _ => None,
    };
    // Under another failure nothing may have been tried; in a healthy system nothing changed.
    let fine = |outcome: &Outcome| {
        outcome.is_refused() || (outcome.is_harmless() && (scenario.is_none() || !outcome.acted))
    };
    Side {
        run: done.run.to_string(),
        verdict: match &outcome {
            None => Verdict::Unknown,
            Some(outcome) if !outcome.ended => Verdict::Unknown,
            Some(outcome) if fine(outcome) => Verdict::Pass,
            Some(_) => Verdict::Fail,
        },
        refused: outcome
            .as_ref()
            .and_then(|outcome| Some(outcome.failed.as_ref()?.0.clone())),
        changed: outcome.map(|outcome| outcome.changed).unwrap_or_default(),
        scenario,
    }
}

fn mutants(session: &Session, tries: Tries<'_>) -> Vec<MutantReport> {
    let report = |mutant: &super::MutantLine| {
        let mut tried = Vec::new();
        let mut seen = Vec::new();
        for (done, journal) in tries {
            if matches!(&done.trial, Trial::Mutant { name, .. } if *name == mutant.name) {
                let (trial, words) = mutant_trial(journal.as_ref());
                tried.push(trial);
                seen.push(words);
            }
        }
        (!tried.is_empty()).then(|| MutantReport {
            name: mutant.name.clone(),
            fate: Fate::merged(&tried, mutant.equivalent.is_some()),
            equivalent: mutant.equivalent.clone(),
            seen,
        })
    };
    session.mutants.iter().filter_map(report).collect()
}

fn mutant_trial(journal: Option<&Journal>) -> (Tried, String) {
    let unknown = |words: &str| {
        let trial = Tried {
            succeeded: true,
            verdict: Verdict::Unknown,
        };
        (trial, words.to_owned())
    };
    let Some(folded) = folded(journal) else {
        return unknown("no journal");
    };
    let Some(outcome) = folded.outcome(Pass::First).filter(|outcome| outcome.ended) else {
        return unknown("it did not come to its end");
    };
    let succeeded = outcome.is_success();
    let noticed = outcome
        .failed
        .as_ref()
        .map(|(block, _)| format!("{block} failed"));
    if folded.rehearsal.situation != Situation::OwnFault {
        let verdict = if outcome.changed.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Fail
        };
        let words = noticed.or_else(|| outcome.changed.first().cloned());
        return (
            Tried { succeeded, verdict },
            words.unwrap_or_else(|| "nothing changed".to_owned()),
        );
    }
    let grade = folded.evidence().map(|evidence| grade(&evidence, None));
    let verdict = grade
        .as_ref()
        .map_or(Verdict::Unknown, |grade| grade.verdict);
    let reason = || grade.and_then(|grade| grade.reasons.first().cloned());
    let words = noticed
        .or_else(reason)
        .unwrap_or_else(|| "as good as the runbook".to_owned());
    (Tried { succeeded, verdict }, words)
}

fn decide(
    incidents: &[Incident],
    sides: [&Option<Side>; 2],
    complete: bool,
) -> (Verdict, Vec<String>) {
    let mut verdict = Verdict::Pass;
    let mut reasons = Vec::new();
    if !complete || incidents.is_empty() {
        verdict = Verdict::Unknown;
        reasons.push("trials are missing".to_owned());
    }
    for incident in incidents {
        verdict = verdict.max(incident.grade.verdict);
        let of = &incident.scenario;
        reasons.extend(
            incident
                .grade
                .reasons
                .iter()
                .map(|reason| format!("{of}: {reason}")),
        );
    }
    for side in sides.into_iter().flatten() {
        verdict = verdict.max(side.verdict);
        let of = side
            .scenario
            .as_ref()
            .map_or("a healthy system", Name::as_str);
        match side.verdict {
            Verdict::Pass => {}
            Verdict::Unknown => reasons.push(format!("{of}: its journal does not say")),
            Verdict::Fail if side.changed.is_empty() => {
                reasons.push(format!(
                    "{of}: it went on where its prechecks should refuse"
                ));
            }
            Verdict::Fail => reasons.push(format!("{of}: it changed {}", side.changed.join("; "))),
        }
    }
    reasons.dedup();
    (verdict, reasons)
}
