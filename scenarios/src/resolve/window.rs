//! When a fault is armed: `after`, `for` and `flap` as windows of the run.

use lab_model::Span;
use lab_model::plan::Window;

use super::phase::Stretch;
use crate::code::Code;
use crate::spec::{FlapSpec, InjectSpec};
use crate::tree::{At, Report};
use lab_diagnostic::{Finding, Place};

/// The shortest time on or off of a flapping fault: a proxy needs some to be told.
const SHORTEST: Span = Span::from_millis(50);
/// The most windows of one fault.
const MOST: u64 = 1_000;

/// The windows of one fault, in order; `None` where something about them could not be read, or is
/// wrong and reported.
pub(super) fn resolve(
    spec: &InjectSpec,
    phase: &Stretch<'_>,
    report: &Report,
) -> Option<Vec<Window>> {
    let (length, _) = phase.length?;
    let after = time(spec.after.as_ref())?;
    let lasting = time(spec.lasting.as_ref())?;
    let from = after.map_or(Span::ZERO, |(after, _)| after);
    if let Some((after, place)) = after.filter(|(after, _)| *after >= length) {
        let message = format!("after {after} the phase of {length} is over");
        report.add(Finding::new(Code::OutsidePhase, place, message));
        return None;
    }
    let to = lasting.map_or(length, |(lasting, _)| from.plus(lasting));
    if let Some((lasting, place)) = lasting {
        if lasting == Span::ZERO {
            report.add(Finding::new(
                Code::NoEffect,
                place,
                "a fault of 0s touches nothing",
            ));
            return None;
        }
        if to > length {
            let message = format!("the fault would end at {to}, the phase of {length} before it");
            report.add(
                Finding::new(Code::OutsidePhase, place, message)
                    .label(format!("at most {}", length.minus(from))),
            );
            return None;
        }
    }
    let whole = Window {
        from: phase.start.plus(from),
        to: phase.start.plus(to),
    };
    match &spec.flap {
        None => Some(vec![whole]),
        Some(flap) => {
            let (flap, place) = flap.located()?;
            flapping(flap, place, whole, report)
        }
    }
}

/// A time that may be left out: `Some(None)` where it is, `None` where it could not be read.
#[expect(
    clippy::option_option,
    reason = "absent and unreadable are different things"
)]
fn time(at: Option<&At<Span>>) -> Option<Option<(Span, Place)>> {
    match at {
        None | Some(At::Missing) => Some(None),
        Some(At::Wrong(_)) => None,
        Some(At::Good(span, place)) => Some(Some((*span, *place))),
    }
}

fn flapping(flap: &FlapSpec, within: Place, whole: Window, report: &Report) -> Option<Vec<Window>> {
    let on = flap.on.need("on", within, report);
    let off = flap.off.need("off", within, report);
    let (on, off) = (on?, off?);
    for (span, place) in [on, off] {
        if *span < SHORTEST {
            let message = format!("{span} is shorter than {SHORTEST}");
            report.add(Finding::new(Code::BadFlap, place, message));
            return None;
        }
    }
    let (on, place) = (*on.0, on.1);
    let length = whole.to.minus(whole.from);
    if on >= length {
        let message = format!("on for {on} of {length}: it would never flap");
        report.add(Finding::new(Code::BadFlap, place, message).help("leave `flap` out"));
        return None;
    }
    let period = on.plus(*off.0);
    let count = length.as_micros().div_ceil(period.as_micros());
    if count > MOST {
        let message = format!("the fault would come and go {count} times, more than {MOST}");
        report.add(Finding::new(Code::BadFlap, within, message));
        return None;
    }
    let window = |index: u64| {
        let from = whole
            .from
            .plus(Span::from_micros(index * period.as_micros()));
        Window {
            from,
            to: from.plus(on).min(whole.to),
        }
    };
    Some((0..count).map(window).collect())
}
