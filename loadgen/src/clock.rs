//! The host's monotonic clock, and the start of the load on it.
//!
//! `CLOCK_MONOTONIC` reads the same in every process of a host, so the lab can name an instant and
//! the generator meets it. The standard library's `Instant` cannot be carried across processes.

use std::io;
use std::os::fd::OwnedFd;

use lab_model::Span;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

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

    const fn instant(self, due: Span) -> u64 {
        self.0.saturating_add(due.as_micros().saturating_mul(1_000))
    }
}

/// Wakes a task at instants of the load: a timer of the kernel's, among the sockets of the runtime.
///
/// The runtime's own timers are a millisecond coarse. A thread that sleeps to the instant is as
/// exact as this one, and then has to wake the thread that sends.
#[derive(Debug)]
pub(crate) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// An alarm of the runtime that is entered.
    #[expect(
        deprecated,
        reason = "its successor is unsafe, as it takes any descriptor; an owned one stays open"
    )]
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
    }

    /// Sleeps until an instant of the load; returns at once when it has passed.
    pub(crate) async fn sleep_until(&self, origin: Origin, due: Span) -> io::Result<()> {
        let due = origin.instant(due);
        let value = Timespec {
            tv_sec: i64::try_from(due / NANOS_PER_SECOND).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(due % NANOS_PER_SECOND).unwrap_or(0),
        };
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: value,
        };
        while now_nanos() < due {
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &once)?;
            // The runtime hears of each end anew; the count of ends need not be read.
            self.0.readable().await?.clear_ready();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleeping_never_ends_early() {
        let alarm = Alarm::new().unwrap();
        let origin = Origin::at(now_nanos());
        for millis in [0, 3, 2, 5, 5, 20] {
            let due = Span::from_millis(millis);
            alarm.sleep_until(origin, due).await.unwrap();
            assert!(origin.elapsed() >= due);
            assert_eq!(origin.until(due), Span::ZERO);
        }
    }

    #[tokio::test]
    async fn an_alarm_that_was_left_rings_again() {
        let alarm = Alarm::new().unwrap();
        let origin = Origin::at(now_nanos());
        let far = alarm.sleep_until(origin, Span::from_secs(3_600));
        let left = tokio::time::timeout(std::time::Duration::from_millis(2), far);
        assert!(left.await.is_err());
        let due = origin.elapsed().plus(Span::from_millis(5));
        alarm.sleep_until(origin, due).await.unwrap();
        assert!(origin.elapsed() >= due);
    }

    #[test]
    fn a_start_ahead_counts_from_zero() {
        let origin = Origin::at(now_nanos() + 60 * NANOS_PER_SECOND);
        assert_eq!(origin.elapsed(), Span::ZERO);
        assert!(origin.until(Span::ZERO) > Span::from_secs(59));
    }
}
