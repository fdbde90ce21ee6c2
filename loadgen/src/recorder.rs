//! The record of a load: every arrival that came due is resolved exactly once.
//!
//! An arrival is *due* by the schedule, whether or not the pacer was on time. From then on it is
//! open, first waiting for a user, then sent; it leaves as good, as bad, or, never having been
//! sent, as unsent and bad. What left is kept as differences in slots of one second until the next
//! report takes them, so memory holds the open arrivals and a second's worth of counts, however
//! long the load lasts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lab_model::ledger::Write;
use lab_model::load::LoadReport;
use lab_model::{Rate, Span};

use crate::journey::Walk;
use crate::schedule::{Arrival, Schedule};
use crate::script::JourneyScript;
use tally::{Ending, Tally};

mod tally;

/// The record, shared by users and reports.
#[derive(Debug)]
pub(crate) struct Recorder(Mutex<Record>);

/// An arrival that is due and not resolved.
#[derive(Debug, Clone, Copy)]
struct Open {
    arrival: Arrival,
    /// When a user took it; `None` while it waits for one.
    taken: Option<Span>,
}

#[derive(Debug)]
struct Record {
    schedule: Schedule,
    /// By the arrival's index.
    open: HashMap<u64, Open>,
    tally: Tally,
    writes: Vec<Write>,
    closed: bool,
}

/// What happened since the report before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Report {
    /// Counts and times.
    pub(crate) load: LoadReport,
    /// Writes that ended, however they did.
    pub(crate) writes: Vec<Write>,
}

impl Recorder {
    /// How long an arrival may wait for a free user. Beyond it sending would no longer be the load
    /// that was asked for; the arrival is unsent, which is bad.
    pub(crate) const PATIENCE: Span = Span::from_secs(1);

    /// A record of a schedule's arrivals.
    pub(crate) fn new(schedule: Schedule, journeys: &[JourneyScript]) -> Self {
        Self(Mutex::new(Record {
            schedule,
            open: HashMap::new(),
            tally: Tally::new(journeys),
            writes: Vec::new(),
            closed: false,
        }))
    }

    /// A user takes an arrival; `false` when it is too late for it, and nothing may be sent.
    pub(crate) fn take(&self, index: u64, now: Span) -> bool {
        let mut record = self.record();
        record.advance(now);
        record.expire(index, now);
        record
            .open
            .get_mut(&index)
            .is_some_and(|open| open.taken.replace(now).is_none())
    }

    /// A user who is free starts the next journey now, of its own accord; `None` when the load has
    /// ended.
    pub(crate) fn enter(&self, now: Span) -> Option<Arrival> {
        let mut record = self.record();
        if record.closed {
            return None;
        }
        let arrival = record.schedule.enter(now)?;
        record.tally.due(&arrival);
        let taken = Some(now);
        record.open.insert(arrival.index, Open { arrival, taken });
        drop(record);
        Some(arrival)
    }

    /// From an instant on the rate is another; `false` where that comes too late.
    pub(crate) fn change(&self, from: Span, rate: Rate) -> bool {
        self.record().schedule.change(from, rate)
    }

    /// A taken arrival has ended. One that was resolved before, by [`Recorder::close`], stays as it
    /// was; so does one that was never taken.
    pub(crate) fn finish(&self, index: u64, walk: Walk) {
        let mut record = self.record();
        let is_taken = |open: &Open| open.taken.is_some();
        if record.open.get(&index).is_some_and(is_taken)
            && let Some(open) = record.open.remove(&index)
        {
            record.tally.walked(&open.arrival, &walk);
            record.writes.extend(walk.writes);
        }
    }

    /// What was resolved since the report before, and what came due.
    pub(crate) fn report(&self, now: Span) -> Report {
        let mut record = self.record();
        record.advance(now);
        let waiting: Vec<u64> = record
            .open
            .iter()
            .filter(|(_, open)| open.taken.is_none())
            .map(|(index, _)| *index)
            .collect();
        for index in waiting {
            record.expire(index, now);
        }
        let in_flight = record.in_flight();
        let Record { tally, writes, .. } = &mut *record;
        let differences = tally.take();
        let writes = std::mem::take(writes);
        drop(record);
        Report {
            load: differences.report(in_flight),
            writes,
        }
    }

    /// Resolves whatever is still open as bad. Nothing is recorded from then on.
    pub(crate) fn close(&self, now: Span) {
        let mut record = self.record();
        record.advance(now);
        record.closed = true;
        for (_, open) in std::mem::take(&mut record.open) {
            let ending = open
                .taken
                .map_or(Ending::Unsent, |sent| Ending::Abandoned { sent, at: now });
            record.tally.ended(&open.arrival, ending);
        }
    }

    /// Whether every arrival due by now is resolved.
    pub(crate) fn is_settled(&self, now: Span) -> bool {
        let mut record = self.record();
        record.advance(now);
        record.open.is_empty()
    }

    /// How many arrivals are taken and have not ended.
    pub(crate) fn in_flight(&self) -> u64 {
        self.record().in_flight()
    }

    /// A panic while recording would have to come from the standard library; the counts made before
    /// it are still right.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    /// Opens every arrival that came due.
    fn advance(&mut self, now: Span) {
        while !self.closed && self.schedule.next_due().is_some_and(|due| due <= now) {
            let Some(arrival) = self.schedule.next() else {
                return;
            };
            self.tally.due(&arrival);
            self.open.insert(
                arrival.index,
                Open {
                    arrival,
                    taken: None,
                },
            );
        }
    }

    /// Gives an arrival up that has waited too long.
    fn expire(&mut self, index: u64, now: Span) {
        let late = self.open.get(&index).is_some_and(|open| {
            open.taken.is_none() && now.minus(open.arrival.due) > Recorder::PATIENCE
        });
        if late && let Some(open) = self.open.remove(&index) {
            self.tally.ended(&open.arrival, Ending::Unsent);
        }
    }

    fn in_flight(&self) -> u64 {
        self.open
            .values()
            .filter(|open| open.taken.is_some())
            .count() as u64
    }
}

#[cfg(test)]
mod tests;
