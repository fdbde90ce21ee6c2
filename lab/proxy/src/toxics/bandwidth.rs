//! `bandwidth`: a rate for each connection and direction, kept by an absolute schedule of small
//! quanta, so that neither bursts nor drift arise.

use super::attributes::not_negative;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The time whose share of bytes passes at once: short enough that any 10 ms see at most one
/// quantum too many (2.5 %).
const QUANTUM: Duration = Duration::from_micros(250);
/// The most time whose bytes may be caught up after a late timer or a pause.
const CATCH_UP: Duration = Duration::from_millis(1);

/// Attributes of `bandwidth`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Bandwidth {
    /// Kilobytes (1,000 bytes) a second; 0 blocks everything.
    rate: i64,
}

/// State on one connection: when the schedule has room for the next byte.
pub(super) struct State {
    free_at: Instant,
}

impl Bandwidth {
    /// Bytes that may pass in a time.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are not negative; float casts saturate"
    )]
    fn bytes_in(&self, time: Duration) -> usize {
        (self.rate as f64 * 1_000.0 * time.as_secs_f64()) as usize
    }

    fn time_for(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / (self.rate as f64 * 1_000.0))
    }
}

impl Fault for Bandwidth {
    const NAME: &'static str = "bandwidth";
    type State = State;

    fn check(&self) -> Result<(), String> {
        not_negative("rate", self.rate)
    }

    fn begin(&self, now: Instant, _draw: Draw) -> State {
        State { free_at: now }
    }

    fn turn(&self, state: &mut State, turn: &mut Turn<'_>) -> Step {
        if self.rate == 0 {
            if !turn.input.is_empty() {
                turn.acted();
                if turn.both_finished {
                    turn.close();
                }
                return Step::Input;
            }
            turn.pass_end();
            return Step::Input;
        }
        let quantum = self.bytes_in(QUANTUM).max(1);
        while let Some(segment) = turn.input.front() {
            let (stamp, length) = (segment.stamp, segment.data.len());
            // Unused time is lost, but for the little that a late timer may catch up.
            let earliest = turn.now.checked_sub(CATCH_UP).unwrap_or(turn.now);
            state.free_at = state.free_at.max(stamp.min(turn.now)).max(earliest);
            if state.free_at > turn.now {
                return Step::Until(state.free_at);
            }
            if turn.room == 0 {
                return Step::Input;
            }
            let Some(data) = turn.input.split(quantum.min(turn.room)) else {
                break;
            };
            if data.len() == length {
                turn.held_since(stamp);
                turn.marks.chunks.add(1);
            }
            turn.acted();
            turn.marks.bytes.add(data.len() as u64);
            turn.room -= data.len();
            let time = self.time_for(data.len());
            turn.output.push(data, state.free_at.max(stamp));
            state.free_at += time;
        }
        turn.pass_end();
        Step::Input
    }

    fn timed(&self) -> bool {
        true
    }

    fn room(&self, delay_budget: usize) -> usize {
        // Enough for a few late quanta; the rest waits in the sender's socket.
        self.bytes_in(4 * CATCH_UP)
            .clamp(4 << 10, delay_budget.max(4 << 10))
    }
}
