//! `bandwidth`: a rate for each connection and direction.
//!
//! An absolute schedule says when the next byte is due, so that the rate holds over any length of
//! time, however late timers fire. What a late timer left behind is caught up the faster the more
//! it is: on a machine with time to spare no burst can be seen, and on a busy one the rate holds.

use super::attributes::not_negative;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The time whose share of bytes passes at once: short enough that any 10 ms see at most one
/// quantum too many (2.5 %).
const QUANTUM: Duration = Duration::from_micros(250);
/// The most time that is caught up; a longer pause is lost.
const LONGEST_DEBT: Duration = Duration::from_millis(100);
/// The time whose bytes may wait: enough to keep the schedule when this thread gets no turn.
const BUFFER: Duration = Duration::from_millis(50);
/// A gap in what the source sends that is shorter than this is not one.
const GRACE: Duration = Duration::from_millis(1);

/// Attributes of `bandwidth`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Bandwidth {
    /// Kilobytes (1,000 bytes) a second; 0 blocks everything.
    rate: i64,
}

/// State on one connection.
pub(super) struct State {
    /// When the next byte is due by the rate.
    due: Instant,
    /// When it may pass without a burst.
    paced: Instant,
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
        // No chunk is so large, and no rate so low, that this overflows.
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
        State {
            due: now,
            paced: now,
        }
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
            // The source's pauses are not caught up, and of our own only so much.
            state.due = latest([
                state.due,
                before(stamp.min(turn.now), GRACE),
                before(turn.now, LONGEST_DEBT),
            ]);
            let debt = turn.now.saturating_duration_since(state.due);
            let free = state.due.max(state.paced);
            if free > turn.now {
                return Step::Until(free);
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
            turn.output.push(data, turn.now);
            state.due += time;
            let (pace, credit) = catching_up(debt);
            state.paced = state.paced.max(before(turn.now, credit)) + time.div_f64(pace);
        }
        turn.pass_end();
        Step::Input
    }

    fn timed(&self) -> bool {
        true
    }

    fn room(&self, delay_budget: usize) -> usize {
        let least = 4 << 10;
        self.bytes_in(BUFFER).clamp(least, delay_budget.max(least))
    }
}

/// How to catch up a debt of time: at which multiple of the rate, and how much of it at once.
fn catching_up(debt: Duration) -> (f64, Duration) {
    let pace = 1.05 + (debt.as_secs_f64() * 10.0).min(0.45);
    let credit = Duration::from_millis(1) + debt / 4;
    (pace, credit.min(Duration::from_millis(4)))
}

fn before(moment: Instant, time: Duration) -> Instant {
    moment.checked_sub(time).unwrap_or(moment)
}

fn latest<const N: usize>(moments: [Instant; N]) -> Instant {
    moments.into_iter().fold(moments[0], Instant::max)
}
