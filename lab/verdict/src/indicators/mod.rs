//! Figures of the system itself, one file a kind: what a reading says, and what the readings of a
//! phase add up to.
//!
//! A reading that is missing or failed counts against a pass and never towards a fail, so that no
//! silence decides anything.
//!
//! | file | what lives there |
//! |---|---|
//! | `throughput` | seconds that served less than a floor |
//! | `saturation` | readings above a ceiling |
//! | `freshness` | readings of what is too old |
//! | `invariant` | readings that must never be otherwise |
//! | `business` | a counter's rate beside that of the baseline |
//! | `parity` | a candidate beside two copies of what it replaces |
//! | `readings` | what was read in a phase |
//! | `stream` | good, bad and missing events, second by second, and what they decide |

mod business;
mod freshness;
mod invariant;
mod parity;
pub(crate) mod readings;
mod saturation;
pub(crate) mod stream;
mod throughput;

use lab_model::Plan;
use lab_model::indicator::{Indicator, Promise};

use crate::outcome::{Call, IndicatorVerdict, Strength, Unit};
use crate::tally::Tally;
use readings::Readings;
use stream::Stream;

/// What a phase is judged on.
pub(crate) struct Around<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) tally: &'a Tally,
    /// Index into the plan's phases.
    pub(crate) phase: usize,
    /// The whole seconds of it that count, where the run ended within it.
    pub(crate) seconds: Option<u64>,
    /// The error of a fail.
    pub(crate) alpha_fail: f64,
}

/// What the evidence alone says of an indicator in a phase.
pub(crate) fn weigh(index: usize, indicator: &Indicator, phase: &Around<'_>) -> IndicatorVerdict {
    let readings = || Readings::of(index, indicator, phase);
    let mut verdict = match &indicator.promise {
        Promise::Throughput { of, at_least, .. } => {
            throughput::weigh(indicator, of.as_ref(), *at_least, phase)
        }
        Promise::Saturation { at_most, .. } => {
            saturation::weigh(indicator, *at_most, &readings(), phase)
        }
        Promise::Freshness { at_most, .. } => {
            freshness::weigh(indicator, *at_most, &readings(), phase)
        }
        Promise::Invariant { must } => invariant::weigh(must, &readings()),
        Promise::Business { keeps } => business::weigh(index, indicator, keeps.get(), phase),
        Promise::Parity { ratio } => parity::weigh(*ratio, &readings(), phase),
    };
    verdict.indicator = index;
    verdict.phase = phase.phase;
    verdict
}

/// Nothing decided yet.
fn undecided(n: u64, note: impl Into<String>) -> IndicatorVerdict {
    IndicatorVerdict {
        indicator: 0,
        phase: 0,
        call: Call::Inconclusive,
        strength: None,
        unit: Unit::Reading,
        n,
        bad: 0,
        missing: 0,
        allowed: None,
        interval: None,
        at_most: None,
        found: String::new(),
        note: note.into(),
    }
}

/// What a share of bad readings or seconds decides.
fn shared(indicator: &Indicator, stream: &Stream, alpha_fail: f64) -> IndicatorVerdict {
    let allowed = indicator.allowed_bad().unwrap_or(0.0);
    let (n, bad, missing) = (stream.n(), stream.bad(), stream.missing());
    let mut verdict = undecided(n, "");
    verdict.bad = bad;
    verdict.missing = missing;
    verdict.allowed = Some(allowed);
    verdict.interval = stream.interval();
    match stream.decide(allowed, alpha_fail) {
        Some((call, strength)) => {
            verdict.call = call;
            verdict.strength = Some(strength);
            if strength == Strength::Proven {
                verdict.unit = Unit::Slice;
            }
        }
        None => verdict.note = stream.what_more(allowed, alpha_fail),
    }
    verdict
}
