//! Whole attempts: the number is fixed beforehand and they are judged once, so the exact binomial
//! test applies.

use super::times_log;

/// The chance of at most `most` failures among `trials` whose chance of failure is `failing`.
fn at_most(trials: u64, most: u64, failing: f64) -> f64 {
    let mut log_choose = 0.0;
    let mut sum = 0.0;
    for failures in 0..=most.min(trials) {
        let kept = (trials - failures) as f64;
        let log = log_choose + times_log(failures as f64, failing) + times_log(kept, 1.0 - failing);
        sum += log.exp();
        log_choose += (kept / (failures + 1) as f64).ln();
    }
    sum.min(1.0)
}

/// Whether `failed` among `trials` prove that more than `share` of all attempts succeed: were the
/// true share `share` or less, so few failures would come with a chance of at most `alpha`.
pub fn proves(trials: u64, failed: u64, share: f64, alpha: f64) -> bool {
    trials > 0 && at_most(trials, failed, 1.0 - share) <= alpha
}

/// Whether `failed` among `trials` prove that at most `share` of all attempts succeed: were the true
/// share above it, so many failures would come with a chance of at most `alpha`.
pub fn refutes(trials: u64, failed: u64, share: f64, alpha: f64) -> bool {
    failed > 0 && failed <= trials && 1.0 - at_most(trials, failed - 1, 1.0 - share) <= alpha
}

/// The fewest trials that prove `share` when none fails; `None` unless `0 ≤ share < 1` and
/// `0 < alpha < 1`.
pub fn zero_failure_trials(share: f64, alpha: f64) -> Option<u64> {
    if !((0.0..1.0).contains(&share) && alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let estimate = alpha.ln() / share.ln();
    if estimate > 1e15 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 ≤ estimate ≤ 1e15"
    )]
    let near = (estimate.max(1.0)) as u64;
    // The estimate may be one off by rounding; the definition decides.
    (near.saturating_sub(1).max(1)..=near + 2).find(|trials| proves(*trials, 0, share, alpha))
}

/// The smallest `k` such that at most `k` of `trials` events of chance `chance` happen with
/// probability `level` or more: the binomial quantile.
pub fn binomial_quantile(trials: u64, chance: f64, level: f64) -> u64 {
    (0..trials)
        .find(|k| at_most(trials, *k, chance) >= level)
        .unwrap_or(trials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_trials_and_what_they_prove() {
        for (trials, share) in [(14, 0.8), (29, 0.9), (59, 0.95), (299, 0.99)] {
            assert!(proves(trials, 0, share, 0.05));
            assert!(!proves(trials - 1, 0, share, 0.05));
            assert!(!proves(trials, 1, share, 0.05));
        }
        assert!(!proves(0, 0, 0.0, 0.05));
    }

    #[test]
    fn failures_and_what_they_refute() {
        // One of two at 99 %: 1 − 0.99² = 2 %; one of ten: 9.6 %.
        assert!(refutes(2, 1, 0.99, 0.05) && !refutes(10, 1, 0.99, 0.05));
        assert!(refutes(1, 1, 0.96, 0.05) && !refutes(1, 1, 0.9, 0.05));
        assert!(!refutes(5, 0, 0.99, 0.05) && !refutes(0, 1, 0.99, 0.05));
    }

    #[test]
    fn odd_shares_have_no_number() {
        for (share, alpha) in [(1.0, 0.05), (f64::NAN, 0.05), (0.9, 0.0), (0.9, 1.0)] {
            assert_eq!(zero_failure_trials(share, alpha), None);
        }
        assert_eq!(zero_failure_trials(0.0, 0.05), Some(1));
    }

    #[test]
    fn binomial_quantiles() {
        let check = |chance, expected| {
            assert_eq!(binomial_quantile(15, chance, 0.999), expected, "{chance}");
        };
        check(0.0, 0);
        check(0.01, 2);
        check(0.5, 13);
        check(1.0, 15);
    }
}
