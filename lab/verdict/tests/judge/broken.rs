//! Broken telemetry never passes. Each case breaks one thing of a run that passes, and names the
//! reason that must be given.

use lab_model::event::{Event, ServiceState};
use lab_model::link::{Delay, Touched};
use lab_model::load::{LoadReport, Slot};
use lab_model::objective::Promise;
use lab_model::{Histogram, Journal, Span};
use lab_verdict::{Call, RunVerdict, judge};

use crate::build::{BASELINE, FAULT, RECOVERY, Run, link, name, ratio, short_plan, span};

/// What is broken, the reason's code, and how it is broken.
type Case = (&'static str, &'static str, fn(&mut Run));

#[track_caller]
fn never_passes(what: &str, code: &str, verdict: &RunVerdict) {
    assert_ne!(verdict.call, Call::Pass, "{what}: {verdict:#?}");
    let given = verdict.reasons.iter().any(|reason| reason.code == code);
    assert!(given, "{what}: {code} is not in {:#?}", verdict.reasons);
    assert_ne!(verdict.exit, lab_model::Exit::Pass, "{what}");
    assert!(
        verdict.reasons.iter().all(|reason| !reason.text.is_empty()),
        "{what}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn broken_load_reports() {
    let cases: &[Case] = &[
        ("no load report at all", "load::not-offered", |run| {
            run.remove(|event| matches!(event, Event::Load(_)));
        }),
        ("empty load reports", "load::not-offered", |run| {
            run.each(|event| {
                if let Event::Load(report) = event {
                    *report = LoadReport::default();
                }
            });
        }),
        (
            "no request in the fault phase",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| *slot = empty(slot));
            },
        ),
        ("no request in the baseline", "load::not-offered", |run| {
            run.each_slot(BASELINE, |slot| *slot = empty(slot));
        }),
        ("no request in the recovery", "load::not-offered", |run| {
            run.each_slot(RECOVERY, |slot| *slot = empty(slot));
        }),
        (
            "the generator died in the middle of the fault",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    if slot.second >= 5 {
                        *slot = empty(slot);
                    }
                });
            },
        ),
        ("half of the rate", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| {
                slot.due /= 2;
                slot.good /= 2;
            });
        }),
        (
            "two arrivals of 1,500 are missing",
            "load::not-offered",
            |run| {
                let mut left = 2;
                run.each_slot(FAULT, |slot| {
                    if left > 0 && slot.good > 0 {
                        (slot.due, slot.good, left) = (slot.due - 1, slot.good - 1, left - 1);
                    }
                });
            },
        ),
        ("every report came twice", "load::not-offered", |run| {
            let twice = run.records.iter().flat_map(|record| {
                let again = matches!(record.event, Event::Load(_)).then(|| record.clone());
                [Some(record.clone()), again]
            });
            run.records = twice.flatten().collect();
        }),
        ("arrivals without an end", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| slot.good -= u64::from(slot.second == 9));
        }),
        ("nothing ever ended", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| slot.good = 0);
        }),
        ("more ended than came due", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| {
                slot.good += slot.due;
            });
        }),
        (
            "arrivals that could not be sent",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    if slot.second == 3 {
                        (slot.good, slot.bad, slot.unsent) = (slot.good - 1, 1, 1);
                        slot.over.iter_mut().for_each(|over| *over = 1);
                    }
                });
            },
        ),
        ("more unsent than bad", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| slot.unsent = 1);
        }),
        ("a generator that lags", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| lag(slot, span("200ms")));
        }),
        (
            "a generator that lags in the baseline",
            "load::not-offered",
            |run| {
                run.each_slot(BASELINE, |slot| lag(slot, span("80ms")));
            },
        ),
        ("the lag is not on record", "load::not-offered", |run| {
            run.each_slot(FAULT, |slot| slot.lag = Histogram::new());
        }),
        (
            "the lag histogram is truncated",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    if slot.second > 6 {
                        slot.lag = Histogram::new();
                    }
                });
            },
        ),
        (
            "the latency histogram is truncated",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    if slot.second > 6 {
                        slot.from_intended = Histogram::new();
                    }
                });
            },
        ),
        (
            "counts over the limit below the failures",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    if slot.second == 3 {
                        (slot.good, slot.bad) = (slot.good - 1, 1);
                    }
                });
            },
        ),
        (
            "counts over the limit beyond everything",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    slot.over.iter_mut().for_each(|over| *over = 9_999);
                });
            },
        ),
        (
            "counts at the top of their range",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| (slot.due, slot.good) = (u64::MAX, u64::MAX));
            },
        ),
        ("everything timed out", "objective::failed", |run| {
            run.each_slot(FAULT, |slot| {
                (slot.good, slot.bad) = (0, slot.due);
                slot.over.iter_mut().for_each(|over| *over = slot.due);
            });
        }),
        ("another phase", "journal::stray", |run| {
            run.insert(FAULT, 3, Event::Load(one_slot(9, 0, "checkout")));
        }),
        ("another journey", "journal::stray", |run| {
            run.insert(FAULT, 3, Event::Load(one_slot(FAULT, 0, "refund")));
        }),
        ("a second outside the phase", "journal::stray", |run| {
            run.insert(FAULT, 3, Event::Load(one_slot(FAULT, u32::MAX, "checkout")));
        }),
        (
            "all seconds of a phase were shifted out of it",
            "journal::stray",
            |run| {
                run.each_slot(FAULT, |slot| slot.second += 10);
            },
        ),
        ("the load never ended", "load::no-end", |run| {
            run.remove(|event| matches!(event, Event::LoadEnded { .. }));
        }),
        (
            "the journey of an objective never ran",
            "load::not-offered",
            |run| {
                run.each_slot(FAULT, |slot| {
                    if slot.journey == name("checkout") {
                        *slot = empty(slot);
                    }
                });
            },
        ),
        (
            "one journey ran in the place of another",
            "objective::undecided",
            |run| {
                run.each(|event| {
                    if let Event::Load(report) = event {
                        let slots = &mut report.slots;
                        for slot in slots.iter_mut().filter(|slot| slot.phase == FAULT) {
                            (slot.journey, slot.over) = (name("browse"), vec![0]);
                        }
                    }
                });
            },
        ),
    ];
    check(cases);
}

#[test]
fn broken_faults() {
    let cases: &[Case] = &[
        ("the fault was never armed", "fault::not-armed", |run| {
            run.remove(|event| matches!(event, Event::FaultArmed { .. }));
        }),
        ("no report on the fault", "fault::not-witnessed", |run| {
            run.remove(|event| matches!(event, Event::Fault(_)));
        }),
        ("the link was bypassed", "fault::not-witnessed", |run| {
            run.each_bite(|report| (report.passing, report.touched) = Default::default());
        }),
        ("the fault touched nothing", "fault::not-witnessed", |run| {
            run.each_bite(|report| report.touched = Touched::default());
        }),
        (
            "the fault touched less than half",
            "fault::not-witnessed",
            |run| {
                run.each_bite(|report| {
                    report.touched.requests = 24;
                    report.touched.connections = 1;
                });
            },
        ),
        ("the fault added no delay", "fault::not-witnessed", |run| {
            run.each_bite(|report| report.delay = Delay::default());
        }),
        (
            "the fault added too little delay",
            "fault::not-witnessed",
            |run| {
                run.each_bite(|report| report.delay.sum = Span::from_millis(999 * 50));
            },
        ),
        ("the fault was removed underneath", "fault::lost", |run| {
            let found = "the toxic is gone".to_owned();
            run.insert(FAULT, 5, Event::FaultLost { fault: 0, found });
        }),
        (
            "the fault stayed after its phase",
            "fault::not-healed",
            |run| {
                run.remove(|event| matches!(event, Event::FaultHealed { .. }));
            },
        ),
        (
            "a fault that the plan does not have",
            "journal::stray",
            |run| {
                run.insert(FAULT, 5, Event::FaultArmed { fault: 7 });
            },
        ),
        (
            "a link that the plan does not have",
            "journal::stray",
            |run| {
                run.each(|event| {
                    if let Event::Link(report) = event {
                        report.link = link("a -> b");
                    }
                });
            },
        ),
    ];
    check(cases);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn broken_courses() {
    let cases: &[Case] = &[
        (
            "nobody judged the steady state",
            "gate::not-judged",
            |run| {
                run.remove(|event| matches!(event, Event::Gate { .. }));
            },
        ),
        (
            "the gate was broken and the fault came all the same",
            "gate::not-healthy",
            |run| {
                run.each(|event| {
                    if let Event::Gate { broken } = event {
                        broken.push(1);
                    }
                });
            },
        ),
        (
            "the gate names what the plan does not have",
            "gate::not-healthy",
            |run| {
                run.each(|event| {
                    if let Event::Gate { broken } = event {
                        broken.push(77);
                    }
                });
            },
        ),
        (
            "the gate slept through a broken baseline",
            "gate::not-healthy",
            |run| {
                run.each_slot(BASELINE, |slot| {
                    (slot.good, slot.bad) = (slot.good - 20, 20);
                    slot.over.iter_mut().for_each(|over| *over = 20);
                });
            },
        ),
        ("the fault phase never began", "load::not-offered", |run| {
            run.remove(|event| matches!(event, Event::PhaseStarted { phase: FAULT }));
        }),
        ("no phase ever began", "load::not-offered", |run| {
            run.remove(|event| matches!(event, Event::PhaseStarted { .. }));
        }),
        (
            "a phase that the plan does not have",
            "journal::stray",
            |run| {
                run.insert(FAULT, 3, Event::PhaseStarted { phase: 9 });
            },
        ),
        ("the environment failed", "run::failed", |run| {
            let (part, reason) = ("service orders".to_owned(), "ended".to_owned());
            run.insert(RECOVERY, 14, Event::Failed { part, reason });
        }),
        ("a service ended", "service::exited", |run| {
            let state = ServiceState::Exited {
                status: "signal: 9".to_owned(),
            };
            run.insert(
                FAULT,
                3,
                Event::Service {
                    name: name("orders"),
                    state,
                },
            );
        }),
        ("someone asked for the end", "run::interrupted", |run| {
            run.stop_at(FAULT, 5);
            run.insert(FAULT, 5, Event::Interrupted { signal: 2 });
        }),
        ("an abort condition held", "run::aborted", |run| {
            run.stop_at(FAULT, 5);
            run.insert(FAULT, 5, Event::Aborted { condition: 0 });
        }),
        ("something is left", "clean-up::incomplete", |run| {
            run.each(|event| {
                if let Event::CleanedUp { left } = event {
                    left.push("port 9000".to_owned());
                }
            });
        }),
        ("no clean-up is on record", "clean-up::unknown", |run| {
            run.remove(|event| matches!(event, Event::CleanedUp { .. }));
        }),
        ("nothing was recorded", "journal::incomplete", |run| {
            run.records.clear();
        }),
        ("the run was never closed", "journal::incomplete", |run| {
            run.remove(|event| *event == Event::Closed);
        }),
        ("the load never started", "journal::incomplete", |run| {
            run.records.truncate(1);
        }),
        ("nothing was promised", "objective::none", |run| {
            run.plan.objectives.clear();
        }),
        (
            "a promise about a journey that is not there",
            "objective::error",
            |run| {
                run.plan.objectives[0].of = name("refund");
            },
        ),
        (
            "a promise in a phase that is not there",
            "objective::error",
            |run| {
                run.plan.objectives[0].during = vec![9];
            },
        ),
        (
            "a promise that allows everything",
            "objective::undecided",
            |run| {
                run.plan.objectives[0].promise = Promise::Availability {
                    at_least: ratio("0%"),
                };
            },
        ),
        (
            "a promise that no phase of this length can show",
            "objective::undecided",
            |run| {
                run.plan.objectives[0].promise = Promise::Availability {
                    at_least: ratio("99.99%"),
                };
            },
        ),
    ];
    check(cases);
}

/// A journal cut off between any two entries.
#[test]
fn partial_journals() {
    let mut journal = Run::healthy(short_plan()).journal();
    assert_eq!(judge(&journal).call, Call::Pass);
    while journal.records.pop().is_some() {
        let verdict = judge(&journal);
        never_passes(
            &format!("{} entries left", journal.records.len()),
            "journal::incomplete",
            &verdict,
        );
        assert!(!verdict.missing.is_empty());
    }
}

/// A journal whose bytes are damaged: a torn line, and a clock that was stepped back.
#[test]
fn damaged_journals() {
    let run = Run::healthy(short_plan());
    let check = |what: &str, bytes: &[u8]| {
        let verdict = judge(&Journal::read(bytes).unwrap());
        never_passes(what, "journal::incomplete", &verdict);
        assert!(
            verdict.missing[0].starts_with("everything from line "),
            "{:?}",
            verdict.missing
        );
    };
    let mut torn = run.bytes();
    let middle = torn.len() / 2;
    torn[middle] = 0;
    check("a torn line", &torn);
    let mut stepped = run;
    let middle = stepped.records.len() / 2;
    stepped.records[middle].at = Span::from_secs(1);
    check("the clock was stepped back", &stepped.bytes());
}

#[track_caller]
fn check(cases: &[Case]) {
    let healthy = Run::healthy(short_plan());
    assert_eq!(healthy.clone().judge().call, Call::Pass);
    for (what, code, break_it) in cases {
        let mut run = healthy.clone();
        break_it(&mut run);
        never_passes(what, code, &run.judge());
    }
}

/// A slot in which nothing happened.
fn quiet(phase: usize, second: u32, journey: &str) -> Slot {
    Slot {
        phase,
        second,
        journey: name(journey),
        due: 0,
        good: 0,
        bad: 0,
        unsent: 0,
        over: vec![],
        from_intended: Histogram::new(),
        from_sent: Histogram::new(),
        lag: Histogram::new(),
    }
}

fn empty(slot: &Slot) -> Slot {
    quiet(slot.phase, slot.second, slot.journey.as_str())
}

fn one_slot(phase: usize, second: u32, journey: &str) -> LoadReport {
    let slot = Slot {
        due: 1,
        good: 1,
        ..quiet(phase, second, journey)
    };
    LoadReport {
        slots: vec![slot],
        ..LoadReport::default()
    }
}

fn lag(slot: &mut Slot, by: Span) {
    let arrivals = slot.lag.count();
    slot.lag = Histogram::new();
    (0..arrivals).for_each(|_| slot.lag.record(by));
}
