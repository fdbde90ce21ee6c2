//! What a rehearsal by hand came to: the same evidence and the same grade as those of a runbook,
//! with who said what when. Pure: the journal is all it reads.
//!
//! | file | what lives there |
//! |---|---|
//! | `timeline` | what happened, in order, in words |

mod timeline;

use lab_model::event::Opened;
use lab_model::exercise::{Exercise, Saying, Seat};
use lab_model::rehearsal::Situation;
use lab_model::{Event, Journal, Name, Span};
use serde::Serialize;

pub use timeline::{Actor, Moment};

use crate::grade::fold::Folded;
use crate::grade::{
    Clocks, Declaration, Evidence, Grade, LIMIT_OF_REFERENCE, Ledger, Reference, Verdict, grade,
};

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Review {
    /// The run.
    pub run: String,
    /// When its journal was opened, RFC 3339 in UTC.
    pub wall: String,
    /// The scenario.
    pub scenario: Name,
    /// The seed.
    pub seed: u64,
    /// Who was in the seat, and under which terms.
    pub seat: Seat,
    /// Whether anything was broken.
    pub situation: Situation,
    /// How it ended.
    pub ending: Ending,
    /// Whether it was handled.
    pub verdict: Verdict,
    /// Why it is no pass.
    pub reasons: Vec<String>,
    /// The grade; `None` where nothing was broken.
    pub grade: Option<Grade>,
    /// What it is compared with.
    pub reference: Reference,
    /// How long service had to last to count as mitigated and as recovered.
    pub windows: (Span, Span),
    /// From taking the seat to the fault.
    pub began: Option<Span>,
    /// From taking the seat to its end, without pauses.
    pub lasted: Span,
    /// How long the clock stood.
    pub paused: Span,
    /// From the fault until a minute's errors would have spent the budget 14.4 times too fast.
    pub paged: Option<Span>,
    /// What was broken, in words.
    pub cause: Vec<String>,
    /// What was declared, in order.
    pub declared: Vec<Declaration>,
    /// Conditions that did not hold in the end.
    pub not_held: Vec<String>,
    /// What stood otherwise in the end: `route orders: service 100% → monolith 100%`.
    pub changed: Vec<String>,
    /// What became of writes.
    pub ledger: Option<Ledger>,
    /// Hints that were taken.
    pub hints: u32,
    /// Messages to the people who wait.
    pub messages: u32,
    /// What happened, in order.
    pub timeline: Vec<Moment>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Somebody said that it is handled.
    Done,
    /// Somebody gave up.
    GaveUp,
    /// Somebody left the shell.
    Left,
    /// The time was up.
    TimeUp,
    /// The run ended before it.
    Interrupted,
}

/// Reviews a run's journal; `None` where nobody had the seat in it. `tampered` says that the journal
/// is not what the lab wrote.
pub fn review(journal: &Journal, tampered: bool) -> Option<Review> {
    let Opened {
        run, wall, plan, ..
    } = &journal.opened;
    let folded = Folded::new(plan, &journal.records)?;
    let seat = folded.rehearsal.seat.as_deref()?.clone();
    let moments = &folded.moments;
    let seated = moments.seated?;
    let mut evidence = folded.evidence();
    if let Some(evidence) = evidence.as_mut().filter(|_| tampered) {
        let words = "somebody else wrote into the journal".to_owned();
        evidence.tampering.push(words);
    }
    let reference = reference(&seat.exercise, evidence.as_ref());
    let occurred = moments.t0.is_some();
    let grade = evidence
        .as_ref()
        .filter(|_| occurred)
        .map(|evidence| grade(evidence, Some(&reference)));
    let ending = ending(&folded);
    let start = folded.inventory(seated);
    let changed = start.changed_to(&folded.inventory(moments.end()));
    let declared = folded.declarations();
    let (verdict, reasons) = match &grade {
        // What was cut short is charged to nobody.
        _ if ending == Ending::Interrupted => {
            let reason = "the run ended before the rehearsal did".to_owned();
            (Verdict::Unknown, vec![reason])
        }
        Some(grade) => {
            let mut verdict = grade.verdict;
            let mut reasons = grade.reasons.clone();
            if ending == Ending::GaveUp {
                verdict = verdict.max(Verdict::Fail);
                reasons.insert(0, "given up".to_owned());
            }
            (verdict, reasons)
        }
        None => quiet(folded.rehearsal.situation, ending, &declared, &changed),
    };
    let timeline = timeline::of(&folded, &journal.records, grade.as_ref());
    let said = moments.said.iter();
    let messages = said.filter(|(_, saying)| matches!(saying, Saying::Message { .. }));
    Some(Review {
        run: run.to_string(),
        wall: wall.clone(),
        scenario: plan.scenario.clone(),
        seed: plan.seed,
        situation: folded.rehearsal.situation,
        ending,
        verdict,
        reasons,
        windows: (folded.rehearsal.mitigated, folded.rehearsal.recovered),
        began: moments.t0.map(|t0| moments.between(seated, t0)),
        lasted: moments.between(seated, moments.end()),
        paused: moments.paused_before(moments.end()),
        paged: folded.paged(),
        cause: cause(journal),
        declared,
        not_held: evidence.iter().flat_map(not_held).collect(),
        changed,
        ledger: evidence.as_ref().and_then(|evidence| evidence.ledger),
        hints: folded.helped().0,
        messages: u32::try_from(messages.count()).unwrap_or(u32::MAX),
        timeline,
        grade: grade.filter(|_| ending != Ending::Interrupted),
        reference,
        seat,
    })
}

/// What it is compared with: the exercise's own times, and what they and their limit would cost at
/// the rate at which this incident cost while nothing helped.
fn reference(exercise: &Exercise, evidence: Option<&Evidence>) -> Reference {
    let aims = exercise.aims;
    let rate = evidence.and_then(|evidence| {
        let clocks = Clocks::of(evidence);
        let second = |span: Span| usize::try_from(span.as_micros() / 1_000_000).ok();
        let from = second(clocks.impact?)?;
        let to = clocks.mitigate.and_then(second);
        let to = to.unwrap_or(evidence.seconds.len());
        let bitten = evidence.seconds.get(from..to.max(from + 1))?;
        let sum: f64 = bitten.iter().map(|second| second.excess).sum();
        Some(sum / bitten.len() as f64)
    });
    let cost = rate.map(|rate| {
        let least = rate * aims.mitigate.as_secs_f64();
        (least, least * LIMIT_OF_REFERENCE)
    });
    Reference {
        detect: Some(aims.detect),
        mitigate: Some(aims.mitigate),
        recover: Some(aims.recover),
        excess: cost,
    }
}

fn ending(folded: &Folded<'_>) -> Ending {
    let said = folded.moments.said.iter().rev();
    let last = said
        .map(|(_, saying)| *saying)
        .find(|saying| matches!(saying, Saying::Done | Saying::GiveUp | Saying::Left));
    match last {
        Some(Saying::Done) => Ending::Done,
        Some(Saying::GiveUp) => Ending::GaveUp,
        Some(_) => Ending::Left,
        None if folded.moments.judged.is_some() => Ending::TimeUp,
        None => Ending::Interrupted,
    }
}

/// The verdict where nothing was broken, or not yet.
fn quiet(
    situation: Situation,
    ending: Ending,
    declared: &[Declaration],
    changed: &[String],
) -> (Verdict, Vec<String>) {
    if situation != Situation::Healthy {
        let reason = "it ended before anything was broken".to_owned();
        return (Verdict::Unknown, vec![reason]);
    }
    let mut reasons: Vec<String> = declared
        .iter()
        .map(|one| {
            format!(
                "a false alarm: {} was declared, and nothing was wrong",
                one.said
            )
        })
        .collect();
    let changed = changed.iter();
    reasons.extend(changed.map(|one| format!("changed without need: {one}")));
    if ending == Ending::GaveUp {
        reasons.push("given up, and nothing was wrong".to_owned());
    }
    if !reasons.is_empty() {
        return (Verdict::Fail, reasons);
    }
    match ending {
        Ending::Done | Ending::Left => (Verdict::Pass, reasons),
        _ => {
            let reason = "nobody said that nothing is wrong".to_owned();
            (Verdict::Unknown, vec![reason])
        }
    }
}

fn cause(journal: &Journal) -> Vec<String> {
    let mut cause: Vec<String> = journal
        .events()
        .filter_map(|event| match event {
            Event::Injected { what, .. } => Some(format!("{} on {}", what.summary, what.site())),
            _ => None,
        })
        .collect();
    cause.dedup();
    let mut seen = Vec::new();
    cause.retain(|one| {
        let new = !seen.contains(one);
        seen.push(one.clone());
        new
    });
    cause
}

fn not_held(evidence: &Evidence) -> Vec<String> {
    let open = evidence.conditions.iter().filter(|one| !one.held);
    open.map(|one| one.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_wrong_saying_so_is_right() {
        let check = |situation, ending, declared: bool, changed: &[&str], expected| {
            let declared = declared.then(|| Declaration {
                at: Span::ZERO,
                said: "orders, errors".to_owned(),
                correct: false,
            });
            let declared: Vec<Declaration> = declared.into_iter().collect();
            let changed: Vec<String> = changed.iter().map(ToString::to_string).collect();
            let (verdict, reasons) = quiet(situation, ending, &declared, &changed);
            assert_eq!(verdict, expected);
            assert_eq!(reasons.is_empty(), verdict == Verdict::Pass);
        };
        let healthy = Situation::Healthy;
        check(healthy, Ending::Done, false, &[], Verdict::Pass);
        check(healthy, Ending::Left, false, &[], Verdict::Pass);
        check(healthy, Ending::Done, true, &[], Verdict::Fail);
        check(
            healthy,
            Ending::Done,
            false,
            &["route orders"],
            Verdict::Fail,
        );
        check(healthy, Ending::GaveUp, false, &[], Verdict::Fail);
        check(healthy, Ending::TimeUp, false, &[], Verdict::Unknown);
        check(
            Situation::OwnFault,
            Ending::Done,
            false,
            &[],
            Verdict::Unknown,
        );
    }
}
