//! A double of every seam: no network, no processes, paused time. Each call is written to a log,
//! and a [`Script`] says what goes wrong.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lab_model::event::{Opened, ServiceState};
use lab_model::gateway::Gateway;
use lab_model::indicator::{Read, ReadingReport};
use lab_model::ledger::LedgerReport;
use lab_model::link::{FaultReport, LinkReport, Touched, Traffic};
use lab_model::load::{LoadReport, Slot};
use lab_model::objective::{Abort, Objective, Promise};
use lab_model::plan::{Effect, Fault, Phase, PhaseKind, Window};
use lab_model::system::{Ready, ReadyCheck, Service, System};
use lab_model::toxic::{Direction, Primitive};
use lab_model::traffic::{Arrivals, Journey, Load as Traffics, Step};
use lab_model::{Link, Name, Plan, Rate, Ratio, Record, RunId, Span, journal};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

use crate::desk::Orders;
use crate::run::{Run, Seams};
use crate::seam::{
    Context, Environment, EnvironmentDriver, Failure, FaultPlane, GatewayDriver, Load, LoadDriver,
    Observation, OpenGateway, Pace, Probe, ReadingDriver, Receipt, Signal, Signals, Sink,
};
use crate::stop::Stop;

/// What goes wrong, and when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// The share of bad arrivals in each phase, by index; 0 where none is given.
    pub(crate) bad: Vec<f64>,
    /// A service that never becomes ready.
    pub(crate) never_ready: Option<&'static str>,
    /// A service that exits right after its start.
    pub(crate) exits: Option<&'static str>,
    /// The fault is found gone this long after it was armed.
    pub(crate) removed_after: Option<Duration>,
    /// Healing fails.
    pub(crate) heal_fails: bool,
    /// The journal cannot be written from this entry on.
    pub(crate) disk_full_at: Option<usize>,
    /// What the environment cannot remove.
    pub(crate) leftover: Option<&'static str>,
}

#[derive(Clone)]
struct World {
    script: Arc<Script>,
    log: Arc<Mutex<Vec<String>>>,
    armed: Arc<Mutex<BTreeMap<usize, Instant>>>,
    signals: Arc<Mutex<Option<Signals>>>,
}

impl World {
    fn log(&self, entry: String) {
        lock(&self.log).push(entry);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn link(from: &str, to: &str) -> Link {
    Link::new(name(from), name(to))
}

/// A plan of eleven seconds: `client -> web -> store`, one fault on `web -> store`, a journey of
/// 100 arrivals a second of which 99 % must succeed.
pub(crate) fn plan() -> Plan {
    let service = |text: &str| Service {
        name: name(text),
        command: vec![text.to_owned()],
        image: None,
        env: [].into(),
        container: lab_model::container::Container::default(),
        ready: Ready {
            check: ReadyCheck::Tcp,
            within: Span::from_secs(2),
        },
        fixtures: vec![],
        attached: None,
    };
    let mut start = Span::ZERO;
    let mut phase = |text: &str, kind, seconds| {
        let phase = Phase {
            name: name(text),
            kind,
            start,
            length: Span::from_secs(seconds),
        };
        start = phase.end();
        phase
    };
    Plan {
        scenario: name("scripted"),
        hypothesis: "it holds".to_owned(),
        lesson: String::new(),
        tags: vec![],
        seed: 7,
        system: System {
            name: name("scripted"),
            services: vec![service("web"), service("store")],
            links: vec![link("client", "web"), link("web", "store")],
            tls: Vec::new(),
            gateway: None,
            settings: [].into(),
        },
        load: Traffics::new(
            vec![Journey::new(
                name("visit"),
                1,
                vec![Step::new(
                    name("get"),
                    name("web"),
                    "GET",
                    "/",
                    Span::from_secs(1),
                )],
            )],
            Arrivals::Constant {
                rate: Rate::per_second(100.0).expect("a rate"),
            },
        ),
        toxiproxy: None,
        phases: vec![
            phase("warm-up", PhaseKind::WarmUp, 1),
            phase("baseline", PhaseKind::Baseline, 3),
            phase("fault", PhaseKind::Fault, 4),
            phase("recovery", PhaseKind::Recovery, 3),
        ],
        faults: vec![Fault {
            kind: name("down"),
            summary: "down".to_owned(),
            link: link("web", "store"),
            direction: Direction::Downstream,
            toxicity: Ratio::ONE,
            phase: 2,
            windows: vec![Window {
                from: Span::from_secs(4),
                to: Span::from_secs(8),
            }],
            primitives: vec![Primitive::Disabled],
            effect: Effect::Refuse,
            undo: "the link is enabled".to_owned(),
        }],
        objectives: vec![Objective {
            of: name("visit"),
            promise: Promise::Availability {
                at_least: Ratio::new(0.99).expect("a ratio"),
            },
            during: vec![2],
        }],
        indicators: vec![],
        early_stop: None,
        comparisons: vec![],
        patterns: vec![],
        abort: vec![],
        replay: vec!["run".to_owned(), "scripted".to_owned()],
        ledgers: vec![],
        remedy: vec![],
    }
}

/// A plan that stops once less than half of the arrivals succeed for two seconds.
pub(crate) fn plan_with_abort() -> Plan {
    let mut plan = plan();
    let below = Ratio::new(0.5).expect("a ratio");
    plan.abort.push(Abort::Availability {
        of: name("visit"),
        below,
        lasting: Span::from_secs(2),
    });
    plan
}

/// A sandbox: the same system, one open phase, nothing planned in it.
pub(crate) fn open_plan() -> Plan {
    let mut plan = plan();
    plan.phases.truncate(2);
    plan.phases[1].kind = PhaseKind::Open;
    plan.phases[1].length = Span::from_secs(600);
    plan.faults.clear();
    plan.objectives[0].during = vec![1];
    plan
}

/// What a scripted run left behind.
#[derive(Debug)]
pub(crate) struct Played {
    /// The journal's bytes.
    pub(crate) journal: Vec<u8>,
    /// Every call of a seam, in order.
    pub(crate) log: Vec<String>,
    /// What `execute` returned.
    pub(crate) outcome: Result<(), Failure>,
}

/// Plays a plan against a script; `stop` may be asked for the end meanwhile.
pub(crate) async fn play(plan: Plan, script: Script, stop: Stop) -> Played {
    play_with(plan, script, stop, None).await
}

/// The same with a desk at which orders are handed in.
pub(crate) async fn play_with(
    plan: Plan,
    script: Script,
    stop: Stop,
    orders: Option<Orders>,
) -> Played {
    let world = World {
        script: Arc::new(script),
        log: Arc::default(),
        armed: Arc::default(),
        signals: Arc::default(),
    };
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Lines {
        bytes: Arc::clone(&lines),
        count: 0,
        full_at: world.script.disk_full_at.unwrap_or(usize::MAX),
    };
    let run_id = RunId::new("2026-01-01-scripted-7").expect("a run id");
    let run = Run {
        opened: Opened {
            journal: journal::VERSION,
            lab: "0.0.0".to_owned(),
            run: run_id.clone(),
            wall: "2026-01-01T00:00:00Z".to_owned(),
            driver: name("scripted"),
            plan,
        },
        context: Context {
            run: run_id,
            folder: "/nowhere".into(),
        },
        seams: Seams {
            driver: Box::new(world.clone()),
            plane: Box::new(world.clone()),
            load: Box::new(world.clone()),
            gateway: Box::new(world.clone()),
            readings: Box::new(world.clone()),
            probe: Box::new(world.clone()),
        },
        sinks: vec![Box::new(sink)],
        stop,
        orders,
    };
    let outcome = run.execute().await;
    let journal = lock(&lines).clone();
    let log = lock(&world.log).clone();
    Played {
        journal,
        log,
        outcome,
    }
}

struct Lines {
    bytes: Arc<Mutex<Vec<u8>>>,
    count: usize,
    full_at: usize,
}

impl Sink for Lines {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        self.count += 1;
        if self.count > self.full_at {
            return Err(Failure::new("journal", "no space left on device"));
        }
        lock(&self.bytes).extend(journal::line(record).into_bytes());
        Ok(())
    }
}

#[async_trait]
impl EnvironmentDriver for World {
    fn name(&self) -> Name {
        name("scripted")
    }

    async fn open(&self, _: &Context, signals: Signals) -> Result<Box<dyn Environment>, Failure> {
        self.log("open environment".to_owned());
        *lock(&self.signals) = Some(signals);
        Ok(Box::new(self.clone()))
    }
}

/// Each reading finds the number of seconds since the start of the load.
impl ReadingDriver for World {
    fn start(
        &self,
        plan: &Plan,
        services: &BTreeMap<Name, String>,
        zero: Instant,
        signals: Signals,
    ) -> Box<dyn Send> {
        let mut tasks = JoinSet::new();
        for (index, indicator) in plan.indicators.iter().enumerate() {
            let names: Vec<&str> = services.keys().map(Name::as_str).collect();
            self.log(format!("read {} of {names:?}", indicator.name));
            let (every, signals) = (indicator.every, signals.clone());
            let due = indicator.due(Span::ZERO, plan.length());
            tasks.spawn(async move {
                for number in due {
                    let at = Span::from_micros(number * every.as_micros());
                    sleep_until(zero + at.duration()).await;
                    let reads = vec![Read::Value(at.as_secs_f64().into())];
                    let report = ReadingReport {
                        indicator: index,
                        at_micros: at.as_micros(),
                        reads,
                    };
                    let _ = signals.send(Signal::Reading(report));
                }
            });
        }
        Box::new(tasks)
    }
}

#[async_trait]
impl Environment for World {
    fn proxy_address(&self, _: &Link) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    async fn launch(
        &self,
        service: &Service,
        links: &BTreeMap<Name, SocketAddr>,
    ) -> Result<String, Failure> {
        let callees: Vec<&str> = links.keys().map(Name::as_str).collect();
        self.log(format!("launch {} calling {callees:?}", service.name));
        if self.script.exits == Some(service.name.as_str())
            && let Some(signals) = lock(&self.signals).as_ref()
        {
            let state = ServiceState::Exited {
                status: "exit status: 1".to_owned(),
            };
            let _ = signals.send(Signal::Service(service.name.clone(), state));
        }
        Ok(format!("{}:80", service.name))
    }

    async fn last_lines(&self, service: &Name) -> Vec<String> {
        vec![format!("{service} says why")]
    }

    async fn stop(&self, pace: Pace) -> Vec<String> {
        if pace == Pace::Orderly {
            sleep(Duration::from_millis(300)).await;
        }
        self.log(format!("stop environment {pace:?}"));
        self.script
            .leftover
            .map(str::to_owned)
            .into_iter()
            .collect()
    }
}

#[async_trait]
impl Probe for World {
    async fn check(&self, endpoint: &str, _: &ReadyCheck) -> Result<(), String> {
        let waits = self.script.never_ready.or(self.script.exits);
        match waits {
            Some(service) if endpoint.starts_with(service) => Err("connection refused".to_owned()),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl FaultPlane for World {
    async fn open(&self, link: &Link, listen: SocketAddr) -> Result<SocketAddr, Failure> {
        self.log(format!("proxy on {link}"));
        Ok((listen.ip(), 1_000).into())
    }

    async fn connect(&self, link: &Link, upstream: &str) -> Result<(), Failure> {
        self.log(format!("connect {link} to {upstream}"));
        Ok(())
    }

    async fn apply(&self, index: usize, fault: &Fault) -> Result<Receipt, Failure> {
        self.log(format!("apply {}", fault.summary));
        lock(&self.armed).insert(index, Instant::now());
        Ok(Receipt {
            fault: index,
            link: fault.link.clone(),
            marks: vec!["mark".to_owned()],
        })
    }

    async fn verify(&self, receipt: &Receipt) -> Result<Option<String>, Failure> {
        let since = lock(&self.armed).get(&receipt.fault).map(Instant::elapsed);
        Ok(match (since, self.script.removed_after) {
            (Some(since), Some(limit)) if since >= limit => Some("the link is enabled".to_owned()),
            (Some(_), _) => None,
            (None, _) => Some("never applied".to_owned()),
        })
    }

    async fn heal(&self, receipt: &Receipt) -> Result<(), Failure> {
        if self.script.heal_fails {
            return Err(Failure::new("proxy", "does not answer"));
        }
        self.log(format!("heal {}", receipt.fault));
        lock(&self.armed).remove(&receipt.fault);
        Ok(())
    }

    async fn observe(&self) -> Result<Observation, Failure> {
        let traffic = Traffic {
            connections: 1,
            requests: 50,
            ..Traffic::default()
        };
        let amount = Touched {
            connections: 1,
            requests: 50,
            bytes: 5_000,
            readings: 0,
        };
        let faults = lock(&self.armed)
            .keys()
            .map(|fault| FaultReport {
                fault: *fault,
                passing: amount,
                touched: amount,
                matched: 0,
                delay: lab_model::link::Delay::default(),
                resets: 0,
                refused: 50,
                dropped: 0,
            })
            .collect();
        Ok(Observation {
            links: vec![LinkReport {
                link: link("web", "store"),
                traffic,
            }],
            faults,
        })
    }

    async fn close(&self) -> Vec<String> {
        self.log("close proxies".to_owned());
        vec![]
    }
}

#[async_trait]
impl GatewayDriver for World {
    async fn open(
        &self,
        _: &Context,
        gateway: &Gateway,
        _: u64,
        _: IpAddr,
        upstreams: BTreeMap<Name, SocketAddr>,
        _: Signals,
    ) -> Result<Box<dyn OpenGateway>, Failure> {
        let callees: Vec<&str> = upstreams.keys().map(Name::as_str).collect();
        self.log(format!("open {} calling {callees:?}", gateway.name));
        Ok(Box::new(self.clone()))
    }
}

impl OpenGateway for World {
    fn address(&self) -> String {
        "gateway:80".to_owned()
    }
}

#[async_trait]
impl LoadDriver for World {
    async fn prepare(
        &self,
        _: &Context,
        plan: &Plan,
        targets: BTreeMap<Name, String>,
        signals: Signals,
    ) -> Result<Box<dyn Load>, Failure> {
        let targets: Vec<&str> = targets.keys().map(Name::as_str).collect();
        self.log(format!("prepare load on {targets:?}"));
        Ok(Box::new(Generator {
            world: self.clone(),
            plan: plan.clone(),
            signals,
            task: None,
        }))
    }
}

struct Generator {
    world: World,
    plan: Plan,
    signals: Signals,
    task: Option<JoinHandle<()>>,
}

#[async_trait]
impl Load for Generator {
    async fn start(&mut self, at: Instant) -> Result<(), Failure> {
        self.world.log("start load".to_owned());
        let (plan, script, signals) = (
            self.plan.clone(),
            Arc::clone(&self.world.script),
            self.signals.clone(),
        );
        self.task = Some(tokio::spawn(async move {
            for (index, phase) in plan.phases.iter().enumerate() {
                let bad_share = script.bad.get(index).copied().unwrap_or(0.0);
                let mut from = phase.start;
                let mut second = 0;
                while from < phase.end() {
                    let to = from.plus(Span::from_secs(1)).min(phase.end());
                    sleep_until(at + to.duration()).await;
                    let due = plan.load.arrivals.count_between(from, to).unwrap_or(0);
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a count"
                    )]
                    let bad = (due as f64 * bad_share).round() as u64;
                    let slot = Slot {
                        phase: index,
                        second,
                        journey: plan.load.journeys[0].name.clone(),
                        due,
                        good: due - bad,
                        bad,
                        unsent: 0,
                        over: vec![],
                        from_intended: lab_model::Histogram::new(),
                        from_sent: lab_model::Histogram::new(),
                        lag: lab_model::Histogram::new(),
                    };
                    let report = LoadReport {
                        slots: vec![slot],
                        steps: vec![],
                        in_flight: 0,
                    };
                    let _ = signals.send(Signal::Load(report));
                    from = to;
                    second += 1;
                }
            }
            let _ = signals.send(Signal::LoadEnded { acknowledged: 0 });
        }));
        Ok(())
    }

    async fn open_books(&mut self, services: &BTreeMap<Name, String>) -> Result<(), Failure> {
        self.world
            .log(format!("books of {} services", services.len()));
        Ok(())
    }

    async fn compare_books(&mut self) -> Vec<LedgerReport> {
        self.world.log("compare books".to_owned());
        Vec::new()
    }

    async fn change(&mut self, from: Span, rate: Rate) -> Result<(), Failure> {
        self.world.log(format!("rate {rate} from {from}"));
        let _ = self.signals.send(Signal::LoadChanged { from, rate });
        Ok(())
    }

    async fn stop(&mut self) {
        self.world.log("stop load".to_owned());
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
