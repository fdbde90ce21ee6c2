//! The fold, and the guards that read it.

use lab_model::event::Event;
use lab_model::link::{Delay, FaultReport, Touched, Traffic};
use lab_model::load::{Outcome, OutcomeCount, Slot, StepReport};
use lab_model::objective::{Abort, Objective, Promise};
use lab_model::plan::{Effect, Fault, PhaseKind, Window};
use lab_model::system::System;
use lab_model::toxic::Direction;
use lab_model::traffic::{Arrivals, Journey, Load, Step};
use lab_model::{Histogram, Rate, Ratio};

use super::*;
use crate::{abort, gate};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn plan() -> Plan {
    let phase = |label, kind, start, length| Phase {
        name: name(label),
        kind,
        start: Span::from_secs(start),
        length: Span::from_millis(length),
    };
    let step = Step::new(name("pay"), name("shop"), "POST", "/", Span::from_secs(1));
    let link: Link = "client -> shop".parse().unwrap();
    Plan {
        scenario: name("sample"),
        hypothesis: String::new(),
        lesson: String::new(),
        tags: vec![],
        seed: 7,
        system: System {
            name: name("shop"),
            services: vec![],
            links: vec![link.clone()],
            tls: Vec::new(),
            gateway: None,
            settings: [].into(),
        },
        load: Load::new(
            vec![Journey::new(name("checkout"), 1, vec![step])],
            Arrivals::Constant {
                rate: Rate::per_second(50.0).unwrap(),
            },
        ),
        toxiproxy: None,
        phases: vec![
            phase("baseline", PhaseKind::Baseline, 0, 10_000),
            phase("fault", PhaseKind::Fault, 10, 9_500),
        ],
        faults: vec![Fault {
            kind: name("down"),
            summary: "down".to_owned(),
            link,
            direction: Direction::Downstream,
            toxicity: Ratio::ONE,
            phase: 1,
            windows: vec![Window {
                from: Span::from_secs(10),
                to: Span::from_secs(19),
            }],
            primitives: vec![],
            effect: Effect::Refuse,
            undo: String::new(),
        }],
        objectives: vec![Objective {
            of: name("checkout"),
            promise: Promise::Percentile {
                quantile: "99%".parse().unwrap(),
                at_most: Span::from_millis(300),
            },
            during: vec![1],
        }],
        indicators: vec![],
        early_stop: None,
        comparisons: vec![],
        patterns: vec![],
        abort: vec![Abort::Availability {
            of: name("checkout"),
            below: "50%".parse().unwrap(),
            lasting: Span::from_secs(3),
        }],
        replay: vec![],
        ledgers: vec![],
        remedy: vec![],
    }
}

fn slot(phase: usize, second: u32, due: u64, bad: u64, over: u64) -> Slot {
    let mut time = Histogram::new();
    time.record(Span::from_millis(u64::from(second) + 1));
    Slot {
        phase,
        second,
        journey: name("checkout"),
        due,
        good: due - bad,
        bad,
        unsent: 0,
        over: vec![over],
        from_intended: time,
        from_sent: Histogram::new(),
        lag: Histogram::new(),
    }
}

fn at(millis: u64, event: Event) -> Record {
    Record {
        at: Span::from_millis(millis),
        event,
    }
}

fn load(slots: Vec<Slot>) -> Record {
    at(
        5_000,
        Event::Load(LoadReport {
            slots,
            ..LoadReport::default()
        }),
    )
}

fn folded(records: &[Record]) -> Tally {
    let mut tally = Tally::new(&plan());
    for record in records {
        tally.add(record);
    }
    tally
}

#[test]
fn reports_are_differences_that_add_up() {
    let tally = folded(&[
        load(vec![slot(0, 3, 30, 2, 4), slot(1, 0, 10, 0, 0)]),
        load(vec![slot(0, 3, 20, 1, 1), slot(0, 5, 50, 0, 7)]),
    ]);
    let journey = tally.journey(0, &name("checkout")).unwrap();
    let expected = Counts {
        due: 100,
        good: 97,
        bad: 3,
        unsent: 0,
        over: vec![12],
    };
    assert_eq!(journey.total, expected);
    let by_second: Vec<u64> = journey.seconds.iter().map(|counts| counts.due).collect();
    assert_eq!(by_second, [0, 0, 0, 50, 0, 50]);
    assert_eq!(journey.from_intended.count(), 3);
    assert_eq!(tally.journey(1, &name("checkout")).unwrap().total.due, 10);
    assert_eq!(tally.strays, Strays::default());
}

#[test]
fn what_does_not_fit_the_plan_is_left_out() {
    // 9.5 s are ten seconds, the last of them a half one.
    let tally = folded(&[load(vec![
        slot(1, 9, 1, 0, 0),
        slot(1, 10, 1, 0, 0),
        slot(2, 0, 1, 0, 0),
        slot(1, u32::MAX, 1, 0, 0),
    ])]);
    assert_eq!(tally.journey(1, &name("checkout")).unwrap().total.due, 1);
    assert_eq!(tally.strays.count, 3);
    assert_eq!(
        tally.strays.first.as_deref(),
        Some("checkout in second 10 of phase 1")
    );
}

#[test]
fn steps_keep_their_ways_of_ending() {
    let report = |outcome, count| StepReport {
        phase: 1,
        journey: name("checkout"),
        step: name("pay"),
        outcomes: vec![OutcomeCount { outcome, count }],
        time: Histogram::new(),
    };
    let steps = vec![
        report(Outcome::Good, 90),
        report(Outcome::Status(503), 3),
        report(Outcome::Timeout, 2),
        report(Outcome::Timeout, 2),
    ];
    let tally = folded(&[at(
        1,
        Event::Load(LoadReport {
            steps,
            ..LoadReport::default()
        }),
    )]);
    let step = &tally.journey(1, &name("checkout")).unwrap().steps[0];
    assert_eq!(step.top_failure(), Some((Outcome::Timeout, 4)));
    assert_eq!(step.outcomes[&Outcome::Good], 90);
}

#[test]
fn traffic_belongs_to_the_phase_of_its_report() {
    let link: Link = "client -> shop".parse().unwrap();
    let seen = |millis, requests| {
        let traffic = Traffic {
            requests,
            first_attempts: 1,
            ..Traffic::default()
        };
        at(
            millis,
            Event::Link(Box::new(LinkReport {
                link: link.clone(),
                traffic,
            })),
        )
    };
    let tally = folded(&[
        seen(500, 1),
        at(1_000, Event::LoadStarted),
        seen(6_000, 10),
        seen(10_999, 100),
        seen(11_000, 1_000),
        seen(60_000, 10_000),
    ]);
    let requests = |phase| tally.link_in(phase, &link).unwrap().traffic.requests;
    assert_eq!((requests(0), requests(1)), (110, 11_000));
    let attempts = attempts_per_request(&tally.link_in(0, &link).unwrap().traffic);
    assert_eq!(attempts.map(f64::round), Some(55.0));
}

#[test]
fn a_fault_is_followed() {
    let touched = Touched {
        connections: 2,
        requests: 5,
        bytes: 10,
        readings: 0,
    };
    let span = Span::from_millis(100);
    let delay = Delay {
        count: 1,
        sum: span,
        min: span,
        max: span,
    };
    let report = FaultReport {
        fault: 0,
        passing: touched,
        touched,
        matched: 0,
        delay,
        resets: 1,
        refused: u64::MAX,
        dropped: 3,
    };
    let tally = folded(&[
        at(1, Event::FaultArmed { fault: 0 }),
        at(2, Event::Fault(report.clone())),
        at(3, Event::Fault(report)),
        at(
            4,
            Event::FaultLost {
                fault: 0,
                found: "gone".to_owned(),
            },
        ),
        at(
            5,
            Event::FaultLost {
                fault: 0,
                found: "still gone".to_owned(),
            },
        ),
    ]);
    let fault = &tally.faults[0];
    assert!(fault.is_armed());
    assert_eq!(fault.lost.as_deref(), Some("gone"));
    assert_eq!(
        (fault.touched.requests, fault.delay.count, fault.resets),
        (10, 2, 2)
    );
    assert_eq!(fault.refused, u64::MAX, "sums saturate");
}

#[test]
fn the_gate_looks_at_every_objective() {
    let check = |over: u64, expected: &[usize]| {
        let slots = (0..10).map(|second| slot(0, second, 50, 0, over)).collect();
        assert_eq!(
            gate::broken(&plan(), &folded(&[load(slots)]), 0),
            expected,
            "{over} of 500"
        );
    };
    check(0, &[]);
    check(1, &[]);
    check(2, &[0]);
    assert_eq!(
        gate::broken(&plan(), &folded(&[]), 0),
        [0; 0],
        "nothing is known"
    );
    assert_eq!(gate::gated(&plan()), [0]);
}

#[test]
fn what_met_the_fault_says_nothing_of_the_baseline() {
    // The last second of the baseline: its arrivals ended under the fault.
    let tally = folded(&[load(vec![slot(0, 8, 450, 0, 0), slot(0, 9, 50, 50, 50)])]);
    assert_eq!(gate::broken(&plan(), &tally, 0), [0]);
    assert_eq!(gate::broken_before_the_fault(&plan(), &tally, 0), [0; 0]);
}

#[test]
fn an_abort_needs_an_unbroken_stretch() {
    // Each digit is the bad arrivals of a second, of nine due; `-` is a second without arrivals.
    let check = |seconds: &str, expected: Option<usize>| {
        let slots = seconds.bytes().zip(0_u32..).filter(|(bad, _)| *bad != b'-');
        let slots = slots.map(|(bad, second)| {
            let bad = u64::from(bad - b'0');
            slot(usize::from(second >= 10), second % 10, 9, bad, bad)
        });
        let tally = folded(&[load(slots.collect())]);
        assert_eq!(abort::held(&plan(), &tally), expected, "{seconds}");
    };
    check("", None);
    check("9990", Some(0));
    check("999", None);
    check("5550", Some(0));
    check("4440", None);
    check("9909990", Some(0));
    check("990990", None);
    check("99-90", Some(0));
    check("0000000099", None);
    check("000000009990", Some(0));
}
