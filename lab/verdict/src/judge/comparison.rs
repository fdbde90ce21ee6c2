//! A journey beside another: what hits both alike cancels.
//!
//! Failures are compared second by second; by Ville's inequality a fail may stand on the highest
//! evidence there ever was. Latency is compared on the whole phase, at rungs fixed beforehand: the
//! control's p50, p90, p99 and p99.9 in the baseline, their e-values averaged.

use lab_model::Span;
use lab_model::objective::{Comparison as Promise, Measure};
use lab_model::plan::PhaseKind;

use super::Case;
use super::trust::{InPhase, Trust};
use crate::evidence::control::{Arm, Comparison, average};
use crate::evidence::interval::interval;
use crate::evidence::{ALPHA, bound};
use crate::figures::{count, counted};
use crate::outcome::{Call, ComparisonVerdict, Strength};
use crate::planning::fail_alpha;
use crate::tally::{Counts, JourneyTally};

/// The rungs of the latency ladder.
const RUNGS: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

pub(super) fn judge(case: &Case<'_>, trust: &Trust) -> Vec<ComparisonVerdict> {
    let promises = case.plan.comparisons.iter().enumerate();
    let pairs: Vec<(usize, &Promise, usize)> = promises
        .flat_map(|(index, promise)| {
            let during = promise.during.iter();
            during.map(move |phase| (index, promise, *phase))
        })
        .collect();
    let alpha = fail_alpha(ALPHA, pairs.len());
    pairs
        .into_iter()
        .map(|(index, promise, phase)| {
            let verdict = weigh(case, index, promise, phase, alpha);
            match trust.in_phase(phase) {
                InPhase::Full => verdict,
                // What could not be sent says something of the lab and nothing of either arm.
                InPhase::BarUnsent(note) | InPhase::Nothing(note) => ComparisonVerdict {
                    call: Call::Inconclusive,
                    strength: None,
                    note,
                    ..verdict
                },
            }
        })
        .collect()
}

/// The arms in a phase with the evidence on both sides.
struct Weighed {
    candidate: Arm,
    control: Arm,
    pass: f64,
    fail: f64,
}

impl Weighed {
    const NOTHING: Self = Self {
        candidate: Arm { n: 0, bad: 0 },
        control: Arm { n: 0, bad: 0 },
        pass: 0.0,
        fail: 0.0,
    };
}

fn weigh(
    case: &Case<'_>,
    index: usize,
    promise: &Promise,
    phase: usize,
    alpha: f64,
) -> ComparisonVerdict {
    let arm = |name| case.tally.journey(phase, name);
    let weighed = match (arm(&promise.of), arm(&promise.than), promise.by) {
        (Some(candidate), Some(control), Measure::Failures) => {
            by_failures(promise, candidate, control)
        }
        (Some(candidate), Some(control), Measure::Latency) => {
            by_latency(case, promise, phase, candidate, control).unwrap_or(Weighed::NOTHING)
        }
        _ => Weighed::NOTHING,
    };
    let Weighed {
        candidate,
        control,
        pass,
        fail,
    } = weighed;
    let (call, note) = call(case, promise, phase, alpha, &weighed);
    let (ratio, ratio_low, ratio_high) = ratio(candidate, control);
    let decided = matches!(call, Call::Pass | Call::Fail);
    ComparisonVerdict {
        comparison: index,
        phase,
        call,
        strength: decided.then_some(Strength::Observed),
        n: candidate.n,
        bad: candidate.bad,
        control_n: control.n,
        control_bad: control.bad,
        ratio,
        ratio_low,
        ratio_high,
        log_evidence_pass: pass,
        log_evidence_fail: fail,
        note,
    }
}

fn call(
    case: &Case<'_>,
    promise: &Promise,
    phase: usize,
    alpha: f64,
    weighed: &Weighed,
) -> (Call, String) {
    let Weighed {
        candidate, control, ..
    } = weighed;
    let bad = candidate.bad.saturating_add(control.bad);
    if candidate.n == 0 || control.n == 0 {
        return (Call::Inconclusive, "an arm has no arrivals".to_owned());
    }
    if weighed.fail >= bound(alpha) {
        let (bad, n) = (count(candidate.bad), count(candidate.n));
        let (theirs, of) = (count(control.bad), count(control.n));
        return (
            Call::Fail,
            format!("{bad} bad of {n} beside {theirs} of {of}"),
        );
    }
    if weighed.pass >= bound(ALPHA) {
        return (Call::Pass, String::new());
    }
    let mut objectives = case.plan.objectives.iter();
    let judged_alone =
        objectives.any(|objective| objective.of == promise.of && objective.during.contains(&phase));
    if bad == 0 && judged_alone {
        let note = "no bad arrival in either arm: its own objective decides";
        return (Call::Pass, note.to_owned());
    }
    let bad = counted(bad, "bad arrival");
    (
        Call::Inconclusive,
        format!("{bad} in both arms: too few to decide"),
    )
}

fn by_failures(promise: &Promise, candidate: &JourneyTally, control: &JourneyTally) -> Weighed {
    let (mut pass, mut fail) = (Comparison::pass(promise.ratio), Comparison::fail());
    let mut highest: f64 = 0.0;
    let arm = |counts: &Counts| Arm {
        n: counts.ended(),
        bad: counts.bad.min(counts.ended()),
    };
    for (theirs, ours) in candidate.seconds.iter().zip(&control.seconds) {
        pass.add(arm(theirs), arm(ours));
        fail.add(arm(theirs), arm(ours));
        highest = highest.max(fail.log_evidence());
    }
    Weighed {
        candidate: arm(&candidate.total),
        control: arm(&control.total),
        pass: pass.log_evidence(),
        fail: highest,
    }
}

/// `None` without a baseline of the control.
fn by_latency(
    case: &Case<'_>,
    promise: &Promise,
    phase: usize,
    candidate: &JourneyTally,
    control: &JourneyTally,
) -> Option<Weighed> {
    let baseline = (0..phase)
        .rev()
        .find(|earlier| case.plan.phases[*earlier].kind == PhaseKind::Baseline)?;
    let before = case.tally.journey(baseline, &promise.than)?;
    let at = |rung: Span, tally: &JourneyTally| {
        let times = tally.from_intended.buckets();
        let slower = times.filter(|(value, _)| *value > rung.as_micros());
        let slower = slower.fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
        let n = tally.total.ended();
        // Failed arrivals are slower than any, however soon they failed.
        Arm {
            n,
            bad: slower.max(tally.total.bad).min(n),
        }
    };
    let (mut pass, mut fail) = (Vec::new(), Vec::new());
    for rung in RUNGS {
        let rung = before.from_intended.quantile(rung)?;
        let (theirs, ours) = (at(rung, candidate), at(rung, control));
        let fed = |mut side: Comparison| {
            side.add(theirs, ours);
            side.log_evidence()
        };
        pass.push(fed(Comparison::pass(promise.ratio)));
        fail.push(fed(Comparison::fail()));
    }
    let shown = before.from_intended.quantile(0.99)?;
    Some(Weighed {
        candidate: at(shown, candidate),
        control: at(shown, control),
        pass: average(&pass),
        fail: average(&fail),
    })
}

/// How many times as bad the candidate is, from the share of bad arrivals that are its own:
/// `θ = r n_c / (r n_c + n_b)`, so `r = θ n_b / ((1 − θ) n_c)`.
fn ratio(candidate: Arm, control: Arm) -> (Option<f64>, Option<f64>, Option<f64>) {
    let bad = candidate.bad.saturating_add(control.bad);
    if bad == 0 || candidate.n == 0 || control.n == 0 {
        return (None, None, None);
    }
    let of = |share: f64| {
        let ratio = share / (1.0 - share) * control.n as f64 / candidate.n as f64;
        Some(ratio).filter(|ratio| ratio.is_finite())
    };
    let ends = interval(bad, candidate.bad, ALPHA);
    (
        of(candidate.bad as f64 / bad as f64),
        of(ends.low),
        of(ends.high),
    )
}
