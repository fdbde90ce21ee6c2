//! An incident in a run: the cause, the runbook, the wait, the cause again, and what remains.
//!
//! It asks of the run what anybody could ask, and reads what everybody can read: the journal. What
//! it decides is when to go on; what the incident was worth is judged later, from the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab_model::event::ServiceState;
use lab_model::ledger::LedgerReport;
use lab_model::plan::{Fault, PhaseKind};
use lab_model::rehearsal::{Pass, Rehearsal, RehearsalEvent, Situation};
use lab_model::{Event, Name, Plan, Record};
use lab_runbooks::grade::fold::{Folded, GRADER};
use lab_runbooks::mutation::Program;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::masks::Masks;
use super::runner::{Execution, Runner};
use crate::desk::{Answer, Command, Counter, Order};
use crate::seam::{Failure, Stores};

/// From the beginning of the incident's phase to the cause, so that figures are those of health.
const CALM: Duration = Duration::from_secs(1);
/// How long a cause may take until an objective is broken.
const BITE: Duration = Duration::from_secs(12);
/// From the first broken second on record to the first block: an alarm is no sooner.
const ALARM: Duration = Duration::from_secs(1);
/// How long a system is left as it is where nobody does anything.
const NOTHING: Duration = Duration::from_secs(12);
/// How long service may take to come back once the runbook is done, beyond its window.
const PATIENCE: Duration = Duration::from_secs(8);
/// From the end of the cause to its return.
const BREATH: Duration = Duration::from_secs(2);
/// How long a system without the incident is watched after the runbook.
const WATCH: Duration = Duration::from_millis(1_200);

/// What is brought about, and what is done about it.
#[derive(Debug, Clone)]
pub struct Incident {
    /// What the journal is told of it.
    pub rehearsal: Rehearsal,
    /// The cause; none in a healthy system.
    pub faults: Vec<Fault>,
    /// What is executed; nothing where nobody does anything.
    pub program: Option<Program>,
    /// Whether it is executed once more in the end.
    pub again: bool,
    /// What undoes it in the very end.
    pub undo: Option<Program>,
    /// Whether everything is decided once a block has failed, as it is of a mutant.
    pub until_noticed: bool,
}

impl Incident {
    /// Whether the cause lies in the system itself, so that it must be gone and not survived.
    fn is_inside(&self) -> bool {
        !self.faults.is_empty() && self.faults.iter().all(|fault| fault.on_service().is_some())
    }
}

/// The run is over before its incident.
struct Over;

/// Conducts an incident in a run that has just begun.
pub struct Conductor<'a> {
    plan: Plan,
    counter: Counter,
    records: UnboundedReceiver<Record>,
    kept: Vec<Record>,
    runner: Runner<'a>,
    equip: Equip<'a>,
    stores: &'a dyn Stores,
}

/// Tells the environment of blocks, and what of it is secret, once the system runs.
pub type Equip<'a> = &'a (dyn Fn(&[Record]) -> Result<Equipment, Failure> + Send + Sync);

/// Variables, and what is never stored nor shown.
pub type Equipment = (Vec<(String, String)>, Masks);

impl<'a> Conductor<'a> {
    /// For the run of a plan: where it takes orders, and its records as they are written.
    pub fn new(
        plan: Plan,
        counter: Counter,
        records: UnboundedReceiver<Record>,
        runner: Runner<'a>,
        equip: Equip<'a>,
        stores: &'a dyn Stores,
    ) -> Self {
        Self {
            plan,
            counter,
            records,
            kept: Vec::new(),
            runner,
            equip,
            stores,
        }
    }

    /// Sees the incident through and ends the run. A run that ends sooner says why in its journal.
    ///
    /// What is returned is what came of the first execution, where there was one.
    pub async fn conduct(mut self, incident: &Incident) -> Result<Option<Execution>, Failure> {
        match self.incident(incident).await {
            Ok(execution) => {
                let _ = self.ask(Command::Finish).await;
                execution
            }
            Err(Over) => Ok(None),
        }
    }

    async fn incident(
        &mut self,
        incident: &Incident,
    ) -> Result<Result<Option<Execution>, Failure>, Over> {
        self.begun().await?;
        match (self.equip)(&self.kept) {
            Ok((variables, masks)) => {
                self.runner.variables = variables;
                self.runner.masks = masks;
            }
            Err(failure) => return Ok(Err(failure)),
        }
        self.note(RehearsalEvent::Opened(Box::new(incident.rehearsal.clone())));
        self.pause(CALM).await?;
        if incident.faults.is_empty() {
            self.pause(ALARM + BREATH).await?;
        } else {
            if let Err(failure) = self.inject(&incident.faults).await {
                return Ok(Err(failure));
            }
            let broken = |folded: &Folded<'_>| folded.seconds().iter().any(|one| !one.held);
            let bites = self.until(BITE, broken).await?;
            if !bites && incident.rehearsal.situation == Situation::OwnFault {
                self.judged(&incident.rehearsal).await;
                return Ok(Ok(None));
            }
            self.pause(ALARM).await?;
        }
        let execution = match &incident.program {
            Some(program) => match self.execute(Pass::First, program).await? {
                Ok(execution) => Some(execution),
                Err(failure) => return Ok(Err(failure)),
            },
            None => None,
        };
        let noticed = execution.as_ref().is_some_and(|one| one.failed.is_some());
        let rest = if incident.rehearsal.situation == Situation::OwnFault
            && !(noticed && incident.until_noticed)
        {
            self.aftermath(incident).await?
        } else {
            self.pause(WATCH).await?;
            self.judged(&incident.rehearsal).await;
            Ok(())
        };
        Ok(rest.map(|()| execution))
    }

    /// Waits for service, brings the cause about again, and tries what must be possible later.
    async fn aftermath(&mut self, incident: &Incident) -> Result<Result<(), Failure>, Over> {
        let rehearsal = &incident.rehearsal;
        let window = rehearsal.mitigated.duration();
        let patience = if incident.program.is_some() {
            window + PATIENCE
        } else {
            NOTHING
        };
        let mitigated = |folded: &Folded<'_>| folded.mitigated().is_some();
        if !self.until(patience, mitigated).await? {
            self.judged(rehearsal).await;
            return Ok(Ok(()));
        }
        let replayed = async {
            self.ask(Command::Heal(None)).await?;
            sleep(BREATH).await;
            self.note(RehearsalEvent::Replayed);
            self.inject(&incident.faults).await
        };
        if let Err(failure) = replayed.await {
            return Ok(Err(failure));
        }
        // What lies in the system itself cannot be survived, only handled once more.
        let hurts_again = |folded: &Folded<'_>| folded.is_broken_again();
        if incident.is_inside()
            && let Some(program) = &incident.program
            && self.until(BITE, hurts_again).await?
        {
            self.pause(ALARM).await?;
            if let Err(failure) = self.execute(Pass::Replay, program).await? {
                return Ok(Err(failure));
            }
        }
        let decided = |folded: &Folded<'_>| folded.is_recovered();
        self.until(rehearsal.recovered.duration() + PATIENCE, decided)
            .await?;
        self.judged(rehearsal).await;
        let again = incident.program.as_ref().filter(|_| incident.again);
        if let Some(program) = again
            && let Err(failure) = self.execute(Pass::Again, program).await?
        {
            return Ok(Err(failure));
        }
        if let Some(undo) = &incident.undo {
            if let Err(failure) = self.ask(Command::Heal(None)).await {
                return Ok(Err(failure));
            }
            self.pause(Duration::from_millis(300)).await?;
            if let Err(failure) = self.execute(Pass::Undo, undo).await? {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    }

    /// Looks into the stores of which something was to be true, and declares the incident over.
    async fn judged(&self, rehearsal: &Rehearsal) {
        let services: BTreeMap<Name, String> = self.addresses();
        let targets = rehearsal.targets.iter();
        for (target, ledger) in targets.filter_map(|target| Some((target, target.ledger()?))) {
            let checks = &self.plan.ledgers;
            let check = checks.iter().find(|check| check.name.as_str() == ledger);
            let check = check.and_then(|check| check.at(&target.value));
            let report = match check {
                Some(check) => self.stores.compare(&check, &services).await,
                None => LedgerReport {
                    problem: Some(format!("no ledger {ledger} is kept at {}", target.value)),
                    ..LedgerReport::default()
                },
            };
            self.note(RehearsalEvent::Books {
                target: target.clone(),
                acknowledged: report.acknowledged,
                missing: report.lost.count + report.altered.count,
                problem: report.problem,
            });
        }
        self.note(RehearsalEvent::Judged);
    }

    /// Where the services of the system listen.
    fn addresses(&self) -> BTreeMap<Name, String> {
        let started = self.kept.iter().filter_map(|record| match &record.event {
            Event::Service {
                name,
                state: ServiceState::Started { address },
            } => Some((name.clone(), address.clone())),
            _ => None,
        });
        started.collect()
    }

    /// Executes blocks while the run goes on.
    async fn execute(
        &mut self,
        pass: Pass,
        program: &Program,
    ) -> Result<Result<Execution, Failure>, Over> {
        let (done, saved) = (BTreeSet::new(), BTreeMap::new());
        let (runner, records, kept) = (&self.runner, &mut self.records, &mut self.kept);
        let over = async {
            while let Some(record) = records.recv().await {
                kept.push(record);
            }
        };
        tokio::select! {
            biased;
            execution = runner.run(pass, program, &done, saved) => Ok(execution),
            () = over => Err(Over),
        }
    }

    /// Waits until the phase of the incident has begun.
    async fn begun(&mut self) -> Result<(), Over> {
        let phases = &self.plan.phases;
        let open = phases
            .iter()
            .position(|phase| phase.kind == PhaseKind::Open);
        loop {
            let record = self.records.recv().await.ok_or(Over)?;
            let begins =
                matches!(record.event, Event::PhaseStarted { phase } if Some(phase) == open);
            self.kept.push(record);
            if begins {
                return Ok(());
            }
        }
    }

    /// Reads records for a while.
    async fn pause(&mut self, length: Duration) -> Result<(), Over> {
        self.until(length, |_| false).await.map(drop)
    }

    /// Reads records until something holds, at most so long; whether it does.
    async fn until(
        &mut self,
        most: Duration,
        holds: impl Fn(&Folded<'_>) -> bool,
    ) -> Result<bool, Over> {
        let deadline = Instant::now() + most;
        loop {
            let record = match timeout_at(deadline, self.records.recv()).await {
                Ok(record) => record.ok_or(Over)?,
                Err(_) => return Ok(false),
            };
            // Figures of the load come once a second; nothing else makes a second known.
            let tells = matches!(record.event, Event::Load(_));
            self.kept.push(record);
            let folded = Folded::new(&self.plan, &self.kept).filter(|_| tells);
            if folded.is_some_and(|folded| holds(&folded)) {
                return Ok(true);
            }
        }
    }

    /// Injects the cause; the journal has when it was acknowledged.
    async fn inject(&mut self, faults: &[Fault]) -> Result<(), Failure> {
        for fault in faults {
            match self.ask(Command::Inject(Box::new(fault.clone()))).await? {
                Answer::Injected(_) => self.plan.faults.push(fault.clone()),
                other => return Err(Failure::new("fault", format!("{other:?}"))),
            }
        }
        Ok(())
    }

    async fn ask(&self, command: Command) -> Result<Answer, Failure> {
        let (reply, answer) = oneshot::channel();
        let by = GRADER.to_owned();
        let over = || Failure::new("run", "it is over");
        let sent = self.counter.send(Order { by, command, reply });
        sent.map_err(|_| over())?;
        let answer = answer.await.map_err(|_| over())?;
        answer.map_err(|refusal| Failure::new("run", refusal.message))
    }

    fn note(&self, event: RehearsalEvent) {
        note(&self.counter, event);
    }
}

/// Has a run's journal take something down.
fn note(counter: &Counter, event: RehearsalEvent) {
    let (reply, _) = oneshot::channel();
    let by = GRADER.to_owned();
    let command = Command::Note(event);
    // A run that is over has no use for it.
    let _ = counter.send(Order { by, command, reply });
}
