//! Whether an objective can pass and can fail at all, and what it would need.

use lab_model::objective::{Objective, Promise};
use lab_model::{Ratio, Span};
use lab_verdict::evidence::ALPHA;
use lab_verdict::planning::{bounds, zero_failure_arrivals};

use super::load::Traffic;
use super::objective::Around;
use super::phase::Stretch;
use super::wording::{counted, grouped, percent, time};
use crate::code::Code;
use lab_diagnostic::{Finding, Place};

/// What is proposed instead of an objective that cannot pass: the first that can.
const LADDER: [f64; 10] = [0.9995, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5];

/// Reports an objective that one of its phases holds too few arrivals for. `place` is the number
/// it promises, `fail_alpha` the error that its fail may have.
pub(super) fn check(objective: &Objective, place: Place, fail_alpha: f64, around: Around<'_>) {
    let Some(traffic) = around.traffic else {
        return;
    };
    let phases = objective
        .during
        .iter()
        .filter_map(|index| around.phases.get(*index));
    let problem = phases
        .filter(|phase| phase.kind.is_measured())
        .find_map(|phase| in_phase(objective, place, fail_alpha, phase, traffic));
    if let Some(problem) = problem {
        around.report.add(problem);
    }
}

fn in_phase(
    objective: &Objective,
    place: Place,
    fail_alpha: f64,
    phase: &Stretch<'_>,
    traffic: &Traffic,
) -> Option<Finding> {
    let (length, _) = phase.length.filter(|(length, _)| *length > Span::ZERO)?;
    let n = traffic.arrivals_in(&objective.of, phase.start, length)?;
    let p0 = objective.promise.allowed_bad();
    let needed = zero_failure_arrivals(p0, ALPHA);
    let asked = asked(&objective.promise);
    let there_are = format!("{} in {}", counted(n, "arrival"), phase.name);
    // Whatever is promised nothing of passes always, and is refused as it cannot fail.
    if n < needed && p0 < 1.0 {
        let rate = traffic.rate(&objective.of, phase.start, length)?;
        let message = format!(
            "{asked} cannot pass in {} at {}/s, even without one failure",
            time(length),
            shown_rate(rate),
        );
        let finding = Finding::new(Code::CannotPass, place, message).label(there_are);
        return Some(finding.help(way_out(needed, n, length, rate, traffic, objective)));
    }
    if bounds(n, p0, ALPHA, fail_alpha).1.is_none() {
        let message = format!(
            "{asked} cannot fail in {}, even with nothing but failures",
            time(length)
        );
        let finding = Finding::new(Code::CannotFail, place, message).label(there_are);
        return Some(finding.help("ask for more, lengthen the phase, or raise the rate"));
    }
    None
}

/// The share that a promise asks for.
fn asked(promise: &Promise) -> String {
    match promise {
        Promise::Availability { at_least } => percent(*at_least),
        Promise::LatencyRatio { share, .. } => percent(*share),
        Promise::Percentile { quantile, .. } => {
            format!("p{}", quantile.to_string().trim_end_matches('%'))
        }
    }
}

fn shown_rate(rate: f64) -> String {
    let text = format!("{rate:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What to change so that it can pass: the length, the rate, or what is asked.
fn way_out(
    needed: u64,
    n: u64,
    length: Span,
    rate: f64,
    traffic: &Traffic,
    objective: &Objective,
) -> String {
    let less = LADDER
        .iter()
        .filter_map(|share| Ratio::new(*share))
        .find(|share| zero_failure_arrivals(share.complement(), ALPHA) <= n);
    let less = less.map(|share| match objective.promise {
        Promise::Percentile { .. } => format!("p{}", share.to_string().trim_end_matches('%')),
        _ => percent(share),
    });
    let less = less.map_or_else(String::new, |less| format!(", or ask for {less}"));
    let share = traffic.share(&objective.of).unwrap_or_default();
    if needed == u64::MAX || rate <= 0.0 || share <= 0.0 {
        return format!("no number of arrivals could show it{less}");
    }
    let seconds = (needed as f64 / rate).ceil();
    // One in the whole load's words: that is what the file holds.
    let whole_rate = needed as f64 / length.as_secs_f64() / share;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and saturates"
    )]
    let (seconds, whole_rate) = (seconds as u64, whole_rate.ceil() as u64);
    format!(
        "it needs {}: lengthen the phase to {} s, raise the rate to {}/s{less}",
        counted(needed, "arrival"),
        grouped(seconds),
        grouped(whole_rate),
    )
}
