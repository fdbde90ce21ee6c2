//! Runs that end as soon as their verdict is decided, and journals that only say so.

use lab_model::event::Event;
use lab_model::{Plan, Span};
use lab_verdict::early::{Decision, decided};
use lab_verdict::{Call, Strength, Tally};

use crate::build::{FAULT, LOAD, RECOVERY, Run, plan_of, ratio, span};

/// A long fault phase, judged alone: one bad arrival in ten is allowed.
fn plan() -> Plan {
    let mut plan = plan_of([1, 5, 200, 15]);
    plan.objectives.truncate(1);
    plan.objectives[0].promise = lab_model::objective::Promise::Availability {
        at_least: ratio("90%"),
    };
    plan.early_stop = Some(span("30s"));
    plan
}

fn run(bad_of_fifty: u64) -> Run {
    Run::with(plan(), |phase, _, journey, second| {
        if phase == FAULT && journey == "checkout" {
            second.bad = bad_of_fifty;
        }
    })
}

/// When the engine would end this run: it asks with every report of the load.
fn ends(run: &Run) -> Option<(Decision, Span)> {
    let mut tally = Tally::new(&run.plan);
    for record in &run.records {
        tally.add(record);
        if matches!(record.event, Event::Load(_)) {
            let since = record.at.minus(LOAD);
            if let Some(decision) = decided(&run.plan, &tally, since) {
                return Some((decision, since));
            }
        }
    }
    None
}

/// The journal of a run that ended there.
fn ended(mut run: Run, Decision { phase, seconds }: Decision, at: Span) -> Run {
    let second = at.minus(run.plan.phases[phase].start).as_micros() / 1_000_000;
    run.stop_at(phase, second + 1);
    run.insert(phase, second, Event::FaultHealed { fault: 0 });
    run.insert(phase, second, Event::Decided { phase, seconds });
    run
}

#[test]
fn a_fail_ends_the_run_long_before_its_plan() {
    let run = run(40);
    let (decision, at) = ends(&run).unwrap();
    assert!(
        decision.phase == FAULT && decision.seconds <= 30,
        "{decision:?}"
    );
    let verdict = ended(run, decision, at).judge();
    assert_eq!(
        (verdict.call, verdict.exit.code()),
        (Call::Fail, 1),
        "{:#?}",
        verdict.reasons
    );
    assert_eq!(verdict.objectives[0].strength, Some(Strength::Proven));
    assert_eq!(verdict.objectives[0].n, decision.seconds * 50);
    let reasons = &verdict.reasons;
    assert!(
        reasons
            .iter()
            .any(|reason| reason.code == "run::decided-early")
    );
}

#[test]
fn a_pass_waits_for_the_least_part_of_its_phase() {
    let run = run(0);
    let (decision, at) = ends(&run).unwrap();
    assert!((30..150).contains(&decision.seconds), "{decision:?}");
    let verdict = ended(run.clone(), decision, at).judge();
    assert_eq!(
        (verdict.call, verdict.exit.code()),
        (Call::Pass, 0),
        "{:#?}",
        verdict.reasons
    );
    let mut patient = run;
    patient.plan.early_stop = Some(span("150s"));
    let (decision, _) = ends(&patient).unwrap();
    assert_eq!(decision.seconds, 150);
}

#[test]
fn nothing_ends_a_run_that_is_undecided_or_did_not_ask() {
    assert_eq!(ends(&run(5)), None);
    let mut patient = run(40);
    patient.plan.early_stop = None;
    assert_eq!(ends(&patient), None);
    // What follows is judged too.
    let mut more = run(0);
    more.plan.objectives[0].during.push(RECOVERY);
    assert_eq!(ends(&more), None);
}

#[test]
fn a_journal_that_only_says_so_never_passes() {
    let claims = |bad, phase, seconds, early_stop| {
        let mut run = run(bad);
        run.plan.early_stop = early_stop;
        let decision = Decision { phase, seconds };
        let verdict = ended(run, decision, Span::from_secs(6 + seconds)).judge();
        assert_ne!(
            verdict.call,
            Call::Pass,
            "{phase} {seconds}: {:#?}",
            verdict.reasons
        );
    };
    claims(0, FAULT, 10, Some(span("30s")));
    claims(0, FAULT, 100, None);
    claims(5, FAULT, 100, Some(span("30s")));
    claims(0, FAULT, 0, Some(span("30s")));
}
