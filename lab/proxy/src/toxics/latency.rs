//! `latency`: each chunk is held for `latency` ± `jitter` from the moment it was received.
//!
//! Chunks keep their order, and deadlines are absolute: a late timer delays nothing that follows.

use super::attributes::time;
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

/// State on one connection.
pub(super) struct State {
    draw: Draw,
    /// When the newest chunk is due; the next one is not due before it.
    last_due: Instant,
    /// The attributes the waiting chunks were scheduled with.
    scheduled: (i64, i64),
}

impl Latency {
    fn delay(&self, draw: &mut Draw) -> Duration {
        let jitter = milliseconds(self.jitter);
        (milliseconds(self.latency) + jitter.mul_f64(2.0 * draw.unit())).saturating_sub(jitter)
    }
}

impl Fault for Latency {
    const NAME: &'static str = "latency";
    type State = State;

    fn check(&self) -> Result<(), String> {
        time("latency", self.latency)?;
        time("jitter", self.jitter)
    }

    fn begin(&self, now: Instant, draw: Draw) -> State {
        State {
            draw,
            last_due: now,
            scheduled: (self.latency, self.jitter),
        }
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        let changed = state.scheduled != (self.latency, self.jitter);
        if changed {
            state.scheduled = (self.latency, self.jitter);
            state.last_due = turn.now;
        }
        // What is not scheduled yet lies at the back.
        let fresh = if changed {
            usize::MAX
        } else {
            turn.input.fresh()
        };
        let (mut chunks, mut bytes) = (0, 0);
        for segment in turn.input.newest(fresh) {
            if segment.due.is_none() {
                chunks += 1;
                bytes += segment.data.len() as u64;
            }
            let due = segment.stamp + self.delay(&mut state.draw);
            state.last_due = state.last_due.max(due);
            segment.due = Some(state.last_due);
        }
        if chunks > 0 {
            turn.acted();
            turn.marks.chunks.add(chunks);
            turn.marks.bytes.add(bytes);
        }
        while let Some(segment) = turn.input.front() {
            let due = segment.due.unwrap_or(turn.now);
            if due > turn.now {
                return Step::Until(due);
            }
            if turn.room == 0 {
                return Step::Input;
            }
            if let Some(segment) = turn.input.pop() {
                turn.room = turn.room.saturating_sub(segment.data.len());
                turn.held_since(segment.stamp);
                turn.output.push(segment.data, due);
            }
        }
        turn.pass_end();
        Step::Input
    }

    fn timed(&self) -> bool {
        true
    }

    fn room(&self, delay_budget: usize) -> usize {
        delay_budget
    }
}
