//! `reset_peer`: a true TCP reset to both peers, on live and on idle connections alike.

use super::attributes::time;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `reset_peer`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ResetPeer {
    /// Milliseconds until the reset; data is held meanwhile.
    timeout: i64,
}

/// State on one connection.
pub(super) struct State {
    started: Instant,
    /// How much of the held data was counted.
    counted: usize,
}

impl Fault for ResetPeer {
    const NAME: &'static str = "reset_peer";
    type State = State;

    fn check(&self) -> Result<(), String> {
        time("timeout", self.timeout)
    }

    fn begin(&self, now: Instant, _draw: Draw) -> State {
        State {
            started: now,
            counted: 0,
        }
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        let held = turn.input.bytes();
        if held > state.counted {
            turn.acted_on(held - state.counted);
            state.counted = held;
        }
        let due = state.started + milliseconds(self.timeout);
        if due > turn.now {
            return Step::Until(due);
        }
        turn.acted();
        turn.marks.resets.add(1);
        turn.marks.dropped_bytes.add(turn.input.clear() as u64);
        Step::Reset
    }
}
