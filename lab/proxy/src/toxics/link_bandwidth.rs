//! `link_bandwidth`: one rate for all connections of a link together, each direction apart. An
//! extension.
//!
//! Connections reserve their quanta one after the other on a shared schedule, so that those with
//! data take turns, and none is woken for a turn of another.

use super::attributes::not_negative;
use super::stage::{Fault, Step, Turn};
use crate::link::held;
use crate::seed::Draw;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The time of the link that one turn takes.
const QUANTUM: Duration = Duration::from_micros(250);
/// Unused time that may be caught up, for late timers.
const CATCH_UP: Duration = Duration::from_millis(2);

/// Attributes of `link_bandwidth`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LinkBandwidth {
    /// Kilobytes (1,000 bytes) a second; 0 blocks everything.
    rate: i64,
}

/// The turn a connection has reserved: when it comes, and how many bytes it is good for.
type Reserved = Option<(Instant, usize)>;

impl LinkBandwidth {
    /// Takes the next free time of the link for at most so many bytes.
    fn reserve(&self, turn: &Turn<'_>, waiting: usize) -> (Instant, usize) {
        let rate = self.rate as f64 * 1_000.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are not negative; float casts saturate"
        )]
        let quantum = (rate * QUANTUM.as_secs_f64()) as usize;
        let bytes = waiting.min(quantum.max(1));
        let mut free_at = held(&turn.shared.free_at);
        let earliest = turn.now.checked_sub(CATCH_UP).unwrap_or(turn.now);
        let begin = free_at.unwrap_or(turn.now).max(earliest);
        *free_at = Some(begin + Duration::from_secs_f64(bytes as f64 / rate));
        (begin, bytes)
    }
}

impl Fault for LinkBandwidth {
    const NAME: &'static str = "link_bandwidth";
    type State = Reserved;

    fn check(&self) -> Result<(), String> {
        not_negative("rate", self.rate)
    }

    fn begin(&self, _now: Instant, _draw: Draw) -> Reserved {
        None
    }

    fn turn(&self, reserved: &mut Reserved, turn: &mut Turn<'_>) -> Step {
        while let Some(segment) = turn.input.front() {
            let (stamp, length) = (segment.stamp, segment.data.len());
            if self.rate == 0 {
                turn.acted();
                if turn.both_finished {
                    turn.close();
                }
                return Step::Input;
            }
            let (moment, bytes) = match *reserved {
                Some(reserved) => reserved,
                None => *reserved.insert(self.reserve(turn, length)),
            };
            if moment > turn.now {
                return Step::Until(moment);
            }
            if turn.room == 0 {
                return Step::Input;
            }
            *reserved = None;
            if let Some(data) = turn.input.split(bytes) {
                turn.acted();
                turn.marks.bytes.add(data.len() as u64);
                if data.len() == length {
                    turn.marks.chunks.add(1);
                    turn.held_since(stamp);
                }
                turn.room = turn.room.saturating_sub(data.len());
                turn.output.push(data, turn.now);
            }
        }
        turn.pass_end();
        Step::Input
    }

    fn timed(&self) -> bool {
        true
    }
}
