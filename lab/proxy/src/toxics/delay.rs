//! `delay`: each chunk is held for a random time from a named distribution. An extension.
//!
//! Real delays are not uniform: they gather around a mean, have a long tail, or are what somebody
//! measured.

use super::attributes::time;
use super::line::Line;
use super::recorded::Recorded;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// A tail is cut at that many times the mean, so that one draw cannot hold a connection for ever.
const LONGEST_TAIL: f64 = 1_000.0;

/// Attributes of `delay`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Delay {
    /// Mean delay in milliseconds.
    mean: i64,
    /// Standard deviation in milliseconds; for `normal` only.
    deviation: i64,
    /// `normal` (cut off at 0), `pareto` or `recorded`.
    distribution: String,
    /// Shape of `pareto`, above 1: the smaller, the longer the tail.
    shape: f64,
    /// What was measured, for `recorded`: `[microseconds, count, microseconds, count, …]`.
    histogram: Recorded,
}

impl Default for Delay {
    fn default() -> Self {
        Self {
            mean: 0,
            deviation: 0,
            distribution: "normal".to_owned(),
            shape: 3.0,
            histogram: Recorded::default(),
        }
    }
}

impl Delay {
    fn draw(&self, draw: &mut Draw) -> Duration {
        let mean = self.mean as f64;
        let milliseconds = match self.distribution.as_str() {
            "recorded" => return self.histogram.draw(draw),
            "pareto" => pareto(mean, self.shape, draw).min(mean * LONGEST_TAIL),
            _ => mean + self.deviation as f64 * standard_normal(draw),
        };
        Duration::from_secs_f64(milliseconds.max(0.0) / 1_000.0)
    }
}

/// Box and Muller's transform (1958).
fn standard_normal(draw: &mut Draw) -> f64 {
    let radius = (-2.0 * (1.0 - draw.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * draw.unit()).cos()
}

/// By inversion; the scale is chosen to give the mean (Pareto I: mean = shape·scale/(shape − 1)).
fn pareto(mean: f64, shape: f64, draw: &mut Draw) -> f64 {
    let scale = mean * (shape - 1.0) / shape;
    scale / (1.0 - draw.unit()).powf(1.0 / shape)
}

impl Fault for Delay {
    const NAME: &'static str = "delay";
    type State = (Draw, Line);

    fn check(&self) -> Result<(), String> {
        time("mean", self.mean)?;
        time("deviation", self.deviation)?;
        self.histogram.check()?;
        match self.distribution.as_str() {
            "normal" | "pareto" => {}
            "recorded" if !self.histogram.is_empty() => {}
            "recorded" => return Err("distribution recorded needs a histogram".to_owned()),
            given => {
                return Err(format!(
                    "attribute distribution must be normal, pareto or recorded, got {given:?}"
                ));
            }
        }
        if !(self.shape > 1.0 && self.shape <= 100.0) {
            let given = self.shape;
            return Err(format!(
                "attribute shape must be above 1 and at most 100, got {given}"
            ));
        }
        Ok(())
    }

    fn begin(&self, now: Instant, draw: Draw) -> Self::State {
        (draw, Line::new(now))
    }

    fn amended(&self, (_, line): &mut Self::State, now: Instant) {
        line.reschedule(now);
    }

    fn turn(&self, (draw, line): &mut Self::State, turn: &mut Turn<'_>) -> Step {
        line.turn(turn, || self.draw(draw))
    }

    fn timed(&self) -> bool {
        true
    }

    fn room(&self, delay_budget: usize) -> usize {
        delay_budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean and the largest of 20,000 draws, in milliseconds.
    fn drawn(distribution: &str, shape: f64) -> (f64, f64) {
        let delay = Delay {
            mean: 100,
            deviation: 20,
            distribution: distribution.to_owned(),
            shape,
            histogram: Recorded::default(),
        };
        let mut draw = Draw::new(7, "", "", 0);
        let drawn = (0..20_000).map(|_| delay.draw(&mut draw).as_secs_f64() * 1_000.0);
        drawn.fold((0.0, 0.0), |(mean, most), value| {
            (mean + value / 20_000.0, f64::max(most, value))
        })
    }

    #[test]
    fn distributions_have_their_mean_and_their_tail() {
        let (mean, most) = drawn("normal", 3.0);
        assert!((mean - 100.0).abs() < 1.0 && most < 220.0, "{mean} {most}");
        let (mean, most) = drawn("pareto", 3.0);
        assert!((mean - 100.0).abs() < 5.0 && most > 500.0, "{mean} {most}");
    }
}
