//! The engine: log e-values on counts of good and bad events.
//!
//! ```text
//! ln E = logsumexp_k [ ln w_k + S ln(q_k/p0) + (n−S) ln((1−q_k)/(1−p0)) ],   q_k = m_k p0
//! ```
//!
//! with `n` events of which `S` are bad. Alternatives with `q_k ≥ 1` are dropped and the weights
//! renormalised.

use super::{Side, log_sum_exp, times_log};

/// Multiples of p0 that the pass side bets on, equally weighted.
pub const PASS_MULTIPLIERS: [f64; 6] = [0.0, 0.125, 0.25, 0.5, 0.7, 0.85];

/// Multiples of p0 that the fail side bets on, equally weighted.
pub const FAIL_MULTIPLIERS: [f64; 6] = [1.15, 1.4, 2.0, 4.0, 8.0, 16.0];

/// A weighted alternative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alternative {
    /// Its share of bad events.
    pub(super) share: f64,
    /// The logarithm of its weight.
    pub(super) log_weight: f64,
}

/// The alternatives `m · p0` below 1 with their weights, normalised; none where p0 is not
/// strictly between 0 and 1, as no share can then be told from p0 by likelihood.
pub(super) fn alternatives(p0: f64, multipliers: &[(f64, f64)]) -> Vec<Alternative> {
    let usable = |(multiplier, _): &&(f64, f64)| p0 > 0.0 && p0 < 1.0 && multiplier * p0 < 1.0;
    let total: f64 = multipliers
        .iter()
        .filter(usable)
        .map(|(_, weight)| weight)
        .sum();
    multipliers
        .iter()
        .filter(usable)
        .map(|(multiplier, weight)| Alternative {
            share: multiplier * p0,
            log_weight: (weight / total).ln(),
        })
        .collect()
}

/// One side of the test of a share against `p0`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    p0: f64,
    alternatives: Vec<Alternative>,
}

impl Mixture {
    /// The test of a side against `p0`, the largest share of bad events that keeps the promise.
    ///
    /// Outside `0 < p0 < 1`, and on the fail side where `p0` leaves no room above itself, the
    /// test is silent: its log e-value is 0 whatever the counts.
    pub fn new(side: Side, p0: f64) -> Self {
        let multipliers = match side {
            Side::Pass => PASS_MULTIPLIERS,
            Side::Fail => FAIL_MULTIPLIERS,
        };
        Self {
            p0,
            alternatives: alternatives(p0, &multipliers.map(|m| (m, 1.0))),
        }
    }

    /// The log e-value of `bad` bad events among `n`; more bad events than events count as `n`.
    pub fn log_evidence(&self, n: u64, bad: u64) -> f64 {
        if self.alternatives.is_empty() {
            return 0.0;
        }
        let bad = bad.min(n);
        let (bad, good) = (bad as f64, (n - bad) as f64);
        let terms: Vec<f64> = self
            .alternatives
            .iter()
            .map(|alternative| {
                alternative.log_weight
                    + times_log(bad, alternative.share / self.p0)
                    + times_log(good, (1.0 - alternative.share) / (1.0 - self.p0))
            })
            .collect();
        log_sum_exp(&terms)
    }
}

/// Parity with noise: among `differing` requests where exactly one of the pairs
/// (primary, secondary) and (primary, candidate) differs, `candidate` are the candidate's.
/// The log e-value that the candidate differs more often than the secondary does: null θ ≤ ½.
pub fn parity_log_evidence(differing: u64, candidate: u64) -> f64 {
    Mixture::new(Side::Fail, 0.5).log_evidence(differing, candidate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_that_cannot_be_tested_is_silent() {
        let check = |side, p0, bad| {
            let found = Mixture::new(side, p0).log_evidence(1_000, bad);
            assert!(found.abs() < f64::MIN_POSITIVE, "{side:?} {p0}: {found}");
        };
        for p0 in [0.0, 1.0, -1.0, 2.0, f64::NAN] {
            check(Side::Pass, p0, 0);
            check(Side::Fail, p0, 1_000);
        }
        check(Side::Fail, 0.9, 1_000);
    }

    #[test]
    fn parity_is_even_odds() {
        assert!(parity_log_evidence(100, 50) < 0.0);
        assert!(parity_log_evidence(400, 300) > super::super::bound(0.05));
    }

    proptest! {
        /// Under the null the expected e-value is at most 1: the property that bounds the error.
        #[test]
        fn expected_evidence_is_at_most_one_at_the_null(p0 in 0.001_f64..0.5, n in 1_u64..60) {
            for side in [Side::Pass, Side::Fail] {
                let mixture = Mixture::new(side, p0);
                let mut binomial = (1.0 - p0).powf(n as f64);
                let mut expected = 0.0;
                for bad in 0..=n {
                    expected += binomial * mixture.log_evidence(n, bad).exp();
                    binomial *= (n - bad) as f64 / (bad + 1) as f64 * p0 / (1.0 - p0);
                }
                prop_assert!((expected - 1.0).abs() < 1e-6, "{side:?}: {expected}");
            }
        }

        #[test]
        fn more_bad_events_never_help(
            p0 in 0.0001_f64..0.6,
            n in 1_u64..100_000,
            share in 0.0_f64..1.0,
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ share < 1")]
            let bad = ((n as f64 * share) as u64).min(n - 1);
            let pass = Mixture::new(Side::Pass, p0);
            let fail = Mixture::new(Side::Fail, p0);
            prop_assert!(pass.log_evidence(n, bad + 1) <= pass.log_evidence(n, bad));
            prop_assert!(fail.log_evidence(n, bad + 1) >= fail.log_evidence(n, bad));
        }
    }
}
