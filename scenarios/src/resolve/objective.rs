//! Objectives: what is promised of which journey, in which phases.

use lab_model::indicator::Indicator;
use lab_model::objective::{Comparison, Objective, Promise};
use lab_model::{Name, Ratio, Span};
use lab_verdict::evidence::ALPHA;
use lab_verdict::evidence::control::GROSS;
use lab_verdict::planning::fail_alpha;

use super::indicator;
use super::load::Traffic;
use super::phase::{Stretch, during};
use super::possible;
use super::system::Definition;
use crate::code::Code;
use crate::spec::{AvailabilitySpec, LatencySpec, NoWorseSpec, ObjectiveSpec};
use crate::tree::{At, Report};
use lab_diagnostic::{Finding, Place};

/// The most objectives of a scenario.
const MOST_OBJECTIVES: usize = 100;

/// What objectives are checked against.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) phases: &'a [Stretch<'a>],
    /// `None` where the file has no load that could be read.
    pub(super) traffic: Option<&'a Traffic>,
    /// `None` where the system could not be read.
    pub(super) system: Option<&'a Definition>,
    pub(super) report: &'a Report,
}

/// Everything that is promised.
#[derive(Default)]
pub(super) struct Promises {
    pub(super) objectives: Vec<Objective>,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) indicators: Vec<Indicator>,
}

/// An objective and the place of the number it promises.
struct Placed {
    objective: Objective,
    place: Place,
}

/// Resolves the objectives and refuses those that could not pass or not fail.
pub(super) fn resolve(
    (specs, place): (&Vec<At<ObjectiveSpec>>, Place),
    around: Around<'_>,
) -> Promises {
    let report = around.report;
    if specs.is_empty() {
        report.add(Finding::new(
            Code::NoObjective,
            place,
            "there is no objective",
        ));
    }
    let specs = report.bounded(specs, MOST_OBJECTIVES, "objectives", place);
    let mut placed: Vec<Placed> = Vec::new();
    let mut comparisons = Vec::new();
    let mut figures: Vec<indicator::Placed> = Vec::new();
    for (spec, place) in specs.iter().filter_map(At::located) {
        if let ObjectiveSpec::NoWorse(spec) = spec {
            comparisons.extend(no_worse(spec, place, around));
            continue;
        }
        if let Some(next) = indicator::resolve(spec, place, around) {
            let Some(next) = next else { continue };
            let mut named = figures.iter().map(|known| &known.indicator.name);
            if named.any(|name| *name == next.indicator.name) {
                let message = format!("a second indicator `{}`", next.indicator.name);
                report.add(
                    Finding::new(Code::DuplicateName, place, message).help("give it a `name`"),
                );
            }
            figures.push(next);
            continue;
        }
        for next in objective(spec, place, around) {
            let same = |other: &Placed| {
                let (a, b) = (&other.objective, &next.objective);
                a.of == b.of
                    && same_figure(&a.promise, &b.promise)
                    && a.during.iter().any(|phase| b.during.contains(phase))
            };
            if placed.iter().any(same) {
                let message = format!("a second objective of this kind for {}", next.objective.of);
                report.add(Finding::new(Code::DuplicateObjective, place, message));
            }
            placed.push(next);
        }
    }
    let phases = |during: &Vec<usize>| during.len();
    let of_objectives = placed.iter().map(|placed| &placed.objective.during);
    let of_figures = figures.iter().map(|placed| &placed.indicator.during);
    let pairs = of_objectives.chain(of_figures).map(phases).sum();
    let fail = fail_alpha(ALPHA, pairs);
    for Placed { objective, place } in &placed {
        possible::check(objective, *place, fail, around);
    }
    for placed in &figures {
        indicator::check(placed, fail, around);
    }
    Promises {
        objectives: placed.into_iter().map(|placed| placed.objective).collect(),
        comparisons,
        indicators: figures.into_iter().map(|placed| placed.indicator).collect(),
    }
}

/// Whether two promises speak of the same figure.
fn same_figure(one: &Promise, other: &Promise) -> bool {
    use Promise::{Availability, LatencyRatio, Percentile};
    match (one, other) {
        (Availability { .. }, Availability { .. }) => true,
        (Percentile { quantile: a, .. }, Percentile { quantile: b, .. }) => a == b,
        (LatencyRatio { within: a, .. }, LatencyRatio { within: b, .. }) => a == b,
        _ => false,
    }
}

/// The objective of one journey, or of each that carries a tag.
fn objective(spec: &ObjectiveSpec, place: Place, around: Around<'_>) -> Vec<Placed> {
    let report = around.report;
    let parts = match spec {
        ObjectiveSpec::Availability(spec) => {
            spec.need("of", place, report).map(|(spec, within)| {
                let promise = availability(spec, within, report);
                (&spec.of, &spec.tag, &spec.during, promise, within)
            })
        }
        ObjectiveSpec::Latency(spec) => spec.need("of", place, report).map(|(spec, within)| {
            let promise = latency(spec, within, report);
            (&spec.of, &spec.tag, &spec.during, promise, within)
        }),
        // Resolved elsewhere.
        _ => None,
    };
    let Some((of, tag, phases, promise, within)) = parts else {
        return Vec::new();
    };
    let journeys = journeys((of.as_ref(), tag.as_ref()), within, around);
    let during = during(phases.as_ref(), around.phases, report);
    let Some((promise, place)) = promise else {
        return Vec::new();
    };
    let of_one = |of| Placed {
        objective: Objective {
            of,
            promise: promise.clone(),
            during: during.clone(),
        },
        place,
    };
    journeys.into_iter().map(of_one).collect()
}

/// The journeys of which something is promised.
fn journeys(
    (of, tag): (Option<&At<Name>>, Option<&At<Name>>),
    within: Place,
    around: Around<'_>,
) -> Vec<Name> {
    let report = around.report;
    let Some(tag) = tag else {
        let of = known(of.unwrap_or(&At::Missing), within, around);
        return of.into_iter().collect();
    };
    if let Some(place) = of.and_then(At::place) {
        let message = "one journey and a tag in one objective";
        report.add(Finding::new(Code::BadObjective, place, message).help("make it two objectives"));
    }
    let (Some((tag, place)), Some(traffic)) = (tag.located(), around.traffic) else {
        return Vec::new();
    };
    traffic.tagged(tag, place, report)
}

/// A journey beside another.
fn no_worse(spec: &At<NoWorseSpec>, place: Place, around: Around<'_>) -> Option<Comparison> {
    let report = around.report;
    let (spec, within) = spec.need("of", place, report)?;
    let of = known(&spec.of, within, around);
    let than = spec
        .than
        .need("than", within, report)
        .map(|(_, place)| place);
    let control = than.and_then(|_| known(&spec.than, within, around));
    if let (Some(of), Some(control), Some(place)) = (&of, &control, than)
        && of == control
    {
        let message = format!("{of} beside itself");
        report.add(
            Finding::new(Code::BadObjective, place, message)
                .help("name another journey as the control"),
        );
    }
    let ratio = spec.ratio.as_ref().and_then(At::located);
    if let Some((ratio, place)) = ratio
        && !(*ratio > 1.0 && *ratio <= 1_000.0)
    {
        let message = format!("a ratio of {ratio} cannot be ruled out");
        report.add(
            Finding::new(Code::BadObjective, place, message)
                .help("write more than 1: 1.5 at a quarter of the load, 5 at a small step"),
        );
    }
    let by = spec.by.as_ref().and_then(At::value);
    Some(Comparison {
        during: during(spec.during.as_ref(), around.phases, report),
        of: of?,
        than: control?,
        by: by.copied().unwrap_or_default(),
        ratio: ratio.map_or(GROSS, |(ratio, _)| *ratio),
    })
}

/// The journey, where the load starts it.
fn known(of: &At<Name>, within: Place, around: Around<'_>) -> Option<Name> {
    let (name, place) = of.need("of", within, around.report)?;
    let traffic = around.traffic?;
    traffic
        .starts(name, place, around.report)
        .then(|| name.clone())
}

type Promised = Option<(Promise, Place)>;

fn availability(spec: &AvailabilitySpec, within: Place, report: &Report) -> Promised {
    let (at_least, place) = spec.at_least.need("at_least", within, report)?;
    let at_least = *at_least;
    Some((Promise::Availability { at_least }, place))
}

fn latency(spec: &LatencySpec, within: Place, report: &Report) -> Promised {
    let mut percentiles = spec.percentiles();
    let promise = match (percentiles.next(), &spec.within, &spec.share) {
        (Some((thousandths, key, limit)), None, None) => {
            if let Some((_, second, other)) = percentiles.next() {
                let place = other.place().unwrap_or(within);
                let message = format!("{key} and {second} in one objective");
                report.add(
                    Finding::new(Code::BadObjective, place, message).help("make it two objectives"),
                );
            }
            let (at_most, place) = limit.need(key, within, report)?;
            let quantile = Ratio::new(f64::from(thousandths) / 1_000.0)?;
            let at_most = *at_most;
            Some((Promise::Percentile { quantile, at_most }, at_most, place))
        }
        (None, Some(limit), Some(share)) => {
            let limit = limit.need("within", within, report);
            let (share, place) = share.need("share", within, report)?;
            let (share, within) = (*share, *limit?.0);
            Some((Promise::LatencyRatio { within, share }, within, place))
        }
        _ => {
            report.add(
                Finding::new(
                    Code::BadObjective,
                    within,
                    "no limit for the latency, or two of them",
                )
                .help("write `p99: 300ms`, or `within: 300ms` with `share: 99%`"),
            );
            None
        }
    };
    let (promise, limit, place) = promise?;
    if limit == Span::ZERO {
        let message = "nothing ends within 0s";
        report.add(Finding::new(Code::BadObjective, place, message));
    }
    Some((promise, place))
}
