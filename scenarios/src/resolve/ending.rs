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
    let one = |(AbortSpec::Availability(spec), place): (&AbortSpec, Place)| {
        let (spec, within) = spec.need("of", place, report)?;
        let of = spec.of.need("of", within, report);
        let below = spec.below.need("below", within, report);
        let lasting = spec.lasting.need("lasting", within, report);
        if let (Some((of, place)), Some(traffic)) = (of, traffic) {
            traffic.starts(of, place, report);
        }
        if let Some((_, place)) = below.filter(|(share, _)| share.get() <= 0.0) {
            let message = "no share is below 0%, so this never holds";
            report.add(Finding::new(Code::BadAbort, place, message));
        }
        if let Some((lasting, place)) = lasting {
            check_lasting(*lasting, place, length, report);
        }
        Some(Abort {
            of: of?.0.clone(),
            below: *below?.0,
            lasting: *lasting?.0,
        })
    };
    specs
        .iter()
        .filter_map(At::located)
        .filter_map(one)
        .collect()
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
