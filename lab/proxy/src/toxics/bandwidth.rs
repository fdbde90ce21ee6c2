//! `bandwidth`: a rate for each connection and direction.
//!
//! An absolute schedule says when the next byte is due, so that the rate holds over any length of
//! time, however late timers fire. What a late timer left behind is caught up the faster the more
//! it is: on a machine with time to spare no burst can be seen, and on a busy one the rate holds.
//! The more connections wait for their rate, the larger the pieces: the worker has so many turns a
//! second to give, and the rate of each one matters more than how fine its pieces are.

use super::Shared;
use super::attributes::not_negative;
use super::stage::{Fault, Step, Turn};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time whose share of bytes passes at once: short enough that any 10 ms see at most one
/// quantum too many (2.5 %).
const QUANTUM: Duration = Duration::from_micros(250);
/// Connections that may wait until pieces grow: beyond, all of them together take as many turns a
/// second as these do.
const CROWD: u32 = 4;
/// The longest time whose share passes at once, however many wait.
const LONGEST_QUANTUM: Duration = Duration::from_millis(20);
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
    /// Whether it counts among those that wait.
    waiting: Option<Waiting>,
    /// The turn it asked for, and by how much the last ones came late.
    asked: Option<Instant>,
    late: [Duration; 4],
}

/// Counts a connection among those that wait, for as long as it lives.
struct Waiting(Shared);

impl Waiting {
    fn new(shared: &Shared) -> Self {
        shared.waiting.add(1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.take(1);
    }
}

impl State {
    /// Takes note of how late an asked for turn comes.
    fn arrive(&mut self, now: Instant) {
        if let Some(asked) = self.asked
            && asked <= now
        {
            self.asked = None;
            self.late.rotate_right(1);
            self.late[0] = now - asked;
        }
    }

    /// The lateness that has become a habit: one late turn among others is none.
    fn usually_late(&self) -> Duration {
        self.late.into_iter().min().unwrap_or_default()
    }

    /// Has to come again at that moment.
    fn until(&mut self, moment: Instant, shared: &Shared) -> Step {
        self.asked = Some(moment);
        self.waiting.get_or_insert_with(|| Waiting::new(shared));
        Step::Until(moment)
    }
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
            waiting: None,
            asked: None,
            late: [Duration::ZERO; 4],
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
        state.arrive(turn.now);
        let quantum = quantum(turn.shared.waiting.get());
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
                return state.until(free, turn.shared);
            }
            if turn.room == 0 {
                return Step::Input;
            }
            let (pace, credit) = catching_up(debt, state.usually_late());
            state.paced = state.paced.max(before(turn.now, credit));
            // What is due until now, as far as the pace allows, goes in one piece.
            let since = turn.now.saturating_duration_since(state.paced);
            let allowed = debt.min(since.mul_f64(pace)) + quantum;
            let limit = self.bytes_in(allowed).max(1).min(turn.room);
            let Some(data) = turn.input.split(limit) else {
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
            state.paced += time.div_f64(pace);
        }
        state.waiting = None;
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

/// The time whose share passes at once when so many connections wait.
fn quantum(waiting: u64) -> Duration {
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX).max(CROWD);
    (QUANTUM.saturating_mul(waiting) / CROWD).min(LONGEST_QUANTUM)
}

/// How to catch up a debt of time: at which multiple of the rate, and how much of it at once. Where
/// turns are late as a habit, all of that lateness is caught up at once.
fn catching_up(debt: Duration, usually_late: Duration) -> (f64, Duration) {
    let pace = 1.05 + (debt.as_secs_f64() * 10.0).min(0.45);
    let credit = Duration::from_millis(1) + debt / 4;
    let credit = credit.min(Duration::from_millis(4));
    (pace, credit.max(usually_late * 5 / 4))
}

fn before(moment: Instant, time: Duration) -> Instant {
    moment.checked_sub(time).unwrap_or(moment)
}

fn latest<const N: usize>(moments: [Instant; N]) -> Instant {
    moments.into_iter().fold(moments[0], Instant::max)
}
