//! `latency`: each chunk is held for `latency` ± `jitter` from the moment it was received.

use super::attributes::time;
use super::line::Line;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Attributes of `latency`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Latency {
    /// Mean delay in milliseconds.
    latency: i64,
    /// The delay is uniform in [latency − jitter, latency + jitter), and never below 0.
    jitter: i64,
}

impl Latency {
    fn draw(&self, draw: &mut Draw) -> Duration {
        let jitter = milliseconds(self.jitter);
        (milliseconds(self.latency) + jitter.mul_f64(2.0 * draw.unit())).saturating_sub(jitter)
    }
}

impl Fault for Latency {
    const NAME: &'static str = "latency";
    type State = (Draw, Line);

    fn check(&self) -> Result<(), String> {
        time("latency", self.latency)?;
        time("jitter", self.jitter)
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
