//! The error budget: what a window of failures costs of a period's allowance.
//!
//! ```text
//! burn = ratio / (1 − objective),   share of the budget spent = burn · W / P
//! ```
//!
//! with the window `W` and the budget's period `P`.

use lab_model::Span;

/// How many times faster than sustainable the budget burns while this share of events is bad;
/// infinite for an objective that allows none.
pub fn burn(error_ratio: f64, objective: f64) -> f64 {
    if error_ratio == 0.0 {
        0.0
    } else {
        error_ratio / (1.0 - objective)
    }
}

/// The share of the period's budget that a window at this burn spends.
pub fn spent(burn: f64, window: Span, period: Span) -> f64 {
    burn * window.as_secs_f64() / period.as_secs_f64()
}

/// How hard a window may burn so that it spends at most a given share of the budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnLimit {
    /// The burn.
    pub burn: f64,
    /// The share of bad events that burns so; 1 where even nothing but failures stays within it.
    pub error_ratio: f64,
}

impl BurnLimit {
    /// The limit for an `objective` (a share of good events), a `window` in a `period`, and the
    /// `share` of the budget that the window may spend.
    pub fn new(objective: f64, window: Span, period: Span, share: f64) -> Self {
        let burn = share * period.as_secs_f64() / window.as_secs_f64();
        Self {
            burn,
            error_ratio: (burn * (1.0 - objective)).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_spends_what_it_may() {
        let (window, period) = (Span::from_secs(3_600), Span::from_secs(30 * 86_400));
        let limit = BurnLimit::new(0.999, window, period, 0.02);
        assert!((limit.burn - 14.4).abs() < 1e-9);
        assert!((spent(limit.burn, window, period) - 0.02).abs() < 1e-12);
        assert!((burn(limit.error_ratio, 0.999) - limit.burn).abs() < 1e-9);
    }

    #[test]
    fn an_objective_without_a_budget() {
        assert!(burn(0.1, 1.0).is_infinite());
        assert!(burn(0.0, 1.0).abs() < f64::EPSILON);
    }
}
