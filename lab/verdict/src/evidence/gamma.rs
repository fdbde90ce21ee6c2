//! Logarithms of the gamma and beta functions.

/// `ln Γ(x)` for `x > 0`; the result is within a few units in the last place.
pub(super) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// `ln B(a, b)` for positive arguments.
pub(super) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let check = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() < 1e-12 * expected.abs().max(1.0),
                "{found} {expected}"
            );
        };
        check(ln_gamma(1.0), 0.0);
        check(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        check(ln_gamma(11.0), 3_628_800_f64.ln());
        check(ln_beta(0.5, 0.5), std::f64::consts::PI.ln());
        check(ln_beta(2.0, 3.0), (1.0_f64 / 12.0).ln());
    }
}
