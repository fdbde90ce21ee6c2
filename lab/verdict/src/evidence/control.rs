//! A candidate against a control: each bad event is asked which arm it came from.
//!
//! With `n_c` and `n_b` events in the candidate and the control, and the candidate `r` times as
//! likely to fail, a bad event is the candidate's with chance `r n_c / (r n_c + n_b)`. What hits
//! both arms alike cancels, so a fault on both does not fail the candidate.

use super::{Side, log_sum_exp, times_log};

/// The ratio that a pass rules out, where the candidate gets a quarter of the load or more.
pub const GROSS: f64 = 1.5;

/// The ratio that a pass can rule out where the candidate gets a small step (5 %) of the load.
pub const GROSS_AT_A_SMALL_STEP: f64 = 5.0;

/// Ratios that the pass side bets on.
const PASS: [f64; 6] = [0.25, 0.5, 0.75, 0.9, 1.0, 1.1];

/// Ratios that the fail side bets on.
const FAIL: [f64; 6] = [1.25, 1.5, 2.0, 4.0, 8.0, 16.0];

/// Events of one arm in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    /// All of them.
    pub n: u64,
    /// The bad ones.
    pub bad: u64,
}

/// One side of the comparison, fed stretch by stretch, so that the weights of the arms may change.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    null: f64,
    ratios: Vec<f64>,
    log_wealth: Vec<f64>,
}

impl Comparison {
    /// Evidence that the candidate is worse than the control: null `r ≤ 1`.
    pub fn fail() -> Self {
        Self::against(1.0, &FAIL)
    }

    /// Evidence that the candidate is less than `gross` times as bad: null `r ≥ gross`; see
    /// [`GROSS`]. Alternatives that are no better than the null are dropped.
    pub fn pass(gross: f64) -> Self {
        let better: Vec<f64> = PASS.into_iter().filter(|ratio| *ratio < gross).collect();
        Self::against(gross, &better)
    }

    /// Evidence that the candidate is more than `ratio` times as likely: null `r ≤ ratio`.
    pub fn above(ratio: f64) -> Self {
        let above: Vec<f64> = FAIL.iter().map(|times| times * ratio).collect();
        Self::against(ratio, &above)
    }

    /// Evidence that the candidate is less than `ratio` times as likely: null `r ≥ ratio`.
    pub fn below(ratio: f64) -> Self {
        let below: Vec<f64> = FAIL.iter().map(|times| ratio / times).collect();
        Self::against(ratio, &below)
    }

    /// The comparison of a side, with [`GROSS`] for a pass.
    pub fn new(side: Side) -> Self {
        match side {
            Side::Pass => Self::pass(GROSS),
            Side::Fail => Self::fail(),
        }
    }

    fn against(null: f64, ratios: &[f64]) -> Self {
        let log_weight = -(ratios.len().max(1) as f64).ln();
        Self {
            null,
            ratios: ratios.to_vec(),
            log_wealth: vec![log_weight; ratios.len()],
        }
    }

    /// Takes the events of a stretch of time. Without events in both arms it says nothing.
    pub fn add(&mut self, candidate: Arm, control: Arm) {
        if candidate.n == 0 || control.n == 0 {
            return;
        }
        let chance = |ratio: f64| {
            let weighted = ratio * candidate.n as f64;
            weighted / (weighted + control.n as f64)
        };
        let null = chance(self.null);
        let (theirs, ours) = (candidate.bad as f64, control.bad as f64);
        for (ratio, log_wealth) in self.ratios.iter().zip(&mut self.log_wealth) {
            let share = chance(*ratio);
            *log_wealth +=
                times_log(theirs, share / null) + times_log(ours, (1.0 - share) / (1.0 - null));
        }
    }

    /// The log e-value of everything so far; 0 without a bad event, as the comparison is silent
    /// then and the absolute objective decides.
    pub fn log_evidence(&self) -> f64 {
        if self.log_wealth.is_empty() {
            0.0
        } else {
            log_sum_exp(&self.log_wealth)
        }
    }
}

/// The log of the average of e-values whose logs are given: valid whatever their dependence. For a
/// latency, one comparison at each rung of a ladder fixed beforehand (the control's p50, p90, p99
/// and p99.9).
pub fn average(log_evidence: &[f64]) -> f64 {
    log_sum_exp(log_evidence) - (log_evidence.len().max(1) as f64).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fed(mut comparison: Comparison, candidate: Arm, control: Arm) -> f64 {
        comparison.add(candidate, control);
        comparison.log_evidence()
    }

    fn arm(n: u64, bad: u64) -> Arm {
        Arm { n, bad }
    }

    #[test]
    fn without_bad_events_it_is_silent() {
        for comparison in [
            Comparison::fail(),
            Comparison::pass(GROSS),
            Comparison::pass(0.1),
        ] {
            let quiet = fed(comparison.clone(), arm(1_000, 0), arm(1_000, 0));
            assert!(quiet.abs() < 1e-12);
            assert!(fed(comparison, arm(1_000, 10), arm(0, 0)).abs() < 1e-12);
        }
        assert!((average(&[0.0, 0.0])).abs() < 1e-12);
    }

    #[test]
    fn a_worse_candidate_fails_and_an_equal_one_passes() {
        let bound = super::super::bound(0.05);
        assert!(fed(Comparison::fail(), arm(1_000, 40), arm(1_000, 10)) > bound);
        assert!(fed(Comparison::fail(), arm(1_000, 400), arm(1_000, 400)) < 0.0);
        assert!(
            fed(
                Comparison::new(Side::Pass),
                arm(5_000, 250),
                arm(5_000, 250)
            ) > bound
        );
        assert!(
            fed(
                Comparison::new(Side::Pass),
                arm(5_000, 375),
                arm(5_000, 250)
            ) < 0.0
        );
    }

    proptest! {
        /// At the null the expected factor of one bad event is 1, whatever the weights.
        #[test]
        fn one_bad_event_is_worth_one_at_the_null(n_c in 1_u64..10_000, n_b in 1_u64..10_000) {
            for (comparison, null) in [(Comparison::fail(), 1.0), (Comparison::pass(GROSS), GROSS)] {
                let chance = null * n_c as f64 / (null * n_c as f64 + n_b as f64);
                let theirs = fed(comparison.clone(), arm(n_c, 1), arm(n_b, 0)).exp();
                let ours = fed(comparison, arm(n_c, 0), arm(n_b, 1)).exp();
                prop_assert!((chance * theirs + (1.0 - chance) * ours - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn stretches_add_up(bad in prop::collection::vec((0_u64..5, 0_u64..5), 1..20)) {
            let mut one_by_one = Comparison::fail();
            for (theirs, ours) in &bad {
                one_by_one.add(arm(50, *theirs), arm(950, *ours));
            }
            let (theirs, ours) = bad.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
            let stretches = bad.len() as u64;
            let whole = fed(Comparison::fail(), arm(50 * stretches, theirs), arm(950 * stretches, ours));
            prop_assert!((one_by_one.log_evidence() - whole).abs() < 1e-9);
        }
    }
}
