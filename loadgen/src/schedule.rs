//! The schedule: which arrival is due when, in which phase and second, and which journey it starts.
//!
//! Pure and replayable: the pacer walks it to hand arrivals over, the recorder walks a copy of it
//! to know what was due, and neither depends on the other being on time.

use lab_model::arrivals::{Dues, Timetable};
use lab_model::plan::Phase;
use lab_model::traffic::Load;
use lab_model::{Name, Rate, Span};
use lab_wire::Part;
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

impl Arrival {
    /// What calls a closed user to work; the user makes arrivals of its own.
    pub(crate) const NONE: Self = Self {
        index: 0,
        due: Span::ZERO,
        phase: 0,
        second: 0,
        journey: 0,
    };
}

/// The arrivals of a run that are one process's, in order.
#[derive(Debug)]
pub(crate) struct Schedule {
    dues: Dues,
    /// How many arrivals `dues` gave, those of other processes included.
    drawn: u64,
    /// The number behind the last arrival that was taken.
    taken: u64,
    /// The next arrival of this process: its number and when it is due.
    upcoming: Option<(u64, Span)>,
    part: Part,
    /// For each phase its start, its end, and the number of the first arrival after it.
    phases: Vec<(Span, Span, u64)>,
    phase: usize,
    rotation: Rotation,
    /// How many arrivals the rotation has chosen a journey for.
    rotated: u64,
    end: Span,
    closed: bool,
}

impl Schedule {
    /// The schedule of a load over phases.
    pub(crate) fn new(
        load: &Load,
        phases: &[Phase],
        seed: u64,
        part: Part,
    ) -> Result<Self, ScheduleError> {
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
        let mut schedule = Self {
            dues: Timetable::new(load.arrivals.clone()).dues(),
            drawn: 0,
            taken: 0,
            upcoming: None,
            part,
            phases: phases
                .iter()
                .map(|phase| (phase.start, phase.end(), 0))
                .collect(),
            phase: 0,
            rotation: Rotation::new(&weights, seed).ok_or(ScheduleError::NoWeight)?,
            rotated: 0,
            end,
            closed: !load.arrivals.is_open(),
        };
        schedule.recount();
        Ok(schedule)
    }

    /// When the last phase ends.
    pub(crate) const fn end(&self) -> Span {
        self.end
    }

    /// Whether users decide when arrivals come.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// When the next arrival is due; `None` behind the last one.
    pub(crate) fn next_due(&mut self) -> Option<Span> {
        let last = self.phases.last().map_or(0, |(_, _, after)| *after);
        while self.upcoming.is_none() && self.drawn < last {
            let index = self.drawn;
            let due = self.dues.next()?;
            self.drawn += 1;
            if self.part.holds(index) {
                self.upcoming = Some((index, due));
            }
        }
        self.upcoming.map(|(_, due)| due)
    }

    /// From an instant on the rate is another. `false`, and nothing changes, where an arrival was
    /// taken that is due later, or the instant lies before an earlier change.
    pub(crate) fn change(&mut self, from: Span, rate: Rate) -> bool {
        // What was drawn and not taken, for whichever process, is drawn anew.
        let changed = self.dues.change(from, rate, self.taken);
        if changed {
            (self.drawn, self.upcoming) = (self.taken, None);
            self.recount();
        }
        changed
    }

    /// A user who is free starts the next journey now; `None` when the load has ended.
    pub(crate) fn enter(&mut self, now: Span) -> Option<Arrival> {
        let (start, _, _) = loop {
            let phase = *self.phases.get(self.phase)?;
            if now < phase.1 {
                break phase;
            }
            self.phase += 1;
        };
        // Numbers of other processes are left out, so that no two share a key.
        let index = self.drawn * u64::from(self.part.of.get()) + u64::from(self.part.index);
        self.drawn += 1;
        Some(Arrival {
            index,
            due: now,
            phase: self.phase,
            second: second(now, start),
            journey: self.rotation.advance(),
        })
    }

    fn recount(&mut self) {
        let timetable = self.dues.timetable();
        for (_, end, after) in &mut self.phases {
            *after = timetable.count_between(Span::ZERO, *end).unwrap_or(0);
        }
    }
}

fn second(at: Span, start: Span) -> u32 {
    u32::try_from(at.minus(start).as_micros() / 1_000_000).unwrap_or(u32::MAX)
}

impl Iterator for Schedule {
    type Item = Arrival;

    /// The phase is found by the arrival's number, not by its rounded time, so that phases hold
    /// exactly the counts that [`Timetable::count_between`] promised to the plan.
    fn next(&mut self) -> Option<Arrival> {
        self.next_due()?;
        let (index, due) = self.upcoming.take()?;
        self.taken = index + 1;
        let (start, _, _) = loop {
            let phase = *self.phases.get(self.phase)?;
            if index < phase.2 {
                break phase;
            }
            self.phase += 1;
        };
        let mut journey = 0;
        while self.rotated <= index {
            journey = self.rotation.advance();
            self.rotated += 1;
        }
        Some(Arrival {
            index,
            due,
            phase: self.phase,
            second: second(due, start),
            journey,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use lab_model::Rate;
    use lab_model::plan::PhaseKind;
    use lab_model::traffic::{Arrivals, Journey};
    use proptest::prelude::*;

    pub(crate) fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    pub(crate) fn load(rate: f64, weights: &[u32]) -> Load {
        Load::new(
            weights
                .iter()
                .enumerate()
                .map(|(index, weight)| {
                    Journey::new(name(&format!("journey-{index}")), *weight, Vec::new())
                })
                .collect(),
            Arrivals::Constant {
                rate: Rate::per_second(rate).unwrap(),
            },
        )
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
            Part::WHOLE,
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
            assert_eq!(
                Schedule::new(load, phases, 1, Part::WHOLE).err(),
                Some(expected)
            );
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
            for (expected, arrival) in Schedule::new(&load, &phases, seed, Part::WHOLE).unwrap().enumerate() {
                prop_assert_eq!(arrival.index, expected as u64);
                prop_assert!(last.is_none_or(|last| last <= arrival.due));
                last = Some(arrival.due);
                counts[arrival.phase] += 1;
            }
            for (phase, count) in phases.iter().zip(counts) {
                prop_assert_eq!(
                    load.arrivals.count_between(phase.start, phase.end()),
                    Some(count)
                );
            }
        }

        #[test]
        fn parts_make_the_whole(
            rate in 5.0_f64..500.0, of in 1_u32..5, seed in any::<u64>(),
            changed in prop::option::of((0_u64..900, 5.0_f64..500.0)), taken in 0_usize..20,
        ) {
            let (load, phases) = (load(rate, &[3, 1]), phases(&[700, 800]));
            let walk = |part| {
                let mut schedule = Schedule::new(&load, &phases, seed, part).unwrap();
                let mut arrivals: Vec<Arrival> = Vec::new();
                if let Some((from, rate)) = changed {
                    let from = Span::from_millis(from + 1);
                    while arrivals.len() < taken && schedule.next_due().is_some_and(|due| due < from) {
                        arrivals.extend(schedule.next());
                    }
                    assert!(schedule.change(from, Rate::per_second(rate).unwrap()));
                }
                arrivals.extend(schedule);
                arrivals
            };
            let of = std::num::NonZeroU32::new(of).unwrap();
            let mut parts: Vec<Arrival> =
                (0..of.get()).flat_map(|index| walk(Part { index, of })).collect();
            parts.sort_by_key(|arrival| arrival.index);
            prop_assert_eq!(parts, walk(Part::WHOLE));
        }
    }
}
