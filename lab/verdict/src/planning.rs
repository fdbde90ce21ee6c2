//! What a verdict will need, known before a run.

use lab_model::{Plan, Span};

use crate::evidence::boundary::first;
use crate::evidence::slices::{PASS_SLICE, zero_failure_slices};
use crate::evidence::{Boundary, Mixture, Side, bound};

/// No number of arrivals beyond this is worth naming: a year at 300 a second.
const MOST: u64 = 10_000_000_000;

/// The fewest arrivals, all good, that pass against an allowed share of bad ones `p0` with error
/// `alpha`. For a correctness check (`p0` of 0) a single one; `u64::MAX` where no number does
/// (`p0` not a share below 1, or so small that a year of load could not show it).
pub fn zero_failure_arrivals(p0: f64, alpha: f64) -> u64 {
    if p0 == 0.0 {
        return 1;
    }
    arrivals_until(p0, |n| {
        Mixture::new(Side::Pass, p0).log_evidence(n, 0) >= bound(alpha)
    })
    .unwrap_or(u64::MAX)
}

/// With `n` arrivals: the most bad ones that pass and the fewest that fail; `None` where not even
/// none, or not even all of them, would.
///
/// The fail side shares its error among the `m` objective–phase pairs of a run: its `alpha_fail`
/// is `alpha / m`, see [`fail_alpha`].
pub fn bounds(n: u64, p0: f64, alpha_pass: f64, alpha_fail: f64) -> (Option<u64>, Option<u64>) {
    let Boundary {
        passes_up_to,
        fails_from,
    } = Boundary::new(n, p0, alpha_pass, alpha_fail);
    (passes_up_to, fails_from)
}

/// The error of each fail where `pairs` objective–phase pairs are judged: they share `alpha`.
pub fn fail_alpha(alpha: f64, pairs: usize) -> f64 {
    alpha / pairs.max(1) as f64
}

/// The pairs of a phase and an objective or an indicator that a run judges.
pub fn pairs(plan: &Plan) -> usize {
    let objectives = plan.objectives.iter().map(|objective| &objective.during);
    let indicators = plan.indicators.iter().map(|indicator| &indicator.during);
    objectives.chain(indicators).map(Vec::len).sum()
}

/// Arrivals until a verdict is likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likely {
    /// Where every arrival is good: until a pass. `None` where none ever comes.
    pub all_good: Option<u64>,
    /// Where every arrival is bad: until a fail. `None` where none ever comes.
    pub all_bad: Option<u64>,
}

/// How many arrivals a verdict takes on a perfectly good and on a wholly broken system.
pub fn likely_verdict_after(p0: f64, alpha_pass: f64, alpha_fail: f64) -> Likely {
    if p0 == 0.0 {
        return Likely {
            all_good: Some(1),
            all_bad: Some(1),
        };
    }
    let pass = Mixture::new(Side::Pass, p0);
    let fail = Mixture::new(Side::Fail, p0);
    Likely {
        all_good: arrivals_until(p0, |n| pass.log_evidence(n, 0) >= bound(alpha_pass)),
        all_bad: arrivals_until(p0, |n| fail.log_evidence(n, n) >= bound(alpha_fail)),
    }
}

/// About how many arrivals decide where this share of them stays bad; `None` where none do, as
/// the share is too near to what is allowed.
pub fn arrivals_to_decide(share: f64, p0: f64, alpha_pass: f64, alpha_fail: f64) -> Option<u64> {
    let pass = Mixture::new(Side::Pass, p0);
    let fail = Mixture::new(Side::Fail, p0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of n"
    )]
    arrivals_until(p0, |n| {
        let bad = (n as f64 * share.clamp(0.0, 1.0)).round() as u64;
        pass.log_evidence(n, bad) >= bound(alpha_pass)
            || fail.log_evidence(n, bad) >= bound(alpha_fail)
    })
}

/// How long a phase without a single bad arrival must be for its pass to be proven in slices of
/// time; `None` where no length proves it (a correctness check).
pub fn proven_pass_after(p0: f64, alpha: f64) -> Option<Span> {
    let micros = zero_failure_slices(p0, alpha)?.checked_mul(PASS_SLICE.as_micros())?;
    Some(Span::from_micros(micros))
}

/// The smallest number, at most [`MOST`], from which on a condition holds.
fn arrivals_until(p0: f64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !(p0 > 0.0 && p0 < 1.0) {
        return None;
    }
    let mut end = 1;
    while !holds(end) {
        end *= 2;
        if end > MOST {
            return None;
        }
    }
    Some(first(end, holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_design_example() {
        assert_eq!(bounds(1_500, 0.01, 0.05, 0.05), (Some(5), Some(28)));
        assert_eq!(
            bounds(1_500, 0.01, 0.05, fail_alpha(0.05, 3)),
            (Some(5), Some(30))
        );
        assert_eq!(zero_failure_arrivals(0.001, 0.05), 3_995);
    }

    #[test]
    fn extremes() {
        assert_eq!(zero_failure_arrivals(0.0, 0.05), 1);
        assert_eq!(zero_failure_arrivals(1.0, 0.05), u64::MAX);
        assert_eq!(zero_failure_arrivals(f64::NAN, 0.05), u64::MAX);
        assert_eq!(zero_failure_arrivals(1e-300, 0.05), u64::MAX);
        assert_eq!(bounds(0, 0.01, 0.05, 0.05), (None, None));
        assert!((fail_alpha(0.05, 0) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn a_verdict_on_a_broken_system_comes_first() {
        let Likely { all_good, all_bad } = likely_verdict_after(0.01, 0.05, 0.05);
        assert_eq!(all_good, Some(398));
        assert!(all_bad.is_some_and(|n| n < 5), "{all_bad:?}");
        let nothing = Likely {
            all_good: None,
            all_bad: None,
        };
        assert_eq!(likely_verdict_after(2.0, 0.05, 0.05), nothing);
    }

    #[test]
    fn the_nearer_the_longer() {
        let decide = |share| arrivals_to_decide(share, 0.01, 0.05, 0.05);
        assert_eq!(decide(0.01), None);
        let (far, near) = (decide(0.05).unwrap(), decide(0.012).unwrap());
        assert!(far < 300 && near > 10_000, "{far} {near}");
    }

    #[test]
    fn eleven_minutes_prove_one_percent() {
        assert_eq!(proven_pass_after(0.01, 0.05), Some(Span::from_secs(660)));
        assert_eq!(proven_pass_after(0.0, 0.05), None);
    }
}
