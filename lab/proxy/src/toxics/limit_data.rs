//! `limit_data`: so many bytes pass in all, then the connection closes.

use super::attributes::not_negative;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `limit_data`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LimitData {
    /// Bytes that pass before the close.
    bytes: i64,
}

impl Fault for LimitData {
    const NAME: &'static str = "limit_data";
    /// Bytes that passed; kept when the limit changes.
    type State = u64;

    fn check(&self) -> Result<(), String> {
        not_negative("bytes", self.bytes)
    }

    fn begin(&self, _now: Instant, _draw: Draw) -> u64 {
        0
    }

    fn turn(&self, passed: &mut u64, turn: &mut Turn<'_>) -> Step {
        while !turn.input.is_empty() {
            let left = self.bytes.unsigned_abs().saturating_sub(*passed);
            if left == 0 {
                break;
            }
            if turn.room == 0 {
                return Step::Input;
            }
            let limit = usize::try_from(left).unwrap_or(usize::MAX).min(turn.room);
            if let Some(data) = turn.input.split(limit) {
                *passed += data.len() as u64;
                turn.room -= data.len();
                turn.output.push(data, turn.now);
            }
        }
        let reached = *passed > 0 && *passed >= self.bytes.unsigned_abs();
        if reached || !turn.input.is_empty() {
            turn.acted_on(turn.input.bytes());
            turn.close();
        } else {
            turn.pass_end();
        }
        Step::Input
    }
}
