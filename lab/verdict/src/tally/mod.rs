//! An incremental fold of a journal's events into what everyone asks about a run: the live view,
//! the steady-state gate, abort conditions, and the verdict.
//!
//! Cheap for each record, and bounded in memory by the seconds of the plan. What does not fit the
//! plan is counted as a stray and otherwise left out, so that no journal can make it grow.
//!
//! | file | what lives there |
//! |---|---|
//! | `journey` | arrivals of a journey in a phase, by second; its steps |
//! | `link` | traffic of a link in a phase |
//! | `fault` | what became of a fault |
//! | `life` | what happened to the run itself |

mod fault;
mod journey;
mod life;
mod link;

use lab_model::arrivals::Timetable;
use lab_model::event::{Event, Record};
use lab_model::indicator::ReadingReport;
use lab_model::ledger::LedgerReport;
use lab_model::link::LinkReport;
use lab_model::load::LoadReport;
use lab_model::plan::Phase;
use lab_model::{Link, Name, Plan, Span};

pub use fault::FaultTally;
pub use journey::{Counts, JourneyTally, StepTally};
pub use life::{Failure, Life, ServiceExit};
pub use link::{LinkTally, attempts_per_request};

/// The longest stretch of one phase that is kept by second: a week. Also bounds what a damaged
/// journal can make the fold allocate.
const MOST_SECONDS: u64 = 7 * 86_400;

/// Everything counted so far.
#[derive(Debug, Clone)]
pub struct Tally {
    /// One entry for each phase of the plan.
    pub phases: Vec<PhaseTally>,
    /// One entry for each fault of the plan.
    pub faults: Vec<FaultTally>,
    /// What happened to the run itself.
    pub life: Life,
    /// When arrivals are due, as planned and as changed while the run went on.
    pub timetable: Timetable,
    /// What was found of each ledger of the plan; `None` where nobody looked.
    pub ledgers: Vec<Option<LedgerReport>>,
    /// What was read for each indicator of the plan.
    pub readings: Vec<Vec<ReadingReport>>,
    /// Reports that do not fit the plan.
    pub strays: Strays,
    /// Arrivals in flight at the last report.
    pub in_flight: u64,
    /// The end of each phase, from the start of the load.
    ends: Vec<Span>,
    /// How many readings of each indicator the plan has.
    readings_due: Vec<u64>,
}

/// One phase.
#[derive(Debug, Clone)]
pub struct PhaseTally {
    /// When it began, on the journal's clock; `None` if it did not.
    pub started: Option<Span>,
    /// One entry for each journey of the plan's load.
    pub journeys: Vec<JourneyTally>,
    /// One entry for each link of the plan's system.
    pub links: Vec<LinkTally>,
    seconds: u64,
}

/// Reports that do not fit the plan: another phase, journey, step, link or fault, or a second
/// outside its phase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strays {
    /// How many.
    pub count: u64,
    /// The first one, in words.
    pub first: Option<String>,
}

impl Strays {
    fn add(&mut self, what: impl FnOnce() -> String) {
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert_with(what);
    }
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(plan: &Plan) -> Self {
        let phases = plan.phases.iter().map(|phase| {
            let seconds = phase
                .length
                .as_micros()
                .div_ceil(1_000_000)
                .min(MOST_SECONDS);
            let journey = |journey| JourneyTally::new(journey, plan.limits(&journey.name));
            PhaseTally {
                started: None,
                journeys: plan.load.journeys.iter().map(journey).collect(),
                links: plan.system.links.iter().map(LinkTally::new).collect(),
                seconds,
            }
        });
        Self {
            phases: phases.collect(),
            faults: vec![FaultTally::default(); plan.faults.len()],
            life: Life::default(),
            timetable: Timetable::new(plan.load.arrivals.clone()),
            ledgers: vec![None; plan.ledgers.len()],
            readings: vec![Vec::new(); plan.indicators.len()],
            strays: Strays::default(),
            in_flight: 0,
            ends: plan.phases.iter().map(Phase::end).collect(),
            readings_due: plan
                .indicators
                .iter()
                .map(|indicator| indicator.due(Span::ZERO, plan.length()).end)
                .collect(),
        }
    }

    /// Counts one record.
    pub fn add(&mut self, record: &Record) {
        self.life.last = record.at;
        match &record.event {
            Event::PhaseStarted { phase } => match self.phases.get_mut(*phase) {
                Some(tally) => tally.started = Some(record.at),
                None => self.strays.add(|| format!("the start of a phase {phase}")),
            },
            // A plan as it was read from a journal has it already.
            Event::Injected { fault, .. } if *fault == self.faults.len() => {
                self.faults.push(FaultTally::default());
            }
            Event::FaultArmed { fault } => self.fault(*fault, |tally| tally.arm(record.at)),
            Event::FaultHealed { fault } => self.fault(*fault, |tally| tally.heal(record.at)),
            Event::FaultLost { fault, found } => self.fault(*fault, |tally| tally.lose(found)),
            Event::Fault(report) => self.fault(report.fault, |tally| tally.add(report)),
            Event::Load(report) => self.load(report),
            Event::Link(report) => self.link(record.at, report),
            Event::LoadChanged { from, rate } => {
                if !self.timetable.change(*from, *rate) {
                    self.strays
                        .add(|| format!("a change of the rate at {from}"));
                }
            }
            Event::Ledger(report) => match self.ledgers.get_mut(report.check) {
                Some(found) => *found = Some(report.clone()),
                None => self
                    .strays
                    .add(|| format!("a comparison with a ledger {}", report.check)),
            },
            Event::Reading(report) => self.reading(report),
            _ => self.life.add(record),
        }
    }

    /// No more than the plan has, each once.
    fn reading(&mut self, report: &ReadingReport) {
        let due = self.readings_due.get(report.indicator).copied();
        match self.readings.get_mut(report.indicator) {
            Some(taken)
                if (taken.len() as u64) < due.unwrap_or(0)
                    && taken
                        .last()
                        .is_none_or(|last| last.at_micros < report.at_micros) =>
            {
                taken.push(report.clone());
            }
            _ => self.strays.add(|| {
                let at = Span::from_micros(report.at_micros);
                format!("a reading of indicator {} due at {at}", report.indicator)
            }),
        }
    }

    /// Leaves out what belongs to later seconds of a phase than these: the run ended there, and
    /// their arrivals may not have.
    pub(crate) fn cut(&mut self, phase: usize, seconds: u64) {
        let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
        let journeys = self.phases.get_mut(phase).map(|phase| &mut phase.journeys);
        for journey in journeys.into_iter().flatten() {
            journey.cut(seconds);
        }
    }

    /// A journey in a phase.
    pub fn journey(&self, phase: usize, journey: &Name) -> Option<&JourneyTally> {
        let phase = self.phases.get(phase)?;
        phase
            .journeys
            .iter()
            .find(|tally| &tally.journey == journey)
    }

    /// A link in a phase.
    pub fn link_in(&self, phase: usize, link: &Link) -> Option<&LinkTally> {
        let phase = self.phases.get(phase)?;
        phase.links.iter().find(|tally| &tally.link == link)
    }

    fn fault(&mut self, fault: usize, change: impl FnOnce(&mut FaultTally)) {
        match self.faults.get_mut(fault) {
            Some(tally) => change(tally),
            None => self.strays.add(|| format!("a report on a fault {fault}")),
        }
    }

    fn load(&mut self, report: &LoadReport) {
        self.in_flight = report.in_flight;
        for slot in &report.slots {
            let place = self.phases.get_mut(slot.phase).and_then(|phase| {
                let inside = u64::from(slot.second) < phase.seconds;
                let same = |tally: &&mut JourneyTally| tally.journey == slot.journey;
                phase.journeys.iter_mut().find(same).filter(|_| inside)
            });
            match place {
                Some(tally) => tally.add(slot),
                None => self.strays.add(|| {
                    format!(
                        "{} in second {} of phase {}",
                        slot.journey, slot.second, slot.phase
                    )
                }),
            }
        }
        for step in &report.steps {
            let place = self.phases.get_mut(step.phase).and_then(|phase| {
                let same = |tally: &&mut JourneyTally| tally.journey == step.journey;
                phase.journeys.iter_mut().find(same)?.step_mut(&step.step)
            });
            match place {
                Some(tally) => tally.add(step),
                None => self.strays.add(|| {
                    format!(
                        "step {} of {} in phase {}",
                        step.step, step.journey, step.phase
                    )
                }),
            }
        }
    }

    /// A report belongs to the phase in which it stands: links are observed at each end of a phase.
    /// What passed before the load (readiness checks) belongs to none, what passes behind the last
    /// phase to that one.
    fn link(&mut self, at: Span, report: &LinkReport) {
        let Some(start) = self.life.load_started else {
            return;
        };
        let since = at.minus(start);
        let last = self.ends.len().saturating_sub(1);
        let phase = self
            .ends
            .iter()
            .position(|end| since < *end)
            .unwrap_or(last);
        let place = self.phases.get_mut(phase).and_then(|phase| {
            phase
                .links
                .iter_mut()
                .find(|tally| tally.link == report.link)
        });
        match place {
            Some(tally) => tally.add(&report.traffic),
            None => self
                .strays
                .add(|| format!("traffic on a link {}", report.link)),
        }
    }
}

#[cfg(test)]
mod tests;
