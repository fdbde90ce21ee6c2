//! The run's one clock: microseconds since the journal was opened. Paused in tests, as tokio's is.

use lab_model::Span;
use tokio::time::Instant;

/// A monotonic clock that started with the run.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zero: Instant,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            zero: Instant::now(),
        }
    }

    /// Time since the start.
    pub fn now(&self) -> Span {
        self.zero.elapsed().into()
    }

    /// The instant at an offset.
    pub fn instant(&self, at: Span) -> Instant {
        self.zero + at.duration()
    }
}
