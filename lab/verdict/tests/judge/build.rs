//! Builds the journal of a run second by second, as the engine would write it, for tests to break.

use lab_model::event::{Event, Opened, Record, ServiceState};
use lab_model::journal::{VERSION, line};
use lab_model::link::{Delay, FaultReport, LinkReport, Touched, Traffic};
use lab_model::load::{LoadReport, Outcome, OutcomeCount, Slot, StepReport};
use lab_model::objective::{Objective, Promise};
use lab_model::plan::{Effect, Fault, Phase, PhaseKind, Window};
use lab_model::system::System;
use lab_model::toxic::Direction;
use lab_model::traffic::{Arrivals, Journey, Load, Step};
use lab_model::{Histogram, Journal, Link, Name, Plan, Rate, Ratio, RunId, Span};
use lab_verdict::{RunVerdict, judge};

pub(crate) const BASELINE: usize = 1;
pub(crate) const FAULT: usize = 2;
pub(crate) const RECOVERY: usize = 3;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn link(text: &str) -> Link {
    text.parse().unwrap()
}

pub(crate) fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

pub(crate) fn span(text: &str) -> Span {
    text.parse().unwrap()
}

/// `slow-payments` as the design shows it: 150 arrivals a second, two of three of them `browse`,
/// payments two seconds late for 30 s.
pub(crate) fn plan() -> Plan {
    plan_of([5, 15, 30, 25])
}

/// The same, as short as a verdict allows.
pub(crate) fn short_plan() -> Plan {
    plan_of([1, 5, 10, 15])
}

/// `slow-payments` with these lengths of its phases, in seconds.
pub(crate) fn plan_of(lengths: [u64; 4]) -> Plan {
    let starts: Vec<u64> = (0..lengths.len())
        .map(|phase| lengths[..phase].iter().sum())
        .collect();
    let phase = |label: &str, index: usize, kind| Phase {
        name: name(label),
        kind,
        start: Span::from_secs(starts[index]),
        length: Span::from_secs(lengths[index]),
    };
    let fault = Fault {
        kind: name("latency"),
        summary: "latency 2s ± 200ms".to_owned(),
        link: link("orders -> payments"),
        direction: Direction::Downstream,
        toxicity: Ratio::ONE,
        phase: FAULT,
        windows: vec![Window {
            from: Span::from_secs(starts[FAULT]),
            to: Span::from_secs(starts[RECOVERY]),
        }],
        primitives: vec![],
        effect: Effect::Delay {
            mean: span("2s"),
            jitter: span("200ms"),
        },
        undo: "the toxic is removed".to_owned(),
    };
    Plan {
        scenario: name("slow-payments"),
        hypothesis: "checkout keeps its promise".to_owned(),
        lesson: String::new(),
        tags: vec![],
        seed: 7,
        system: System {
            name: name("shop"),
            services: vec![],
            links: vec![link("client -> orders"), link("orders -> payments")],
            tls: Vec::new(),
            gateway: None,
            settings: [].into(),
        },
        load: Load::new(
            vec![
                journey("browse", 2, &["list"]),
                journey("checkout", 1, &["cart", "pay"]),
            ],
            Arrivals::Constant {
                rate: Rate::per_second(150.0).unwrap(),
            },
        ),
        toxiproxy: None,
        phases: vec![
            phase("warm-up", 0, PhaseKind::WarmUp),
            phase("baseline", BASELINE, PhaseKind::Baseline),
            phase("fault", FAULT, PhaseKind::Fault),
            phase("recovery", RECOVERY, PhaseKind::Recovery),
        ],
        faults: vec![fault],
        objectives: vec![
            Objective {
                of: name("checkout"),
                promise: Promise::Availability {
                    at_least: ratio("99%"),
                },
                during: vec![FAULT],
            },
            Objective {
                of: name("browse"),
                promise: Promise::Percentile {
                    quantile: ratio("99%"),
                    at_most: span("300ms"),
                },
                during: vec![BASELINE, FAULT],
            },
        ],
        indicators: vec![],
        early_stop: None,
        comparisons: vec![],
        patterns: vec![],
        abort: vec![],
        replay: vec![],
        ledgers: vec![],
        remedy: vec![],
    }
}

fn journey(label: &str, weight: u32, steps: &[&str]) -> Journey {
    let step = |label: &&str| Step::new(name(label), name("orders"), "GET", "/", span("1.5s"));
    Journey::new(name(label), weight, steps.iter().map(step).collect())
}

/// How one second of a journey goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Second {
    /// Arrivals due.
    pub(crate) due: u64,
    /// Those that fail at the journey's last step.
    pub(crate) bad: u64,
    /// How they fail.
    pub(crate) how: Outcome,
    /// How long the good ones take.
    pub(crate) takes: Span,
}

/// A run: a plan and everything that was recorded after its first entry.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) records: Vec<Record>,
}

/// When the load starts, on the journal's clock.
pub(crate) const LOAD: Span = Span::from_secs(2);

impl Run {
    /// A run of a plan in which all goes well: every arrival good, every fault seen.
    pub(crate) fn healthy(plan: Plan) -> Self {
        Self::with(plan, |_, _, _, _| {})
    }

    /// A run of a plan; `change` is asked for each phase, second and journey.
    pub(crate) fn with(plan: Plan, change: impl Fn(usize, u64, &str, &mut Second)) -> Self {
        let mut run = Self {
            plan,
            records: Vec::new(),
        };
        let plan = run.plan.clone();
        let started = ServiceState::Started {
            address: "127.0.0.1:9000".to_owned(),
        };
        run.push(
            Span::from_secs(1),
            Event::Service {
                name: name("orders"),
                state: started,
            },
        );
        run.push(LOAD, Event::LoadStarted);
        for (index, phase) in plan.phases.iter().enumerate() {
            let at = |offset: Span| LOAD.plus(phase.start).plus(offset);
            for (fault, _) in plan
                .faults
                .iter()
                .enumerate()
                .filter(|(_, f)| f.phase + 1 == index)
            {
                run.push(at(Span::ZERO), Event::FaultHealed { fault });
            }
            let gated = phase.kind == PhaseKind::Fault && !plan.faults.is_empty();
            if gated && index > 0 && plan.phases[index - 1].kind == PhaseKind::Baseline {
                run.push(at(Span::ZERO), Event::Gate { broken: vec![] });
            }
            run.push(at(Span::ZERO), Event::PhaseStarted { phase: index });
            let armed = || {
                plan.faults
                    .iter()
                    .enumerate()
                    .filter(|(_, f)| f.phase == index)
            };
            for (fault, _) in armed() {
                run.push(at(Span::ZERO), Event::FaultArmed { fault });
            }
            for second in 0..phase.length.as_micros() / 1_000_000 {
                let report = report(&plan, index, second, &change);
                let end = at(Span::from_secs(second + 1)).minus(Span::from_millis(1));
                run.push(end, Event::Load(report));
                for link in &plan.system.links {
                    let report = LinkReport {
                        link: link.clone(),
                        traffic: traffic(),
                    };
                    run.push(end, Event::Link(Box::new(report)));
                }
                for (fault, _) in armed() {
                    run.push(end, Event::Fault(bite(fault)));
                }
            }
        }
        let end = LOAD.plus(plan.length());
        run.push(
            end,
            Event::LoadEnded {
                acknowledged: 3_500,
            },
        );
        run.push(end, Event::CleanedUp { left: vec![] });
        run.push(end, Event::Closed);
        run
    }

    fn push(&mut self, at: Span, event: Event) {
        self.records.push(Record { at, event });
    }

    /// Its journal.
    pub(crate) fn journal(self) -> Journal {
        let opened = opened(self.plan);
        Journal {
            opened,
            records: self.records,
            damage: vec![],
        }
    }

    /// The bytes of its journal.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let event = Event::Opened(Box::new(opened(self.plan.clone())));
        let first = Record {
            at: Span::ZERO,
            event,
        };
        std::iter::once(&first)
            .chain(&self.records)
            .map(line)
            .collect::<String>()
            .into_bytes()
    }

    /// The verdict.
    pub(crate) fn judge(self) -> RunVerdict {
        judge(&self.journal())
    }

    /// Changes every event.
    pub(crate) fn each(&mut self, mut change: impl FnMut(&mut Event)) {
        self.records
            .iter_mut()
            .for_each(|record| change(&mut record.event));
    }

    /// Changes every slot of a phase.
    pub(crate) fn each_slot(&mut self, phase: usize, mut change: impl FnMut(&mut Slot)) {
        self.each(|event| {
            if let Event::Load(report) = event {
                report
                    .slots
                    .iter_mut()
                    .filter(|slot| slot.phase == phase)
                    .for_each(&mut change);
            }
        });
    }

    /// Changes every report on a fault.
    pub(crate) fn each_bite(&mut self, mut change: impl FnMut(&mut FaultReport)) {
        self.each(|event| {
            if let Event::Fault(report) = event {
                change(report);
            }
        });
    }

    /// Changes every report on a link.
    pub(crate) fn each_link(&mut self, mut change: impl FnMut(&mut Traffic)) {
        self.each(|event| {
            if let Event::Link(report) = event {
                change(&mut report.traffic);
            }
        });
    }

    /// Removes every event that is so.
    pub(crate) fn remove(&mut self, so: impl Fn(&Event) -> bool) {
        self.records.retain(|record| !so(&record.event));
    }

    /// Adds an event so many seconds into a phase.
    pub(crate) fn insert(&mut self, phase: usize, second: u64, event: Event) {
        let at = LOAD
            .plus(self.plan.phases[phase].start)
            .plus(Span::from_secs(second));
        let place = self.records.partition_point(|record| record.at <= at);
        self.records.insert(place, Record { at, event });
    }

    /// Ends the load so many seconds into a phase; what follows the load stays.
    pub(crate) fn stop_at(&mut self, phase: usize, second: u64) {
        let at = LOAD
            .plus(self.plan.phases[phase].start)
            .plus(Span::from_secs(second));
        self.records.retain(|record| {
            let closing = matches!(
                record.event,
                Event::LoadEnded { .. } | Event::CleanedUp { .. } | Event::Closed
            );
            record.at < at || closing
        });
    }
}

/// The first entry of a journal.
pub(crate) fn opened(plan: Plan) -> Opened {
    Opened {
        journal: VERSION,
        lab: "0.1.0".to_owned(),
        run: RunId::new("2026-11-22-slow-payments-7").unwrap(),
        wall: "2026-11-22T10:00:00Z".to_owned(),
        driver: name("processes"),
        plan,
    }
}

fn report(
    plan: &Plan,
    phase: usize,
    second: u64,
    change: &impl Fn(usize, u64, &str, &mut Second),
) -> LoadReport {
    let mut report = LoadReport::default();
    let rate = plan.load.arrivals.rate_at(Span::ZERO).unwrap();
    for journey in &plan.load.journeys {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate"
        )]
        let due = (rate * plan.load.share(&journey.name)).round() as u64;
        let takes = Span::from_millis(9);
        let mut going = Second {
            due,
            bad: 0,
            how: Outcome::Timeout,
            takes,
        };
        change(phase, second, journey.name.as_str(), &mut going);
        let Second {
            due,
            bad,
            how,
            takes,
        } = going;
        let good = due - bad;
        let mut time = Histogram::new();
        let mut lag = Histogram::new();
        (0..good).for_each(|_| time.record(takes));
        (0..bad).for_each(|_| time.record(span("1.5s")));
        (0..due).for_each(|_| lag.record(Span::from_micros(80)));
        let over = |limit: &Span| if takes > *limit { due } else { bad };
        report.slots.push(Slot {
            phase,
            second: u32::try_from(second).unwrap(),
            journey: journey.name.clone(),
            due,
            good,
            bad,
            unsent: 0,
            over: plan.limits(&journey.name).iter().map(over).collect(),
            from_intended: time.clone(),
            from_sent: time,
            lag,
        });
        for (place, step) in journey.steps.iter().enumerate() {
            let last = place + 1 == journey.steps.len();
            let mut outcomes = vec![OutcomeCount {
                outcome: Outcome::Good,
                count: due,
            }];
            if last && bad > 0 {
                outcomes[0].count = good;
                outcomes.push(OutcomeCount {
                    outcome: how,
                    count: bad,
                });
            }
            report.steps.push(StepReport {
                phase,
                journey: journey.name.clone(),
                step: step.name.clone(),
                outcomes,
                time: Histogram::new(),
            });
        }
    }
    report
}

fn traffic() -> Traffic {
    let mut caller_time = Histogram::new();
    (0..50).for_each(|_| caller_time.record(Span::from_millis(8)));
    Traffic {
        connections: 2,
        requests: 50,
        first_attempts: 50,
        caller_time,
        ..Traffic::default()
    }
}

fn bite(fault: usize) -> FaultReport {
    let all = Touched {
        connections: 2,
        requests: 50,
        bytes: 5_000,
        readings: 0,
    };
    let delay = Delay {
        count: 50,
        sum: Span::from_millis(50 * 2_010),
        min: span("1.8s"),
        max: span("2.2s"),
    };
    FaultReport {
        fault,
        passing: all,
        touched: all,
        matched: 0,
        delay,
        resets: 0,
        refused: 0,
        dropped: 0,
    }
}
