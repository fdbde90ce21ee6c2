//! Patterns on whole journals: what shows them, what shows their absence, what shows nothing, and
//! that broken telemetry never passes for a pattern.

use lab_model::calls::Burst;
use lab_model::event::Event;
use lab_model::link::Traffic;
use lab_model::pattern::Pattern;
use lab_model::{Histogram, Span};
use lab_verdict::outcome::PatternVerdict;
use lab_verdict::patterns::{PATTERNS, PatternSpec};
use lab_verdict::{Call, RunVerdict};
use serde_json::{Value, json};

use crate::build::{BASELINE, FAULT, LOAD, RECOVERY, Run, link, name, short_plan, span};

/// A pattern as a scenario writes it, in the phases in which it shows.
fn pattern(settings: &Value, during: &[usize]) -> Pattern {
    let spec: PatternSpec = serde_json::from_value(settings.clone()).unwrap();
    let mut tagged = serde_json::to_value(&spec).unwrap();
    let kind = spec.entry().name;
    Pattern {
        kind: name(kind),
        summary: spec.summary(),
        on: spec.on().cloned(),
        during: during.to_vec(),
        watch: spec.watch(),
        settings: tagged[kind].take(),
    }
}

/// What a link shows in one second of one phase.
type Change = fn(&mut Traffic, usize, u64);

/// A healthy run of a plan with one pattern.
fn run(settings: &Value, during: &[usize]) -> Run {
    let mut plan = short_plan();
    plan.patterns = vec![pattern(settings, during)];
    Run::healthy(plan)
}

/// Changes what `orders -> payments` shows.
fn shows(mut run: Run, change: Change) -> Run {
    let on = link("orders -> payments");
    let plan = run.plan.clone();
    for record in &mut run.records {
        if let Event::Link(report) = &mut record.event
            && report.link == on
        {
            let since = record.at.minus(LOAD);
            let phase = plan.phase_at(since).unwrap();
            let second = since.minus(plan.phases[phase].start).as_micros() / 1_000_000;
            change(&mut report.traffic, phase, second);
        }
    }
    run
}

fn only(verdict: &RunVerdict) -> &PatternVerdict {
    assert_eq!(verdict.patterns.len(), 1);
    &verdict.patterns[0]
}

#[track_caller]
fn check(settings: &Value, during: &[usize], change: Change, expected: Call) -> PatternVerdict {
    let verdict = shows(run(settings, during), change).judge();
    let pattern = only(&verdict).clone();
    assert_eq!(pattern.call, expected, "{settings}: {pattern:#?}");
    assert_eq!(verdict.call, expected, "{:#?}", verdict.reasons);
    let decided = matches!(expected, Call::Pass | Call::Fail);
    assert_eq!(pattern.strength.is_some(), decided);
    let why = match expected {
        Call::Pass => "nothing to say",
        Call::Fail => &pattern.found,
        _ => &pattern.note,
    };
    assert!(!why.is_empty(), "{pattern:#?}");
    pattern
}

fn times(span: Span, count: u64) -> Histogram {
    let mut times = Histogram::new();
    times.record_many(span, count);
    times
}

/// All requests of a second given up after so long.
fn given_up(traffic: &mut Traffic, after: &str) {
    traffic.abandoned = traffic.requests;
    traffic.gave_up_after = times(span(after), traffic.requests);
    traffic.caller_time = Histogram::new();
}

/// All requests of a second broken at once.
fn broken(traffic: &mut Traffic) {
    traffic.broken = traffic.requests;
    traffic.calls.broken_after = times(span("5ms"), traffic.requests);
    traffic.caller_time = Histogram::new();
}

const ALWAYS: &[usize] = &[BASELINE, FAULT, RECOVERY];

#[test]
fn timeout() {
    let settings = json!({ "timeout": { "on": "orders -> payments", "at_most": "500ms" } });
    let in_fault: Change = |traffic, phase, _| {
        if phase == FAULT {
            given_up(traffic, "400ms");
        }
    };
    let found = check(&settings, ALWAYS, in_fault, Call::Pass);
    assert_eq!((found.n, found.against), (500, 0));
    let deadline = &found.figures[0];
    assert!((deadline.value - 400_000.0).abs() < 1_000.0, "{deadline:?}");
    check(&settings, ALWAYS, |_, _, _| {}, Call::Inconclusive);
    let too_late: Change = |traffic, phase, _| {
        if phase == FAULT {
            given_up(traffic, "700ms");
        }
    };
    check(&settings, ALWAYS, too_late, Call::Fail);
    let waits: Change = |traffic, phase, _| {
        if phase == FAULT {
            traffic.caller_time = times(span("2s"), traffic.requests);
        }
    };
    check(&settings, ALWAYS, waits, Call::Fail);
    let hangs: Change = |traffic, phase, _| {
        if phase == FAULT {
            traffic.caller_time = Histogram::new();
        }
    };
    let found = check(&settings, ALWAYS, hangs, Call::Fail);
    assert!(found.found.contains("never ended"), "{}", found.found);
}

/// So many attempts for ten requests, all broken.
fn attempts(traffic: &mut Traffic, phase: usize, each: u64) {
    if phase == FAULT {
        traffic.requests = traffic.first_attempts * each / 10;
        broken(traffic);
    }
}

/// The same on a link that is down and shows no keys: attempts count against what the baseline lets
/// expect.
fn refused(traffic: &mut Traffic, phase: usize, each: u64) {
    if phase == FAULT {
        let refused = traffic.requests * each / 10;
        *traffic = Traffic {
            refused,
            ..Traffic::default()
        };
    }
}

#[test]
fn retries() {
    let settings = json!({ "retries": { "on": "orders -> payments", "amplification": 1.3 } });
    check(
        &settings,
        &[FAULT],
        |t, p, _| attempts(t, p, 12),
        Call::Pass,
    );
    let found = check(
        &settings,
        &[FAULT],
        |t, p, _| attempts(t, p, 40),
        Call::Fail,
    );
    assert!((found.figures[0].value - 4.0).abs() < 1e-9);
    check(&settings, &[FAULT], |_, _, _| {}, Call::Inconclusive);
    let found = check(&settings, &[FAULT], |t, p, _| refused(t, p, 40), Call::Fail);
    assert!((found.figures[0].value - 4.0).abs() < 1e-9);
    check(&settings, &[FAULT], |t, p, _| refused(t, p, 10), Call::Pass);
}

/// Pauses around a length, spread over so many milliseconds up and down.
fn pauses(traffic: &mut Traffic, retry: usize, millis: u64, spread: u64) {
    for step in 0..10 {
        let offset = 2 * spread * step / 10;
        let pause = Span::from_millis((millis + offset).saturating_sub(spread).max(1));
        traffic.calls.pauses[retry].record(pause);
    }
}

#[test]
fn back_off() {
    let settings = json!({ "back_off": { "on": "orders -> payments", "at_least": "10ms" } });
    let jittered: Change = |traffic, phase, _| {
        if phase == FAULT {
            pauses(traffic, 0, 25, 25);
            pauses(traffic, 1, 50, 50);
            pauses(traffic, 2, 100, 100);
        }
    };
    let found = check(&settings, &[FAULT], jittered, Call::Pass);
    let growth = found.figures.iter().find(|f| f.name == "growth").unwrap();
    assert!((growth.value - 2.0).abs() < 0.3, "{growth:?}");
    let alike: Change = |traffic, phase, _| {
        if phase == FAULT {
            pauses(traffic, 0, 50, 1);
            pauses(traffic, 1, 100, 2);
        }
    };
    let found = check(&settings, &[FAULT], alike, Call::Fail);
    assert!(found.note.contains("come back together"), "{}", found.note);
    let without = json!({ "back_off": { "on": "orders -> payments", "jitter": false } });
    check(&without, &[FAULT], alike, Call::Pass);
    let constant: Change = |traffic, phase, _| {
        if phase == FAULT {
            pauses(traffic, 0, 50, 20);
            pauses(traffic, 1, 50, 20);
        }
    };
    let found = check(&settings, &[FAULT], constant, Call::Fail);
    assert!(found.note.contains("grow"), "{}", found.note);
    let at_once: Change = |traffic, phase, _| {
        if phase == FAULT {
            pauses(traffic, 0, 1, 0);
        }
    };
    check(&settings, &[FAULT], at_once, Call::Fail);
    check(&settings, &[FAULT], |_, _, _| {}, Call::Inconclusive);
}

/// A second in which the breaker is open: one probe.
fn probe(traffic: &mut Traffic, attempts: u64, failed: u64) {
    traffic.requests = 1;
    traffic.first_attempts = 1;
    broken(traffic);
    traffic.calls.bursts = vec![Burst {
        ago: span("1s"),
        lasted: span("10ms"),
        attempts,
        failed,
        silent: span("1s"),
    }];
}

#[test]
fn breaker() {
    let settings = json!({ "breaker": {
        "on": "orders -> payments", "opens_after": 10, "open_for": "1s", "probes": 1,
        "recovers": "2s"
    } });
    let opens: Change = |traffic, phase, second| match (phase, second) {
        (FAULT, 0) => broken(traffic),
        (FAULT, 1) => probe(traffic, 7, 6),
        (FAULT, _) => probe(traffic, 1, 1),
        _ => {}
    };
    let found = check(&settings, &[FAULT], opens, Call::Pass);
    let figure = |name: &str| found.figures.iter().find(|f| f.name == name).unwrap().value;
    assert!((figure("opens after") - 6.0).abs() < 1e-9);
    assert!((figure("open for") - 1e6).abs() < 2e3);
    assert!((figure("probe") - 1.0).abs() < 1e-9);
    assert!(!found.moments.is_empty());
    let never: Change = |traffic, phase, _| {
        if phase == FAULT {
            broken(traffic);
        }
    };
    check(&settings, &[FAULT], never, Call::Fail);
    let late: Change = |traffic, phase, second| match (phase, second) {
        (FAULT, 0) => broken(traffic),
        (FAULT, 1) => probe(traffic, 30, 30),
        (FAULT, _) => probe(traffic, 1, 1),
        _ => {}
    };
    let found = check(&settings, &[FAULT], late, Call::Fail);
    assert!(found.note.contains("only after 30"), "{}", found.note);
    let many_probes: Change = |traffic, phase, second| match (phase, second) {
        (FAULT, 0) => broken(traffic),
        (FAULT, _) => probe(traffic, 5, 5),
        _ => {}
    };
    check(&settings, &[FAULT], many_probes, Call::Fail);
    let stays_open: Change = |traffic, phase, second| match (phase, second) {
        (FAULT, 0) => broken(traffic),
        (FAULT, _) => probe(traffic, 1, 1),
        (RECOVERY, _) => *traffic = Traffic::default(),
        _ => {}
    };
    let found = check(&settings, &[FAULT], stays_open, Call::Fail);
    assert!(found.note.contains("never passed again"), "{}", found.note);
    check(&settings, &[FAULT], |_, _, _| {}, Call::Inconclusive);
}

#[test]
fn fallback() {
    let settings = json!({ "fallback": { "on": "orders -> payments", "within": "500ms" } });
    let fails: Change = |traffic, phase, _| {
        if phase == FAULT {
            broken(traffic);
        }
    };
    let found = check(&settings, &[FAULT], fails, Call::Pass);
    assert_eq!((found.n, found.against), (500, 0));
    check(&settings, &[FAULT], |_, _, _| {}, Call::Inconclusive);
    let callers = |change: fn(&mut Traffic)| {
        let mut run = shows(run(&settings, &[FAULT]), fails);
        let entry = link("client -> orders");
        run.each(|event| {
            if let Event::Link(report) = event
                && report.link == entry
            {
                change(&mut report.traffic);
            }
        });
        only(&run.judge()).clone()
    };
    let refused = callers(|traffic| traffic.calls.error_time = traffic.caller_time.clone());
    assert_eq!(refused.call, Call::Fail, "{refused:#?}");
    let late = callers(|traffic| traffic.caller_time = times(span("2s"), traffic.requests));
    assert_eq!(late.call, Call::Fail, "{late:#?}");
}

#[test]
fn bulkhead() {
    let settings = json!({ "bulkhead": {
        "on": "orders -> payments", "keeps": "browse", "within": "300ms"
    } });
    let piles_up: Change = |traffic, phase, _| {
        traffic.calls.most_in_flight = if phase == FAULT { 20 } else { 2 };
    };
    check(&settings, &[FAULT], piles_up, Call::Pass);
    check(&settings, &[FAULT], |_, _, _| {}, Call::Inconclusive);
    let mut plan = short_plan();
    plan.patterns = vec![pattern(&settings, &[FAULT])];
    plan.objectives
        .retain(|objective| objective.of.as_str() != "browse");
    let slow = Run::with(plan, |phase, _, journey, second| {
        if phase == FAULT && journey == "browse" {
            second.takes = span("1s");
        }
    });
    let verdict = shows(slow, piles_up).judge();
    assert_eq!(only(&verdict).call, Call::Fail, "{verdict:#?}");
}

#[test]
fn load_shedding() {
    let settings = json!({ "load_shedding": {
        "on": "orders -> payments", "serves_within": "500ms"
    } });
    let refuses: Change = |traffic, phase, _| {
        if phase == FAULT {
            traffic.calls.shed_time = times(span("8ms"), 15);
        }
    };
    check(&settings, &[FAULT], refuses, Call::Pass);
    let queues: Change = |traffic, phase, _| {
        if phase == FAULT {
            traffic.caller_time = times(span("2s"), traffic.requests);
        }
    };
    check(&settings, &[FAULT], queues, Call::Fail);
    let slowly: Change = |traffic, phase, _| {
        if phase == FAULT {
            traffic.caller_time = times(span("400ms"), traffic.requests);
            traffic.calls.shed_time = times(span("400ms"), 15);
        }
    };
    check(&settings, &[FAULT], slowly, Call::Fail);
    check(&settings, &[FAULT], |_, _, _| {}, Call::Inconclusive);
}

#[test]
fn idempotency() {
    let settings = json!({ "idempotency": { "on": "orders -> payments" } });
    check(
        &settings,
        ALWAYS,
        |t, _, _| t.calls.repeated_alike = 2,
        Call::Pass,
    );
    check(&settings, ALWAYS, |_, _, _| {}, Call::Inconclusive);
    let once: Change = |traffic, phase, second| {
        traffic.calls.repeated_alike = 2;
        traffic.calls.repeated_otherwise = u64::from(phase == FAULT && second == 3);
    };
    let found = check(&settings, ALWAYS, once, Call::Fail);
    assert_eq!(found.against, 1);
}

#[test]
fn recovers() {
    let settings = json!({ "recovers": { "within": "5s" } });
    check(&settings, &[RECOVERY], |_, _, _| {}, Call::Pass);
    let bad_until = |until: u64| {
        let mut plan = short_plan();
        plan.patterns = vec![pattern(&settings, &[RECOVERY])];
        let run = Run::with(plan, |phase, second, journey, going| {
            if phase == RECOVERY && second < until && journey == "checkout" {
                going.bad = going.due;
            }
        });
        only(&run.judge()).clone()
    };
    let soon = bad_until(3);
    assert_eq!(soon.call, Call::Pass, "{soon:#?}");
    assert!((soon.figures[0].value - 3e6).abs() < 1.0);
    let late = bad_until(7);
    assert_eq!(late.call, Call::Fail, "{late:#?}");
    let never = bad_until(15);
    assert_eq!((never.call, never.against), (Call::Fail, 1), "{never:#?}");
}

/// One trial of a run of one fault: too few to prove, whole or not.
#[test]
fn trials_are_judged_by_the_exact_test() {
    let judged = |share: &str, until: u64| {
        let settings = json!({ "recovers": { "within": "5s", "proves": share } });
        let mut plan = short_plan();
        plan.patterns = vec![pattern(&settings, &[RECOVERY])];
        let run = Run::with(plan, |phase, second, journey, going| {
            if phase == RECOVERY && second < until && journey == "checkout" {
                going.bad = going.due;
            }
        });
        only(&run.judge()).clone()
    };
    let clean = judged("80%", 0);
    assert_eq!(
        (clean.call, clean.unit.as_str()),
        (Call::Inconclusive, "trial")
    );
    assert!(
        clean.note.contains("14 clean ones would prove"),
        "{}",
        clean.note
    );
    let proven = judged("4%", 0);
    assert_eq!(
        (proven.call, proven.strength),
        (Call::Pass, Some(lab_verdict::Strength::Proven)),
        "{proven:#?}"
    );
    assert_eq!(judged("97%", 15).call, Call::Fail);
    assert_eq!(judged("80%", 15).call, Call::Inconclusive);
}

/// What is broken, and how.
type Case = (&'static str, fn(&mut Run));

/// For each pattern a run that shows it.
fn shown() -> Vec<Run> {
    let opens: Change = |traffic, phase, second| match (phase, second) {
        (FAULT, 0) => broken(traffic),
        (FAULT, _) => probe(traffic, 1, 1),
        _ => {}
    };
    let everything: Change = |traffic, phase, _| {
        traffic.calls.repeated_alike = 2;
        traffic.calls.most_in_flight = if phase == FAULT { 20 } else { 2 };
        if phase == FAULT {
            pauses(traffic, 0, 60, 60);
            pauses(traffic, 1, 120, 120);
            given_up(traffic, "400ms");
            traffic.calls.broken_after = Histogram::new();
            traffic.broken = 0;
        }
    };
    let spec = |entry: &lab_verdict::patterns::Entry| {
        let mut example = entry.explain().example;
        let settings = &mut example[entry.name];
        if settings.get("on").is_some() {
            settings["on"] = json!("orders -> payments");
        }
        if entry.name == "load_shedding" {
            return None;
        }
        let during = match entry.name {
            "timeout" | "idempotency" => ALWAYS,
            "recovers" => &[RECOVERY],
            _ => &[FAULT],
        };
        let change = if entry.name == "breaker" {
            opens
        } else {
            everything
        };
        Some(shows(run(&example, during), change))
    };
    PATTERNS.iter().filter_map(spec).collect()
}

#[test]
fn broken_telemetry_shows_no_pattern() {
    let cases: &[Case] = &[
        ("no report on any link", |run| {
            run.remove(|event| matches!(event, Event::Link(_) | Event::Load(_)));
        }),
        ("empty reports on links", |run| {
            run.each(|event| {
                if let Event::Link(report) = event {
                    report.traffic = Traffic::default();
                }
                if let Event::Load(report) = event {
                    report.slots.clear();
                }
            });
        }),
        ("a fault that touched nothing", |run| {
            run.each_bite(|bite| bite.touched = lab_model::link::Touched::default());
        }),
        ("a fault that was never armed", |run| {
            run.remove(|event| matches!(event, Event::FaultArmed { .. }));
        }),
        ("a fault that was lost", |run| {
            let event = Event::FaultLost {
                fault: 0,
                found: "the toxic is gone".to_owned(),
            };
            run.insert(FAULT, 4, event);
        }),
        ("a run that ended in its fault", |run| run.stop_at(FAULT, 5)),
        ("a run that ended before its fault", |run| {
            run.stop_at(BASELINE, 3);
        }),
        ("a journal without its end", |run| {
            run.remove(|event| matches!(event, Event::Closed));
        }),
        ("an unhealthy baseline", |run| {
            run.each_slot(BASELINE, |slot| {
                slot.bad = slot.due;
                slot.good = 0;
                slot.over.fill(slot.due);
            });
        }),
    ];
    for run in shown() {
        let kind = run.plan.patterns[0].kind.clone();
        let verdict = run.clone().judge();
        assert_eq!(only(&verdict).call, Call::Pass, "{kind}: {verdict:#?}");
        for (what, break_it) in cases {
            let mut broken = run.clone();
            break_it(&mut broken);
            let verdict = broken.judge();
            assert_ne!(verdict.call, Call::Pass, "{kind}, {what}: {verdict:#?}");
        }
    }
}

#[test]
fn a_pattern_that_nobody_knows_is_an_error() {
    let mut run = run(&json!({ "recovers": { "within": "5s" } }), &[RECOVERY]);
    run.plan.patterns[0].kind = name("levitation");
    let verdict = run.judge();
    assert_eq!(only(&verdict).call, Call::Error);
    assert_eq!(verdict.call, Call::Error);
}
