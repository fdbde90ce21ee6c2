//! The statistics: how much a stream of good and bad events says about the share of bad ones.
//!
//! Nothing here knows of runs, phases or objectives. Every test is a mixture of likelihood ratios
//! (an e-process), so its error stays below its alpha however often one looks (Ville's
//! inequality). Sources: Robbins' mixtures; Howard et al. 2021, time-uniform
//! confidence sequences; Waudby-Smith and Ramdas, estimation by betting; Lindon and
//! Malek 2022, anytime-valid inference for counts.
//!
//! | file | what lives there |
//! |---|---|
//! | `mixture` | log e-values on counts: the engine |
//! | `slices` | the same engine on shares of stretches of time, in its betting form |
//! | `boundary` | the most bad events that pass, the fewest that fail |
//! | `interval` | the anytime-valid interval of a share |
//! | `quantile` | the anytime-valid interval of a quantile, as ranks |
//! | `trials` | whole attempts, judged once: exact binomial |
//! | `control` | a candidate against a control |
//! | `gamma` | logarithms of the gamma and beta functions |

pub mod boundary;
pub mod control;
mod gamma;
pub mod interval;
pub mod mixture;
pub mod quantile;
pub mod slices;
pub mod trials;

pub use boundary::Boundary;
pub use mixture::Mixture;

/// The error that a pass, a fail or an interval may have: 5 %.
pub const ALPHA: f64 = 0.05;

/// Which hypothesis evidence is collected against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Against "the share of bad events is at least p0": evidence that the promise holds.
    Pass,
    /// Against "the share of bad events is at most p0": evidence that it does not.
    Fail,
}

/// The bound a log e-value must reach: `ln(1/alpha)`.
pub fn bound(alpha: f64) -> f64 {
    -alpha.ln()
}

/// `ln(Σ exp(term))` without overflow; negative infinity for no terms.
fn log_sum_exp(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top.is_finite() {
        top + terms
            .iter()
            .map(|term| (term - top).exp())
            .sum::<f64>()
            .ln()
    } else {
        top
    }
}

/// `count · ln(ratio)` with `0 · ln 0 = 0`: an event that never came costs nothing.
fn times_log(count: f64, ratio: f64) -> f64 {
    if count == 0.0 {
        0.0
    } else {
        count * ratio.ln()
    }
}
