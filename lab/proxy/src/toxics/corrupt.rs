//! `corrupt`: bytes change on their way; none is lost, none is added. An extension.

use super::attributes::share;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `corrupt`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Corrupt {
    /// The share of bytes that change, 0 to 1.
    byte_rate: f64,
}

/// State on one connection.
pub(super) struct State {
    draw: Draw,
    /// Bytes that pass before the next one that changes.
    clean: u64,
}

impl Fault for Corrupt {
    const NAME: &'static str = "corrupt";
    type State = State;

    fn check(&self) -> Result<(), String> {
        share("byte_rate", self.byte_rate)
    }

    fn begin(&self, _now: Instant, mut draw: Draw) -> State {
        State {
            clean: draw.gap(self.byte_rate),
            draw,
        }
    }

    fn amended(&self, state: &mut State, _now: Instant) {
        state.clean = state.draw.gap(self.byte_rate);
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        if self.byte_rate <= 0.0 {
            turn.pass();
            return Step::Input;
        }
        while turn.room > 0
            && let Some(segment) = turn.input.pop()
        {
            turn.room = turn.room.saturating_sub(segment.data.len());
            let length = segment.data.len() as u64;
            if state.clean >= length {
                state.clean -= length;
                turn.output.push(segment.data, segment.stamp);
                continue;
            }
            let mut data = BytesMut::from(segment.data);
            let (mut at, mut changed) = (state.clean, 0);
            while let Some(byte) = usize::try_from(at).ok().and_then(|at| data.get_mut(at)) {
                // Another value, whichever it was.
                *byte ^= u8::try_from(1 + state.draw.below(255)).unwrap_or(1);
                changed += 1;
                at = at
                    .saturating_add(1)
                    .saturating_add(state.draw.gap(self.byte_rate));
            }
            state.clean = at.saturating_sub(length);
            turn.acted();
            turn.marks.chunks.add(1);
            turn.marks.bytes.add(changed);
            turn.output.push(data.freeze(), segment.stamp);
        }
        turn.pass_end();
        Step::Input
    }
}
