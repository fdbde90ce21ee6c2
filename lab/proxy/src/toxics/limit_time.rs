//! `limit_time`: the connection works, and closes after a while, whatever is on its way. An
//! extension.

use super::attributes::time;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `limit_time`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LimitTime {
    /// Milliseconds until the close.
    time: i64,
}

impl Fault for LimitTime {
    const NAME: &'static str = "limit_time";
    /// When it started on the connection.
    type State = Instant;

    fn check(&self) -> Result<(), String> {
        time("time", self.time)
    }

    fn begin(&self, now: Instant, _draw: Draw) -> Instant {
        now
    }

    fn turn(&self, started: &mut Instant, turn: &mut Turn<'_>) -> Step {
        let due = *started + milliseconds(self.time);
        if due > turn.now {
            turn.pass();
            return Step::Until(due);
        }
        if turn.output.coming_end().is_none() {
            turn.acted_on(turn.input.bytes());
        }
        turn.close();
        Step::Input
    }
}
