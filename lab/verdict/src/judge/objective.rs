//! An objective in a phase: evidence gives the call, trust may take it back.

use lab_model::objective::Objective;

use super::Case;
use super::trust::{InPhase, Trust};
use crate::evidence::interval::interval;
use crate::evidence::slices::{FAIL_SLICE, PASS_SLICE, Slices};
use crate::evidence::{ALPHA, Boundary, Mixture, Side, bound};
use crate::figures::{count, counted, percent, significant};
use crate::outcome::{Call, Interval, ObjectiveVerdict, Strength, Unit};
use crate::planning::{arrivals_to_decide, fail_alpha, proven_pass_after};
use crate::sample::{self, Sample};

pub(super) fn judge(case: &Case<'_>, trust: &Trust) -> Vec<ObjectiveVerdict> {
    let objectives = case.plan.objectives.iter().enumerate();
    let pairs = objectives.flat_map(|(index, objective)| {
        objective
            .during
            .iter()
            .map(move |phase| (index, objective, *phase))
    });
    pairs
        .map(
            |(index, objective, phase)| match Sample::of(objective, case.tally, phase) {
                Some(sample) => {
                    let mut verdict = weigh(case, index, phase, objective, &sample);
                    if case.decided == Some(phase) && !case.stands(verdict.call, verdict.strength) {
                        verdict.call = Call::Inconclusive;
                        verdict.strength = None;
                        "the run ended before this phase did".clone_into(&mut verdict.note);
                    }
                    distrust(verdict, &sample, trust.in_phase(phase), case.pairs)
                }
                None => unknown(index, phase, objective),
            },
        )
        .collect()
}

/// A plan that names what it does not have: nothing can be said.
fn unknown(index: usize, phase: usize, objective: &Objective) -> ObjectiveVerdict {
    ObjectiveVerdict {
        objective: index,
        phase,
        call: Call::Error,
        strength: None,
        unit: Unit::Request,
        n: 0,
        bad: 0,
        allowed: objective.promise.allowed_bad(),
        interval: None,
        quantile: None,
        quantile_low: None,
        quantile_high: None,
        log_evidence_pass: 0.0,
        log_evidence_fail: 0.0,
        passes_up_to: None,
        fails_from: None,
        note: format!("the plan has no journey {} in phase {phase}", objective.of),
    }
}

/// What the evidence alone says.
fn weigh(
    case: &Case<'_>,
    index: usize,
    phase: usize,
    objective: &Objective,
    sample: &Sample<'_>,
) -> ObjectiveVerdict {
    let &Sample {
        n, bad, allowed, ..
    } = sample;
    let alpha_fail = fail_alpha(ALPHA, case.pairs);
    let Boundary {
        passes_up_to,
        fails_from,
    } = Boundary::new(n, allowed, ALPHA, alpha_fail);
    let (quantile_low, quantile_high) = sample::quantile_ends(&objective.promise, sample.journey);
    let mut verdict = ObjectiveVerdict {
        objective: index,
        phase,
        call: Call::Inconclusive,
        strength: None,
        unit: Unit::Request,
        n,
        bad,
        allowed,
        interval: (n > 0).then(|| interval(n, bad, ALPHA)),
        quantile: sample::quantile(&objective.promise, sample.journey),
        quantile_low,
        quantile_high,
        log_evidence_pass: Mixture::new(Side::Pass, allowed).log_evidence(n, bad),
        log_evidence_fail: Mixture::new(Side::Fail, allowed).log_evidence(n, bad),
        passes_up_to,
        fails_from,
        note: String::new(),
    };
    let decided = if sample.is_correctness_check() {
        correctness(&mut verdict)
    } else {
        evidence(&verdict, sample, alpha_fail)
    };
    match decided {
        Some((call, strength)) => {
            verdict.call = call;
            verdict.strength = Some(strength);
            let slices = strength == Strength::Proven && !sample.is_correctness_check();
            verdict.unit = if slices { Unit::Slice } else { Unit::Request };
        }
        None => verdict.note = undecided(case, phase, objective, &verdict, alpha_fail),
    }
    verdict
}

/// An objective of 100 %: one violation fails, and is proof; a pass says no more than that at most
/// 3/n are bad, at 95 %.
fn correctness(verdict: &mut ObjectiveVerdict) -> Option<(Call, Strength)> {
    match (verdict.n, verdict.bad) {
        (0, _) => None,
        (n, 0) => {
            let high = (3.0 / n as f64).min(1.0);
            verdict.interval = Some(Interval { low: 0.0, high });
            Some((Call::Pass, Strength::Observed))
        }
        _ => Some((Call::Fail, Strength::Proven)),
    }
}

/// Slices prove, requests observe; a fail in either outweighs a pass.
fn evidence(
    verdict: &ObjectiveVerdict,
    sample: &Sample<'_>,
    alpha_fail: f64,
) -> Option<(Call, Strength)> {
    let feed = |side, length| {
        let mut slices = Slices::new(side, sample.allowed);
        sample.slices(length).for_each(|share| slices.add(share));
        slices
    };
    let proven_fail = feed(Side::Fail, FAIL_SLICE).highest_log_evidence() >= bound(alpha_fail);
    let proven_pass = feed(Side::Pass, PASS_SLICE).log_evidence() >= bound(ALPHA);
    if proven_fail {
        Some((Call::Fail, Strength::Proven))
    } else if verdict.log_evidence_fail >= bound(alpha_fail) {
        Some((Call::Fail, Strength::Observed))
    } else if proven_pass {
        Some((Call::Pass, Strength::Proven))
    } else if verdict.log_evidence_pass >= bound(ALPHA) {
        Some((Call::Pass, Strength::Observed))
    } else {
        None
    }
}

/// Why the evidence decides nothing, and what more would.
fn undecided(
    case: &Case<'_>,
    phase: usize,
    objective: &Objective,
    verdict: &ObjectiveVerdict,
    alpha_fail: f64,
) -> String {
    let &ObjectiveVerdict {
        n, bad, allowed, ..
    } = verdict;
    if n == 0 {
        return format!("no {} ended in this phase", objective.of);
    }
    if allowed >= 1.0 {
        return "a promise that allows everything to fail cannot be judged".to_owned();
    }
    let passes = match verdict.passes_up_to {
        Some(most) => format!("passes up to {}", count(most)),
        None => "cannot pass".to_owned(),
    };
    let fails = match verdict.fails_from {
        Some(fewest) => format!("fails from {}", count(fewest)),
        None => "cannot fail".to_owned(),
    };
    let state = format!("{} bad of {} {passes} and {fails}", count(bad), count(n));
    let share = bad as f64 / n as f64;
    let seconds = case.plan.phases[phase].length.as_secs_f64();
    let more = match arrivals_to_decide(share, allowed, ALPHA, alpha_fail) {
        Some(needed) if seconds > 0.0 => {
            let rate = n as f64 / seconds;
            let time = crate::figures::time(span(needed as f64 / rate), 2);
            let arrivals = counted(needed, "arrival");
            format!(
                "about {arrivals} would decide ({time} at {}/s)",
                significant(rate, 3)
            )
        }
        _ => format!(
            "{} bad is too near the allowed {}",
            percent(share),
            percent(allowed)
        ),
    };
    match proven_pass_after(allowed, ALPHA) {
        Some(least) => {
            let least = crate::figures::time(least, 2);
            format!("{state}: {more}; a proven pass needs at least {least}")
        }
        None => format!("{state}: {more}"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates"
)]
fn span(seconds: f64) -> lab_model::Span {
    lab_model::Span::from_micros((seconds * 1e6) as u64)
}

/// Takes back what the phase cannot carry.
fn distrust(
    verdict: ObjectiveVerdict,
    sample: &Sample<'_>,
    trust: InPhase,
    pairs: usize,
) -> ObjectiveVerdict {
    let note = match trust {
        InPhase::Full => return verdict,
        InPhase::BarUnsent(note) => {
            let sent_bad = verdict.bad.saturating_sub(sample.journey.total.unsent);
            let bounds = Boundary::new(verdict.n, verdict.allowed, ALPHA, fail_alpha(ALPHA, pairs));
            let stands = bounds.fails_from.is_some_and(|fewest| sent_bad >= fewest);
            if verdict.call == Call::Fail && stands {
                return verdict;
            }
            note
        }
        InPhase::Nothing(note) => note,
    };
    ObjectiveVerdict {
        call: Call::Inconclusive,
        strength: None,
        unit: Unit::Request,
        note,
        ..verdict
    }
}
