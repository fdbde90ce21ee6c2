//! Every due arrival resolves exactly once, whatever happens in whatever order.

use std::collections::BTreeMap;

use lab_model::load::{Outcome, Slot};
use lab_wire::Assignment;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::journey::StepEnd;
use crate::schedule::tests::{load, phases};
use crate::script::prepare;
use crate::script::tests::{assignment, step};

/// 100 arrivals a second over phases of 1 s and 0.5 s, with one latency limit of 50 ms.
fn recorder() -> Recorder {
    let assignment = Assignment {
        phases: phases(&[1_000, 500]),
        load: {
            let mut load = load(100.0, &[1]);
            load.journeys[0].steps = vec![step(json!({}))];
            load
        },
        ..assignment(Vec::new())
    };
    let (mut journeys, _) = prepare(&assignment).unwrap();
    journeys[0].limits = vec![ms(50)];
    let schedule = Schedule::new(&assignment.load, &assignment.phases, 7, assignment.part).unwrap();
    Recorder::new(schedule, &journeys)
}

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

fn walk(sent: Span, ended: Span, outcome: Outcome) -> Walk {
    Walk {
        sent,
        ended,
        thought: Span::ZERO,
        good: outcome == Outcome::Good,
        steps: vec![StepEnd {
            step: 0,
            outcome,
            time: ended.minus(sent),
        }],
        writes: Vec::new(),
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    due: u64,
    good: u64,
    bad: u64,
    unsent: u64,
    over: u64,
    timed: u64,
}

fn sum(reports: &[Report]) -> Sums {
    let slots = reports.iter().flat_map(|report| &report.load.slots);
    slots.fold(Sums::default(), |sums, slot| {
        let timed = slot.from_intended.count();
        assert_eq!(timed, slot.from_sent.count());
        assert_eq!(timed, slot.lag.count());
        Sums {
            due: sums.due + slot.due,
            good: sums.good + slot.good,
            bad: sums.bad + slot.bad,
            unsent: sums.unsent + slot.unsent,
            over: sums.over + slot.over[0],
            timed: sums.timed + timed,
        }
    })
}

#[test]
fn an_arrival_belongs_to_the_second_of_its_intended_start() {
    let recorder = recorder();
    // Arrival 99 is due at 990 ms and ends in the next phase.
    assert!(recorder.take(99, ms(991)));
    recorder.finish(99, walk(ms(992), ms(1_400), Outcome::Good));
    let report = recorder.report(ms(1_400)).load;
    let slot: &Slot = &report.slots[0];
    assert_eq!((slot.phase, slot.second), (0, 0));
    assert_eq!((slot.due, slot.good, slot.bad), (100, 1, 40));
    // Waiting since before 400 ms: given up.
    assert_eq!(slot.unsent, 40);
    assert_eq!(slot.from_intended.max(), Some(bucket(ms(410))));
    assert_eq!(slot.from_sent.max(), Some(bucket(ms(408))));
    assert_eq!(slot.lag.max(), Some(bucket(ms(2))));
    assert_eq!(slot.over, [41]);
    assert_eq!((report.slots[1].phase, report.slots[1].due), (1, 41));
    assert_eq!(report.steps[0].phase, 0);
}

/// The largest value of the histogram's bucket that holds a span.
fn bucket(span: Span) -> Span {
    let mut histogram = lab_model::Histogram::new();
    histogram.record(span);
    histogram.max().unwrap()
}

#[test]
fn reports_are_differences() {
    let recorder = recorder();
    assert!(recorder.take(0, ms(0)));
    let first = recorder.report(ms(5));
    assert_eq!(first.load.in_flight, 1);
    assert_eq!(
        sum(std::slice::from_ref(&first)),
        Sums {
            due: 1,
            ..Sums::default()
        }
    );
    recorder.finish(0, walk(ms(0), ms(6), Outcome::Timeout));
    let second = recorder.report(ms(6));
    let sums = sum(std::slice::from_ref(&second));
    assert_eq!((sums.due, sums.bad, sums.over, sums.timed), (0, 1, 1, 1));
    assert_eq!(second.load.steps[0].outcomes[0].outcome, Outcome::Timeout);
    assert_eq!(recorder.report(ms(7)), Report::default());
}

#[test]
fn nothing_is_taken_twice_or_too_late_or_after_the_end() {
    let recorder = recorder();
    assert!(!recorder.take(5, ms(49)), "not due before 50 ms");
    assert!(recorder.take(5, ms(50)));
    assert!(!recorder.take(5, ms(50)));
    assert!(!recorder.take(0, ms(1_001)), "waited beyond the patience");
    assert!(recorder.take(1, ms(1_010)));
    recorder.close(ms(1_020));
    assert!(!recorder.take(99, ms(1_020)));
    recorder.finish(1, walk(ms(1_010), ms(1_030), Outcome::Good));
    let sums = sum(&[recorder.report(ms(2_000))]);
    assert_eq!((sums.due, sums.good, sums.bad), (103, 0, 103));
    assert_eq!((sums.unsent, sums.timed), (101, 2));
}

proptest! {
    #[test]
    fn every_due_arrival_resolves_exactly_once(
        steps in prop::collection::vec((0_u64..150, 0_u64..40, 0_u8..4), 0..400),
    ) {
        let recorder = recorder();
        let mut now = Span::ZERO;
        let mut good = BTreeMap::new();
        let mut reports = Vec::new();
        for (index, wait, action) in steps {
            now = now.plus(ms(wait));
            match action {
                0 => {
                    if recorder.take(index, now) {
                        prop_assert!(good.insert(index, false).is_none(), "taken twice");
                    }
                }
                1 | 2 => {
                    recorder.finish(index, walk(now, now.plus(ms(1)), Outcome::Good));
                    if let Some(finished) = good.get_mut(&index) {
                        *finished = true;
                    }
                }
                _ => reports.push(recorder.report(now)),
            }
            let sums = sum(&reports);
            prop_assert!(sums.good + sums.bad <= sums.due);
        }
        let settled = recorder.is_settled(now);
        recorder.close(now);
        reports.push(recorder.report(now));
        let sums = sum(&reports);
        let in_time = good.values().filter(|finished| **finished).count() as u64;
        prop_assert_eq!(sums.due, sums.good + sums.bad);
        prop_assert_eq!(sums.timed, sums.due - sums.unsent);
        prop_assert_eq!(sums.good, in_time);
        prop_assert_eq!(sums.due, (now.as_micros() / 10_000 + 1).min(150));
        if settled {
            prop_assert_eq!(sums.good + sums.unsent, sums.due);
        }
        prop_assert_eq!(recorder.report(now.plus(ms(9_000))), Report::default());
    }
}
