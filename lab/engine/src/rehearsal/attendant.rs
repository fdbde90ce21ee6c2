//! An incident that somebody handles by hand: the fault at its moment, what they say meanwhile, the
//! fault again once users are served, and the end.
//!
//! Whoever has the seat is heard here and nowhere else: of what can be asked of a run they may ask
//! how it fares and say what belongs to a rehearsal. Faults, load and journal are out of their reach.

use std::time::Duration;

use lab_model::exercise::{Saying, Seat};
use lab_model::plan::{Fault, PhaseKind};
use lab_model::rehearsal::{Rehearsal, RehearsalEvent, SYMPTOMS};
use lab_model::status::SeatStatus;
use lab_model::{Event, Link, Plan, Record};
use lab_runbooks::grade::fold::{Folded, GRADER};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::budget::Budget;
use crate::desk::{Answer, Command, Counter, Order, Orders, Refusal};
use crate::seam::Failure;

/// How long service may take to come back once somebody says that it is handled, beyond its window.
const PATIENCE: Duration = Duration::from_secs(8);
/// From the end of the cause to its return.
const BREATH: Duration = Duration::from_secs(2);
/// The longest text of a message or a note, in characters.
const LONGEST: usize = 2_000;
/// A time that nobody waits for.
const FOREVER: Duration = Duration::from_secs(365 * 86_400);

/// What whoever has the seat is given.
pub struct Sitting {
    /// What the journal is told before it begins, the seat within it.
    pub rehearsal: Rehearsal,
    /// What is brought about; nothing in a healthy system.
    pub faults: Vec<Fault>,
    /// From the prompt to the fault.
    pub calm: Duration,
}

/// The run is over before its incident.
struct Over;

/// Why waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// What was waited for holds.
    Holds,
    /// The time is up.
    Due,
    /// The seat was given back, or the whole time is up.
    Ended,
}

/// Hears the seat and sees an incident through.
pub struct Attendant {
    plan: Plan,
    seat: Seat,
    sitting: Sitting,
    /// Where the run takes orders.
    counter: Counter,
    /// What the seat asks.
    asked: Orders,
    records: UnboundedReceiver<Record>,
    /// Completes when the seat is left.
    left: oneshot::Receiver<()>,
    kept: Vec<Record>,
    budget: Budget,
    /// Whether anybody can ask still.
    heard: bool,
    /// When the seat was taken.
    seated: Option<Instant>,
    /// When the clock was stopped, where it stands.
    paused: Option<Instant>,
    /// How long it stood before.
    stood: Duration,
    hints: usize,
    declared: bool,
    /// How the sitting ended.
    ended: Option<Saying>,
}

impl Attendant {
    /// For the run of a plan: where it takes orders, its records as they are written, what the seat
    /// asks, and when it is left.
    pub fn new(
        plan: Plan,
        sitting: Sitting,
        counter: Counter,
        records: UnboundedReceiver<Record>,
        asked: Orders,
        left: oneshot::Receiver<()>,
    ) -> Option<Self> {
        let seat = sitting.rehearsal.seat.as_deref()?.clone();
        Some(Self {
            budget: Budget::new(&plan, seat.limit),
            plan,
            seat,
            sitting,
            counter,
            asked,
            records,
            left,
            kept: Vec::new(),
            heard: true,
            seated: None,
            paused: None,
            stood: Duration::ZERO,
            hints: 0,
            declared: false,
            ended: None,
        })
    }

    /// Sees it through and ends the run. `ready` is told the records so far once the system runs
    /// under its load; `over` once the seat has to be given back.
    pub async fn attend(
        mut self,
        ready: oneshot::Sender<Vec<Record>>,
        over: oneshot::Sender<()>,
    ) -> Result<(), Failure> {
        let outcome = self.incident(ready, over).await;
        self.note(RehearsalEvent::Judged);
        let _ = self.ask(GRADER, Command::Finish).await;
        match outcome {
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(())) | Err(Over) => Ok(()),
        }
    }

    async fn incident(
        &mut self,
        ready: oneshot::Sender<Vec<Record>>,
        over: oneshot::Sender<()>,
    ) -> Result<Result<(), Failure>, Over> {
        self.begun(|event| matches!(event, Event::LoadStarted))
            .await?;
        let rehearsal = Box::new(self.sitting.rehearsal.clone());
        self.note(RehearsalEvent::Opened(rehearsal));
        self.note(RehearsalEvent::Seated);
        self.seated = Some(Instant::now());
        let _ = ready.send(self.kept.clone());
        let mut over = Some(over);
        let worked = self.work().await?;
        if let Some(over) = over.take() {
            // Who has left needs no word.
            let _ = over.send(());
        }
        match worked {
            Ok(true) => self.settle().await,
            Ok(false) => Ok(Ok(())),
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// Until the seat is given back; whether there is something left to be seen.
    async fn work(&mut self) -> Result<Result<bool, Failure>, Over> {
        let begins = Instant::now() + self.sitting.calm;
        let open = self.open();
        while !self
            .kept
            .iter()
            .any(|record| Some(&record.event) == open.as_ref())
        {
            if self.until(None, true, |_| false).await? == Woken::Ended {
                return Ok(Ok(false));
            }
        }
        if self.until(Some(begins), false, |_| false).await? == Woken::Ended {
            return Ok(Ok(false));
        }
        if self.sitting.faults.is_empty() {
            self.until(None, false, |_| false).await?;
            return Ok(Ok(false));
        }
        if let Err(failure) = self.inject().await {
            return Ok(Err(failure));
        }
        let served = |folded: &Folded<'_>| folded.mitigated().is_some();
        if self.until(None, false, served).await? == Woken::Holds {
            if let Err(failure) = self.replay().await? {
                return Ok(Err(failure));
            }
            if self.ended.is_none() {
                self.until(None, false, |_| false).await?;
            }
        }
        let handled = matches!(self.ended, Some(Saying::Done | Saying::Left));
        Ok(Ok(handled))
    }

    /// Waits for service, and for it to last when the cause comes again.
    async fn settle(&mut self) -> Result<Result<(), Failure>, Over> {
        let replayed = |attendant: &Self| {
            let mut records = attendant.kept.iter();
            records.any(|record| matches!(record.event, Event::Rehearsal(RehearsalEvent::Replayed)))
        };
        let within = |window: lab_model::Span| Some(Instant::now() + window.duration() + PATIENCE);
        if !replayed(self) {
            let served = |folded: &Folded<'_>| folded.mitigated().is_some();
            let deadline = within(self.sitting.rehearsal.mitigated);
            if self.until(deadline, false, served).await? != Woken::Holds {
                return Ok(Ok(()));
            }
            if let Err(failure) = self.replay().await? {
                return Ok(Err(failure));
            }
        }
        let decided = |folded: &Folded<'_>| folded.is_recovered();
        let deadline = within(self.sitting.rehearsal.recovered);
        self.until(deadline, false, decided).await?;
        Ok(Ok(()))
    }

    /// Takes the cause back and brings it about again.
    async fn replay(&mut self) -> Result<Result<(), Failure>, Over> {
        if let Err(failure) = self.ask(GRADER, Command::Heal(None)).await {
            return Ok(Err(failure));
        }
        let breath = Instant::now() + BREATH;
        while self.until(Some(breath), false, |_| false).await? != Woken::Due {}
        self.note(RehearsalEvent::Replayed);
        Ok(self.inject().await)
    }

    /// The record with which the phase of the incident begins.
    fn open(&self) -> Option<Event> {
        let mut phases = self.plan.phases.iter();
        let phase = phases.position(|phase| phase.kind == PhaseKind::Open)?;
        Some(Event::PhaseStarted { phase })
    }

    /// Waits for an event. Nobody has the seat yet.
    async fn begun(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<(), Over> {
        loop {
            let record = self.records.recv().await.ok_or(Over)?;
            let begins = wanted(&record.event);
            self.keep(record);
            if begins {
                return Ok(());
            }
        }
    }

    /// Hears the run and the seat until something holds, a time has come, or the seat is given back;
    /// with `each`, until the next record.
    async fn until(
        &mut self,
        deadline: Option<Instant>,
        each: bool,
        holds: impl Fn(&Folded<'_>) -> bool,
    ) -> Result<Woken, Over> {
        loop {
            let mine = self.ended.is_none();
            let limit = self.limit().filter(|_| mine);
            let forever = Instant::now() + FOREVER;
            tokio::select! {
                biased;
                order = self.asked.recv(), if self.heard => match order {
                    Some(order) => self.serve(order).await,
                    // Nobody can ask any more.
                    None => self.heard = false,
                },
                _ = &mut self.left, if mine => self.end(Saying::Left, "nobody"),
                record = self.records.recv() => {
                    let record = record.ok_or(Over)?;
                    // Figures of the load come once a second; nothing else makes a second known.
                    let tells = matches!(record.event, Event::Load(_));
                    self.keep(record);
                    if each {
                        return Ok(Woken::Holds);
                    }
                    let folded = Folded::new(&self.plan, &self.kept).filter(|_| tells);
                    if folded.is_some_and(|folded| holds(&folded)) {
                        return Ok(Woken::Holds);
                    }
                }
                () = sleep_until(deadline.unwrap_or(forever)), if deadline.is_some() => {
                    return Ok(Woken::Due);
                }
                () = sleep_until(limit.unwrap_or(forever)), if limit.is_some() => {
                    self.ended = Some(Saying::GiveUp);
                    self.note(RehearsalEvent::Said {
                        by: GRADER.to_owned(),
                        saying: Saying::Note { text: "time is up".to_owned() },
                    });
                }
            }
            if mine && self.ended.is_some() {
                return Ok(Woken::Ended);
            }
        }
    }

    /// When the whole time is up; never while the clock stands.
    fn limit(&self) -> Option<Instant> {
        let seated = self.seated?;
        let end = seated + self.seat.limit.duration() + self.stood;
        self.paused.is_none().then_some(end)
    }

    /// Keeps what figures are made of.
    fn keep(&mut self, record: Record) {
        if let Event::Load(report) = &record.event {
            self.budget.take(&self.plan, report);
        }
        let others = matches!(
            record.event,
            Event::Link(_) | Event::Fault(_) | Event::Calibration(_) | Event::Upstreams(_)
        );
        if !others {
            self.kept.push(record);
        }
    }

    async fn inject(&mut self) -> Result<(), Failure> {
        for fault in self.sitting.faults.clone() {
            let command = Command::Inject(Box::new(fault.clone()));
            match self.ask(GRADER, command).await? {
                Answer::Injected(_) => self.plan.faults.push(fault),
                other => return Err(Failure::new("fault", format!("{other:?}"))),
            }
        }
        Ok(())
    }

    async fn ask(&self, by: &str, command: Command) -> Result<Answer, Failure> {
        let answer = self.put(by, command).await;
        answer.map_err(|refusal| Failure::new("run", refusal.message))
    }

    async fn put(&self, by: &str, command: Command) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        let by = by.to_owned();
        let over = || Refusal::new("it is over", "");
        let sent = self.counter.send(Order { by, command, reply });
        sent.map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    /// Has the journal take something down.
    fn note(&self, event: RehearsalEvent) {
        let (reply, _) = oneshot::channel();
        let by = GRADER.to_owned();
        let command = Command::Note(event);
        // A run that is over has no use for it.
        let _ = self.counter.send(Order { by, command, reply });
    }
}

/// What the seat asks.
impl Attendant {
    async fn serve(&mut self, order: Order) {
        let Order { by, command, reply } = order;
        let outcome = match command {
            Command::Status => self.status(&by).await,
            Command::Say(_) if self.ended.is_some() => {
                Err(Refusal::new("the seat was given back", ""))
            }
            Command::Say(saying) => self.say(saying, &by),
            _ => Err(Refusal::new(
                "faults, load and journal belong to the lab in a rehearsal",
                "lab route and lab flag change the system; lab done ends the rehearsal",
            )),
        };
        let _ = reply.send(outcome);
    }

    /// How the run fares, without what would give the fault away.
    async fn status(&self, by: &str) -> Result<Answer, Refusal> {
        let mut answer = self.put(by, Command::Status).await?;
        if let Answer::Status(status) = &mut answer {
            status.faults.clear();
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let exercise = &self.seat.exercise;
            status.seat = Some(SeatStatus {
                elapsed: self.elapsed().into(),
                limit: self.seat.limit,
                paused: self.paused.is_some(),
                budget: self.budget.left(),
                hints: (count(self.hints), count(exercise.hints.len())),
                declared: self.declared,
            });
        }
        Ok(answer)
    }

    /// How long the clock went since the seat was taken.
    fn elapsed(&self) -> Duration {
        let until = self.paused.unwrap_or_else(Instant::now);
        let since = self.seated.map(|from| until.duration_since(from));
        since.unwrap_or_default().saturating_sub(self.stood)
    }

    fn say(&mut self, saying: Saying, by: &str) -> Result<Answer, Refusal> {
        let (saying, answer) = self.heard(saying)?;
        match &saying {
            Saying::Declare { .. } => self.declared = true,
            Saying::Hint => self.hints += 1,
            Saying::Pause => self.paused = Some(Instant::now()),
            Saying::Resume => {
                let paused = self.paused.take();
                self.stood += paused.map_or(Duration::ZERO, |from| from.elapsed());
            }
            Saying::Done | Saying::GiveUp => {
                self.end(saying, by);
                return Ok(Answer::Said(answer));
            }
            _ => {}
        }
        let by = by.to_owned();
        self.note(RehearsalEvent::Said { by, saying });
        Ok(Answer::Said(answer))
    }

    fn end(&mut self, saying: Saying, by: &str) {
        self.ended = Some(saying.clone());
        let by = by.to_owned();
        self.note(RehearsalEvent::Said { by, saying });
    }

    /// What is taken down, and what is said in return.
    fn heard(&self, saying: Saying) -> Result<(Saying, String), Refusal> {
        let exercise = &self.seat.exercise;
        let answer = match &saying {
            Saying::Declare { component, symptom } => {
                let (component, symptom) = self.declaration(component, symptom)?;
                let answer = format!("declared: {component}, {symptom}");
                return Ok((Saying::Declare { component, symptom }, answer));
            }
            Saying::Message { text } | Saying::Note { text } => {
                if text.trim().is_empty() || text.chars().count() > LONGEST {
                    let message = format!("a text of 1 to {LONGEST} characters is needed");
                    return Err(Refusal::new(message, "lab message 'we are on it'"));
                }
                "written down".to_owned()
            }
            Saying::Hint => exercise.hints.get(self.hints).cloned().ok_or_else(|| {
                Refusal::new(
                    "there is no further hint",
                    "lab hint --solution shows the solution; at most 49 points are left then",
                )
            })?,
            Saying::Solution => {
                let solutions = exercise.solutions.iter();
                let solutions: Vec<String> = solutions
                    .map(|one| format!("# {}\n{}", one.name, one.commands.trim()))
                    .collect();
                if solutions.is_empty() {
                    return Err(Refusal::new("no solution is known", ""));
                }
                solutions.join("\n\n")
            }
            Saying::Pause if !self.seat.training => {
                return Err(Refusal::new(
                    "the clock goes on",
                    "it may be stopped where the rehearsal was begun with --training",
                ));
            }
            Saying::Pause if self.paused.is_some() => {
                return Err(Refusal::new("the clock stands already", "lab pause --end"));
            }
            Saying::Pause => "the clock stands; lab pause --end lets it go on".to_owned(),
            Saying::Resume if self.paused.is_none() => {
                return Err(Refusal::new("the clock does not stand", ""));
            }
            Saying::Resume => "the clock goes on".to_owned(),
            Saying::Done => "the lab looks for itself now".to_owned(),
            Saying::GiveUp => "given up".to_owned(),
            Saying::Left => String::new(),
        };
        Ok((saying, answer))
    }

    /// A declaration in the words of the system.
    fn declaration(&self, component: &str, symptom: &str) -> Result<(String, String), Refusal> {
        let system = &self.plan.system;
        let services = system.services.iter().map(|one| one.name.to_string());
        let gateway = system.gateway.iter().map(|one| one.name.to_string());
        let parts: Vec<String> = services.chain(gateway).collect();
        let link = |link: &&Link| link.slug() == component || link.to_string() == component;
        let found = parts.iter().find(|part| *part == component).cloned();
        let found = found.or_else(|| Some(system.links.iter().find(link)?.to_string()));
        let component = found.ok_or_else(|| {
            let message = format!("the system has no part `{component}`");
            Refusal::new(
                message,
                format!("it has {}, and the links between them", parts.join(", ")),
            )
        })?;
        let symptom = symptom.to_ascii_lowercase();
        if SYMPTOMS.contains(&symptom.as_str()) {
            return Ok((component, symptom));
        }
        let message = format!("`{symptom}` is no symptom");
        Err(Refusal::new(
            message,
            format!("one of {}", SYMPTOMS.join(", ")),
        ))
    }
}

#[cfg(test)]
mod tests;
