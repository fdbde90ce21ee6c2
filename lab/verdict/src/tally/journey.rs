//! Arrivals of a journey in a phase, by second, and how its steps ended.

use std::collections::BTreeMap;

use lab_model::load::{Outcome, Slot, StepReport};
use lab_model::traffic::Journey;
use lab_model::{Histogram, Name, Span};

/// Counts of arrivals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Their intended start has come.
    pub due: u64,
    /// Ended, every step as expected and in time.
    pub good: u64,
    /// Failed, timed out, or never sent.
    pub bad: u64,
    /// Those among the bad that were never sent.
    pub unsent: u64,
    /// For each latency limit of the journey, ascending: ended later than that, or bad. Shorter
    /// than the limits where nothing was reported.
    pub over: Vec<u64>,
}

impl Counts {
    /// Arrivals that ended, one way or the other.
    pub fn ended(&self) -> u64 {
        self.good.saturating_add(self.bad)
    }

    /// Arrivals that came due and have no end on record.
    pub fn unresolved(&self) -> u64 {
        self.due.saturating_sub(self.ended())
    }

    /// Arrivals that were sent and ended.
    pub fn sent(&self) -> u64 {
        self.ended().saturating_sub(self.unsent)
    }

    /// Those that ended beyond a limit (index into the journey's limits) or were bad.
    pub fn over(&self, limit: usize) -> u64 {
        self.over.get(limit).copied().unwrap_or(0)
    }

    fn sum(&mut self, more: &Self) {
        self.due = self.due.saturating_add(more.due);
        self.good = self.good.saturating_add(more.good);
        self.bad = self.bad.saturating_add(more.bad);
        self.unsent = self.unsent.saturating_add(more.unsent);
        if self.over.len() < more.over.len() {
            self.over.resize(more.over.len(), 0);
        }
        for (sum, over) in self.over.iter_mut().zip(&more.over) {
            *sum = sum.saturating_add(*over);
        }
    }

    fn add(&mut self, slot: &Slot, limits: usize) {
        self.due = self.due.saturating_add(slot.due);
        self.good = self.good.saturating_add(slot.good);
        self.bad = self.bad.saturating_add(slot.bad);
        self.unsent = self.unsent.saturating_add(slot.unsent);
        if self.over.len() < slot.over.len().min(limits) {
            self.over.resize(limits, 0);
        }
        for (sum, over) in self.over.iter_mut().zip(&slot.over) {
            *sum = sum.saturating_add(*over);
        }
    }
}

/// One journey in one phase.
#[derive(Debug, Clone)]
pub struct JourneyTally {
    /// The journey.
    pub journey: Name,
    /// The latency limits of its objectives, ascending: what `over` counts.
    pub limits: Vec<Span>,
    /// The whole phase.
    pub total: Counts,
    /// Each second of the phase so far, from its start.
    pub seconds: Vec<Counts>,
    /// Intended start to the last byte, of all that were sent.
    pub from_intended: Histogram,
    /// Actual start to the last byte, of all that were sent.
    pub from_sent: Histogram,
    /// Intended to actual start, of all that were sent.
    pub lag: Histogram,
    /// Its steps, in the plan's order.
    pub steps: Vec<StepTally>,
}

/// One step of a journey in one phase.
#[derive(Debug, Clone)]
pub struct StepTally {
    /// The step.
    pub step: Name,
    /// How long its client waits.
    pub timeout: Span,
    /// How often its requests ended in which way.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Request's start to the last byte of the reply, or to the failure.
    pub time: Histogram,
}

impl JourneyTally {
    pub(super) fn new(journey: &Journey, limits: Vec<Span>) -> Self {
        let step = |step: &lab_model::traffic::Step| StepTally {
            step: step.name.clone(),
            timeout: step.timeout,
            outcomes: BTreeMap::new(),
            time: Histogram::new(),
        };
        Self {
            journey: journey.name.clone(),
            limits,
            total: Counts::default(),
            seconds: Vec::new(),
            from_intended: Histogram::new(),
            from_sent: Histogram::new(),
            lag: Histogram::new(),
            steps: journey.steps.iter().map(step).collect(),
        }
    }

    /// The index of a latency limit in `over`.
    pub fn limit(&self, limit: Span) -> Option<usize> {
        self.limits.iter().position(|known| *known == limit)
    }

    /// Adds a slot whose second was checked to lie in the phase.
    pub(super) fn add(&mut self, slot: &Slot) {
        let second = slot.second as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Counts::default());
        }
        self.seconds[second].add(slot, self.limits.len());
        self.total.add(slot, self.limits.len());
        self.from_intended.merge(&slot.from_intended);
        self.from_sent.merge(&slot.from_sent);
        self.lag.merge(&slot.lag);
    }

    /// Leaves out what belongs to later seconds; distributions stay those of all.
    pub(super) fn cut(&mut self, seconds: usize) {
        self.seconds.truncate(seconds);
        let mut total = Counts::default();
        for counts in &self.seconds {
            total.sum(counts);
        }
        self.total = total;
    }

    pub(super) fn step_mut(&mut self, step: &Name) -> Option<&mut StepTally> {
        self.steps.iter_mut().find(|tally| &tally.step == step)
    }
}

impl StepTally {
    pub(super) fn add(&mut self, report: &StepReport) {
        for counted in &report.outcomes {
            let sum = self.outcomes.entry(counted.outcome).or_default();
            *sum = sum.saturating_add(counted.count);
        }
        self.time.merge(&report.time);
    }

    /// The way of failing that came most often, and how often; `None` where all were good.
    pub fn top_failure(&self) -> Option<(Outcome, u64)> {
        self.outcomes
            .iter()
            .filter(|(outcome, count)| **outcome != Outcome::Good && **count > 0)
            .map(|(outcome, count)| (*outcome, *count))
            .max_by_key(|(_, count)| *count)
    }
}
