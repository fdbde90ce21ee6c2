//! `packet_loss`: chunks vanish, alone or in bursts (a two-state Gilbert-Elliott model).

use super::attributes::share;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Attributes of `packet_loss`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PacketLoss {
    /// The share of chunks that is dropped, 0 to 1.
    loss_rate: f64,
    /// Added to the share after a chunk that was dropped.
    correlation: f64,
}

/// State on one connection.
pub(super) struct State {
    draw: Draw,
    dropped: bool,
}

impl Fault for PacketLoss {
    const NAME: &'static str = "packet_loss";
    type State = State;

    fn check(&self) -> Result<(), String> {
        share("loss_rate", self.loss_rate)?;
        share("correlation", self.correlation)
    }

    fn begin(&self, _now: Instant, draw: Draw) -> State {
        State {
            draw,
            dropped: false,
        }
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        while turn.room > 0
            && let Some(segment) = turn.input.pop()
        {
            let burst = if state.dropped { self.correlation } else { 0.0 };
            state.dropped = state.draw.unit() < self.loss_rate + burst;
            if state.dropped {
                turn.acted_on(segment.data.len());
                turn.marks.dropped_bytes.add(segment.data.len() as u64);
            } else {
                turn.room = turn.room.saturating_sub(segment.data.len());
                turn.output.push(segment.data, segment.stamp);
            }
        }
        turn.pass_end();
        Step::Input
    }
}
