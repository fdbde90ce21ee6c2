//! Business indicators: a counter's rate in a phase beside its rate in the baseline, which is the
//! control. Each event is asked in which of the two it happened, as a comparison asks bad arrivals
//! from which arm they came; lengths of time stand for the sizes of the arms.

use lab_model::Span;
use lab_model::indicator::{Indicator, number};
use lab_model::plan::PhaseKind;

use super::readings::Readings;
use super::{Around, undecided};
use crate::evidence::control::{Arm, Comparison};
use crate::evidence::{ALPHA, bound};
use crate::figures::{percent, significant};
use crate::outcome::{Call, IndicatorVerdict, Strength};

/// How far a counter went, and in what time.
#[derive(Debug, Clone, Copy)]
struct Growth {
    events: u64,
    took: Span,
}

impl Growth {
    fn rate(self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    /// The growth between readings; a counter that starts anew goes on from there.
    fn of(readings: &Readings<'_>) -> Option<Self> {
        let known: Vec<(Span, f64)> = readings
            .values()
            .filter_map(|(at, value)| Some((at, number(value?)?)))
            .collect();
        let ((first, _), (last, _)) = (known.first()?, known.last()?);
        let step = |pair: &[(Span, f64)]| match pair {
            [(_, before), (_, after)] if after >= before => after - before,
            [_, (_, after)] => after.max(0.0),
            _ => 0.0,
        };
        let events: f64 = known.windows(2).map(step).sum();
        let took = last.minus(*first);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "steps are not negative; saturates"
        )]
        let events = events.round() as u64;
        (took > Span::ZERO).then_some(Self { events, took })
    }
}

pub(super) fn weigh(
    index: usize,
    indicator: &Indicator,
    keeps: f64,
    phase: &Around<'_>,
) -> IndicatorVerdict {
    let own = Readings::of(index, indicator, phase);
    let missing = own.values().filter(|(_, value)| value.is_none()).count() as u64;
    let mut verdict = undecided(own.n(), "");
    verdict.missing = missing;
    let baseline = (0..phase.phase)
        .rev()
        .find(|earlier| phase.plan.phases[*earlier].kind == PhaseKind::Baseline);
    let before = baseline
        .map(|baseline| Readings::within(index, indicator, phase, baseline, None))
        .and_then(|readings| Growth::of(&readings));
    let (Some(before), Some(now)) = (before, Growth::of(&own)) else {
        let why = own.first_failure().unwrap_or("too few readings");
        verdict.note = format!("its rate is not known in the baseline or here: {why}");
        return verdict;
    };
    if missing * 2 > own.n() {
        let why = own.first_failure().unwrap_or("nothing is on record");
        verdict.note = format!("most readings are missing: {why}");
        return verdict;
    }
    let (was, is) = (significant(before.rate(), 3), significant(now.rate(), 3));
    let share = percent(now.rate() / before.rate());
    verdict.found = format!("{is} a second beside {was} in the baseline, {share}");
    if before.events == 0 {
        "nothing happened in the baseline, so nothing could be kept".clone_into(&mut verdict.note);
        return verdict;
    }
    // The baseline is the candidate here: it may be at most 1/keeps times as fast as the phase.
    let arm = |growth: Growth| Arm {
        n: growth.took.as_micros(),
        bad: growth.events,
    };
    let evidence = |mut side: Comparison| {
        side.add(arm(before), arm(now));
        side.log_evidence()
    };
    let most = 1.0 / keeps;
    if evidence(Comparison::above(most)) >= bound(phase.alpha_fail) {
        verdict.call = Call::Fail;
    } else if evidence(Comparison::below(most)) >= bound(ALPHA) {
        verdict.call = Call::Pass;
    } else {
        verdict.note = format!("too near {} to decide", percent(keeps));
    }
    if verdict.call != Call::Inconclusive {
        verdict.strength = Some(Strength::Observed);
    }
    verdict
}
