//! `timeout`: a black hole. Data is dropped, and the connection closes after a while (or never),
//! however much keeps coming; it closes too when the toxic is removed.

use super::attributes::time;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `timeout`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Timeout {
    /// Milliseconds until the connection is closed; 0 never closes it.
    timeout: i64,
}

impl Fault for Timeout {
    const NAME: &'static str = "timeout";
    /// When it started on the connection.
    type State = Instant;

    fn check(&self) -> Result<(), String> {
        time("timeout", self.timeout)
    }

    fn begin(&self, now: Instant, _draw: Draw) -> Instant {
        now
    }

    fn turn(&self, started: &mut Instant, turn: &mut Turn<'_>) -> Step {
        if !turn.input.is_empty() {
            let dropped = turn.input.clear();
            turn.acted_on(dropped);
            turn.marks.dropped_bytes.add(dropped as u64);
        }
        // The peers left: nothing is gained by holding on to their sockets.
        if turn.both_finished {
            turn.close();
            return Step::Input;
        }
        if self.timeout == 0 {
            return Step::Input;
        }
        let due = *started + milliseconds(self.timeout);
        if due > turn.now {
            return Step::Until(due);
        }
        turn.acted();
        turn.close();
        Step::Input
    }

    fn closes_when_removed(&self) -> bool {
        true
    }
}
