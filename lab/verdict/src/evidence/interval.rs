//! The anytime-valid interval of a share: a Beta(½, ½) mixture.
//!
//! All `p` with `B(½+S, ½+n−S) / (B(½,½) p^S (1−p)^(n−S)) < 1/α`.

use super::gamma::ln_beta;
use super::{bound, times_log};
use crate::outcome::Interval;

/// The interval of the share of bad events after `bad` among `n`; everything where `n` is 0.
pub fn interval(n: u64, bad: u64, alpha: f64) -> Interval {
    let bad = bad.min(n);
    let (b, g) = (bad as f64, (n - bad) as f64);
    let prior = ln_beta(0.5 + b, 0.5 + g) - ln_beta(0.5, 0.5);
    let excluded = |p: f64| prior - times_log(b, p) - times_log(g, 1.0 - p) >= bound(alpha);
    // The likelihood has one peak, at the estimate: both ends are found by bisection from there.
    let estimate = if n == 0 { 0.5 } else { b / n as f64 };
    Interval {
        low: if excluded(0.0) {
            edge(0.0, estimate, &excluded)
        } else {
            0.0
        },
        high: if excluded(1.0) {
            edge(1.0, estimate, &excluded)
        } else {
            1.0
        },
    }
}

/// The edge between an excluded and an included share.
fn edge(excluded_end: f64, included_end: f64, excluded: &impl Fn(f64) -> bool) -> f64 {
    let (mut out, mut inside) = (excluded_end, included_end);
    // Each step halves the distance: after 60 it is below 1e-18, as fine as the logarithms are.
    for _ in 0..60 {
        let middle = f64::midpoint(out, inside);
        if excluded(middle) {
            out = middle;
        } else {
            inside = middle;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_events_everything_is_possible() {
        assert_eq!(
            interval(0, 0, 0.05),
            Interval {
                low: 0.0,
                high: 1.0
            }
        );
    }

    proptest! {
        #[test]
        fn the_estimate_lies_inside_and_the_mirror_mirrors(n in 1_u64..2_000_000, part in 0.0_f64..=1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ part ≤ 1")]
            let bad = ((n as f64 * part) as u64).min(n);
            let found = interval(n, bad, 0.05);
            let estimate = bad as f64 / n as f64;
            prop_assert!(0.0 <= found.low && found.low <= estimate);
            prop_assert!(estimate <= found.high && found.high <= 1.0);
            let mirror = interval(n, n - bad, 0.05);
            prop_assert!((mirror.low - (1.0 - found.high)).abs() < 1e-9);
            prop_assert!((mirror.high - (1.0 - found.low)).abs() < 1e-9);
        }

        #[test]
        fn less_error_is_a_wider_interval(n in 1_u64..50_000, bad in 0_u64..50) {
            let (loose, strict) = (interval(n, bad, 0.05), interval(n, bad, 0.01));
            prop_assert!(strict.low <= loose.low && loose.high <= strict.high);
        }
    }
}
