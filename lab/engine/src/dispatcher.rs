//! The loop that puts moments, observations and signals in one order.
//!
//! Moments come first: whatever else arrives is stamped after every moment that was due by then,
//! so an entry belongs to the phase in which it stands in the journal.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use lab_model::event::{Event, ServiceState};
use lab_model::plan::{Effect, Fault, Window};
use lab_model::traffic::Journey;
use lab_model::{Link, Name, Plan, Rate, RunId, Span};
use lab_verdict::early::{self, Decision};
use lab_verdict::{abort, gate};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};

use crate::clock::Clock;
use crate::desk::{Answer, Command, Order, Orders, Refusal};
use crate::receipts::Receipts;
use crate::recorder::Recorder;
use crate::seam::{Failure, FaultPlane, Load, Signal};
use crate::stop::{Stop, Urgency};
use crate::timeline::{Moment, Move, moments};

/// How far ahead of its beginning another rate is announced, so that no arrival was sent by then.
pub(crate) const NOTICE: Span = Span::from_millis(150);
/// How often links and faults are looked at.
const TICK: Span = Span::from_secs(1);
/// What a fault plane may take for one answer.
const ANSWER: Duration = Duration::from_secs(5);
/// What the generator may take, beyond the longest journey, to report its end.
const GRACE: Span = Span::from_secs(3);

/// Why the dispatcher came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Every moment was reached and every arrival resolved.
    Completed,
    /// The baseline already breaks an objective: nothing was injected.
    Unhealthy,
    /// An abort condition (index) held.
    Aborted(usize),
    /// The verdict is decided before the end of the plan.
    Decided(Decision),
    /// Someone says that everything was seen.
    Asked,
    /// A signal asked for the end.
    Interrupted(i32),
    /// Something the run needs broke.
    Failed(Failure),
}

pub(crate) struct Dispatcher<'a> {
    plan: &'a Plan,
    plane: &'a dyn FaultPlane,
    load: &'a mut dyn Load,
    recorder: &'a mut Recorder,
    receipts: &'a mut Receipts,
    signals: &'a mut UnboundedReceiver<Signal>,
    orders: Option<&'a mut Orders>,
    stop: &'a Stop,
    /// The plan's faults and those that were injected by hand.
    faults: Vec<Fault>,
    /// Faults that were found gone: once is enough for the journal.
    lost: BTreeSet<usize>,
    run: RunId,
    clock: Clock,
    zero: Span,
    moments: VecDeque<Moment>,
    next_tick: Span,
    observed: Option<Span>,
    load_ended: bool,
}

/// What woke the loop.
enum Input {
    Stop(i32),
    Signal(Signal),
    Order(Order),
    Time,
}

impl<'a> Dispatcher<'a> {
    #[expect(
        clippy::too_many_arguments,
        reason = "everything a run owns, borrowed once"
    )]
    pub(crate) fn new(
        plan: &'a Plan,
        plane: &'a dyn FaultPlane,
        load: &'a mut dyn Load,
        recorder: &'a mut Recorder,
        receipts: &'a mut Receipts,
        signals: &'a mut UnboundedReceiver<Signal>,
        orders: Option<&'a mut Orders>,
        stop: &'a Stop,
        (run, clock, zero): (RunId, Clock, Span),
    ) -> Self {
        Self {
            plan,
            plane,
            load,
            recorder,
            receipts,
            signals,
            orders,
            stop,
            faults: plan.faults.clone(),
            lost: BTreeSet::new(),
            run,
            clock,
            zero,
            moments: moments(plan).into(),
            // Between whole seconds, where phases tend to begin and end.
            next_tick: zero.plus(Span::from_millis(500)),
            observed: None,
            load_ended: false,
        }
    }

    /// Runs until the last arrival is resolved, or until there is a reason to end sooner.
    pub(crate) async fn run(mut self) -> Finish {
        let longest = self
            .plan
            .load
            .journeys
            .iter()
            .map(Journey::longest)
            .max()
            .unwrap_or_default();
        let last = self.zero.plus(self.plan.length()).plus(longest).plus(GRACE);
        loop {
            let input = self.wait().await;
            let now = self.clock.now();
            while let Some(moment) = self.due(now) {
                match self.reach(moment).await {
                    Ok(None) => {}
                    Ok(Some(finish)) => return finish,
                    Err(failure) => return Finish::Failed(failure),
                }
            }
            let outcome = match input {
                Input::Stop(signal) => Ok(Some(Finish::Interrupted(signal))),
                Input::Signal(Signal::Service(name, state)) => {
                    self.service(now, name, state).await.map(|()| None)
                }
                Input::Signal(Signal::Gateway(Event::Restarted { service, by, .. })) => {
                    self.restart(service, by).await;
                    Ok(None)
                }
                Input::Signal(signal) => Ok(self.take(now, signal)),
                Input::Order(order) => self.serve(order).await,
                Input::Time => Ok(None),
            };
            let outcome = match outcome {
                Ok(None) if now >= self.next_tick => self.tick(now).await.map(|()| None),
                other => other,
            };
            match outcome {
                Ok(Some(finish)) => return finish,
                Err(failure) => return Finish::Failed(failure),
                Ok(None) => {}
            }
            if let Some(failure) = self.recorder.failure.clone() {
                return Finish::Failed(failure);
            }
            if self.moments.is_empty() && self.load_ended {
                return self
                    .observe(self.clock.now())
                    .await
                    .map_or_else(Finish::Failed, |()| Finish::Completed);
            }
            if now >= last {
                let reason = "the generator did not report its end";
                return Finish::Failed(Failure::new("load", reason));
            }
        }
    }

    async fn wait(&mut self) -> Input {
        let moment = self.moments.front().map(|moment| self.zero.plus(moment.at));
        let next = moment.map_or(self.next_tick, |at| at.min(self.next_tick));
        let until: Instant = self.clock.instant(next);
        let orders = &mut self.orders;
        let order = async {
            match orders {
                Some(orders) => orders.recv().await,
                None => None,
            }
        };
        tokio::select! {
            biased;
            signal = self.stop.at_least(Urgency::Orderly) => Input::Stop(signal),
            () = sleep_until(until) => Input::Time,
            Some(signal) = self.signals.recv() => Input::Signal(signal),
            Some(order) = order => Input::Order(order),
        }
    }

    /// The next moment, if its time has come.
    fn due(&mut self, now: Span) -> Option<Moment> {
        let moment = *self.moments.front()?;
        (self.zero.plus(moment.at) <= now).then(|| self.moments.pop_front())?
    }

    async fn reach(&mut self, moment: Moment) -> Result<Option<Finish>, Failure> {
        let at = self.zero.plus(moment.at);
        if self.observed != Some(at) && moment.action != Move::Begin(0) {
            // What was seen until now belongs to the phase that ends here.
            self.observe(at.minus(Span::from_micros(1))).await?;
            self.observed = Some(at);
        }
        match moment.action {
            Move::Begin(phase) => self.recorder.record_at(at, Event::PhaseStarted { phase }),
            Move::Judge(baseline) => {
                let broken = gate::broken(self.plan, &self.recorder.tally, baseline);
                let healthy = broken.is_empty();
                self.recorder.record_at(at, Event::Gate { broken });
                if !healthy {
                    return Ok(Some(Finish::Unhealthy));
                }
            }
            Move::Arm(fault) => self.arm(fault).await?,
            Move::Heal(fault) => {
                self.heal(fault).await?;
            }
            Move::End => {}
        }
        Ok(None)
    }

    /// Takes a fault back, if it is armed.
    async fn heal(&mut self, fault: usize) -> Result<bool, Failure> {
        let Some(receipt) = self.receipts.take(fault) else {
            return Ok(false);
        };
        answer(self.plane.heal(&receipt)).await?;
        self.recorder.record(Event::FaultHealed { fault });
        Ok(true)
    }

    async fn arm(&mut self, index: usize) -> Result<(), Failure> {
        let Some(fault) = self.faults.get(index) else {
            return Ok(());
        };
        let receipt = answer(self.plane.apply(index, fault)).await?;
        self.receipts.add(receipt.clone());
        let event = match answer(self.plane.verify(&receipt)).await? {
            None => Event::FaultArmed { fault: index },
            Some(found) => Event::FaultLost {
                fault: index,
                found,
            },
        };
        self.recorder.record(event);
        Ok(())
    }

    async fn tick(&mut self, now: Span) -> Result<(), Failure> {
        while self.next_tick <= now {
            self.next_tick = self.next_tick.plus(TICK);
        }
        self.observe(now).await?;
        let mut lost = Vec::new();
        for receipt in self.receipts.iter() {
            if let Some(found) = answer(self.plane.verify(receipt)).await? {
                lost.push((receipt.fault, found));
            }
        }
        for (fault, found) in lost {
            if self.lost.insert(fault) {
                self.recorder.record(Event::FaultLost { fault, found });
            }
        }
        Ok(())
    }

    async fn observe(&mut self, at: Span) -> Result<(), Failure> {
        let observation = answer(self.plane.observe()).await?;
        for link in observation.links {
            self.recorder.record_at(at, Event::Link(Box::new(link)));
        }
        for fault in observation.faults {
            self.recorder.record_at(at, Event::Fault(fault));
        }
        Ok(())
    }

    /// A service that dies under a fault is a finding, not a failure of the lab: the run goes on,
    /// and the verdict names it. One that was started again may listen somewhere else.
    async fn service(&mut self, now: Span, name: Name, state: ServiceState) -> Result<(), Failure> {
        if let ServiceState::Started { address } = &state {
            let links = &self.plan.system.links;
            for link in links.iter().filter(|link| link.to == name) {
                answer(self.plane.connect(link, address)).await?;
            }
        }
        self.recorder.record_at(now, Event::Service { name, state });
        Ok(())
    }

    /// Starts a service again for whoever handles an incident. That it could not be is theirs to
    /// find out, and no failure of the run.
    async fn restart(&mut self, service: Name, by: String) {
        let started = answer(self.plane.restart(&service)).await;
        let problem = started.err().map(|failure| failure.to_string());
        self.recorder.record(Event::Restarted {
            service,
            by,
            problem,
        });
    }

    fn take(&mut self, now: Span, signal: Signal) -> Option<Finish> {
        match signal {
            Signal::Load(report) => {
                self.recorder.record_at(now, Event::Load(report));
                let aborted = abort::held(self.plan, &self.recorder.tally);
                if let Some(condition) = aborted {
                    return Some(Finish::Aborted(condition));
                }
                let since = now.minus(self.zero);
                early::decided(self.plan, &self.recorder.tally, since).map(Finish::Decided)
            }
            Signal::LoadEnded { acknowledged } => {
                self.recorder
                    .record_at(now, Event::LoadEnded { acknowledged });
                self.load_ended = true;
                let early = now < self.zero.plus(self.plan.length());
                early.then(|| Finish::Failed(Failure::new("load", "the generator ended too early")))
            }
            Signal::LoadChanged { from, rate } => {
                self.recorder
                    .record_at(now, Event::LoadChanged { from, rate });
                None
            }
            Signal::Reading(report) => {
                self.recorder.record_at(now, Event::Reading(report));
                None
            }
            Signal::Service(..) => None,
            Signal::Gateway(event) => {
                self.recorder.record_at(now, event);
                None
            }
            Signal::Calibration(times) => {
                self.recorder.record_at(now, Event::Calibration(times));
                None
            }
            Signal::Failed(failure) => Some(Finish::Failed(failure)),
        }
    }
}

/// What people ask for. A refusal is theirs, a failure the run's.
impl Dispatcher<'_> {
    async fn serve(&mut self, order: Order) -> Result<Option<Finish>, Failure> {
        let Order { by, command, reply } = order;
        let mut finish = None;
        let outcome = match command {
            Command::Inject(fault) => self.inject(*fault, by).await?,
            Command::Heal(which) => self.heal_asked(which, &by).await?,
            Command::Rate(rate) => self.rate(rate, by).await?,
            Command::Status => {
                let times = (self.zero, self.clock.now());
                let recorder = &self.recorder;
                let (tally, recent) = (&recorder.tally, &recorder.recent);
                let status = recent.status(&self.run, self.plan, &self.faults, tally, times);
                Ok(Answer::Status(Box::new(status)))
            }
            Command::Note(event) => {
                self.recorder.record(Event::Rehearsal(event));
                Ok(Answer::Done)
            }
            Command::Say(_) => Err(Refusal::new(
                "nobody rehearses here",
                "lab rehearse SCENARIO starts a rehearsal",
            )),
            Command::Finish => {
                self.recorder.record(Event::Finished { by });
                finish = Some(Finish::Asked);
                Ok(Answer::Done)
            }
        };
        // Who asked may be gone; what was done stands in the journal.
        let _ = reply.send(outcome);
        Ok(finish)
    }

    /// Tells the generator of another rate. That it obeys comes as a signal.
    async fn rate(&mut self, rate: Rate, by: String) -> Result<Result<Answer, Refusal>, Failure> {
        let now = self.clock.now().minus(self.zero);
        let from = now.plus(NOTICE);
        let timetable = &self.recorder.tally.timetable;
        let before = timetable.rate_at(now);
        if !timetable.clone().change(from, rate) {
            let message = "the load of this system has no rate that can be changed";
            let help = "users that are closed, or a recording, come as the plan says";
            return Ok(Err(Refusal::new(message, help)));
        }
        self.recorder.record(Event::RateAsked { rate, by });
        self.load.change(from, rate).await?;
        Ok(Ok(Answer::Rated { before }))
    }

    /// Adds a fault to the plan, its windows counted from now, and arms it.
    async fn inject(
        &mut self,
        mut fault: Fault,
        by: String,
    ) -> Result<Result<Answer, Refusal>, Failure> {
        if let Some(refusal) = self.refusal(&fault) {
            return Ok(Err(refusal));
        }
        let (now, end) = (self.clock.now().minus(self.zero), self.plan.length());
        let shifted = fault.windows.iter().map(|window| Window {
            from: now.plus(window.from),
            to: now.plus(window.to).min(end),
        });
        fault.windows = shifted.filter(|window| window.from < window.to).collect();
        fault.phase = self.plan.phase_at(now).unwrap_or(fault.phase);
        let index = self.faults.len();
        for window in fault.windows.clone() {
            for (at, action) in [
                (window.from, Move::Arm(index)),
                (window.to, Move::Heal(index)),
            ] {
                self.schedule(Moment { at, action });
            }
        }
        self.faults.push(fault.clone());
        let what = Box::new(fault);
        self.recorder.record(Event::Injected {
            fault: index,
            what,
            by,
        });
        while let Some(moment) = self.due(self.clock.now()) {
            self.reach(moment).await?;
        }
        Ok(Ok(Answer::Injected(index)))
    }

    /// Why a fault cannot be injected now.
    fn refusal(&self, fault: &Fault) -> Option<Refusal> {
        if !self.plan.system.links.contains(&fault.link) {
            let message = format!("no link from {} to {}", fault.link.from, fault.link.to);
            return Some(Refusal::new(message, "lab status shows the links"));
        }
        if let Some(refusal) = self.speaks_otherwise(fault) {
            return Some(refusal);
        }
        let mut open = self.receipts.iter();
        let same = open.find(|receipt| {
            self.faults.get(receipt.fault).is_some_and(|armed| {
                armed.link == fault.link
                    && armed.kind == fault.kind
                    && armed.direction == fault.direction
            })
        })?;
        let message = format!(
            "{} is on {} already, as fault {}",
            fault.kind, fault.link, same.fault
        );
        Some(Refusal::new(message, format!("lab heal {}", same.fault)))
    }

    /// A connection is read in the words of one protocol: of two, one would touch nothing.
    fn speaks_otherwise(&self, fault: &Fault) -> Option<Refusal> {
        let protocol = |fault: &Fault| match fault.effect {
            Effect::Exchange { deed, .. } => Some(deed.protocol()),
            _ => None,
        };
        let wanted = protocol(fault)?;
        self.receipts.iter().find_map(|receipt| {
            let armed = self.faults.get(receipt.fault)?;
            let both = |spoken: &str| {
                let database = spoken == "PostgreSQL" || wanted == "PostgreSQL";
                self.plan.system.tls.contains(&fault.link) && !database
            };
            let other = |spoken: &&str| *spoken != wanted && !both(spoken);
            let spoken = protocol(armed).filter(other)?;
            let (kind, link, number) = (&armed.kind, &fault.link, receipt.fault);
            (armed.link == *link).then(|| {
                let message = format!(
                    "`{}` needs {wanted} on {link}, where `{kind}` ({spoken}) is, as fault {number}",
                    fault.kind
                );
                Refusal::new(message, format!("lab heal {number}"))
            })
        })
    }

    /// Puts a moment into its place, behind those of the same time.
    fn schedule(&mut self, moment: Moment) {
        let place = self.moments.partition_point(|known| *known <= moment);
        self.moments.insert(place, moment);
    }

    /// Takes back one fault or all, and forgets what was still planned for it.
    async fn heal_asked(
        &mut self,
        which: Option<usize>,
        by: &str,
    ) -> Result<Result<Answer, Refusal>, Failure> {
        let armed: Vec<usize> = self.receipts.iter().map(|receipt| receipt.fault).collect();
        let of = |moment: &Moment| match moment.action {
            Move::Arm(fault) | Move::Heal(fault) => Some(fault),
            _ => None,
        };
        let mut wanted: Vec<usize> = self.moments.iter().filter_map(of).chain(armed).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if let Some(which) = which {
            wanted.retain(|fault| *fault == which);
            if wanted.is_empty() {
                let help = "lab status shows what is injected, with its number";
                return Ok(Err(Refusal::new(
                    format!("no fault {which} is injected"),
                    help,
                )));
            }
        }
        let mut healed: Vec<(usize, String, Link)> = Vec::new();
        for fault in wanted {
            let by = by.to_owned();
            self.recorder.record(Event::HealAsked { fault, by });
            self.heal(fault).await?;
            self.moments.retain(|moment| of(moment) != Some(fault));
            if let Some(known) = self.faults.get(fault) {
                healed.push((fault, known.summary.clone(), known.link.clone()));
            }
        }
        Ok(Ok(Answer::Healed(healed)))
    }
}

/// Bounds what a plane may take.
async fn answer<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(ANSWER, work)
        .await
        .unwrap_or_else(|_| Err(Failure::new("proxy", "no answer within 5 s")))
}
