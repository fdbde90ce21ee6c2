//! What a number of clean runs proves.

/// The largest failure rate, with 95 % confidence, of what never failed in so many independent
/// runs: `1 − 0.05^(1/n)`, the exact (Clopper–Pearson) bound for no failure; 1 without a run.
pub fn failure_rate_bound(clean_runs: u32) -> f64 {
    if clean_runs == 0 {
        return 1.0;
    }
    1.0 - 0.05_f64.powf(1.0 / f64::from(clean_runs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_runs_bound_the_failure_rate() {
        let check = |runs, percent: f64| {
            let bound = failure_rate_bound(runs) * 100.0;
            assert!((bound - percent).abs() < 0.5, "{runs}: {bound}");
        };
        check(0, 100.0);
        check(3, 63.0);
        check(10, 26.0);
        check(59, 5.0);
    }
}
