//! What was read for an indicator in a phase.

use lab_model::Span;
use lab_model::indicator::{Indicator, Read, ReadingReport};

use super::Around;

/// The readings that were due in a phase, each with what was found.
pub(crate) struct Readings<'a> {
    /// When it was due, from the start of the phase, and what was found; `None` where nothing is
    /// on record.
    pub(crate) due: Vec<(Span, Option<&'a [Read]>)>,
    /// Between two of them.
    pub(crate) every: Span,
}

impl<'a> Readings<'a> {
    pub(crate) fn of(index: usize, indicator: &Indicator, phase: &Around<'a>) -> Self {
        Self::within(index, indicator, phase, phase.phase, phase.seconds)
    }

    /// The readings of another phase than the one that is judged.
    pub(crate) fn within(
        index: usize,
        indicator: &Indicator,
        around: &Around<'a>,
        phase: usize,
        seconds: Option<u64>,
    ) -> Self {
        let every = indicator.every;
        let Some(planned) = around.plan.phases.get(phase) else {
            let due = Vec::new();
            return Self { due, every };
        };
        let end = seconds.map_or(planned.end(), |seconds| {
            planned
                .end()
                .min(planned.start.plus(Span::from_secs(seconds)))
        });
        let taken: &[ReadingReport] = around.tally.readings.get(index).map_or(&[], Vec::as_slice);
        let due = indicator.due(planned.start, end).map(|number| {
            let at = Span::from_micros(number.saturating_mul(every.as_micros()));
            // The tally keeps them in their order.
            let found = taken.binary_search_by_key(&at.as_micros(), |found| found.at_micros);
            let found = found.ok().and_then(|place| taken.get(place));
            let reads = found.map(|found| found.reads.as_slice());
            (at.minus(planned.start), reads)
        });
        let due = due.collect();
        Self { due, every }
    }

    /// Readings due.
    pub(crate) fn n(&self) -> u64 {
        self.due.len() as u64
    }

    /// The one value of each reading, or `None` where it is missing.
    pub(crate) fn values(&self) -> impl Iterator<Item = (Span, Option<&'a serde_json::Value>)> {
        self.due.iter().map(|(at, reads)| {
            let value = match reads {
                Some([Read::Value(value)]) => Some(value),
                _ => None,
            };
            (*at, value)
        })
    }

    /// Why the first reading that failed did.
    pub(crate) fn first_failure(&self) -> Option<&'a str> {
        let reads = self.due.iter().filter_map(|(_, reads)| *reads).flatten();
        let mut failed = reads.filter_map(|read| match read {
            Read::Failed(why) => Some(why.as_str()),
            Read::Value(_) => None,
        });
        failed.next()
    }
}
