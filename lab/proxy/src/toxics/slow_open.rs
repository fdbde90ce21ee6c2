//! `slow_open`: the first bytes of a connection wait, those that follow do not. An extension.

use super::attributes::time;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `slow_open`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SlowOpen {
    /// Milliseconds from the start of the connection in which nothing passes.
    delay: i64,
}

/// State on one connection.
pub(super) struct State {
    started: Instant,
    counted: bool,
}

impl Fault for SlowOpen {
    const NAME: &'static str = "slow_open";
    type State = State;

    fn check(&self) -> Result<(), String> {
        time("delay", self.delay)
    }

    fn begin(&self, now: Instant, _draw: Draw) -> State {
        State {
            started: now,
            counted: false,
        }
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        let due = state.started + milliseconds(self.delay);
        let waits = due > turn.now;
        if !state.counted && waits && !turn.input.is_empty() {
            state.counted = true;
            turn.acted_on(turn.input.bytes());
        }
        if waits {
            return Step::Until(due);
        }
        while turn.room > 0
            && let Some(segment) = turn.input.pop()
        {
            turn.room = turn.room.saturating_sub(segment.data.len());
            let stamp = segment.stamp.max(due);
            if segment.stamp < due {
                turn.held_since(segment.stamp);
            }
            turn.output.push(segment.data, stamp);
        }
        turn.pass_end();
        Step::Input
    }
}
