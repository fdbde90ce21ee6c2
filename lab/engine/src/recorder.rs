//! Events get their time and reach every sink; the tally is kept beside them.

use lab_model::{Event, Plan, Record, Span};
use lab_verdict::tally::Tally;

use crate::clock::Clock;
use crate::recent::Recent;
use crate::seam::{Failure, Sink};

/// Stamps events and hands them on. Times never go back.
pub(crate) struct Recorder {
    clock: Clock,
    last: Span,
    sinks: Vec<Box<dyn Sink>>,
    /// What was counted so far: the same fold that the verdict uses.
    pub(crate) tally: Tally,
    /// The last seconds.
    pub(crate) recent: Recent,
    /// The first failure of a sink; the run ends on it.
    pub(crate) failure: Option<Failure>,
}

impl Recorder {
    pub(crate) fn new(clock: Clock, plan: &Plan, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self {
            clock,
            last: Span::ZERO,
            sinks,
            tally: Tally::new(plan),
            recent: Recent::default(),
            failure: None,
        }
    }

    /// An event that happened now.
    pub(crate) fn record(&mut self, event: Event) {
        self.record_at(self.clock.now(), event);
    }

    /// An event at its own time, or at the last entry's where that is later.
    pub(crate) fn record_at(&mut self, at: Span, event: Event) {
        self.last = self.last.max(at);
        let record = Record {
            at: self.last,
            event,
        };
        self.tally.add(&record);
        self.recent.add(&record);
        for sink in &mut self.sinks {
            if let Err(failure) = sink.take(&record) {
                self.failure.get_or_insert(failure);
            }
        }
    }
}
