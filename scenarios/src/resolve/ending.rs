//! How a run may end early, and what to try after it failed.

use lab_model::objective::Abort;
use lab_model::{Name, Span};

use super::load::Traffic;
use super::setting::Turned;
use crate::code::Code;
use crate::spec::AbortSpec;
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place};

const MOST_CONDITIONS: usize = 100;

/// Resolves abort conditions. `length` is the run's, where it is known.
pub(super) fn aborts(
    (specs, place): (&Vec<At<AbortSpec>>, Place),
    traffic: Option<&Traffic>,
    length: Option<Span>,
    report: &Report,
) -> Vec<Abort> {
    let specs = report.bounded(specs, MOST_CONDITIONS, "abort conditions", place);
    let watched = |of: &At<Name>, within| {
        let (of, place) = of.need("of", within, report)?;
        if let Some(traffic) = traffic {
            traffic.starts(of, place, report);
        }
        Some(of.clone())
    };
    let seconds = |span: &At<Span>, key, within| {
        let (span, place) = span.need(key, within, report)?;
        check_lasting(*span, place, length, report);
        Some(*span)
    };
    let one = |(spec, place): (&AbortSpec, Place)| match spec {
        AbortSpec::Availability(spec) => {
            let (spec, within) = spec.need("of", place, report)?;
            let of = watched(&spec.of, within);
            let below = spec.below.need("below", within, report);
            let lasting = seconds(&spec.lasting, "lasting", within);
            if let Some((_, place)) = below.filter(|(share, _)| share.get() <= 0.0) {
                let message = "no share is below 0%, so this never holds";
                report.add(Finding::new(Code::BadAbort, place, message));
            }
            Some(Abort::Availability {
                of: of?,
                below: *below?.0,
                lasting: lasting?,
            })
        }
        AbortSpec::Burn(spec) => {
            let (spec, within) = spec.need("of", place, report)?;
            let of = watched(&spec.of, within);
            let objective = spec.objective.need("objective", within, report);
            let above = spec.above.need("above", within, report);
            let over = seconds(&spec.over, "over", within);
            let (objective, above) = (objective?, above?);
            check_burn((*objective.0).complement(), above, report);
            Some(Abort::Burn {
                of: of?,
                objective: *objective.0,
                above: *above.0,
                over: over?,
            })
        }
    };
    specs
        .iter()
        .filter_map(At::located)
        .filter_map(one)
        .collect()
}

/// Whether a budget can burn that fast at all.
fn check_burn(budget: f64, (above, place): (&f64, Place), report: &Report) {
    let problem = if budget <= 0.0 {
        "an objective of 100% has no budget to burn".to_owned()
    } else if !(*above > 0.0 && above.is_finite()) {
        format!("a burn of {above} is none")
    } else if above * budget >= 1.0 {
        let most = 1.0 / budget;
        format!("nothing burns {above} times too fast: {most:.1} is everything")
    } else {
        return;
    };
    report.add(Finding::new(Code::BadAbort, place, problem));
}

fn check_lasting(lasting: Span, place: Place, length: Option<Span>, report: &Report) {
    let whole = lasting > Span::ZERO && lasting.as_micros().is_multiple_of(1_000_000);
    let problem = if !whole {
        format!("{lasting} is not a number of whole seconds")
    } else if length.is_some_and(|length| lasting >= length) {
        format!("the run is over after {}", length.unwrap_or_default())
    } else {
        return;
    };
    report.add(
        Finding::new(Code::BadAbort, place, problem)
            .help("a condition looks at whole seconds, fewer than the run has"),
    );
}

/// Checks the remedy and returns those of its settings that are not in force yet.
pub(super) fn remedy(
    entries: &Entries<Name, String>,
    settings: &Turned<'_>,
    report: &Report,
) -> Vec<String> {
    let Turned {
        as_written,
        in_force,
    } = settings;
    let mut open = Vec::new();
    for (name, place, value) in entries.iter() {
        let Some((value, value_place)) = value.need(name.as_str(), place, report) else {
            continue;
        };
        let checked = as_written.check((name.as_str(), place), (value, value_place), report);
        let Some(knob) = checked else { continue };
        if as_written.get(knob) == value {
            let message = format!("{name} is `{value}` already");
            report.add(Finding::new(Code::UselessRemedy, value_place, message));
        }
        if in_force.get(knob) != value {
            open.push(format!("{name}={value}"));
        }
    }
    open
}
