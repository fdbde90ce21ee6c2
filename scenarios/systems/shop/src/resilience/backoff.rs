//! Back-off: exponential, with full jitter.
//!
//! The pause before retry n is drawn evenly from 0 to min(most, first · 2ⁿ⁻¹), "full jitter" in
//! M. Brooker, *Exponential Backoff and Jitter*, AWS Architecture Blog, 2015: callers that failed
//! together do not come back together.

use std::time::Duration;

/// The pause before retry `number` (from 1), where `draw` is an even draw from 0 to 1.
pub(super) fn pause(first: Duration, most: Duration, number: u32, draw: f64) -> Duration {
    let doublings = number.saturating_sub(1).min(20);
    let ceiling = first.saturating_mul(1 << doublings).min(most);
    ceiling.mul_f64(draw.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_most() {
        let check = |number, draw, millis| {
            let pause = pause(
                Duration::from_millis(50),
                Duration::from_secs(1),
                number,
                draw,
            );
            assert_eq!(pause, Duration::from_millis(millis), "retry {number}");
        };
        check(1, 1.0, 50);
        check(2, 1.0, 100);
        check(3, 1.0, 200);
        check(3, 0.5, 100);
        check(3, 0.0, 0);
        check(6, 1.0, 1_000);
        check(u32::MAX, 1.0, 1_000);
    }
}
