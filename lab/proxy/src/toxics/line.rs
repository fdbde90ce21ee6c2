//! A waiting line: chunks leave in order, each at its own time. What every delay shares.

use super::stage::{Step, Turn};
use std::time::{Duration, Instant};

/// The state of a line.
pub(super) struct Line {
    /// When the newest chunk is due; the next one is not due before it.
    last_due: Instant,
    /// Whether chunks that wait have to be scheduled anew.
    changed: bool,
}

impl Line {
    /// An empty line.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            last_due: now,
            changed: false,
        }
    }

    /// Schedules those that wait anew, because the delay changed.
    pub(super) fn reschedule(&mut self, now: Instant) {
        self.last_due = now;
        self.changed = true;
    }

    /// Schedules new chunks by `delay` from when they were received, and lets go those whose time
    /// has come. Deadlines are absolute: a late timer delays nothing that follows.
    pub(super) fn turn(
        &mut self,
        turn: &mut Turn<'_>,
        mut delay: impl FnMut() -> Duration,
    ) -> Step {
        // What is not scheduled yet lies at the back.
        let fresh = if std::mem::take(&mut self.changed) {
            usize::MAX
        } else {
            turn.input.fresh()
        };
        let (mut chunks, mut bytes) = (0, 0);
        for segment in turn.input.newest(fresh) {
            if segment.due.is_none() {
                chunks += 1;
                bytes += segment.data.len() as u64;
            }
            self.last_due = self.last_due.max(segment.stamp + delay());
            segment.due = Some(self.last_due);
        }
        if chunks > 0 {
            turn.acted();
            turn.marks.chunks.add(chunks);
            turn.marks.bytes.add(bytes);
        }
        while let Some(segment) = turn.input.front() {
            let due = segment.due.unwrap_or(turn.now);
            if due > turn.now {
                return Step::Until(due);
            }
            if turn.room == 0 {
                return Step::Input;
            }
            if let Some(segment) = turn.input.pop() {
                turn.room = turn.room.saturating_sub(segment.data.len());
                turn.held_since(segment.stamp);
                turn.output.push(segment.data, due);
            }
        }
        turn.pass_end();
        Step::Input
    }
}
