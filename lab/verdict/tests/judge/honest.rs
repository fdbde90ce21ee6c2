//! What the judge says of runs whose telemetry is whole.

use lab_model::Exit;
use lab_model::event::{Event, ServiceState};
use lab_model::load::Outcome;
use lab_model::objective::Promise;
use lab_model::plan::Effect;
use lab_verdict::outcome::{Unit, WitnessVerdict};
use lab_verdict::{Call, RunVerdict, Strength};

use crate::build::{BASELINE, FAULT, RECOVERY, Run, Second, name, plan, ratio, span};

#[track_caller]
fn check(verdict: &RunVerdict, call: Call, exits: &[Exit]) {
    let reasons = &verdict.reasons;
    assert_eq!(verdict.call, call, "{reasons:#?}");
    assert_eq!(verdict.exits, exits, "{reasons:#?}");
    assert_eq!(verdict.exit, Exit::merge(exits));
}

/// Every checkout of the fault phase but three meets its client's limit, for want of a timeout.
fn slow_checkout(phase: usize, second: u64, journey: &str, going: &mut Second) {
    if phase == FAULT && journey == "checkout" {
        going.bad = if second == 0 { 47 } else { 50 };
    }
}

#[test]
fn a_run_that_holds_passes() {
    let verdict = Run::healthy(plan()).judge();
    check(&verdict, Call::Pass, &[Exit::Pass]);
    assert!(verdict.complete && verdict.missing.is_empty() && verdict.reasons.is_empty());
    assert_eq!(verdict.cause, None);
    let checkout = &verdict.objectives[0];
    assert_eq!((checkout.n, checkout.bad), (1_500, 0));
    assert_eq!(
        (checkout.passes_up_to, checkout.fails_from),
        (Some(5), Some(30))
    );
    assert_eq!(
        (checkout.strength, checkout.unit),
        (Some(Strength::Observed), Unit::Request)
    );
    let browse = &verdict.objectives[1..];
    assert_eq!(
        browse.iter().map(|b| (b.phase, b.n)).collect::<Vec<_>>(),
        [(1, 1_500), (2, 3_000)]
    );
    let p99 = browse[0].quantile.unwrap().as_micros();
    assert!((9_000..9_020).contains(&p99), "{p99}");
    let offered: Vec<_> = verdict
        .offered
        .iter()
        .map(|o| (o.phase, o.planned, o.due))
        .collect();
    assert_eq!(
        offered,
        [(1, 2_250, 2_250), (2, 4_500, 4_500), (3, 3_750, 3_750)]
    );
    assert_eq!(
        verdict.limits,
        ["one seed", "slices undecided, proven would need 11 min"]
    );
}

#[test]
fn a_broken_checkout_fails_and_says_why() {
    let mut run = Run::with(plan(), slow_checkout);
    run.each_link(|traffic| traffic.gave_up_after.record(span("2.2s")));
    let verdict = run.judge();
    check(&verdict, Call::Fail, &[Exit::Fail]);
    let checkout = &verdict.objectives[0];
    assert_eq!(
        (checkout.call, checkout.n, checkout.bad),
        (Call::Fail, 1_500, 1_497)
    );
    assert_eq!(checkout.strength, Some(Strength::Proven));
    assert_eq!(
        verdict.cause.as_deref(),
        Some(
            "Because orders waited up to 2.2 s for payments and gave up on none of 1,500 requests: \
             1,497 of 1,500 checkouts met their client's 1.5 s limit at step pay."
        )
    );
    assert_eq!(verdict.reasons[0].code, "objective::failed");
    assert_eq!(
        verdict.reasons[0].text,
        "checkout availability ≥ 99 % (fault): 1,497 bad of 1,500, 100 %"
    );
}

#[test]
fn retries_and_given_up_requests_are_told() {
    let mut run = Run::with(plan(), slow_checkout);
    run.each_link(|traffic| {
        traffic.requests = 150;
        traffic.abandoned = 100;
        (0..100).for_each(|_| traffic.gave_up_after.record(span("400ms")));
    });
    let cause = run.judge().cause.unwrap();
    assert!(
        cause.starts_with(
            "Because orders waited up to 400 ms for payments and gave up on 3,000 of 4,500 requests \
             after 400 ms, with 3 attempts for each of 1,500 requests: "
        ),
        "{cause}"
    );
}

#[test]
fn other_ends_have_other_words() {
    let cause = |how| {
        let run = Run::with(plan(), move |phase, second, journey, going| {
            slow_checkout(phase, second, journey, going);
            going.how = how;
        });
        run.judge().cause.unwrap()
    };
    let check = |how, end: &str| {
        let cause = cause(how);
        assert!(
            cause.ends_with(&format!("1,497 of 1,500 checkouts {end} at step pay.")),
            "{cause}"
        );
    };
    check(Outcome::Status(503), "were answered 503");
    check(Outcome::Connect, "found no connection");
    check(Outcome::Broken, "lost their connection");
}

#[test]
fn few_failures_are_undecided_and_say_what_would_decide() {
    let run = Run::with(plan(), |phase, second, journey, going| {
        if phase == FAULT && journey == "checkout" && second % 2 == 0 {
            going.bad = 1;
        }
    });
    let verdict = run.judge();
    check(&verdict, Call::Inconclusive, &[Exit::Inconclusive]);
    let note = &verdict.objectives[0].note;
    assert!(
        note.starts_with("15 bad of 1,500 passes up to 5 and fails from 30: "),
        "{note}"
    );
    assert!(
        note.contains("would decide") || note.contains("too near"),
        "{note}"
    );
    assert_eq!(verdict.reasons[0].code, "objective::undecided");
}

#[test]
fn long_good_service_is_proven() {
    let mut long = plan();
    long.phases[FAULT].length = span("700s");
    long.phases[RECOVERY].start = span("720s");
    long.faults[0].windows[0].to = span("720s");
    long.objectives.truncate(1);
    let verdict = Run::healthy(long).judge();
    check(&verdict, Call::Pass, &[Exit::Pass]);
    let checkout = &verdict.objectives[0];
    assert_eq!(
        (checkout.strength, checkout.unit),
        (Some(Strength::Proven), Unit::Slice)
    );
}

#[test]
fn one_violation_fails_a_correctness_check() {
    let with = |bad: u64| {
        let mut strict = plan();
        strict.objectives[0].promise = Promise::Availability {
            at_least: ratio("100%"),
        };
        let run = Run::with(strict, move |phase, second, journey, going| {
            if phase == FAULT && journey == "checkout" && second == 7 {
                going.bad = bad;
            }
        });
        run.judge()
    };
    let verdict = with(1);
    check(&verdict, Call::Fail, &[Exit::Fail]);
    assert_eq!(verdict.objectives[0].strength, Some(Strength::Proven));
    let verdict = with(0);
    check(&verdict, Call::Pass, &[Exit::Pass]);
    assert!(
        verdict.limits.contains(
            &"checkout availability ≥ 100 %: at most 0.2 % bad at 95 %, from 1,500 arrivals"
                .to_owned()
        ),
        "{:?}",
        verdict.limits
    );
}

#[test]
fn slow_answers_fail_a_percentile() {
    let run = Run::with(plan(), |phase, _, journey, going| {
        if phase == FAULT && journey == "browse" {
            going.takes = span("700ms");
        }
    });
    let verdict = run.judge();
    check(&verdict, Call::Fail, &[Exit::Fail]);
    let browse = &verdict.objectives[2];
    assert_eq!((browse.call, browse.bad), (Call::Fail, 3_000));
    assert!(browse.quantile.is_some_and(|p99| p99 > span("690ms")));
    let cause = verdict.cause.unwrap();
    assert!(
        cause.ends_with(": all 3,000 browses took longer than 300 ms."),
        "{cause}"
    );
}

#[test]
fn a_caller_that_gives_up_is_a_witness_of_the_delay() {
    let mut run = Run::healthy(plan());
    // Nothing of the delay could be measured: each caller left before it ended.
    run.each_bite(|report| report.delay = lab_model::link::Delay::default());
    run.each_link(|traffic| traffic.abandoned = 50);
    check(&run.judge(), Call::Pass, &[Exit::Pass]);
}

#[test]
fn each_effect_has_its_witness() {
    let witness = |effect: Effect, resets, refused, dropped| -> WitnessVerdict {
        let mut broken = plan();
        broken.faults[0].effect = effect;
        let mut run = Run::healthy(broken);
        run.each_bite(|report| {
            report.delay = lab_model::link::Delay::default();
            (report.resets, report.refused, report.dropped) = (resets, refused, dropped);
        });
        run.judge().witnesses.remove(0)
    };
    let check = |effect, resets, refused, dropped, expected: &str| {
        let found = witness(effect, resets, refused, dropped);
        assert_eq!(found.note, expected);
        assert_eq!(found.call == Call::Pass, expected.is_empty());
    };
    let lacks =
        |what: &str| format!("latency 2s ± 200ms on orders -> payments showed no effect: {what}");
    check(Effect::Reset, 1, 0, 0, "");
    check(Effect::Reset, 0, 1, 1, &lacks("no connection was reset"));
    check(Effect::Refuse, 0, 1, 0, "");
    check(Effect::Refuse, 1, 0, 0, "");
    check(
        Effect::Refuse,
        0,
        0,
        1,
        &lacks("no connection was refused or cut"),
    );
    check(Effect::Withhold, 0, 0, 1, "");
    check(Effect::Withhold, 1, 1, 0, &lacks("no byte was lost"));
    check(Effect::Close, 0, 0, 0, "");
    check(Effect::Reshape, 0, 0, 0, "");
}

#[test]
fn recovery_is_measured_in_whole_seconds() {
    let run = Run::with(plan(), |phase, second, journey, going| {
        if phase == RECOVERY && journey == "checkout" && second < 3 {
            going.bad = 40;
        }
    });
    let verdict = run.judge();
    let after: Vec<_> = verdict
        .recoveries
        .iter()
        .map(|r| (r.journey.as_str(), r.phase, r.after))
        .collect();
    assert_eq!(
        after,
        [
            ("browse", RECOVERY, Some(span("0s"))),
            ("checkout", RECOVERY, Some(span("3s")))
        ]
    );
}

#[test]
fn a_recovery_that_is_not_seen_is_said() {
    let run = Run::with(plan(), |phase, _, journey, going| {
        if phase == RECOVERY && journey == "checkout" {
            going.bad = 40;
        }
    });
    let verdict = run.judge();
    assert_eq!(verdict.recoveries[1].after, None);
    let said = "checkout was not seen to recover in phase recovery".to_owned();
    assert!(verdict.limits.contains(&said), "{:?}", verdict.limits);
}

#[test]
fn failures_that_stand_without_the_unsent_stay_failures() {
    let mut run = Run::with(plan(), slow_checkout);
    run.each_slot(FAULT, |slot| slot.unsent = slot.bad.min(1));
    check(&run.judge(), Call::Fail, &[Exit::Fail, Exit::Inconclusive]);
}

#[test]
fn every_exit_code_that_applies_is_listed() {
    let mut run = Run::with(plan(), slow_checkout);
    run.insert(RECOVERY, 20, Event::Interrupted { signal: 15 });
    let (part, reason) = ("proxy".to_owned(), "its port was taken".to_owned());
    run.insert(RECOVERY, 20, Event::Failed { part, reason });
    run.each(|event| {
        if let Event::CleanedUp { left } = event {
            left.push("process 4711".to_owned());
        }
    });
    let verdict = run.judge();
    let expected = [
        Exit::Terminated,
        Exit::Environment,
        Exit::CleanUp,
        Exit::Fail,
        Exit::Inconclusive,
    ];
    check(&verdict, Call::Error, &expected);
    let codes: Vec<_> = verdict
        .reasons
        .iter()
        .map(|reason| reason.code.as_str())
        .collect();
    let expected = [
        "run::failed",
        "clean-up::incomplete",
        "objective::failed",
        "run::interrupted",
    ];
    assert_eq!(codes, expected, "worst first");
}

#[test]
fn an_abort_has_its_own_exit_code() {
    let mut stopping = plan();
    stopping
        .abort
        .push(lab_model::objective::Abort::Availability {
            of: name("checkout"),
            below: ratio("50%"),
            lasting: span("5s"),
        });
    let mut run = Run::with(stopping, slow_checkout);
    run.stop_at(FAULT, 10);
    run.insert(FAULT, 10, Event::FaultHealed { fault: 0 });
    run.insert(FAULT, 10, Event::Aborted { condition: 0 });
    let verdict = run.judge();
    check(
        &verdict,
        Call::Inconclusive,
        &[Exit::Aborted, Exit::Inconclusive],
    );
    assert_eq!(
        verdict.reasons[0].text,
        "stopped by its abort condition: checkout availability below 50% for 5s"
    );
    assert_eq!(
        verdict.objectives[0].note,
        "the run ended within this phase"
    );
}

#[test]
fn an_unhealthy_baseline_blames_no_fault() {
    let mut run = Run::with(plan(), |phase, _, journey, going| {
        if phase == BASELINE && journey == "checkout" {
            going.bad = 10;
        }
    });
    run.stop_at(BASELINE, 15);
    run.insert(BASELINE, 15, Event::Gate { broken: vec![0] });
    let verdict = run.judge();
    check(&verdict, Call::Inconclusive, &[Exit::Inconclusive]);
    assert_eq!(verdict.reasons.len(), 1, "{:#?}", verdict.reasons);
    assert_eq!(verdict.reasons[0].code, "gate::not-healthy");
    assert_eq!(
        verdict.reasons[0].text,
        "not healthy before the fault: phase baseline already breaks checkout availability ≥ 99 %"
    );
    assert!(
        verdict
            .objectives
            .iter()
            .all(|o| o.note == "not healthy before the fault")
    );
}

#[test]
fn failures_of_a_phase_whose_fault_was_not_seen_are_not_blamed_on_it() {
    let mut both = plan();
    both.objectives[1].during = vec![RECOVERY];
    let mut run = Run::with(both, |phase, second, journey, going| {
        slow_checkout(phase, second, journey, going);
        if phase == RECOVERY && journey == "browse" {
            going.bad = 50;
        }
    });
    let healthy_witness = run.clone().judge();
    check(&healthy_witness, Call::Fail, &[Exit::Fail]);
    run.each_bite(|report| {
        report.passing = lab_model::link::Touched::default();
        report.touched = report.passing;
    });
    let verdict = run.judge();
    assert_eq!(verdict.objectives[0].call, Call::Inconclusive);
    assert_eq!(
        verdict.objectives[0].note,
        "no witness: nothing passed orders -> payments while latency 2s ± 200ms was armed: the \
         link is bypassed or never used"
    );
    assert_eq!(
        verdict.objectives[1].call,
        Call::Fail,
        "another phase's failures stay"
    );
}

#[test]
fn connections_that_callers_kept_are_no_witness_of_a_late_opening() {
    let mut late = plan();
    late.faults[0].effect = Effect::Open {
        delay: span("800ms"),
    };
    let mut run = Run::with(late, slow_checkout);
    run.each_bite(|report| {
        report.passing.connections = 0;
        report.touched.connections = 0;
    });
    let verdict = run.judge();
    assert_eq!(verdict.objectives[0].call, Call::Inconclusive);
    assert!(
        verdict.objectives[0]
            .note
            .contains("no connection opened on orders -> payments"),
        "{}",
        verdict.objectives[0].note
    );
}

#[test]
fn a_bypassed_link_makes_a_failing_run_inconclusive() {
    let mut run = Run::with(plan(), slow_checkout);
    run.remove(|event| matches!(event, Event::Fault(_)));
    let verdict = run.judge();
    check(&verdict, Call::Inconclusive, &[Exit::Inconclusive]);
    assert_eq!(verdict.reasons[0].code, "fault::not-witnessed");
    assert!(
        verdict.reasons[0].text.contains("orders -> payments"),
        "{:?}",
        verdict.reasons
    );
}

#[test]
fn a_service_that_died_is_named_in_the_cause() {
    let mut run = Run::with(plan(), slow_checkout);
    let state = ServiceState::Exited {
        status: "signal: 9".to_owned(),
    };
    run.insert(
        FAULT,
        3,
        Event::Service {
            name: name("payments"),
            state,
        },
    );
    let verdict = run.judge();
    check(&verdict, Call::Fail, &[Exit::Fail, Exit::Inconclusive]);
    let cause = verdict.cause.unwrap();
    assert!(
        cause.starts_with("Because payments ended (signal: 9) and orders waited"),
        "{cause}"
    );
}

#[test]
fn a_cut_journal_names_what_it_lacks() {
    let bytes = Run::healthy(plan()).bytes();
    let cut = &bytes[..bytes.len() - 1_000];
    let verdict = lab_verdict::judge(&lab_model::Journal::read(cut).unwrap());
    check(&verdict, Call::Inconclusive, &[Exit::Inconclusive]);
    assert!(!verdict.complete);
    let expected = [
        "the end of the load",
        "whether everything was cleaned up",
        "its last entry",
    ];
    for what in expected {
        assert!(
            verdict.missing.iter().any(|missing| missing == what),
            "{:?}",
            verdict.missing
        );
    }
    assert_eq!(verdict.reasons[0].code, "journal::incomplete");
}

#[test]
fn a_whole_phase_of_a_cut_journal_may_still_fail() {
    let bytes = Run::with(plan(), slow_checkout).bytes();
    let cut = &bytes[..bytes.len() - 5_000];
    let verdict = lab_verdict::judge(&lab_model::Journal::read(cut).unwrap());
    check(&verdict, Call::Fail, &[Exit::Fail, Exit::Inconclusive]);
}
