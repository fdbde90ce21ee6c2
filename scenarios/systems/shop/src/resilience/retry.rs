//! Retry: making a failed attempt again, and when not to.

use std::sync::{Mutex, PoisonError};

use super::backoff;
use super::budget::Budget;
use crate::config::{Jitter, RetryMode, RetrySettings};
use crate::upstream::CallError;

/// Decides over the attempts of every call to one dependency.
#[derive(Debug)]
pub(crate) struct Retry {
    settings: RetrySettings,
    budget: Mutex<Budget>,
}

impl Retry {
    pub(crate) fn new(settings: RetrySettings) -> Self {
        let budget = Mutex::new(Budget::new(settings.budget));
        Self { settings, budget }
    }

    /// Makes attempts until one succeeds or none is allowed any more; the last one's result.
    pub(crate) async fn run<T, F, Fut>(&self, mut attempt: F) -> Result<T, CallError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, CallError>>,
    {
        self.on_budget(Budget::pay_in);
        let mut made = 0;
        loop {
            let result = attempt().await;
            made += 1;
            match result {
                Err(error) if error.is_worth_a_retry() && self.may_retry(made) => {}
                last => return last,
            }
            if self.settings.mode == RetryMode::Bounded {
                let RetrySettings {
                    backoff,
                    backoff_most,
                    jitter,
                    ..
                } = self.settings;
                let draw = match jitter {
                    Jitter::Full => rand::random(),
                    Jitter::None => 1.0,
                };
                let pause = backoff::pause(backoff, backoff_most, made, draw);
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn may_retry(&self, made: u32) -> bool {
        let attempts_left = made < self.settings.attempts;
        match self.settings.mode {
            RetryMode::None => false,
            RetryMode::Naive => attempts_left,
            RetryMode::Bounded => attempts_left && self.on_budget(Budget::take_out),
        }
    }

    fn on_budget<T>(&self, change: impl FnOnce(&mut Budget) -> T) -> T {
        change(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use http::StatusCode;
    use tokio::time::Instant;

    use super::*;

    fn retry(mode: RetryMode) -> Retry {
        Retry::new(RetrySettings {
            mode,
            attempts: 4,
            backoff: Duration::from_millis(50),
            backoff_most: Duration::from_secs(1),
            jitter: Jitter::Full,
            budget: 0.2,
        })
    }

    const DOWN: CallError = CallError::Status(StatusCode::SERVICE_UNAVAILABLE);

    /// Attempts made by one call whose first `failures` attempts fail with `error`.
    async fn attempts(retry: &Retry, failures: u32, error: CallError) -> (u32, bool) {
        let made = Cell::new(0);
        let result = retry
            .run(|| {
                made.set(made.get() + 1);
                let failed = made.get() <= failures;
                let error = error.clone();
                async move { if failed { Err(error) } else { Ok(()) } }
            })
            .await;
        (made.get(), result.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn each_mode_makes_its_number_of_attempts() {
        assert_eq!(attempts(&retry(RetryMode::None), 9, DOWN).await, (1, false));
        assert_eq!(attempts(&retry(RetryMode::None), 0, DOWN).await, (1, true));
        for mode in [RetryMode::Naive, RetryMode::Bounded] {
            assert_eq!(attempts(&retry(mode), 9, DOWN).await, (4, false));
            assert_eq!(attempts(&retry(mode), 2, DOWN).await, (3, true));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_help_is_not_tried_again() {
        for error in [CallError::BreakerOpen, CallError::BulkheadFull] {
            assert_eq!(attempts(&retry(RetryMode::Naive), 9, error).await.0, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn naive_retries_come_at_once_and_bounded_ones_after_a_pause() {
        let start = Instant::now();
        attempts(&retry(RetryMode::Naive), 9, DOWN).await;
        assert_eq!(start.elapsed(), Duration::ZERO);

        let mut pauses = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            attempts(&retry(RetryMode::Bounded), 9, DOWN).await;
            pauses.push(start.elapsed());
        }
        // Three pauses of at most 50, 100 and 200 ms; the paused clock rounds each up to 1 ms.
        assert!(
            pauses
                .iter()
                .all(|pause| *pause <= Duration::from_millis(353))
        );
        pauses.sort();
        pauses.dedup();
        assert!(pauses.len() > 10, "jitter spreads them: {pauses:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_jitter_all_pauses_are_alike() {
        let mut retry = retry(RetryMode::Bounded);
        retry.settings.jitter = Jitter::None;
        for _ in 0..3 {
            let start = Instant::now();
            attempts(&retry, 9, DOWN).await;
            let paused = start.elapsed().as_millis();
            assert!((350..=353).contains(&paused), "{paused}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_is_four_times_the_load_unless_bounded() {
        let storm = async |mode| {
            let retry = retry(mode);
            let mut made = 0;
            for _ in 0..500 {
                made += attempts(&retry, 9, DOWN).await.0;
            }
            f64::from(made) / 500.0
        };
        assert!((storm(RetryMode::Naive).await - 4.0).abs() < f64::EPSILON);
        let bounded = storm(RetryMode::Bounded).await;
        assert!((1.15..=1.25).contains(&bounded), "{bounded}");
    }
}
