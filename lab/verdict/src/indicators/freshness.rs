//! Freshness: a reading of what is older than the limit is bad. Journals hold ages in seconds, as
//! only who read knew the time of day.

use lab_model::Span;
use lab_model::indicator::Indicator;

use super::Around;
use super::readings::Readings;
use super::saturation::ceiling;
use crate::figures::significant;
use crate::outcome::IndicatorVerdict;

pub(super) fn weigh(
    indicator: &Indicator,
    at_most: Span,
    readings: &Readings<'_>,
    phase: &Around<'_>,
) -> IndicatorVerdict {
    let (mut verdict, ages) = ceiling(indicator, at_most.as_secs_f64(), readings, phase);
    if let (Some(oldest), Some(median)) = (ages.last(), ages.get(ages.len() / 2)) {
        let (median, oldest) = (significant(*median, 2), significant(*oldest, 2));
        verdict.found = format!("{median} s old in the median, {oldest} s at the oldest");
    }
    verdict
}
