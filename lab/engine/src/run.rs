//! The life of a run: start, dispatch, heal, tear down. Whatever happens on the way, what was
//! started is stopped, what was armed is healed, and the journal is closed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use lab_model::event::{Event, Opened, ServiceState};
use lab_model::{Link, Name, Plan, Rate, Span};
use lab_verdict::early::Decision;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock::Clock;
use crate::desk::Orders;
use crate::dispatcher::{Dispatcher, Finish, NOTICE};
use crate::planes::Planes;
use crate::receipts::Receipts;
use crate::recorder::Recorder;
use crate::seam::{
    Context, Environment, EnvironmentDriver, Failure, FaultPlane, GatewayDriver, Load, LoadDriver,
    OpenGateway, Pace, Probe, ReadingDriver, Signal, Sink,
};
use crate::start;
use crate::stop::{Stop, Urgency};

/// How far ahead the load's start is announced, so that everyone is ready for it.
const LEAD: Duration = Duration::from_millis(200);

/// What the last arrivals may take beyond the longest journey, reports included.
const SETTLE: Span = Span::from_secs(2);

/// What a run works with.
pub struct Seams {
    /// Starts services.
    pub driver: Box<dyn EnvironmentDriver>,
    /// Proxies and faults.
    pub plane: Box<dyn FaultPlane>,
    /// Runs the system's gateway.
    pub gateway: Box<dyn GatewayDriver>,
    /// Drives load.
    pub load: Box<dyn LoadDriver>,
    /// Reads figures of the system.
    pub readings: Box<dyn ReadingDriver>,
    /// Asks services whether they are ready.
    pub probe: Box<dyn Probe>,
}

/// A run, ready to be executed.
pub struct Run {
    /// The journal's first entry, the plan within it.
    pub opened: Opened,
    /// Its id and folder.
    pub context: Context,
    /// What it works with.
    pub seams: Seams,
    /// Who takes its entries; the journal's file first.
    pub sinks: Vec<Box<dyn Sink>>,
    /// How it is asked to end.
    pub stop: Stop,
    /// What people ask of it meanwhile; `None` where nobody can.
    pub orders: Option<Orders>,
}

impl Run {
    /// Executes the plan. What happened is in the journal; an error means that not even that
    /// could be written.
    #[expect(
        clippy::too_many_lines,
        reason = "the life of a run, told in its order"
    )]
    pub async fn execute(self) -> Result<(), Failure> {
        let Self {
            opened,
            context,
            seams,
            sinks,
            stop,
            mut orders,
        } = self;
        let plan = opened.plan.clone();
        let clock = Clock::start();
        let mut recorder = Recorder::new(clock, &plan, sinks);
        recorder.record(Event::Opened(Box::new(opened)));
        let (sender, mut signals) = mpsc::unbounded_channel();

        let environment = match seams.driver.open(&context, sender.clone()).await {
            Ok(environment) => Some(environment),
            Err(failure) => {
                failed(&mut recorder, failure);
                None
            }
        };
        let mut left = Vec::new();
        if let Some(environment) = environment {
            let planes = Planes::new(seams.plane.as_ref(), environment.as_ref());
            let mut receipts = Receipts::default();
            let mut load = None;
            // Serves until the proxies around it are closed.
            let mut gateway = None;
            let begun = {
                let work = begin(
                    &plan,
                    &context,
                    &seams,
                    environment.as_ref(),
                    &mut recorder,
                    &mut signals,
                    sender.clone(),
                );
                tokio::select! {
                    biased;
                    signal = stop.at_least(Urgency::Orderly) => Err(Finish::Interrupted(signal)),
                    ready = work => ready.map_err(Finish::Failed),
                }
            };
            let finish = match begun {
                Ok(Begun {
                    load: ready,
                    gateway: open,
                    services,
                }) => {
                    gateway = open;
                    let load = load.insert(ready);
                    let zero = clock.now().plus(LEAD.into());
                    match load.start(clock.instant(zero)).await {
                        Ok(()) => {
                            sleep_until(clock.instant(zero)).await;
                            let instant = clock.instant(zero);
                            let readings =
                                seams
                                    .readings
                                    .start(&plan, &services, instant, sender.clone());
                            recorder.record_at(zero, Event::LoadStarted);
                            let finish = Dispatcher::new(
                                &plan,
                                &planes,
                                load.as_mut(),
                                &mut recorder,
                                &mut receipts,
                                &mut signals,
                                orders.as_mut(),
                                &stop,
                                (context.run.clone(), clock, zero),
                            )
                            .run()
                            .await;
                            drop(readings);
                            finish
                        }
                        Err(failure) => Finish::Failed(failure),
                    }
                }
                Err(finish) => finish,
            };
            let completed = matches!(finish, Finish::Completed | Finish::Asked);
            if let Some(load) = load.as_mut().filter(|_| finish == Finish::Asked) {
                tokio::select! {
                    biased;
                    _ = stop.at_least(Urgency::Orderly) => {}
                    () = run_dry(load.as_mut(), &plan, &clock, &mut recorder, &mut signals) => {}
                }
            }
            conclude(&mut recorder, finish);
            if let Some(load) = &mut load {
                load.stop().await;
                drain(&mut recorder, &mut signals);
            }
            let (healed, unhealed) = receipts.heal_all(&planes).await;
            for fault in healed {
                recorder.record(Event::FaultHealed { fault });
            }
            // A run that was cut short has no complete ledger to compare.
            if let Some(mut load) = load.filter(|_| completed && !plan.ledgers.is_empty()) {
                let reports = tokio::select! {
                    biased;
                    _ = stop.at_least(Urgency::Orderly) => Vec::new(),
                    reports = load.compare_books() => reports,
                };
                for report in reports {
                    recorder.record(Event::Ledger(report));
                }
            }
            left.extend(unhealed);
            left.extend(tear_down(environment.as_ref(), &seams, &stop).await);
            drop(gateway);
            let services = plan.system.services.iter();
            for service in services.filter(|service| service.attached.is_none()) {
                let (name, state) = (service.name.clone(), ServiceState::Stopped);
                recorder.record(Event::Service { name, state });
            }
        }
        recorder.record(Event::CleanedUp { left });
        recorder.record(Event::Closed);
        recorder.failure.map_or(Ok(()), Err)
    }
}

/// A system that runs, and a generator that is ready.
struct Begun {
    load: Box<dyn Load>,
    gateway: Option<Box<dyn OpenGateway>>,
    /// The addresses of the services.
    services: BTreeMap<Name, String>,
}

/// Starts the system and gets the generator ready.
async fn begin(
    plan: &Plan,
    context: &Context,
    seams: &Seams,
    environment: &dyn Environment,
    recorder: &mut Recorder,
    signals: &mut UnboundedReceiver<Signal>,
    sender: crate::seam::Signals,
) -> Result<Begun, Failure> {
    let gateway = start::Gateways {
        context,
        seed: plan.seed,
        signals: sender.clone(),
    };
    let (addresses, gateway) =
        start::start(&plan.system, environment, seams, gateway, recorder, signals).await?;
    let targets = targets(&addresses.links);
    let mut load = seams.load.prepare(context, plan, targets, sender).await?;
    if !plan.ledgers.is_empty() {
        load.open_books(&addresses.services).await?;
    }
    Ok(Begun {
        load,
        gateway,
        services: addresses.services,
    })
}

/// Where the load reaches each service: the proxies of the entry links.
fn targets(listens: &BTreeMap<Link, SocketAddr>) -> BTreeMap<Name, String> {
    listens
        .iter()
        .filter(|(link, _)| link.is_entry())
        .map(|(link, listen)| (link.to.clone(), listen.to_string()))
        .collect()
}

fn failed(recorder: &mut Recorder, failure: Failure) {
    recorder.record(Event::Failed {
        part: failure.part,
        reason: failure.reason,
    });
}

/// Why the load phase ended, as an entry; a completed run and an unhealthy baseline have theirs.
fn conclude(recorder: &mut Recorder, finish: Finish) {
    match finish {
        Finish::Completed | Finish::Unhealthy | Finish::Asked => {}
        Finish::Decided(Decision { phase, seconds }) => {
            recorder.record(Event::Decided { phase, seconds });
        }
        Finish::Aborted(condition) => recorder.record(Event::Aborted { condition }),
        Finish::Interrupted(signal) => recorder.record(Event::Interrupted { signal }),
        Finish::Failed(failure) => failed(recorder, failure),
    }
}

/// Lets no more arrivals come and waits until those that came have ended, so that the ledger is
/// complete: as long as the longest journey takes, and not much longer.
async fn run_dry(
    load: &mut dyn Load,
    plan: &Plan,
    clock: &Clock,
    recorder: &mut Recorder,
    signals: &mut UnboundedReceiver<Signal>,
) {
    let zero = recorder.tally.life.load_started.unwrap_or_default();
    let from = clock.now().minus(zero).plus(NOTICE);
    // The next arrival is due in a quarter of an hour.
    let Some(rate) = Rate::per_second(0.001) else {
        return;
    };
    let mut timetable = recorder.tally.timetable.clone();
    if !timetable.change(from, rate) || load.change(from, rate).await.is_err() {
        return;
    }
    let longest = plan
        .load
        .journeys
        .iter()
        .map(lab_model::traffic::Journey::longest);
    let longest = longest.max().unwrap_or_default().plus(SETTLE);
    let until: Instant = clock.instant(zero.plus(from).plus(longest));
    while let Ok(Some(signal)) = timeout_at(until, signals.recv()).await {
        let is_dry = matches!(&signal, Signal::Load(report) if report.in_flight == 0);
        let is_over = matches!(signal, Signal::LoadEnded { .. });
        take(recorder, signal);
        if is_over || (is_dry && clock.now() > zero.plus(from).plus(Span::from_millis(100))) {
            return;
        }
    }
}

/// Records what the generator and the services still had to say.
fn drain(recorder: &mut Recorder, signals: &mut UnboundedReceiver<Signal>) {
    while let Ok(signal) = signals.try_recv() {
        take(recorder, signal);
    }
}

fn take(recorder: &mut Recorder, signal: Signal) {
    match signal {
        Signal::Load(report) => recorder.record(Event::Load(report)),
        Signal::LoadEnded { acknowledged } => {
            recorder.record(Event::LoadEnded { acknowledged });
        }
        Signal::LoadChanged { from, rate } => {
            recorder.record(Event::LoadChanged { from, rate });
        }
        Signal::Service(name, state) => recorder.record(Event::Service { name, state }),
        Signal::Gateway(event) => recorder.record(event),
        Signal::Reading(report) => recorder.record(Event::Reading(report)),
        Signal::Calibration(times) => recorder.record(Event::Calibration(times)),
        Signal::Failed(_) => {}
    }
}

/// Stops services and proxies; a second request makes it fast.
async fn tear_down(environment: &dyn Environment, seams: &Seams, stop: &Stop) -> Vec<String> {
    let mut left = tokio::select! {
        biased;
        _ = stop.at_least(Urgency::Fast) => environment.stop(Pace::Fast).await,
        left = environment.stop(Pace::Orderly) => left,
    };
    left.extend(seams.plane.close().await);
    left
}

#[cfg(test)]
mod tests;
