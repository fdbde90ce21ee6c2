//! Journals as a run of slow-payments would write them, made up second by second.

use lab_model::event::{Event, Opened, Record, ServiceState};
use lab_model::link::{Delay, FaultReport, LinkReport, Touched, Traffic};
use lab_model::load::{LoadReport, Outcome, OutcomeCount, Slot, StepReport};
use lab_model::objective::{Abort, Objective, Promise};
use lab_model::plan::{Effect, Fault, Phase, PhaseKind, Plan, Window};
use lab_model::system::{Ready, ReadyCheck, Service, System};
use lab_model::toxic::{Direction, Primitive, Stream, Toxic};
use lab_model::traffic::{Arrivals, Journey, Load, Step};
use lab_model::{Histogram, Journal, Link, Name, Ratio, RunId, Span, journal};

/// When the load starts, in seconds of the journal's clock.
const LOAD: u64 = 2;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Span {
    Span::from_secs(seconds)
}

fn percent(text: &str) -> Ratio {
    text.parse().unwrap()
}

fn link(text: &str) -> Link {
    text.parse().unwrap()
}

/// The scenario of the design: 75 s, payments two seconds late from 20 s to 50 s.
pub(crate) fn plan() -> Plan {
    let phase = |name_: &str, kind, start, length| Phase {
        name: name(name_),
        kind,
        start: seconds(start),
        length: seconds(length),
    };
    let delay = Effect::Delay {
        mean: seconds(2),
        jitter: Span::from_millis(200),
    };
    let fault = Fault {
        kind: name("latency"),
        summary: "latency 2s ± 200ms".to_owned(),
        link: link("orders -> payments"),
        direction: Direction::Downstream,
        toxicity: Ratio::ONE,
        phase: 2,
        windows: vec![Window {
            from: seconds(20),
            to: seconds(50),
        }],
        primitives: vec![Primitive::Toxic(Toxic {
            kind: "latency".to_owned(),
            stream: Stream::Downstream,
            toxicity: Ratio::ONE,
            attributes: serde_json::Map::from_iter([("latency".to_owned(), 2_000.into())]),
        })],
        effect: delay,
        undo: "the toxic is removed; bytes held back are sent at once".to_owned(),
    };
    Plan {
        scenario: name("slow-payments"),
        hypothesis: "checkout keeps its promise while payments is two seconds late".to_owned(),
        lesson: "A caller without a deadline has its callee's.".to_owned(),
        tags: vec![name("gate")],
        seed: 7,
        system: system(),
        load: load(),
        toxiproxy: None,
        phases: vec![
            phase("warm-up", PhaseKind::WarmUp, 0, 5),
            phase("baseline", PhaseKind::Baseline, 5, 15),
            phase("fault", PhaseKind::Fault, 20, 30),
            phase("recovery", PhaseKind::Recovery, 50, 25),
        ],
        faults: vec![fault],
        objectives: vec![
            Objective {
                of: name("checkout"),
                promise: Promise::Availability {
                    at_least: percent("99%"),
                },
                during: vec![2],
            },
            Objective {
                of: name("browse"),
                promise: Promise::Percentile {
                    quantile: percent("99%"),
                    at_most: Span::from_millis(300),
                },
                during: vec![1, 2],
            },
        ],
        indicators: vec![],
        early_stop: None,
        comparisons: vec![],
        patterns: vec![],
        abort: vec![Abort::Availability {
            of: name("browse"),
            below: percent("50%"),
            lasting: seconds(5),
        }],
        replay: ["run", "slow-payments", "--seed", "7"]
            .map(str::to_owned)
            .to_vec(),
        ledgers: vec![],
        remedy: ["orders.timeout=400ms", "orders.fallback=deferred"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn system() -> System {
    let service = |text: &str| Service {
        name: name(text),
        command: ["{lab}", "shop", text].map(str::to_owned).to_vec(),
        image: None,
        env: [("PORT".to_owned(), "{port}".to_owned())].into(),
        container: lab_model::container::Container::default(),
        ready: Ready {
            check: ReadyCheck::Http("/health".to_owned()),
            within: seconds(10),
        },
        fixtures: vec![],
        attached: None,
    };
    System {
        name: name("shop"),
        services: ["payments", "orders", "monolith"].map(service).to_vec(),
        links: [
            "client -> monolith",
            "monolith -> orders",
            "orders -> payments",
        ]
        .map(link)
        .to_vec(),
        tls: Vec::new(),
        gateway: None,
        settings: [
            (name("orders.timeout"), "none".to_owned()),
            (name("orders.fallback"), "none".to_owned()),
        ]
        .into(),
    }
}

fn load() -> Load {
    let journey = |text: &str, weight| {
        Journey::new(
            name(text),
            weight,
            vec![Step::new(
                name(if text == "browse" { "list" } else { "pay" }),
                name("monolith"),
                "GET",
                "/",
                Span::from_millis(1_500),
            )],
        )
    };
    Load::new(
        vec![journey("browse", 2), journey("checkout", 1)],
        Arrivals::Constant {
            rate: "150/s".parse().unwrap(),
        },
    )
}

/// How a run goes.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) plan: Plan,
    /// Of 50 checkouts in a second of a phase: how many fail.
    pub(crate) bad: fn(usize, u32) -> u64,
    /// Of 50 requests on orders -> payments: how many the fault touches while it is armed.
    pub(crate) touched: u64,
    /// What else happens in a second of the load.
    pub(crate) aside: Vec<(u64, Event)>,
    /// Whether the run stops at that second of the load.
    pub(crate) stops: Option<u64>,
}

impl Course {
    /// With shop's default settings: nearly every checkout meets its client's limit.
    pub(crate) fn failing() -> Self {
        Self {
            plan: plan(),
            bad: |phase, second| match (phase, second) {
                (2, 0) => 47,
                (2, _) | (3, 0) => 50,
                (3, 1) => 12,
                _ => 0,
            },
            touched: 50,
            aside: Vec::new(),
            stops: None,
        }
    }

    /// With the remedy in force: everything holds.
    pub(crate) fn passing() -> Self {
        let mut course = Self::failing();
        course.bad = |_, _| 0;
        for setting in &course.plan.remedy {
            let (key, value) = setting.split_once('=').unwrap();
            course
                .plan
                .system
                .settings
                .insert(name(key), value.to_owned());
            course
                .plan
                .replay
                .extend(["--with".to_owned(), setting.clone()]);
        }
        course
    }

    /// Orders calls payments directly: the fault touches nothing.
    pub(crate) fn bypassed() -> Self {
        let mut course = Self::passing();
        course.touched = 0;
        course
    }

    /// The baseline breaks an objective already: nothing is injected.
    pub(crate) fn unhealthy() -> Self {
        let mut course = Self::failing();
        course.bad = |_, _| 5;
        course.stops = Some(20);
        course.aside = vec![(20, Event::Gate { broken: vec![0] })];
        course
    }

    /// A service does not start.
    pub(crate) fn broken_environment() -> Self {
        let mut course = Self::failing();
        let exited = Event::Service {
            name: name("orders"),
            state: ServiceState::Exited {
                status: "exit status: 1".to_owned(),
            },
        };
        let failed = Event::Failed {
            part: "service orders".to_owned(),
            reason: "it ended before it was ready (exit status: 1)\n\
                     command: {lab} shop orders\n\
                     its last lines:\n  \
                     opening store /data/orders.db\n  \
                     Error: unable to open database file: \u{1b}[31mpermission denied\u{1b}[0m"
                .to_owned(),
        };
        course.stops = Some(0);
        course.aside = vec![(0, exited), (0, failed)];
        course
    }

    /// The same in eight seconds: small enough to be damaged many times.
    pub(crate) fn short() -> Self {
        let mut course = Self::failing();
        let lengths = [1, 2, 3, 2];
        let mut start = 0;
        for (phase, length) in course.plan.phases.iter_mut().zip(lengths) {
            (phase.start, phase.length) = (seconds(start), seconds(length));
            start += length;
        }
        course.plan.faults[0].windows[0] = Window {
            from: seconds(3),
            to: seconds(6),
        };
        course
    }

    /// Somebody presses Ctrl-C while the fault is armed.
    pub(crate) fn interrupted() -> Self {
        let mut course = Self::failing();
        course.stops = Some(30);
        course.aside = vec![(30, Event::Interrupted { signal: 2 })];
        course
    }

    /// All records, the opening one first.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records = self.opening();
        let loads = self.stops != Some(0);
        if loads {
            push(&mut records, LOAD * 1_000, Event::LoadStarted);
        }
        let length = self.plan.length().as_micros() / 1_000_000;
        for second in 0..self.stops.unwrap_or(length) {
            self.second(&mut records, second);
        }
        let end = self.stops.unwrap_or(length);
        let mut at = (LOAD + end) * 1_000;
        for (_, event) in self.aside.iter().filter(|(when, _)| *when >= end) {
            push(&mut records, at, event.clone());
        }
        let count =
            |what: fn(&Event) -> bool| records.iter().filter(|record| what(&record.event)).count();
        let armed = count(|event| matches!(event, Event::FaultArmed { .. }));
        if armed > count(|event| matches!(event, Event::FaultHealed { .. })) {
            at += 20;
            push(&mut records, at, Event::FaultHealed { fault: 0 });
        }
        if loads {
            at += 300;
            push(
                &mut records,
                at,
                Event::LoadEnded {
                    acknowledged: 1_253,
                },
            );
        }
        push(&mut records, at + 400, Event::CleanedUp { left: vec![] });
        push(&mut records, at + 410, Event::Closed);
        records
    }

    fn opening(&self) -> Vec<Record> {
        let opened = Opened {
            journal: journal::VERSION,
            lab: "0.1.0".to_owned(),
            run: RunId::new("2026-11-22-slow-payments-7").unwrap(),
            wall: "2026-11-22T10:00:00.123Z".to_owned(),
            driver: name("processes"),
            plan: self.plan.clone(),
        };
        let mut records = Vec::new();
        push(&mut records, 0, Event::Opened(Box::new(opened)));
        for (index, service) in self.plan.system.services.iter().enumerate() {
            let at = 100 + 100 * index as u64;
            let address = format!("127.0.0.1:{}", 4_000 + index);
            let name = service.name.clone();
            let state = ServiceState::Started { address };
            push(
                &mut records,
                at,
                Event::Service {
                    name: name.clone(),
                    state,
                },
            );
            if self.stops == Some(0) && name.as_str() == "orders" {
                break;
            }
            let state = ServiceState::Ready {
                after: Span::from_millis(40),
            };
            push(&mut records, at + 40, Event::Service { name, state });
        }
        records
    }

    /// One second of the load, its report a little after its end.
    fn second(&self, records: &mut Vec<Record>, second: u64) {
        let at = (LOAD + second) * 1_000;
        let phase = self.plan.phase_at(seconds(second)).unwrap();
        let start = self.plan.phases[phase].start.as_micros() / 1_000_000;
        let fault = phase == 2;
        if second == start {
            if fault {
                push(records, at, Event::Gate { broken: vec![] });
            }
            push(records, at, Event::PhaseStarted { phase });
            if fault {
                push(records, at + 4, Event::FaultArmed { fault: 0 });
            }
            if phase == 3 {
                push(records, at + 4, Event::FaultHealed { fault: 0 });
            }
        }
        for (_, event) in self.aside.iter().filter(|(when, _)| *when == second) {
            push(records, at + 10, event.clone());
        }
        push(
            records,
            at + 990,
            Event::Load(self.load(phase, u32::try_from(second - start).unwrap())),
        );
        for link in &self.plan.system.links {
            let traffic = Traffic {
                connections: 2,
                requests: 50,
                first_attempts: 50,
                replies: [0, 50, 0, 0, 0],
                bytes_up: 10_000,
                bytes_down: 20_000,
                caller_time: times(50, if fault { 2_010 } else { 8 }),
                callee_time: times(50, 4),
                ..Traffic::default()
            };
            let link = link.clone();
            push(
                records,
                at + 995,
                Event::Link(Box::new(LinkReport { link, traffic })),
            );
        }
        if fault {
            push(records, at + 998, Event::Fault(self.fault()));
        }
    }

    fn load(&self, phase: usize, second: u32) -> LoadReport {
        let bad = (self.bad)(phase, second);
        let slot = |journey: &str, due, bad, millis, slow: u64, over| Slot {
            phase,
            second,
            journey: name(journey),
            due,
            good: due - bad,
            bad,
            unsent: 0,
            over,
            from_intended: {
                let mut times = times(due - slow, millis);
                times.merge(&self::times(slow, 1_500));
                times
            },
            from_sent: times(due, millis),
            lag: times(due, 0),
        };
        let step = |journey: &str, step: &str, good, bad| StepReport {
            phase,
            journey: name(journey),
            step: name(step),
            outcomes: [(Outcome::Good, good), (Outcome::Timeout, bad)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(outcome, count)| OutcomeCount { outcome, count })
                .collect(),
            time: times(good, 20),
        };
        LoadReport {
            slots: vec![
                slot("browse", 100, 0, 9, 0, vec![0]),
                slot("checkout", 50, bad, 41, bad, vec![]),
            ],
            steps: vec![
                step("browse", "list", 100, 0),
                step("checkout", "pay", 50 - bad, bad),
            ],
            in_flight: 3,
        }
    }

    fn fault(&self) -> FaultReport {
        let amount = |requests: u64| Touched {
            connections: requests.min(2),
            requests,
            bytes: requests * 400,
            readings: 0,
        };
        let delay = Delay {
            count: self.touched,
            sum: Span::from_micros(2_010_000 * self.touched),
            min: Span::from_millis(1_805),
            max: Span::from_millis(2_204),
        };
        FaultReport {
            fault: 0,
            passing: amount(if self.touched > 0 { 50 } else { 0 }),
            touched: amount(self.touched),
            matched: 0,
            delay: if self.touched > 0 {
                delay
            } else {
                Delay::default()
            },
            resets: 0,
            refused: 0,
            dropped: 0,
        }
    }

    /// The journal's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.records()
            .iter()
            .map(journal::line)
            .collect::<String>()
            .into_bytes()
    }

    /// The journal, read back.
    pub(crate) fn journal(&self) -> Journal {
        Journal::read(&self.bytes()).unwrap()
    }
}

fn push(records: &mut Vec<Record>, millis: u64, event: Event) {
    let at = Span::from_millis(millis);
    records.push(Record { at, event });
}

fn times(count: u64, millis: u64) -> Histogram {
    let mut histogram = Histogram::new();
    for _ in 0..count {
        histogram.record(Span::from_micros(millis * 1_000 + 50));
    }
    histogram
}
