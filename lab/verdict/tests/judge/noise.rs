//! Whatever a journal holds, the judge answers: no panic, no pass by accident, only finite numbers.

use lab_model::Journal;
use lab_model::event::{Event, Record};
use lab_model::link::{Delay, FaultReport, LinkReport, Touched, Traffic};
use lab_model::load::{LoadReport, Outcome, OutcomeCount, Slot, StepReport};
use lab_model::{Histogram, Span};
use lab_verdict::{Call, judge};
use proptest::prelude::*;

use crate::build::{Run, link, name, opened, short_plan};

/// Small numbers mostly, and those at the edge.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..200, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn index() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0_usize..5, 1 => Just(usize::MAX)]
}

fn slot() -> impl Strategy<Value = Slot> {
    let journey = prop::sample::select(vec!["checkout", "browse", "refund"]);
    let counts = (
        number(),
        number(),
        number(),
        number(),
        prop::collection::vec(number(), 0..3),
    );
    (
        index(),
        prop_oneof![0_u32..40, any::<u32>()],
        journey,
        counts,
    )
        .prop_map(|(phase, second, journey, (due, good, bad, unsent, over))| {
            let mut lag = Histogram::new();
            lag.record(Span::from_micros(due));
            Slot {
                phase,
                second,
                journey: name(journey),
                due,
                good,
                bad,
                unsent,
                over,
                from_intended: lag.clone(),
                from_sent: Histogram::new(),
                lag,
            }
        })
}

fn event() -> impl Strategy<Value = Event> {
    let step = (index(), number()).prop_map(|(phase, count)| StepReport {
        phase,
        journey: name("checkout"),
        step: name("pay"),
        outcomes: vec![OutcomeCount {
            outcome: Outcome::Timeout,
            count,
        }],
        time: Histogram::new(),
    });
    let load = (
        prop::collection::vec(slot(), 0..4),
        prop::collection::vec(step, 0..3),
        number(),
    )
        .prop_map(|(slots, steps, in_flight)| {
            Event::Load(LoadReport {
                slots,
                steps,
                in_flight,
            })
        });
    let fault = (index(), number(), number(), number(), number()).prop_map(
        |(fault, connections, requests, count, sum)| {
            let touched = Touched {
                connections,
                requests,
                bytes: count,
                readings: 0,
            };
            let (sum, min, max) = (Span::from_micros(sum), Span::ZERO, Span::from_micros(count));
            Event::Fault(FaultReport {
                fault,
                passing: Touched {
                    requests: count,
                    ..touched
                },
                touched,
                matched: 0,
                delay: Delay {
                    count,
                    sum,
                    min,
                    max,
                },
                resets: connections,
                refused: requests,
                dropped: count,
            })
        },
    );
    let traffic = (number(), number(), number()).prop_map(|(requests, abandoned, first)| {
        let traffic = Traffic {
            requests,
            abandoned,
            first_attempts: first,
            ..Traffic::default()
        };
        Event::Link(Box::new(LinkReport {
            link: link("orders -> payments"),
            traffic,
        }))
    });
    prop_oneof![
        4 => load,
        2 => fault,
        2 => traffic,
        1 => Just(Event::LoadStarted),
        2 => index().prop_map(|phase| Event::PhaseStarted { phase }),
        1 => prop::collection::vec(index(), 0..2).prop_map(|broken| Event::Gate { broken }),
        2 => index().prop_map(|fault| Event::FaultArmed { fault }),
        1 => index().prop_map(|fault| Event::FaultHealed { fault }),
        1 => index().prop_map(|condition| Event::Aborted { condition }),
        1 => any::<i32>().prop_map(|signal| Event::Interrupted { signal }),
        1 => number().prop_map(|acknowledged| Event::LoadEnded { acknowledged }),
        1 => Just(Event::CleanedUp { left: vec![] }),
    ]
}

fn journal(times: Vec<u64>, events: Vec<Event>) -> Journal {
    let at = times.into_iter().map(Span::from_micros);
    let records = at.zip(events).map(|(at, event)| Record { at, event });
    let closed = Record {
        at: Span::from_micros(u64::MAX),
        event: Event::Closed,
    };
    Journal {
        opened: opened(short_plan()),
        records: records.chain([closed]).collect(),
        damage: vec![],
    }
}

proptest! {
    #[test]
    fn noise_never_passes_and_never_panics(
        times in prop::collection::vec(any::<u64>(), 30),
        events in prop::collection::vec(event(), 0..30),
    ) {
        let verdict = judge(&journal(times, events));
        prop_assert_ne!(verdict.call, Call::Pass);
        for objective in &verdict.objectives {
            prop_assert!(objective.log_evidence_pass.is_finite());
            prop_assert!(objective.log_evidence_fail.is_finite());
            prop_assert!(objective.bad <= objective.n);
        }
        prop_assert!(serde_json::to_string(&verdict).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Noise on top of a run that passes may spoil it but never breaks the judge, and the same
    /// journal always gets the same verdict.
    #[test]
    fn noise_on_top_of_a_run(events in prop::collection::vec(event(), 0..8), second in 0_u64..10) {
        let mut run = Run::healthy(short_plan());
        for event in events {
            run.insert(2, second, event);
        }
        let journal = run.journal();
        prop_assert_eq!(judge(&journal), judge(&journal));
    }
}
