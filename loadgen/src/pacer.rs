//! The pacer: a thread that hands each arrival over at the instant it is due.
//!
//! A thread of its own, because the runtime's timers are a millisecond coarse. It never waits for
//! anything but the clock; when it is late it hands over what is due at once, and the lag shows it.

use std::io;
use std::num::NonZeroU64;
use std::thread;

use tokio_util::sync::CancellationToken;

use crate::clock::Origin;
use crate::schedule::{Arrival, Schedule};

/// An arrival that is due, on its way to a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    /// The arrival.
    pub(crate) arrival: Arrival,
    /// Time zero of the load.
    pub(crate) origin: Origin,
}

/// Starts pacing a schedule into a channel, until its end or a stop.
pub(crate) fn start(
    schedule: Schedule,
    origin: Origin,
    users: flume::Sender<Due>,
    stop: CancellationToken,
) -> io::Result<()> {
    let pace = move || {
        // The kernel may defer a wake-up by the thread's timer slack, 50 µs unless told otherwise.
        // Where it cannot be told, lag is a little longer, and measured.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        for arrival in schedule {
            origin.sleep_until(arrival.due);
            if stop.is_cancelled() || users.send(Due { arrival, origin }).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("pacer".to_owned())
        .spawn(pace)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now_nanos;
    use crate::schedule::tests::{load, phases};
    use lab_model::Span;

    #[test]
    fn every_arrival_comes_once_in_order_and_not_early() {
        let schedule = Schedule::new(&load(1_000.0, &[1]), &phases(&[50]), 7).unwrap();
        let (users, arrivals) = flume::unbounded();
        let origin = Origin::at(now_nanos());
        start(schedule, origin, users, CancellationToken::new()).unwrap();
        let mut count = 0;
        // The channel closes when the pacer is done.
        while let Ok(due) = arrivals.recv() {
            assert_eq!(due.arrival.index, count);
            assert!(origin.elapsed() >= due.arrival.due);
            count += 1;
        }
        assert_eq!(count, 50);
        assert!(origin.elapsed() >= Span::from_millis(49));
    }

    #[test]
    fn a_late_pacer_hands_everything_over_at_once() {
        let schedule = Schedule::new(&load(100.0, &[1]), &phases(&[10_000]), 7).unwrap();
        let (users, arrivals) = flume::unbounded();
        let origin = Origin::at(now_nanos().saturating_sub(20_000_000_000));
        start(schedule, origin, users, CancellationToken::new()).unwrap();
        assert_eq!(arrivals.iter().count(), 1_000);
    }

    #[test]
    fn a_stop_ends_it() {
        let schedule = Schedule::new(&load(100.0, &[1]), &phases(&[60_000]), 7).unwrap();
        let (users, arrivals) = flume::unbounded();
        let stop = CancellationToken::new();
        start(schedule, Origin::at(now_nanos()), users, stop.clone()).unwrap();
        assert!(arrivals.recv().is_ok());
        stop.cancel();
        assert!(arrivals.iter().count() < 1_000);
    }
}
