//! What a number of events can decide: the most bad ones that pass, the fewest that fail.

use super::{Mixture, Side, bound};

/// The limits of a verdict on `n` events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// The most bad events that pass; `None` where not even zero would.
    pub passes_up_to: Option<u64>,
    /// The fewest bad events that fail; `None` where not even all would.
    pub fails_from: Option<u64>,
}

impl Boundary {
    /// The limits for `n` events against `p0` with these errors.
    ///
    /// A `p0` of 0 is a correctness check: zero bad events among at least one pass, one fails.
    pub fn new(n: u64, p0: f64, alpha_pass: f64, alpha_fail: f64) -> Self {
        if p0 == 0.0 {
            let some = |value| (n > 0).then_some(value);
            return Self {
                passes_up_to: some(0),
                fails_from: some(1),
            };
        }
        let pass = Mixture::new(Side::Pass, p0);
        let fail = Mixture::new(Side::Fail, p0);
        let passes = |bad| pass.log_evidence(n, bad) >= bound(alpha_pass);
        let fails = |bad| fail.log_evidence(n, bad) >= bound(alpha_fail);
        // Evidence is monotone in the bad events, so both limits are found by bisection.
        let first_not_passing = first(n.saturating_add(1), |bad| !passes(bad));
        let first_failing = first(n.saturating_add(1), fails);
        Self {
            passes_up_to: first_not_passing.checked_sub(1),
            fails_from: (first_failing <= n).then_some(first_failing),
        }
    }
}

/// The smallest number below `end` for which `holds`, where it holds from some number on; `end`
/// where it never does.
pub(crate) fn first(end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_correctness_check_bears_nothing() {
        let check = |n, passes_up_to, fails_from| {
            let expected = Boundary {
                passes_up_to,
                fails_from,
            };
            assert_eq!(Boundary::new(n, 0.0, 0.05, 0.05), expected, "{n}");
        };
        check(0, None, None);
        check(1, Some(0), Some(1));
        check(1_000, Some(0), Some(1));
    }

    proptest! {
        #[test]
        fn between_the_limits_nothing_is_decided(n in 0_u64..20_000, p0 in 0.0001_f64..0.5) {
            let Boundary { passes_up_to, fails_from } = Boundary::new(n, p0, 0.05, 0.05);
            let pass = Mixture::new(Side::Pass, p0);
            let fail = Mixture::new(Side::Fail, p0);
            let beyond = passes_up_to.map_or(0, |most| most + 1);
            if let Some(most) = passes_up_to {
                prop_assert!(pass.log_evidence(n, most) >= bound(0.05));
                prop_assert!((most as f64) < p0 * n as f64);
            }
            prop_assert!(beyond > n || pass.log_evidence(n, beyond) < bound(0.05));
            if let Some(fewest) = fails_from {
                prop_assert!(fail.log_evidence(n, fewest) >= bound(0.05));
                prop_assert!(fewest as f64 > p0 * n as f64);
                prop_assert!(fail.log_evidence(n, fewest - 1) < bound(0.05));
            }
        }
    }
}
