//! The counters behind a [`Witness`]: written by relays on any thread, read by `observe`.

use crate::histogram::Recorder;
use crate::observe::Witness;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A counter that many threads raise.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds to the counter.
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }

    /// Takes from a counter that is used as a gauge.
    pub(crate) fn take(&self, amount: u64) {
        self.0.fetch_sub(amount, Relaxed);
    }

    /// The value now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What one fault did so far; the fields are those of [`Witness`].
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) chosen: Count,
    pub(crate) spared: Count,
    pub(crate) matched: Count,
    pub(crate) connections: Count,
    pub(crate) requests: Count,
    pub(crate) chunks: Count,
    pub(crate) bytes: Count,
    pub(crate) delay: Recorder,
    pub(crate) resets: Count,
    pub(crate) closes: Count,
    pub(crate) dropped_bytes: Count,
    pub(crate) refused: Count,
}

impl Marks {
    /// A reading.
    pub(crate) fn read(&self) -> Witness {
        Witness {
            chosen: self.chosen.get(),
            spared: self.spared.get(),
            matched: self.matched.get(),
            connections: self.connections.get(),
            requests: self.requests.get(),
            chunks: self.chunks.get(),
            bytes: self.bytes.get(),
            delay: self.delay.read(),
            resets: self.resets.get(),
            closes: self.closes.get(),
            dropped_bytes: self.dropped_bytes.get(),
            refused: self.refused.get(),
        }
    }
}

/// The requests in flight on a connection, by their number there: `first` is the oldest that is
/// not answered in full, `next` the number the next request will get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) first: u64,
    pub(crate) next: u64,
}

/// What one fault already counted on one connection, so that nothing counts twice.
#[derive(Debug, Default)]
pub(crate) struct Touch {
    connection: bool,
    /// Requests below this number are counted.
    requests: u64,
}

impl Touch {
    /// Whether the connection was counted.
    pub(crate) fn connection(&self) -> bool {
        self.connection
    }

    /// Counts the connection and the requests in flight on it, each once.
    pub(crate) fn count(&mut self, marks: &Marks, in_flight: InFlight) {
        if !self.connection {
            self.connection = true;
            marks.connections.add(1);
        }
        let from = in_flight.first.max(self.requests);
        if from < in_flight.next {
            marks.requests.add(in_flight.next - from);
            self.requests = in_flight.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_once_however_often_the_fault_acts() {
        let (marks, mut touch) = (Marks::default(), Touch::default());
        for (first, next) in [(0, 0), (0, 1), (0, 1), (0, 2), (2, 3), (3, 3)] {
            touch.count(&marks, InFlight { first, next });
        }
        assert_eq!((marks.connections.get(), marks.requests.get()), (1, 3));
    }
}
