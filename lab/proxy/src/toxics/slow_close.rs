//! `slow_close`: data passes, the close comes late.

use super::attributes::time;
use super::stage::{Fault, Step, Turn, milliseconds};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `slow_close`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SlowClose {
    /// Milliseconds by which the close is delayed.
    delay: i64,
}

impl Fault for SlowClose {
    const NAME: &'static str = "slow_close";
    /// Whether the held close was counted.
    type State = bool;

    fn check(&self) -> Result<(), String> {
        time("delay", self.delay)
    }

    fn begin(&self, _now: Instant, _draw: Draw) -> bool {
        false
    }

    fn turn(&self, counted: &mut bool, turn: &mut Turn<'_>) -> Step {
        turn.pass_data();
        let Some((_, stamp)) = turn.input.end() else {
            return Step::Input;
        };
        if turn.output.coming_end().is_some() {
            return Step::Input;
        }
        if !*counted {
            *counted = true;
            turn.acted();
        }
        let due = stamp + milliseconds(self.delay);
        if due > turn.now {
            return Step::Until(due);
        }
        turn.held_since(stamp);
        turn.pass_end();
        Step::Input
    }
}
