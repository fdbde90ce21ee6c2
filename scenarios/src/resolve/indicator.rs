//! Indicators: what is promised of figures that are read from the system, in which phases.

use lab_model::indicator::{Indicator, Must, Promise};
use lab_model::plan::PhaseKind;
use lab_model::{Name, Ratio, Span};
use lab_verdict::evidence::ALPHA;
use lab_verdict::evidence::control::GROSS;
use lab_verdict::planning::{bounds, zero_failure_arrivals};
use serde_json::Value;

use super::objective::Around;
use super::phase::during;
use super::reading;
use super::wording::{counted, percent, time};
use crate::code::Code;
use crate::spec::{
    BusinessSpec, FreshnessSpec, InvariantSpec, ObjectiveSpec, ParitySpec, ReadSpec,
    SaturationSpec, ThroughputSpec,
};
use crate::tree::At;
use lab_diagnostic::{Finding, Place};

/// The share of seconds or readings where none is given.
const SHARE: f64 = 0.9;
/// Between two readings where nothing is said.
const EVERY: Span = Span::from_secs(1);
/// A system is asked no more often than this.
const MOST_OFTEN: Span = Span::from_millis(100);
/// A phase has a few readings at least.
const MOST_SELDOM: Span = Span::from_secs(60);

/// An indicator and the place of what it promises.
pub(super) struct Placed {
    pub(super) indicator: Indicator,
    pub(super) place: Place,
}

/// The indicator that an objective is, where it is one.
#[expect(
    clippy::option_option,
    reason = "no indicator, one that cannot be read, one"
)]
pub(super) fn resolve(
    spec: &ObjectiveSpec,
    place: Place,
    around: Around<'_>,
) -> Option<Option<Placed>> {
    Some(match spec {
        ObjectiveSpec::Throughput(spec) => throughput(spec, place, around),
        ObjectiveSpec::Saturation(spec) => saturation(spec, place, around),
        ObjectiveSpec::Freshness(spec) => freshness(spec, place, around),
        ObjectiveSpec::Invariant(spec) => invariant(spec, place, around),
        ObjectiveSpec::Business(spec) => business(spec, place, around),
        ObjectiveSpec::Parity(spec) => parity(spec, place, around),
        ObjectiveSpec::Availability(_) | ObjectiveSpec::Latency(_) | ObjectiveSpec::NoWorse(_) => {
            return None;
        }
    })
}

/// Reports an indicator that one of its phases holds too few readings for.
pub(super) fn check(placed: &Placed, fail_alpha: f64, around: Around<'_>) {
    let Placed { indicator, place } = placed;
    let Some(allowed) = indicator.allowed_bad() else {
        return;
    };
    let phases = indicator.during.iter();
    for phase in phases.filter_map(|index| around.phases.get(*index)) {
        let Some((length, _)) = phase.length else {
            continue;
        };
        let due = indicator.due(phase.start, phase.start.plus(length));
        let n = due.end - due.start;
        let there_are = format!("{} in {}", counted(n, unit(indicator)), phase.name);
        let needed = zero_failure_arrivals(allowed, ALPHA);
        let finding = if n < needed && allowed < 1.0 {
            let message = format!("this cannot pass in {}, even if all is well", time(length));
            let needed = counted(needed, unit(indicator));
            let finding = Finding::new(Code::CannotPass, *place, message).label(there_are);
            finding.help(format!(
                "it needs {needed}: lengthen the phase, read more often, or ask for a smaller `share`"
            ))
        } else if allowed > 0.0 && bounds(n, allowed, ALPHA, fail_alpha).1.is_none() {
            let message = format!("this cannot fail in {}, whatever is found", time(length));
            let finding = Finding::new(Code::CannotFail, *place, message).label(there_are);
            finding.help("ask for more, lengthen the phase, or read more often")
        } else {
            continue;
        };
        around.report.add(finding);
        return;
    }
}

const fn unit(indicator: &Indicator) -> &'static str {
    match indicator.promise {
        Promise::Throughput { .. } => "second",
        _ => "reading",
    }
}

fn bad(place: Place, message: impl Into<String>, help: &str, around: Around<'_>) {
    let finding = Finding::new(Code::BadIndicator, place, message.into());
    around.report.add(finding.help(help));
}

fn named(given: Option<&At<Name>>, fallback: &str) -> Option<Name> {
    match given.and_then(At::value) {
        Some(name) => Some(name.clone()),
        None => Name::new(fallback).ok(),
    }
}

/// The least share of what is good, and the place of the promise.
fn share(given: Option<&At<Ratio>>, around: Around<'_>) -> Option<Ratio> {
    let Some((share, place)) = given.and_then(At::located) else {
        return Ratio::new(SHARE);
    };
    if share.get() >= 1.0 {
        let message = format!("{} of readings cannot be shown", percent(*share));
        bad(place, message, "an `invariant` must hold always", around);
        return None;
    }
    Some(*share)
}

fn every(given: Option<&At<Span>>, around: Around<'_>) -> Span {
    let Some((every, place)) = given.and_then(At::located) else {
        return EVERY;
    };
    if *every < MOST_OFTEN || *every > MOST_SELDOM {
        let message = format!("a reading each {every}");
        bad(place, message, "write from 100ms to 1m", around);
    }
    (*every).clamp(MOST_OFTEN, MOST_SELDOM)
}

/// A ceiling or a floor that is a number.
fn finite(given: &At<f64>, key: &str, within: Place, around: Around<'_>) -> Option<(f64, Place)> {
    let (number, place) = given.need(key, within, around.report)?;
    if !number.is_finite() {
        bad(place, format!("{number} is no number"), "write one", around);
        return None;
    }
    Some((*number, place))
}

fn read(
    spec: &At<ReadSpec>,
    key: &str,
    within: Place,
    around: Around<'_>,
) -> Option<lab_model::indicator::Source> {
    let (spec, place) = spec.need(key, within, around.report)?;
    reading::source(spec, place, around)
}

fn throughput(spec: &At<ThroughputSpec>, place: Place, around: Around<'_>) -> Option<Placed> {
    let report = around.report;
    let (spec, within) = spec.need("at_least", place, report)?;
    let of = spec.of.as_ref().and_then(At::located);
    let starts = of.is_none_or(|(of, place)| {
        around
            .traffic
            .is_some_and(|traffic| traffic.starts(of, place, report))
    });
    let floor = spec.at_least.need("at_least", within, report);
    let share = share(spec.share.as_ref(), around);
    let during = during(spec.during.as_ref(), around.phases, report);
    let (at_least, place) = floor?;
    for phase in during.iter().filter_map(|index| around.phases.get(*index)) {
        let offered = phase.length.and_then(|(length, _)| {
            let traffic = around.traffic?;
            match of {
                Some((of, _)) => traffic.rate(of, phase.start, length),
                None => traffic.whole_rate(phase.start, length),
            }
        });
        if let Some(offered) = offered.filter(|offered| *offered < at_least.as_per_second()) {
            let message = format!("only {offered:.3} arrivals a second in {}", phase.name);
            let help = "a floor lies below what is offered";
            bad(place, message, help, around);
            break;
        }
    }
    let fallback = of.map_or("throughput", |(of, _)| of.as_str());
    let promise = Promise::Throughput {
        of: of.map(|(of, _)| of.clone()),
        at_least: *at_least,
        share: share?,
    };
    let indicator = Indicator {
        name: named(spec.name.as_ref(), fallback)?,
        promise,
        sources: Vec::new(),
        every: Span::from_secs(1),
        during,
    };
    starts.then_some(Placed { indicator, place })
}

fn saturation(spec: &At<Box<SaturationSpec>>, place: Place, around: Around<'_>) -> Option<Placed> {
    let (spec, within) = spec.need("read", place, around.report)?;
    let source = read(&spec.read, "read", within, around);
    let at_most = finite(&spec.at_most, "at_most", within, around);
    let share = share(spec.share.as_ref(), around);
    let during = during(spec.during.as_ref(), around.phases, around.report);
    let (at_most, place) = at_most?;
    let indicator = Indicator {
        name: named(spec.name.as_ref(), "saturation")?,
        promise: Promise::Saturation {
            at_most,
            share: share?,
        },
        sources: vec![source?],
        every: every(spec.every.as_ref(), around),
        during,
    };
    Some(Placed { indicator, place })
}

fn freshness(spec: &At<Box<FreshnessSpec>>, place: Place, around: Around<'_>) -> Option<Placed> {
    let (spec, within) = spec.need("read", place, around.report)?;
    let source = read(&spec.read, "read", within, around);
    let at_most = spec.at_most.need("at_most", within, around.report);
    let share = share(spec.share.as_ref(), around);
    let during = during(spec.during.as_ref(), around.phases, around.report);
    let (at_most, place) = at_most?;
    if *at_most == Span::ZERO {
        bad(place, "nothing is 0s old", "write `at_most: 5s`", around);
    }
    let indicator = Indicator {
        name: named(spec.name.as_ref(), "freshness")?,
        promise: Promise::Freshness {
            at_most: *at_most,
            share: share?,
        },
        sources: vec![source?],
        every: every(spec.every.as_ref(), around),
        during,
    };
    Some(Placed { indicator, place })
}

fn invariant(spec: &At<Box<InvariantSpec>>, place: Place, around: Around<'_>) -> Option<Placed> {
    let (spec, within) = spec.need("read", place, around.report)?;
    let source = read(&spec.read, "read", within, around);
    let equals = spec.equals.as_ref().and_then(At::located);
    let equals = equals.map(|(text, place)| (Must::Equal(scalar(text)), place));
    let bound = |given: &Option<At<f64>>, key, of: fn(f64) -> Must| {
        let (number, place) = finite(given.as_ref()?, key, within, around)?;
        Some((of(number), place))
    };
    let given = [
        equals,
        bound(&spec.at_most, "at_most", Must::AtMost),
        bound(&spec.at_least, "at_least", Must::AtLeast),
    ];
    let mut given = given.into_iter().flatten();
    let (first, more) = (given.next(), given.next());
    if first.is_none() || more.is_some() {
        let place = more.map_or(within, |(_, place)| place);
        let help = "write one of `equals: 0`, `at_most: 5` and `at_least: 1`";
        bad(place, "an invariant says one thing", help, around);
    }
    let during = during(spec.during.as_ref(), around.phases, around.report);
    let (must, place) = first?;
    let indicator = Indicator {
        name: named(spec.name.as_ref(), "invariant")?,
        promise: Promise::Invariant { must },
        sources: vec![source?],
        every: every(spec.every.as_ref(), around),
        during,
    };
    Some(Placed { indicator, place })
}

/// A number where the text spells one.
fn scalar(text: &str) -> Value {
    match text.parse::<f64>().ok().map(Value::from) {
        Some(number @ Value::Number(_)) => number,
        _ => Value::from(text),
    }
}

fn business(spec: &At<Box<BusinessSpec>>, place: Place, around: Around<'_>) -> Option<Placed> {
    let (spec, within) = spec.need("read", place, around.report)?;
    let source = read(&spec.read, "read", within, around);
    let keeps = spec.keeps.need("keeps", within, around.report);
    let during = during(spec.during.as_ref(), around.phases, around.report);
    let mut phases = around.phases.iter();
    if !around.phases.is_empty() && !phases.any(|phase| phase.kind == PhaseKind::Baseline) {
        let help = "add `- baseline: 15s`: its rate is the control";
        bad(within, "there is no baseline", help, around);
    }
    let (keeps, place) = keeps?;
    if keeps.get() <= 0.0 {
        bad(place, "0% is always kept", "write `keeps: 80%`", around);
    }
    let indicator = Indicator {
        name: named(spec.name.as_ref(), "business")?,
        promise: Promise::Business { keeps: *keeps },
        sources: vec![source?],
        every: every(spec.every.as_ref(), around),
        during,
    };
    Some(Placed { indicator, place })
}

fn parity(spec: &At<Box<ParitySpec>>, place: Place, around: Around<'_>) -> Option<Placed> {
    let (spec, within) = spec.need("primary", place, around.report)?;
    let arms = [
        read(&spec.primary, "primary", within, around),
        read(&spec.secondary, "secondary", within, around),
        read(&spec.candidate, "candidate", within, around),
    ];
    let ratio = match &spec.ratio {
        Some(ratio) => {
            let (ratio, place) = finite(ratio, "ratio", within, around)?;
            if !(ratio > 1.0 && ratio <= 1_000.0) {
                let message = format!("a ratio of {ratio} cannot be ruled out");
                bad(place, message, "write more than 1", around);
            }
            ratio
        }
        None => GROSS,
    };
    let during = during(spec.during.as_ref(), around.phases, around.report);
    let sources: Option<Vec<_>> = arms.into_iter().collect();
    let indicator = Indicator {
        name: named(spec.name.as_ref(), "parity")?,
        promise: Promise::Parity { ratio },
        sources: sources?,
        every: every(spec.every.as_ref(), around),
        during,
    };
    Some(Placed {
        indicator,
        place: within,
    })
}
