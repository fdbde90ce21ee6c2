//! The host's monotonic clock, and the start of the load on it.
//!
//! `CLOCK_MONOTONIC` reads the same in every process of a host, so the lab can name an instant and
//! the generator meets it. The standard library's `Instant` cannot be carried across processes.

use lab_model::Span;
use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Now, in nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) fn now_nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(NANOS_PER_SECOND)
        .saturating_add(nanos)
}

/// Time zero of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(u64);

impl Origin {
    /// From nanoseconds of `CLOCK_MONOTONIC`.
    pub(crate) const fn at(monotonic_nanos: u64) -> Self {
        Self(monotonic_nanos)
    }

    /// The time since; zero while it lies ahead.
    pub(crate) fn elapsed(self) -> Span {
        Span::from_micros(now_nanos().saturating_sub(self.0) / 1_000)
    }

    /// How long until an instant of the load; zero once it has passed.
    pub(crate) fn until(self, due: Span) -> Span {
        let due = self.instant(due);
        Span::from_micros(due.saturating_sub(now_nanos()).div_ceil(1_000))
    }

    /// Sleeps the calling thread until an instant of the load; returns at once when it has passed.
    pub(crate) fn sleep_until(self, due: Span) {
        let due = self.instant(due);
        let (Ok(seconds), Ok(nanos)) = (
            i64::try_from(due / NANOS_PER_SECOND),
            i64::try_from(due % NANOS_PER_SECOND),
        ) else {
            return;
        };
        let request = Timespec {
            tv_sec: seconds,
            tv_nsec: nanos,
        };
        // A signal may end the sleep early; the instant stays the same.
        while now_nanos() < due {
            let _ = clock_nanosleep_absolute(ClockId::Monotonic, &request);
        }
    }

    const fn instant(self, due: Span) -> u64 {
        self.0.saturating_add(due.as_micros().saturating_mul(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_never_ends_early() {
        let origin = Origin::at(now_nanos());
        let due = Span::from_millis(3);
        origin.sleep_until(due);
        assert!(origin.elapsed() >= due);
        assert_eq!(origin.until(due), Span::ZERO);
    }

    #[test]
    fn a_start_ahead_counts_from_zero() {
        let origin = Origin::at(now_nanos() + 60 * NANOS_PER_SECOND);
        assert_eq!(origin.elapsed(), Span::ZERO);
        assert!(origin.until(Span::ZERO) > Span::from_secs(59));
    }
}
