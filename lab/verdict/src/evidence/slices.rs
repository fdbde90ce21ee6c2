//! Evidence in slices of time, for failures that cluster.
//!
//! ```text
//! E = Σ_k w_k Π_j (1 + λ_k (Y_j − p0)),   λ_k = (q_k − p0) / (p0 (1 − p0))
//! ```
//!
//! where `Y_j` is the bad share of slice `j`. With `Y ∈ {0, 1}` it is the formula of
//! [`Mixture`](super::Mixture).

use lab_model::Span;

use super::mixture::{Alternative, alternatives};
use super::{Side, bound, log_sum_exp};

/// How long a slice of the pass side is.
pub const PASS_SLICE: Span = Span::from_secs(2);

/// How long a slice of the fail side is: longer, so that a single stall is one piece of evidence.
pub const FAIL_SLICE: Span = Span::from_secs(5);

/// Multiples of p0 and weights of the pass side. Half of the weight is on a system that never
/// fails, which keeps the shortest possible pass short.
pub const PASS: [(f64, f64); 4] = [(0.0, 0.5), (0.125, 0.2), (0.25, 0.15), (0.5, 0.15)];

/// Multiples of p0 and weights of the fail side.
pub const FAIL: [(f64, f64); 6] = [
    (1.4, 1.0),
    (2.0, 1.0),
    (4.0, 1.0),
    (8.0, 1.0),
    (16.0, 1.0),
    (32.0, 1.0),
];

/// One side of the test, fed slice by slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slices {
    p0: f64,
    alternatives: Vec<Alternative>,
    log_wealth: Vec<f64>,
    highest: f64,
    count: u64,
}

impl Slices {
    /// The test of a side against `p0`; silent outside `0 < p0 < 1`.
    pub fn new(side: Side, p0: f64) -> Self {
        let alternatives = match side {
            Side::Pass => alternatives(p0, &PASS),
            Side::Fail => alternatives(p0, &FAIL),
        };
        let log_wealth = alternatives
            .iter()
            .map(|alternative| alternative.log_weight)
            .collect();
        Self {
            p0,
            alternatives,
            log_wealth,
            highest: 0.0,
            count: 0,
        }
    }

    /// Takes the next slice's share of bad events; anything outside 0 to 1 is cut to it.
    pub fn add(&mut self, share: f64) {
        let share = share.clamp(0.0, 1.0);
        for (alternative, log_wealth) in self.alternatives.iter().zip(&mut self.log_wealth) {
            let bet = (alternative.share - self.p0) / (self.p0 * (1.0 - self.p0));
            // At share 1 against q = 0 everything is lost; rounding must not make it less.
            *log_wealth += (1.0 + bet * (share - self.p0)).max(0.0).ln();
        }
        self.highest = self.highest.max(self.log_evidence());
        self.count += 1;
    }

    /// The log e-value of everything so far.
    pub fn log_evidence(&self) -> f64 {
        if self.alternatives.is_empty() {
            0.0
        } else {
            log_sum_exp(&self.log_wealth)
        }
    }

    /// The highest log e-value there ever was. A fail may be latched on it: by Ville's inequality
    /// its error is that of the last.
    pub fn highest_log_evidence(&self) -> f64 {
        self.highest
    }

    /// Slices taken.
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// The fewest slices without a single bad event that pass against `p0`; `None` outside
/// `0 < p0 < 1`.
pub fn zero_failure_slices(p0: f64, alpha: f64) -> Option<u64> {
    let alternatives = alternatives(p0, &PASS);
    let log_evidence = |count: u64| {
        let terms: Vec<f64> = alternatives
            .iter()
            .map(|a| a.log_weight + count as f64 * ((1.0 - a.share) / (1.0 - p0)).ln())
            .collect();
        log_sum_exp(&terms)
    };
    // The alternative of no failures alone passes after ln(1/(α w0))/p0 slices.
    let (_, weight) = PASS[0];
    let enough = bound(alpha * weight) / p0;
    if alternatives.is_empty() || !enough.is_finite() || enough > 1e15 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
    )]
    let end = enough.ceil() as u64 + 1;
    Some(super::boundary::first(end, |count| {
        log_evidence(count) >= bound(alpha)
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_latched_fail_survives_better_times() {
        let mut slices = Slices::new(Side::Fail, 0.01);
        (0..2).for_each(|_| slices.add(1.0));
        let latched = slices.highest_log_evidence();
        (0..10_000).for_each(|_| slices.add(0.0));
        assert!(latched >= bound(0.05));
        assert!(slices.log_evidence() < 0.0);
        assert!((slices.highest_log_evidence() - latched).abs() < f64::MIN_POSITIVE);
        assert_eq!(slices.count(), 10_002);
    }

    #[test]
    fn one_slice_of_failures_is_not_enough() {
        let mut slices = Slices::new(Side::Fail, 0.01);
        slices.add(1.0);
        assert!(slices.log_evidence() < bound(0.05));
    }

    proptest! {
        /// With shares of 0 and 1 the betting form is the likelihood ratio.
        #[test]
        fn whole_slices_are_requests(p0 in 0.001_f64..0.4, ends in prop::collection::vec(any::<bool>(), 0..80)) {
            for (side, weighted) in [(Side::Pass, &PASS[..]), (Side::Fail, &FAIL[..])] {
                let mut slices = Slices::new(side, p0);
                for bad in &ends {
                    slices.add(f64::from(u8::from(*bad)));
                }
                let bad = ends.iter().filter(|bad| **bad).count() as f64;
                let good = ends.len() as f64 - bad;
                let terms: Vec<f64> = alternatives(p0, weighted)
                    .iter()
                    .map(|a| {
                        a.log_weight
                            + super::super::times_log(bad, a.share / p0)
                            + super::super::times_log(good, (1.0 - a.share) / (1.0 - p0))
                    })
                    .collect();
                let (found, expected) = (slices.log_evidence(), log_sum_exp(&terms));
                prop_assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} {expected}");
            }
        }
    }
}
