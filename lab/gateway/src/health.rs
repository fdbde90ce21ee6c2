//! When an upstream is left alone, and when it is back. Pure: time comes in as an argument.
//!
//! Two witnesses, each enough to leave it alone. *Requests*: so many failures in a row, for a
//! while; the next failure after that while leaves it alone again. *Questions* at a path: so many
//! failures in a row, until one answer is good.

use std::time::Duration;

use lab_model::gateway;
use tokio::time::Instant;

/// The health of one upstream of a route.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    failures: u32,
    out: Duration,
    /// Failed requests in a row.
    failed: u32,
    /// Left alone until then.
    until: Option<Instant>,
    /// Failed questions in a row.
    unanswered: u32,
}

impl Health {
    pub(crate) fn new(settings: &gateway::Health) -> Self {
        Self {
            failures: settings.failures.max(1),
            out: settings.out.duration(),
            failed: 0,
            until: None,
            unanswered: 0,
        }
    }

    /// Whether it gets requests.
    pub(crate) fn is_up(&self, now: Instant) -> bool {
        self.unanswered < self.failures && self.until.is_none_or(|until| until <= now)
    }

    /// A request ended.
    pub(crate) fn request(&mut self, good: bool, now: Instant) {
        if good {
            self.failed = 0;
            self.until = None;
            return;
        }
        self.failed = self.failed.saturating_add(1);
        // Those on their way when it was left alone do not prolong it.
        if self.failed >= self.failures && self.is_up(now) {
            self.until = Some(now + self.out);
        }
    }

    /// A question was answered, or was not.
    pub(crate) fn question(&mut self, good: bool) {
        self.unanswered = if good {
            0
        } else {
            self.unanswered.saturating_add(1).min(self.failures)
        };
    }
}

#[cfg(test)]
mod tests {
    use lab_model::Span;

    use super::*;

    fn health() -> Health {
        Health::new(&gateway::Health {
            path: None,
            every: Span::from_secs(1),
            failures: 3,
            out: Span::from_secs(5),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_leave_it_alone_for_a_while() {
        let now = Instant::now();
        let mut health = health();
        for good in [false, false, true, false, false] {
            health.request(good, now);
            assert!(health.is_up(now), "a success in between starts anew");
        }
        health.request(false, now);
        assert!(!health.is_up(now));
        let later = now + Duration::from_secs(5);
        assert!(health.is_up(later));
        health.request(false, later);
        assert!(
            !health.is_up(later),
            "the first failure after the while is enough"
        );
        let back = later + Duration::from_secs(5);
        health.request(true, back);
        health.request(false, back);
        assert!(health.is_up(back));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_brings_it_back() {
        let now = Instant::now();
        let mut health = health();
        for _ in 0..5 {
            health.question(false);
        }
        assert!(!health.is_up(now));
        health.question(true);
        assert!(health.is_up(now));
    }
}
