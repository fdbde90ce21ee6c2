//! Arrivals as they were recorded, at a multiple of their speed.

use serde::{Deserialize, Serialize};

use crate::units::Span;

/// Recorded arrivals, kept by the instants that the recording tells apart: a log of a million
/// requests in whole seconds holds as many entries as it has seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// What the recording tells apart: whole seconds, milliseconds. Arrivals of one instant are
    /// spread evenly over that time, as nothing says that they came at once.
    pub resolution: Span,
    /// How many times faster than recorded.
    pub speed: f64,
    /// For each instant with arrivals its number (in units of `resolution`, from the first one)
    /// and how many there were. In order.
    pub instants: Vec<(u64, u64)>,
}

impl Replay {
    /// From instants in microseconds, in any order.
    pub fn new(mut micros: Vec<i64>, resolution: Span, speed: f64) -> Self {
        micros.sort_unstable();
        let unit = i64::try_from(resolution.as_micros().max(1)).unwrap_or(i64::MAX);
        let first = micros.first().map_or(0, |first| first.div_euclid(unit));
        let mut instants: Vec<(u64, u64)> = Vec::new();
        for at in micros {
            let number = at.div_euclid(unit).abs_diff(first);
            match instants.last_mut() {
                Some((last, count)) if *last == number => *count += 1,
                _ => instants.push((number, 1)),
            }
        }
        Self {
            resolution,
            speed,
            instants,
        }
    }

    /// How many arrivals it holds.
    pub fn count(&self) -> u64 {
        self.instants.iter().map(|(_, count)| count).sum()
    }

    /// From the first arrival to the end of the last instant, at its speed.
    pub fn length(&self) -> Span {
        let last = self.instants.last().map_or(0, |(number, _)| number + 1);
        self.at(last, 0, 1)
    }

    /// When arrival `index` of `count` of an instant is due.
    fn at(&self, number: u64, index: u64, count: u64) -> Span {
        let unit = self.resolution.as_micros() as f64;
        let recorded = unit * (number as f64 + index as f64 / count.max(1) as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        Span::from_micros((recorded / self.speed) as u64)
    }

    /// When each arrival is due, in order.
    pub fn dues(&self) -> impl Iterator<Item = Span> + Send + use<> {
        let replay = self.clone();
        let (mut instant, mut index) = (0, 0);
        std::iter::from_fn(move || {
            let (number, count) = *replay.instants.get(instant)?;
            let due = replay.at(number, index, count);
            index += 1;
            if index >= count {
                (instant, index) = (instant + 1, 0);
            }
            Some(due)
        })
    }

    pub(super) fn count_before(&self, at: Span) -> u64 {
        let mut sum = 0;
        for (number, count) in &self.instants {
            if self.at(number + 1, 0, 1) <= at {
                sum += count;
                continue;
            }
            let due = |index: &u64| self.at(*number, *index, *count) < at;
            sum += (0..*count).take_while(due).count() as u64;
            if self.at(*number, 0, 1) >= at {
                break;
            }
        }
        sum
    }

    /// The most arrivals of any second, or of any instant where that is longer, per second.
    pub(super) fn peak(&self) -> f64 {
        let mut most = 0.0_f64;
        let (mut first, mut sum) = (0, 0);
        let second = Span::from_secs(1);
        for (number, count) in &self.instants {
            sum += count;
            let end = self.at(number + 1, 0, 1);
            while let Some((oldest, dropped)) = self.instants.get(first)
                && oldest < number
                && end.minus(self.at(*oldest, 0, 1)) > second
            {
                sum -= dropped;
                first += 1;
            }
            let oldest = self
                .instants
                .get(first)
                .map_or(*number, |(oldest, _)| *oldest);
            let length = end.minus(self.at(oldest, 0, 1)).as_secs_f64();
            most = most.max(sum as f64 / length.clamp(1.0, f64::MAX));
            // A single instant that is longer than a second, slowed down: its own rate.
            if length > 1.0 {
                most = most.max(*count as f64 / length);
            }
        }
        most.max(1e-3)
    }
}
