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

/// A rule of alerting on the burn over two windows: the long one tells that it matters, the short
/// one that it still goes on (*The Site Reliability Workbook*, 2018, chapter 5, table 5-8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The burn from which on it fires, in both windows.
    pub burn: f64,
    /// The long window.
    pub long: Span,
    /// The short window.
    pub short: Span,
}

/// Page at 14.4 and 6 times, ticket at once: for a budget of 30 days.
pub const RULES: [Rule; 3] = [
    Rule {
        burn: 14.4,
        long: Span::from_secs(3_600),
        short: Span::from_secs(300),
    },
    Rule {
        burn: 6.0,
        long: Span::from_secs(6 * 3_600),
        short: Span::from_secs(1_800),
    },
    Rule {
        burn: 1.0,
        long: Span::from_secs(3 * 86_400),
        short: Span::from_secs(6 * 3_600),
    },
];

/// The budget's period, where nothing else is said.
pub const PERIOD: Span = Span::from_secs(30 * 86_400);

/// When a rule fires, from the start of what is replayed; `None` where it never does.
///
/// `seconds` are the error ratios second by second; `before` is the ratio that all earlier time
/// counts at; afterwards the fault goes on at the mean of `seconds`.
pub fn fires_after(rule: Rule, seconds: &[f64], before: f64, objective: f64) -> Option<Span> {
    let limit = rule.burn * (1.0 - objective);
    let known = seconds.len() as f64;
    let mean = seconds.iter().sum::<f64>() / known.max(1.0);
    let mut sums = Vec::with_capacity(seconds.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for ratio in seconds {
        sum += ratio;
        sums.push(sum);
    }
    // The errors from the start to so many seconds after it, or before it.
    let until = |at: f64| {
        if at <= 0.0 {
            at * before
        } else if at >= known {
            sum + (at - known) * mean
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the number of seconds"
            )]
            sums[at as usize]
        }
    };
    let ratio = |at: f64, window: Span| {
        let window = window.as_secs_f64();
        (until(at) - until(at - window)) / window
    };
    // After its long window nothing changes any more.
    let last = seconds.len() as u64 + rule.long.as_micros() / 1_000_000;
    let fires = |at: &u64| {
        let at = *at as f64;
        let reached = |window| ratio(at, window) >= limit - 1e-12;
        reached(rule.long) && reached(rule.short)
    };
    (1..=last).find(fires).map(Span::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a steady fault the long window decides: `t = W · burn (1 − o) / ratio`.
    #[test]
    fn a_page_comes_when_the_long_window_has_seen_enough() {
        let check = |ratio: f64, rule: usize, expected: Option<u64>| {
            let found = fires_after(RULES[rule], &[ratio; 30], 0.0, 0.99);
            assert_eq!(found, expected.map(Span::from_secs), "{ratio}");
        };
        check(1.0, 0, Some(519));
        check(0.5, 0, Some(1_037));
        check(1.0, 1, Some(1_296));
        check(0.1, 0, None);
        check(0.02, 2, Some(129_600));
        check(0.0, 2, None);
    }

    #[test]
    fn what_went_before_counts() {
        let calm = fires_after(RULES[0], &[1.0; 5], 0.0, 0.99).unwrap();
        let restless = fires_after(RULES[0], &[1.0; 5], 0.01, 0.99).unwrap();
        assert!(restless < calm, "{restless} {calm}");
        assert_eq!(fires_after(RULES[0], &[], 0.0, 0.99), None);
    }

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
