//! Throughput: a second that served fewer arrivals than the floor is bad.
//!
//! An arrival belongs to the second of its intended start, as everywhere: what is served late is
//! served, what is not served is not.

use lab_model::indicator::Indicator;
use lab_model::{Name, Rate, Span};

use super::stream::{Stream, Was};
use super::{Around, shared};
use crate::figures::significant;
use crate::outcome::IndicatorVerdict;
use crate::tally::Counts;

pub(super) fn weigh(
    indicator: &Indicator,
    of: Option<&Name>,
    floor: Rate,
    phase: &Around<'_>,
) -> IndicatorVerdict {
    let planned = phase.plan.phases.get(phase.phase);
    let whole = planned.map_or(0, |planned| planned.length.as_micros() / 1_000_000);
    let whole = phase.seconds.map_or(whole, |seconds| seconds.min(whole));
    let journeys: Vec<_> = match (of, phase.tally.phases.get(phase.phase)) {
        (Some(of), _) => phase.tally.journey(phase.phase, of).into_iter().collect(),
        (None, Some(tally)) => tally.journeys.iter().collect(),
        (None, None) => Vec::new(),
    };
    let mut stream = Stream::new("second", indicator.every);
    let mut served: Vec<u64> = Vec::new();
    for second in 0..whole {
        let counts = journeys.iter().filter_map(|journey| {
            let second = usize::try_from(second).ok()?;
            journey.seconds.get(second)
        });
        let counts: Vec<&Counts> = counts.collect();
        let sum = |of: fn(&Counts) -> u64| {
            let counts = counts.iter().map(|counts| of(counts));
            counts.fold(0_u64, u64::saturating_add)
        };
        let (good, due, open) = (sum(|c| c.good), sum(|c| c.due), sum(Counts::unresolved));
        let good_enough = |good: u64| good as f64 >= floor.as_per_second();
        let was = if due == 0 {
            Was::Missing
        } else if good_enough(good) {
            Was::Good
        } else if good_enough(good.saturating_add(open)) {
            Was::Missing
        } else {
            Was::Bad
        };
        stream.add(Span::from_secs(second), was);
        served.push(good);
    }
    let mut verdict = shared(indicator, &stream, phase.alpha_fail);
    served.sort_unstable();
    if let (Some(least), Some(median)) = (served.first(), served.get(served.len() / 2)) {
        let median = significant(*median as f64, 3);
        verdict.found = format!("{median} a second in the median, {least} at the least");
    }
    verdict
}
