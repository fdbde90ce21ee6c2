//! What the generator reports: once a second, what was resolved since the report before.
//!
//! An arrival belongs to the phase and second of its intended start, whenever it ends. Reports are
//! differences: the sum over a run is the run.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::name::Name;

/// One report. Slots without any change are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// By phase, second and journey.
    pub slots: Vec<Slot>,
    /// By phase, journey and step.
    pub steps: Vec<StepReport>,
    /// Arrivals in flight when the report was made.
    pub in_flight: u64,
}

impl LoadReport {
    /// Adds another report, of another time or another process: counts are summed, and so are the
    /// arrivals in flight. Exact, whatever the order: it is what one report of both would hold.
    pub fn merge(&mut self, other: Self) {
        for slot in other.slots {
            let key = |slot: &Slot| (slot.phase, slot.second, slot.journey.clone());
            match self.slots.iter_mut().find(|own| key(own) == key(&slot)) {
                Some(own) => own.merge(&slot),
                None => self.slots.push(slot),
            }
        }
        self.slots.sort_by_key(|slot| (slot.phase, slot.second));
        for step in other.steps {
            let key = |step: &StepReport| (step.phase, step.journey.clone(), step.step.clone());
            match self.steps.iter_mut().find(|own| key(own) == key(&step)) {
                Some(own) => own.merge(step),
                None => self.steps.push(step),
            }
        }
        self.in_flight = self.in_flight.saturating_add(other.in_flight);
    }
}

/// Arrivals of one journey in one second of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Index of the phase of the intended start.
    pub phase: usize,
    /// Whole seconds from the start of that phase.
    pub second: u32,
    /// The journey.
    pub journey: Name,
    /// Arrivals whose intended start has come.
    pub due: u64,
    /// Ended, every step as expected and in time.
    pub good: u64,
    /// Failed, timed out, or never sent.
    pub bad: u64,
    /// Those among the bad that were never sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unsent: u64,
    /// For each latency limit of the journey, ascending: ended later than that, or bad.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<u64>,
    /// Intended start to the last byte of the last step, of all that were sent.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub from_intended: Histogram,
    /// Actual start to the last byte of the last step, of all that were sent.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub from_sent: Histogram,
    /// Intended to actual start, of all that were sent.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub lag: Histogram,
}

impl Slot {
    /// Adds another slot of the same phase, second and journey.
    fn merge(&mut self, other: &Self) {
        self.due += other.due;
        self.good += other.good;
        self.bad += other.bad;
        self.unsent += other.unsent;
        self.over.resize(self.over.len().max(other.over.len()), 0);
        for (over, more) in self.over.iter_mut().zip(&other.over) {
            *over += more;
        }
        self.from_intended.merge(&other.from_intended);
        self.from_sent.merge(&other.from_sent);
        self.lag.merge(&other.lag);
    }
}

/// Requests of one step in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Index of the phase of the arrival's intended start.
    pub phase: usize,
    /// The journey.
    pub journey: Name,
    /// The step.
    pub step: Name,
    /// How its requests ended.
    pub outcomes: Vec<OutcomeCount>,
    /// Request's start to the last byte of the reply, or to the failure.
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub time: Histogram,
}

impl StepReport {
    /// Adds another report of the same phase, journey and step.
    fn merge(&mut self, other: Self) {
        for more in other.outcomes {
            let same = |own: &&mut OutcomeCount| own.outcome == more.outcome;
            match self.outcomes.iter_mut().find(same) {
                Some(own) => own.count += more.count,
                None => self.outcomes.push(more),
            }
        }
        self.outcomes.sort_by_key(|counted| counted.outcome);
        self.time.merge(&other.time);
    }
}

/// How often requests of a step ended in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeCount {
    /// The way.
    pub outcome: Outcome,
    /// How often.
    pub count: u64,
}

/// How a request ended, as its client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As expected, in time.
    Good,
    /// An unexpected status.
    Status(u16),
    /// No last byte within the step's timeout.
    Timeout,
    /// No connection.
    Connect,
    /// A check of the reply did not hold.
    Check,
    /// The connection broke before the last byte.
    Broken,
    /// The reply lacks a value that a later step needs.
    Reply,
    /// The run ended first.
    Cancelled,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::Span;

    /// What one arrival leaves in a report.
    #[derive(Debug, Clone)]
    struct Ended {
        phase: usize,
        second: u32,
        journey: usize,
        outcome: Outcome,
        micros: u64,
        lag: u64,
        over: bool,
    }

    fn ended() -> impl Strategy<Value = Ended> {
        let outcome = prop_oneof![
            3 => Just(Outcome::Good),
            1 => Just(Outcome::Status(503)),
            1 => Just(Outcome::Timeout),
        ];
        (
            (0_usize..3, 0_u32..3, 0_usize..2, outcome),
            (1_u64..5_000_000_000, 1_u64..90_000, any::<bool>()),
        )
            .prop_map(
                |((phase, second, journey, outcome), (micros, lag, over))| Ended {
                    phase,
                    second,
                    journey,
                    outcome,
                    micros,
                    lag,
                    over,
                },
            )
    }

    /// One report of them all, counted without [`LoadReport::merge`].
    fn report(all: &[Ended]) -> LoadReport {
        let mut report = LoadReport::default();
        for one in all {
            let journey: Name = ["browse", "pay"][one.journey].parse().unwrap();
            let same = |slot: &Slot| {
                (slot.phase, slot.second) == (one.phase, one.second) && slot.journey == journey
            };
            let index = report.slots.iter().position(same).unwrap_or_else(|| {
                report.slots.push(Slot {
                    phase: one.phase,
                    second: one.second,
                    journey: journey.clone(),
                    due: 0,
                    good: 0,
                    bad: 0,
                    unsent: 0,
                    over: vec![0],
                    from_intended: Histogram::new(),
                    from_sent: Histogram::new(),
                    lag: Histogram::new(),
                });
                report.slots.len() - 1
            });
            let slot = &mut report.slots[index];
            slot.due += 1;
            slot.good += u64::from(one.outcome == Outcome::Good);
            slot.bad += u64::from(one.outcome != Outcome::Good);
            slot.over[0] += u64::from(one.over);
            slot.from_intended.record(Span::from_micros(one.micros));
            slot.from_sent.record(Span::from_micros(one.micros / 2));
            slot.lag.record(Span::from_micros(one.lag));
            let same = |step: &StepReport| step.phase == one.phase && step.journey == journey;
            let index = report.steps.iter().position(same).unwrap_or_else(|| {
                report.steps.push(StepReport {
                    phase: one.phase,
                    journey: journey.clone(),
                    step: journey.clone(),
                    outcomes: Vec::new(),
                    time: Histogram::new(),
                });
                report.steps.len() - 1
            });
            let step = &mut report.steps[index];
            step.time.record(Span::from_micros(one.micros));
            let same = |counted: &OutcomeCount| counted.outcome == one.outcome;
            match step.outcomes.iter().position(same) {
                Some(index) => step.outcomes[index].count += 1,
                None => step.outcomes.push(OutcomeCount {
                    outcome: one.outcome,
                    count: 1,
                }),
            }
            report.in_flight += 1;
        }
        report
    }

    /// In one order, whatever the order of counting.
    fn sorted(mut report: LoadReport) -> LoadReport {
        let slot = |slot: &Slot| (slot.phase, slot.second, slot.journey.clone());
        report.slots.sort_by_key(slot);
        report
            .steps
            .sort_by_key(|step| (step.phase, step.journey.clone()));
        for step in &mut report.steps {
            step.outcomes.sort_by_key(|counted| counted.outcome);
        }
        report
    }

    proptest! {
        #[test]
        fn reports_of_several_processes_merge_into_what_one_would_have_said(
            all in prop::collection::vec((ended(), 0_usize..4), 0..60),
        ) {
            let mut merged = LoadReport::default();
            for process in 0..4 {
                let own: Vec<Ended> =
                    all.iter().filter(|(_, of)| *of == process).map(|(one, _)| one.clone()).collect();
                // As it comes over the wire.
                let line = serde_json::to_string(&report(&own)).unwrap();
                merged.merge(serde_json::from_str(&line).unwrap());
            }
            let all: Vec<Ended> = all.into_iter().map(|(one, _)| one).collect();
            prop_assert_eq!(sorted(merged), sorted(report(&all)));
        }
    }
}
