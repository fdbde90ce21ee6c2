//! Saturation: a reading above the ceiling is bad.

use lab_model::Span;
use lab_model::indicator::{Indicator, number};

use super::readings::Readings;
use super::stream::{Stream, Was};
use super::{Around, shared};
use crate::figures::significant;
use crate::outcome::{Call, IndicatorVerdict};

pub(super) fn weigh(
    indicator: &Indicator,
    at_most: f64,
    readings: &Readings<'_>,
    phase: &Around<'_>,
) -> IndicatorVerdict {
    let (mut verdict, numbers) = ceiling(indicator, at_most, readings, phase);
    if let (Some(highest), Some(median)) = (numbers.last(), numbers.get(numbers.len() / 2)) {
        let (median, highest) = (significant(*median, 3), significant(*highest, 3));
        verdict.found = format!("{median} in the median, {highest} at the highest");
    }
    verdict
}

/// Numbers above a ceiling, and all of them in their order.
pub(super) fn ceiling(
    indicator: &Indicator,
    at_most: f64,
    readings: &Readings<'_>,
    phase: &Around<'_>,
) -> (IndicatorVerdict, Vec<f64>) {
    let mut stream = Stream::new("reading", readings.every);
    let mut numbers = Vec::new();
    let mut add = |at: Span, number: Option<f64>| {
        let was = match number {
            None => Was::Missing,
            Some(number) if number > at_most => Was::Bad,
            Some(_) => Was::Good,
        };
        numbers.extend(number);
        stream.add(at, was);
    };
    for (at, value) in readings.values() {
        add(at, value.and_then(number));
    }
    numbers.sort_by(f64::total_cmp);
    let mut verdict = shared(indicator, &stream, phase.alpha_fail);
    if verdict.call == Call::Inconclusive
        && let Some(why) = readings.first_failure()
    {
        verdict.note = format!("{}; {why}", verdict.note);
    }
    (verdict, numbers)
}
