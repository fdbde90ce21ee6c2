//! The schedule: which arrival is due when, in which phase and second, and which journey it starts.
//!
//! Pure and replayable: the pacer walks it to hand arrivals over, the recorder walks a copy of it
//! to know what was due, and neither depends on the other being on time.

use lab_model::plan::Phase;
use lab_model::traffic::{Arrivals, Load};
use lab_model::{Name, Span};
use thiserror::Error;

use crate::rotation::Rotation;

/// Why there is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ScheduleError {
    /// Without phases the load has no end.
    #[error("the load has no phases")]
    NoPhases,
    /// Phases follow one another, the first at zero.
    #[error("phase {0} does not start where the one before ends")]
    Gap(Name),
    /// Without a weight above zero no arrival has a journey.
    #[error("no journey has a weight above zero")]
    NoWeight,
}

/// One arrival: the start of one journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Its number in the run, from 0.
    pub(crate) index: u64,
    /// When it is due, from the start of the load.
    pub(crate) due: Span,
    /// The phase in which it is due.
    pub(crate) phase: usize,
    /// Whole seconds from the start of that phase.
    pub(crate) second: u32,
    /// Which journey it starts.
    pub(crate) journey: usize,
}

/// All arrivals of a run, in order.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    arrivals: Arrivals,
    /// For each phase its start, and the first arrival after it.
    phases: Vec<(Span, u64)>,
    rotation: Rotation,
    next: u64,
    phase: usize,
    end: Span,
}

impl Schedule {
    /// The schedule of a load over phases.
    pub(crate) fn new(load: &Load, phases: &[Phase], seed: u64) -> Result<Self, ScheduleError> {
        let end = phases
            .last()
            .map(Phase::end)
            .ok_or(ScheduleError::NoPhases)?;
        let mut expected = Span::ZERO;
        for phase in phases {
            if phase.start != expected {
                return Err(ScheduleError::Gap(phase.name.clone()));
            }
            expected = phase.end();
        }
        let weights: Vec<u32> = load.journeys.iter().map(|j| j.weight).collect();
        Ok(Self {
            rotation: Rotation::new(&weights, seed).ok_or(ScheduleError::NoWeight)?,
            phases: phases
                .iter()
                .map(|phase| {
                    let after = load.arrivals.count_between(Span::ZERO, phase.end());
                    (phase.start, after)
                })
                .collect(),
            arrivals: load.arrivals.clone(),
            next: 0,
            phase: 0,
            end,
        })
    }

    /// When the last phase ends.
    pub(crate) const fn end(&self) -> Span {
        self.end
    }

    /// When the next arrival is due; `None` behind the last one.
    pub(crate) fn next_due(&self) -> Option<Span> {
        let (_, last) = self.phases.last()?;
        (self.next < *last).then(|| self.arrivals.due(self.next))
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    /// The phase is found by the arrival's number, not by its rounded time, so that phases hold
    /// exactly the counts that [`Arrivals::count_between`] promised to the plan.
    fn next(&mut self) -> Option<Arrival> {
        let index = self.next;
        let (start, _) = loop {
            let phase = *self.phases.get(self.phase)?;
            if index < phase.1 {
                break phase;
            }
            self.phase += 1;
        };
        self.next += 1;
        let due = self.arrivals.due(index);
        let second = due.minus(start).as_micros() / 1_000_000;
        Some(Arrival {
            index,
            due,
            phase: self.phase,
            second: u32::try_from(second).unwrap_or(u32::MAX),
            journey: self.rotation.advance(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use lab_model::Rate;
    use lab_model::plan::PhaseKind;
    use lab_model::traffic::Journey;
    use proptest::prelude::*;

    pub(crate) fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    pub(crate) fn load(rate: f64, weights: &[u32]) -> Load {
        Load {
            journeys: weights
                .iter()
                .enumerate()
                .map(|(index, weight)| Journey {
                    name: name(&format!("journey-{index}")),
                    weight: *weight,
                    steps: Vec::new(),
                })
                .collect(),
            arrivals: Arrivals::Constant {
                rate: Rate::per_second(rate).unwrap(),
            },
        }
    }

    pub(crate) fn phases(lengths: &[u64]) -> Vec<Phase> {
        let mut start = Span::ZERO;
        lengths
            .iter()
            .enumerate()
            .map(|(index, millis)| {
                let phase = Phase {
                    name: name(&format!("phase-{index}")),
                    kind: PhaseKind::Baseline,
                    start,
                    length: Span::from_millis(*millis),
                };
                start = phase.end();
                phase
            })
            .collect()
    }

    #[test]
    fn a_third_of_each_phase_goes_to_a_third_of_the_weights() {
        // Warm-up 5 s, then 15, 30 and 25 s at 150/s; browse 2, checkout 1.
        let schedule = Schedule::new(
            &load(150.0, &[2, 1]),
            &phases(&[5_000, 15_000, 30_000, 25_000]),
            7,
        )
        .unwrap();
        let mut checkout = [0; 4];
        let mut seconds = [0; 4];
        for arrival in schedule {
            checkout[arrival.phase] += usize::from(arrival.journey == 1);
            seconds[arrival.phase] = arrival.second;
        }
        assert_eq!(checkout, [250, 750, 1_500, 1_250]);
        assert_eq!(seconds, [4, 14, 29, 24]);
    }

    #[test]
    fn what_cannot_be_scheduled() {
        let check = |load: &Load, phases: &[Phase], expected: ScheduleError| {
            assert_eq!(Schedule::new(load, phases, 1).err(), Some(expected));
        };
        check(&load(1.0, &[1]), &[], ScheduleError::NoPhases);
        check(&load(1.0, &[0]), &phases(&[1]), ScheduleError::NoWeight);
        check(&load(1.0, &[]), &phases(&[1]), ScheduleError::NoWeight);
        let mut gap = phases(&[10, 10]);
        gap[1].start = Span::from_millis(11);
        check(&load(1.0, &[1]), &gap, ScheduleError::Gap(name("phase-1")));
    }

    proptest! {
        #[test]
        fn phases_hold_what_the_plan_counted(
            rate in 0.5_f64..2_000.0,
            lengths in prop::collection::vec(1_u64..1_500, 1..5),
            seed in any::<u64>(),
        ) {
            let load = load(rate, &[3, 1]);
            let phases = phases(&lengths);
            let mut counts = vec![0_u64; phases.len()];
            let mut last = None;
            for (expected, arrival) in Schedule::new(&load, &phases, seed).unwrap().enumerate() {
                prop_assert_eq!(arrival.index, expected as u64);
                prop_assert!(last.is_none_or(|last| last <= arrival.due));
                last = Some(arrival.due);
                counts[arrival.phase] += 1;
            }
            for (phase, count) in phases.iter().zip(counts) {
                prop_assert_eq!(load.arrivals.count_between(phase.start, phase.end()), count);
            }
        }
    }
}
