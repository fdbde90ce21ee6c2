//! `slicer`: cuts data into small pieces that are written one by one.

use super::attributes::{not_negative, time};
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Attributes of `slicer`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Slicer {
    /// Bytes in a piece on average.
    average_size: i64,
    /// Bytes by which a piece may be smaller or larger.
    size_variation: i64,
    /// Microseconds between two pieces.
    delay: i64,
}

/// State on one connection.
pub(super) struct State {
    draw: Draw,
    /// When the next piece may go.
    next: Instant,
}

impl Slicer {
    /// The size of the next piece of a chunk with `left` bytes to go.
    fn piece(&self, left: usize, draw: &mut Draw) -> usize {
        let (average, variation) = (
            self.average_size.unsigned_abs(),
            self.size_variation.unsigned_abs(),
        );
        if left as u64 <= average + variation {
            return left;
        }
        let piece = average - variation + draw.below(2 * variation + 1);
        usize::try_from(piece).unwrap_or(left)
    }
}

impl Fault for Slicer {
    const NAME: &'static str = "slicer";
    type State = State;

    fn check(&self) -> Result<(), String> {
        if self.average_size < 1 {
            let given = self.average_size;
            return Err(format!(
                "attribute average_size must be at least 1, got {given}"
            ));
        }
        not_negative("size_variation", self.size_variation)?;
        if self.size_variation >= self.average_size {
            return Err("attribute size_variation must be less than average_size".to_owned());
        }
        time("average_size", self.average_size)?;
        time("delay", self.delay)
    }

    fn begin(&self, now: Instant, draw: Draw) -> State {
        State { draw, next: now }
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        while let Some(segment) = turn.input.front() {
            if state.next > turn.now {
                return Step::Until(state.next);
            }
            if turn.room == 0 {
                return Step::Input;
            }
            let (stamp, left) = (segment.stamp, segment.data.len());
            let piece = self.piece(left, &mut state.draw);
            if let Some(data) = turn.input.split(piece) {
                turn.acted_on(data.len());
                turn.held_since(stamp);
                turn.room = turn.room.saturating_sub(data.len());
                turn.output.push(data, stamp.max(state.next.min(turn.now)));
                state.next = turn.now + Duration::from_micros(self.delay.unsigned_abs());
            }
        }
        turn.pass_end();
        Step::Input
    }

    fn timed(&self) -> bool {
        self.delay > 0
    }
}
