//! Counts and times by slot and by step, as differences since they were last taken.

use std::collections::BTreeMap;

use lab_model::load::{LoadReport, Outcome, OutcomeCount, Slot, StepReport};
use lab_model::{Histogram, Name, Span};

use crate::journey::Walk;
use crate::schedule::Arrival;
use crate::script::JourneyScript;

/// How an arrival ended that did not end by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// Never sent.
    Unsent,
    /// Sent, and given up when the load ended.
    Abandoned {
        /// When it was sent.
        sent: Span,
        /// When it was given up.
        at: Span,
    },
}

#[derive(Debug)]
struct Journey {
    name: Name,
    limits: Vec<Span>,
    steps: Vec<Name>,
}

/// Phase, second, journey.
type SlotKey = (usize, u32, usize);
/// Phase, journey, step.
type StepKey = (usize, usize, usize);

#[derive(Debug, Default)]
struct StepTally {
    outcomes: BTreeMap<Outcome, u64>,
    time: Histogram,
}

/// The counts of a load.
#[derive(Debug)]
pub(super) struct Tally {
    journeys: Vec<Journey>,
    slots: BTreeMap<SlotKey, Slot>,
    steps: BTreeMap<StepKey, StepTally>,
}

/// What was counted between two takings.
pub(super) struct Differences {
    slots: BTreeMap<SlotKey, Slot>,
    steps: Vec<StepReport>,
}

impl Tally {
    /// Nothing counted.
    pub(super) fn new(journeys: &[JourneyScript]) -> Self {
        Self {
            journeys: journeys
                .iter()
                .map(|journey| Journey {
                    name: journey.name.clone(),
                    limits: journey.limits.clone(),
                    steps: journey.steps.iter().map(|step| step.name.clone()).collect(),
                })
                .collect(),
            slots: BTreeMap::new(),
            steps: BTreeMap::new(),
        }
    }

    /// An arrival came due.
    pub(super) fn due(&mut self, arrival: &Arrival) {
        self.change(arrival, |slot, _| slot.due += 1);
    }

    /// An arrival ended by itself.
    pub(super) fn walked(&mut self, arrival: &Arrival, walk: &Walk) {
        self.change(arrival, |slot, limits| {
            let ended = walk.ended.minus(walk.thought);
            sent(slot, arrival.due, walk.sent, ended);
            if walk.good {
                slot.good += 1;
                let latency = ended.minus(arrival.due);
                for (over, limit) in slot.over.iter_mut().zip(limits) {
                    *over += u64::from(latency > *limit);
                }
            } else {
                bad(slot);
            }
        });
        for step in &walk.steps {
            let tally = self
                .steps
                .entry((arrival.phase, arrival.journey, step.step))
                .or_default();
            *tally.outcomes.entry(step.outcome).or_default() += 1;
            tally.time.record(step.time);
        }
    }

    /// An arrival did not end by itself.
    pub(super) fn ended(&mut self, arrival: &Arrival, ending: Ending) {
        self.change(arrival, |slot, _| {
            bad(slot);
            match ending {
                Ending::Unsent => slot.unsent += 1,
                Ending::Abandoned { sent: start, at } => sent(slot, arrival.due, start, at),
            }
        });
    }

    fn change(&mut self, arrival: &Arrival, change: impl FnOnce(&mut Slot, &[Span])) {
        let Some(journey) = self.journeys.get(arrival.journey) else {
            return;
        };
        let key = (arrival.phase, arrival.second, arrival.journey);
        let slot = self.slots.entry(key).or_insert_with(|| Slot {
            phase: arrival.phase,
            second: arrival.second,
            journey: journey.name.clone(),
            due: 0,
            good: 0,
            bad: 0,
            unsent: 0,
            over: vec![0; journey.limits.len()],
            from_intended: Histogram::new(),
            from_sent: Histogram::new(),
            lag: Histogram::new(),
        });
        change(slot, &journey.limits);
    }

    /// Hands out what was counted and starts anew.
    pub(super) fn take(&mut self) -> Differences {
        let journeys = &self.journeys;
        let steps = std::mem::take(&mut self.steps)
            .into_iter()
            .filter_map(|((phase, journey, step), tally)| {
                let journey = journeys.get(journey)?;
                Some(StepReport {
                    phase,
                    journey: journey.name.clone(),
                    step: journey.steps.get(step)?.clone(),
                    outcomes: tally
                        .outcomes
                        .into_iter()
                        .map(|(outcome, count)| OutcomeCount { outcome, count })
                        .collect(),
                    time: tally.time,
                })
            })
            .collect();
        Differences {
            slots: std::mem::take(&mut self.slots),
            steps,
        }
    }
}

impl Differences {
    /// As the report of the wire.
    pub(super) fn report(self, in_flight: u64) -> LoadReport {
        LoadReport {
            slots: self.slots.into_values().collect(),
            steps: self.steps,
            in_flight,
        }
    }
}

/// Counts the three series of an arrival that was sent.
fn sent(slot: &mut Slot, due: Span, sent: Span, ended: Span) {
    slot.from_intended.record(ended.minus(due));
    slot.from_sent.record(ended.minus(sent));
    slot.lag.record(sent.minus(due));
}

/// Counts a bad arrival, which is over every limit.
fn bad(slot: &mut Slot) {
    slot.bad += 1;
    for over in &mut slot.over {
        *over += 1;
    }
}
