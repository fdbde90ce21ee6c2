//! What became of a fault: armed, healed, lost, and what it did.

use lab_model::Span;
use lab_model::link::{Delay, FaultReport, Touched};

/// One fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultTally {
    /// When it took effect, on the journal's clock; several times when it flaps.
    pub armed: Vec<Span>,
    /// When it was taken back.
    pub healed: Vec<Span>,
    /// What was found the first time it was changed or gone while it should have been armed.
    pub lost: Option<String>,
    /// What passed its link while it was planned to be armed.
    pub passing: Touched,
    /// What it acted on.
    pub touched: Touched,
    /// Requests that matched it, where it acts on those that do.
    pub matched: u64,
    /// Delay it added, as measured.
    pub delay: Delay,
    /// Connections it reset.
    pub resets: u64,
    /// Connections it refused.
    pub refused: u64,
    /// Bytes it dropped.
    pub dropped: u64,
}

impl FaultTally {
    /// Whether it is in effect.
    pub fn is_armed(&self) -> bool {
        self.armed.len() > self.healed.len()
    }

    /// A journal names no more moments than the plan has windows; more would be noise.
    const MOST_MOMENTS: usize = 100_000;

    pub(super) fn arm(&mut self, at: Span) {
        if self.armed.len() < Self::MOST_MOMENTS {
            self.armed.push(at);
        }
    }

    pub(super) fn heal(&mut self, at: Span) {
        if self.healed.len() < Self::MOST_MOMENTS {
            self.healed.push(at);
        }
    }

    pub(super) fn lose(&mut self, found: &str) {
        self.lost.get_or_insert_with(|| found.to_owned());
    }

    pub(super) fn add(&mut self, report: &FaultReport) {
        add_touched(&mut self.passing, &report.passing);
        add_touched(&mut self.touched, &report.touched);
        add_delay(&mut self.delay, &report.delay);
        self.matched = self.matched.saturating_add(report.matched);
        self.resets = self.resets.saturating_add(report.resets);
        self.refused = self.refused.saturating_add(report.refused);
        self.dropped = self.dropped.saturating_add(report.dropped);
    }
}

// A journal may hold any number, so sums saturate instead of overflowing.

fn add_touched(sum: &mut Touched, more: &Touched) {
    sum.connections = sum.connections.saturating_add(more.connections);
    sum.requests = sum.requests.saturating_add(more.requests);
    sum.bytes = sum.bytes.saturating_add(more.bytes);
    sum.readings = sum.readings.saturating_add(more.readings);
}

fn add_delay(sum: &mut Delay, more: &Delay) {
    if sum.count.checked_add(more.count).is_some() {
        sum.add(more);
    }
}
