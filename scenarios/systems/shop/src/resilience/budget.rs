//! Retry budget: retries as a share of calls, whatever happens to each call.
//!
//! A token bucket as in Finagle's `RetryBudget`: every call pays in a share of a token, every
//! retry takes out a whole one. Over n calls at most `share` · n + [`RESERVE`] retries happen, so
//! the load on a dependency that fails everything stays near 1 + `share` instead of the number of
//! attempts.

/// Tokens at the start, and the most that can be saved up: lets a quiet service retry at all.
const RESERVE: f64 = 20.0;

/// What is left to be spent on retries.
#[derive(Debug)]
pub(super) struct Budget {
    share: f64,
    tokens: f64,
}

impl Budget {
    /// Allows `share` retries per call.
    pub(super) fn new(share: f64) -> Self {
        Self {
            share,
            tokens: RESERVE,
        }
    }

    /// A call is made.
    pub(super) fn pay_in(&mut self) {
        self.tokens = (self.tokens + self.share).min(RESERVE);
    }

    /// Whether one more retry may be made; takes it out if so.
    pub(super) fn take_out(&mut self) -> bool {
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Retries made when each of `calls` calls would like three.
    fn retries(share: f64, calls: u32) -> u32 {
        let mut budget = Budget::new(share);
        (0..calls)
            .map(|_| {
                budget.pay_in();
                (0..3).map(|_| u32::from(budget.take_out())).sum::<u32>()
            })
            .sum()
    }

    #[test]
    fn retries_stay_a_share_of_the_calls() {
        assert_eq!(retries(0.0, 1_000), 20);
        assert!((218..=220).contains(&retries(0.2, 1_000)));
        assert_eq!(retries(0.2, 3), 9, "a quiet service may use its reserve");
    }

    #[test]
    fn a_good_hour_does_not_save_up_for_a_storm() {
        let mut budget = Budget::new(0.2);
        (0..100_000).for_each(|_| budget.pay_in());
        let burst = (0..1_000).filter(|_| budget.take_out()).count();
        assert_eq!(burst, 20);
    }
}
