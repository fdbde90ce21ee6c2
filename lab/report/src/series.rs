//! What each journey did over time: arrivals, failures and latencies in bins of whole seconds.
//!
//! The tally adds up phases; what is drawn needs the seconds, which stand in the journal. A bin
//! never reaches over the end of its phase, and a run has only so many, however long it is.

use std::collections::BTreeMap;

use lab_model::load::Slot;
use lab_model::{Event, Histogram, Name, Span};

use crate::run::Run;

/// About so many bins a run: more than a chart has room for tells nothing.
pub const MOST_BINS: u64 = 150;

/// A journey over time.
#[derive(Debug, Clone)]
pub struct Series {
    /// The journey.
    pub journey: Name,
    /// In the order of time, phases without gaps.
    pub bins: Vec<Bin>,
}

/// A stretch of one phase.
#[derive(Debug, Clone)]
pub struct Bin {
    /// Index of its phase.
    pub phase: usize,
    /// Its start, from the start of the load.
    pub from: Span,
    /// Its end.
    pub to: Span,
    /// Arrivals whose intended start lies in it.
    pub due: u64,
    /// Those that ended well.
    pub good: u64,
    /// Those that failed, timed out, or were never sent.
    pub bad: u64,
    times: BTreeMap<u64, u64>,
}

impl Bin {
    /// Arrivals a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.to.minus(self.from).as_secs_f64();
        if seconds > 0.0 {
            self.due as f64 / seconds
        } else {
            0.0
        }
    }

    /// The share of bad ones among those that ended; `None` where none did.
    pub fn bad_share(&self) -> Option<f64> {
        let ended = self.good.saturating_add(self.bad);
        (ended > 0).then(|| self.bad as f64 / ended as f64)
    }

    /// The latency, from the intended start, at a quantile from 0 to 1, of all that were sent;
    /// `None` where none was.
    pub fn quantile(&self, quantile: f64) -> Option<Span> {
        let total = self.sent();
        // The rank as HDR histograms count it: at least one, rounded up.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let rank = ((quantile * total as f64).ceil() as u64).max(1);
        let mut before: u64 = 0;
        for (value, count) in &self.times {
            before = before.saturating_add(*count);
            if before >= rank {
                return Some(Span::from_micros(*value));
            }
        }
        None
    }

    /// Arrivals whose latency is known.
    pub fn sent(&self) -> u64 {
        self.times
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Latencies in microseconds and how often they came.
    pub fn times(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.times.iter().map(|(value, count)| (*value, *count))
    }

    fn add(&mut self, slot: &Slot) {
        self.due = self.due.saturating_add(slot.due);
        self.good = self.good.saturating_add(slot.good);
        self.bad = self.bad.saturating_add(slot.bad);
        self.merge(&slot.from_intended);
    }

    fn merge(&mut self, times: &Histogram) {
        for (value, count) in times.buckets() {
            let sum = self.times.entry(value).or_default();
            *sum = sum.saturating_add(count);
        }
    }
}

/// How much of its plan a run went through, from the start of the load: all of it, unless it was
/// cut short or left open.
pub fn covered(run: &Run<'_>) -> Span {
    let start = run.tally.life.load_started.unwrap_or_default();
    let seconds = run.took().minus(start).as_micros().div_ceil(1_000_000);
    run.plan().length().min(Span::from_secs(seconds))
}

/// How many whole seconds a bin of a run lasts.
pub fn width(run: &Run<'_>) -> u64 {
    let seconds = covered(run).as_micros().div_ceil(1_000_000);
    seconds.div_ceil(MOST_BINS).max(1)
}

/// Every journey of a run, in the plan's order; phases that the run did not come to have no bins.
pub fn of(run: &Run<'_>) -> Vec<Series> {
    let plan = run.plan();
    let width = width(run);
    let (empty, firsts) = grid(run, width);
    let journeys = plan.load.journeys.iter();
    let mut all: Vec<Series> = journeys
        .map(|journey| Series {
            journey: journey.name.clone(),
            bins: empty.clone(),
        })
        .collect();
    for record in &run.journal.records {
        let Event::Load(report) = &record.event else {
            continue;
        };
        for slot in &report.slots {
            let series = all.iter_mut().find(|series| series.journey == slot.journey);
            let first = firsts.get(slot.phase).copied().flatten();
            let (Some(series), Some(first)) = (series, first) else {
                continue;
            };
            let Ok(offset) = usize::try_from(u64::from(slot.second) / width) else {
                continue;
            };
            let bin = series.bins.get_mut(first.saturating_add(offset));
            if let Some(bin) = bin.filter(|bin| bin.phase == slot.phase) {
                bin.add(slot);
            }
        }
    }
    all
}

/// Empty bins of the phases a run came to, and the index of the first bin of each.
fn grid(run: &Run<'_>, width: u64) -> (Vec<Bin>, Vec<Option<usize>>) {
    let mut bins = Vec::new();
    let mut firsts = Vec::new();
    let covered = covered(run);
    for (index, phase) in run.plan().phases.iter().enumerate() {
        let reached = run.tally.phases.get(index);
        if reached.is_none_or(|tally| tally.started.is_none()) {
            firsts.push(None);
            continue;
        }
        firsts.push(Some(bins.len()));
        let mut from = phase.start;
        let end = phase.end().min(covered);
        while from < end {
            let to = from.plus(Span::from_secs(width)).min(end);
            bins.push(Bin {
                phase: index,
                from,
                to,
                due: 0,
                good: 0,
                bad: 0,
                times: BTreeMap::new(),
            });
            from = to;
        }
    }
    (bins, firsts)
}
