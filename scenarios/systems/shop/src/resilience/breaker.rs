//! Circuit breaker: after failures in a row a dependency is left alone for a while.
//!
//! Closed → open after `threshold` failed attempts in a row; open → half-open after `open`; then
//! one attempt decides: success closes it, failure opens it again. (M. Nygard, *Release It!*.)

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::config::BreakerSettings;
use crate::upstream::CallError;

/// A breaker shared by all calls to one dependency; without settings it never opens.
#[derive(Debug, Clone)]
pub(crate) struct CircuitBreaker(Option<Arc<Mutex<Breaker>>>);

impl CircuitBreaker {
    pub(crate) fn new(settings: Option<BreakerSettings>) -> Self {
        Self(settings.map(|settings| Arc::new(Mutex::new(Breaker::new(settings)))))
    }

    /// Asks to make an attempt.
    ///
    /// # Errors
    /// [`CallError::BreakerOpen`] while the dependency is left alone.
    pub(crate) fn ask(&self) -> Result<Permit, CallError> {
        let Some(breaker) = &self.0 else {
            return Ok(Permit(None));
        };
        let asked = lock(breaker).ask(Instant::now());
        asked
            .map(|era| Permit(Some((Arc::clone(breaker), era))))
            .ok_or(CallError::BreakerOpen)
    }
}

/// One attempt that was allowed. Dropped without [`Permit::succeeded`] it counts as failed: an
/// attempt whose caller gave up has failed too.
#[derive(Debug)]
pub(crate) struct Permit(Option<(Arc<Mutex<Breaker>>, u64)>);

impl Permit {
    /// The attempt succeeded.
    pub(crate) fn succeeded(mut self) {
        if let Some((breaker, era)) = self.0.take() {
            lock(&breaker).report(era, true, Instant::now());
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((breaker, era)) = self.0.take() {
            lock(&breaker).report(era, false, Instant::now());
        }
    }
}

fn lock(breaker: &Mutex<Breaker>) -> std::sync::MutexGuard<'_, Breaker> {
    breaker.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

/// The state machine alone; time comes from outside.
#[derive(Debug)]
struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Grows with every change of state: what attempts of an earlier state report is old news.
    era: u64,
}

impl Breaker {
    fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            state: State::Closed { failures: 0 },
            era: 0,
        }
    }

    /// The era to report with, if an attempt may be made now.
    fn ask(&mut self, now: Instant) -> Option<u64> {
        match self.state {
            State::Closed { .. } => Some(self.era),
            State::Open { until } if now >= until => {
                self.enter(State::HalfOpen);
                Some(self.era)
            }
            State::Open { .. } | State::HalfOpen => None,
        }
    }

    fn report(&mut self, era: u64, succeeded: bool, now: Instant) {
        if era != self.era {
            return;
        }
        match (&mut self.state, succeeded) {
            (State::Closed { failures }, true) => *failures = 0,
            (State::Closed { failures }, false) => {
                *failures += 1;
                if *failures >= self.settings.threshold {
                    self.open(now);
                }
            }
            (State::HalfOpen, true) => self.enter(State::Closed { failures: 0 }),
            (State::HalfOpen, false) => self.open(now),
            (State::Open { .. }, _) => {}
        }
    }

    fn open(&mut self, now: Instant) {
        let until = now + self.settings.open;
        self.enter(State::Open { until });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    fn breaker() -> CircuitBreaker {
        CircuitBreaker::new(Some(BreakerSettings {
            threshold: 3,
            open: Duration::from_secs(2),
        }))
    }

    /// Makes attempts of which each succeeds or fails at once; true where it was allowed.
    fn attempts(breaker: &CircuitBreaker, outcomes: &[bool]) -> Vec<bool> {
        let attempt = |succeeds: &bool| match breaker.ask() {
            Ok(permit) if *succeeds => {
                permit.succeeded();
                true
            }
            Ok(_failed) => true,
            Err(error) => {
                assert_eq!(error, CallError::BreakerOpen);
                false
            }
        };
        outcomes.iter().map(attempt).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_a_probe_closes_it() {
        let breaker = breaker();
        assert_eq!(
            attempts(&breaker, &[false; 5]),
            [true, true, true, false, false]
        );
        advance(Duration::from_millis(1_999)).await;
        assert_eq!(attempts(&breaker, &[true]), [false]);
        advance(Duration::from_millis(1)).await;
        assert_eq!(attempts(&breaker, &[true; 3]), [true; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_for_another_while() {
        let breaker = breaker();
        attempts(&breaker, &[false; 3]);
        advance(Duration::from_secs(2)).await;
        assert_eq!(attempts(&breaker, &[false, true]), [true, false]);
        advance(Duration::from_secs(2)).await;
        assert_eq!(attempts(&breaker, &[true, true]), [true, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn only_one_probe_at_a_time() {
        let breaker = breaker();
        attempts(&breaker, &[false; 3]);
        advance(Duration::from_secs(2)).await;
        let probe = breaker.ask().unwrap();
        assert_eq!(attempts(&breaker, &[true]), [false]);
        drop(probe);
        assert_eq!(
            attempts(&breaker, &[true]),
            [false],
            "the given-up probe failed"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_in_between_starts_the_count_again() {
        let outcomes = [false, false, true, false, false, true];
        assert_eq!(attempts(&breaker(), &outcomes), [true; 6]);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_from_before_it_opened_do_not_close_it() {
        let breaker = breaker();
        let late = breaker.ask().unwrap();
        attempts(&breaker, &[false; 3]);
        late.succeeded();
        assert_eq!(attempts(&breaker, &[true]), [false]);
    }

    #[tokio::test(start_paused = true)]
    async fn switched_off_it_never_opens() {
        assert_eq!(
            attempts(&CircuitBreaker::new(None), &[false; 100]),
            [true; 100]
        );
    }
}
