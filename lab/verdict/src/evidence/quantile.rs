//! The anytime-valid interval of a quantile, as ranks of the ordered observations.
//!
//! The number of observations below the true q-quantile is binomial with share q. Its mixture with
//! a prior Beta(κq, κ(1−q)), κ = 100, stays below 1/α for the counts kmin … kmax, and the quantile
//! lies between the order statistics X(kmin) and X(kmax+1).

use super::gamma::ln_beta;
use super::{bound, times_log};

/// How strongly the prior is drawn to the quantile itself.
const KAPPA: f64 = 100.0;

/// Ranks, from 1, between whose observations a quantile lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranks {
    /// The rank of the lower end; `None` where the quantile has no lower bound.
    pub low: Option<u64>,
    /// The rank of the upper end; `None` where the quantile has no upper bound.
    pub high: Option<u64>,
}

/// The ranks of the interval of the `q`-quantile (strictly between 0 and 1) of `n` observations;
/// no bounds for any other `q`.
pub fn ranks(n: u64, q: f64, alpha: f64) -> Ranks {
    if !(q > 0.0 && q < 1.0) {
        return Ranks {
            low: None,
            high: None,
        };
    }
    let (a, b) = (KAPPA * q, KAPPA * (1.0 - q));
    let excluded = |k: u64| {
        let (below, above) = (k as f64, (n - k) as f64);
        let mixture = ln_beta(a + below, b + above) - ln_beta(a, b);
        mixture - times_log(below, q) - times_log(above, 1.0 - q) >= bound(alpha)
    };
    // Included counts lie around n·q, without a gap.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 < n·q < n"
    )]
    let centre = ((n as f64 * q).round() as u64).min(n);
    let lowest = super::boundary::first(centre, |k| !excluded(k));
    let beyond = centre + super::boundary::first(n - centre + 1, |step| excluded(centre + step));
    Ranks {
        low: (lowest > 0).then_some(lowest),
        high: (beyond <= n).then_some(beyond),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_ranks_of_the_99th_percentile() {
        let check = |n, low, high| {
            assert_eq!(ranks(n, 0.99, 0.05), Ranks { low, high }, "{n}");
        };
        check(300, Some(290), None);
        check(10_000, Some(9_865), Some(9_931));
    }

    #[test]
    fn nothing_is_known_without_observations() {
        let nothing = Ranks {
            low: None,
            high: None,
        };
        assert_eq!(ranks(0, 0.5, 0.05), nothing);
        assert_eq!(ranks(10, 1.0, 0.05), nothing);
        assert_eq!(ranks(10, f64::NAN, 0.05), nothing);
    }

    proptest! {
        #[test]
        fn the_sample_quantile_lies_inside(n in 1_u64..300_000, q in 0.01_f64..0.999) {
            let Ranks { low, high } = ranks(n, q, 0.05);
            let rank = n as f64 * q;
            prop_assert!(low.is_none_or(|low| low as f64 <= rank + 1.0));
            prop_assert!(high.is_none_or(|high| high as f64 >= rank - 1.0 && high <= n));
        }
    }
}
