//! How fast a background worker takes up what was put off.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The pause after the first failure; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause. Also how often an idle worker would look again after long failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How one look at the waiting work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was waiting.
    Idle,
    /// One piece is done.
    Done,
    /// The dependency still does not answer.
    Failed,
}

/// A steady pace while work succeeds, and exponential pauses while it does not: what waits can
/// wait longer, and a dependency that comes back must not meet all of it at once.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    failures: u32,
}

impl Pace {
    /// At most `per_second` pieces a second.
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            failures: 0,
        }
    }

    /// How long to wait before the next look.
    pub(crate) fn after(&mut self, outcome: Outcome) -> Duration {
        if outcome != Outcome::Failed {
            self.failures = 0;
            return self.interval;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        doubled.min(LONGEST_PAUSE).max(self.interval)
    }
}

/// Looks again and again until `stop`.
pub(crate) async fn repeat<F, Fut>(mut pace: Pace, stop: CancellationToken, mut look: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Outcome>,
{
    loop {
        // Boxed, as what is looked at can be a large future.
        let Some(outcome) = stop.run_until_cancelled(Box::pin(look())).await else {
            return;
        };
        let pause = tokio::time::sleep(pace.after(outcome));
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_slow_it_down_and_success_restores_the_pace() {
        let mut pace = Pace::new(40);
        let mut check = |outcome, millis| {
            assert_eq!(pace.after(outcome), Duration::from_millis(millis));
        };
        check(Outcome::Done, 25);
        check(Outcome::Idle, 25);
        check(Outcome::Failed, 200);
        check(Outcome::Failed, 400);
        check(Outcome::Failed, 800);
        check(Outcome::Done, 25);
        for millis in [200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            check(Outcome::Failed, millis);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_stops_in_the_middle_of_a_look() {
        let stop = CancellationToken::new();
        let worker = repeat(Pace::new(1), stop.clone(), || async {
            std::future::pending::<()>().await;
            Outcome::Idle
        });
        let ((), ()) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                stop.cancel();
            },
            worker
        );
    }
}
