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

/// Starts handing a schedule's arrivals over, until its end or a stop.
pub(crate) fn start(
    schedule: Schedule,
    origin: Origin,
    hand_over: impl Fn(Due) + Send + 'static,
    stop: CancellationToken,
) -> io::Result<()> {
    let pace = move || {
        // The kernel may defer a wake-up by the thread's timer slack, 50 µs unless told otherwise.
        // Where it cannot be told, lag is a little longer, and measured.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        for arrival in schedule {
            origin.sleep_until(arrival.due);
            if stop.is_cancelled() {
                return;
            }
            hand_over(Due { arrival, origin });
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
    use std::sync::mpsc::{Receiver, channel};

    /// What a pacer hands over; ends when the pacer does.
    fn pace(rate: f64, millis: u64, origin: Origin, stop: &CancellationToken) -> Receiver<Due> {
        let schedule = Schedule::new(&load(rate, &[1]), &phases(&[millis]), 7).unwrap();
        let (sender, arrivals) = channel();
        let hand_over = move |due| sender.send(due).unwrap_or_default();
        start(schedule, origin, hand_over, stop.clone()).unwrap();
        arrivals
    }

    #[test]
    fn every_arrival_comes_once_in_order_and_not_early() {
        let origin = Origin::at(now_nanos());
        let mut count = 0;
        for due in pace(1_000.0, 50, origin, &CancellationToken::new()) {
            assert_eq!(due.arrival.index, count);
            assert!(origin.elapsed() >= due.arrival.due);
            count += 1;
        }
        assert_eq!(count, 50);
        assert!(origin.elapsed() >= Span::from_millis(49));
    }

    #[test]
    fn a_late_pacer_hands_everything_over_at_once() {
        let origin = Origin::at(now_nanos().saturating_sub(20_000_000_000));
        let arrivals = pace(100.0, 10_000, origin, &CancellationToken::new());
        assert_eq!(arrivals.iter().count(), 1_000);
    }

    #[test]
    fn a_stop_ends_it() {
        let stop = CancellationToken::new();
        let arrivals = pace(100.0, 60_000, Origin::at(now_nanos()), &stop);
        assert!(arrivals.recv().is_ok());
        stop.cancel();
        assert!(arrivals.iter().count() < 1_000);
    }
}
