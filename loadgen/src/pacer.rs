//! The pacer: a thread that hands each arrival over at the instant it is due.
//!
//! A thread of its own, because the runtime's timers are a millisecond coarse. It never waits for
//! anything but the clock; when it is late it hands over what is due at once, and the lag shows it.

use std::io;
use std::num::NonZeroU64;
use std::sync::mpsc::Receiver;
use std::thread;

use lab_model::{Rate, Span};
use tokio_util::sync::CancellationToken;

use crate::clock::Origin;
use crate::schedule::{Arrival, Schedule};

/// The longest sleep: after it the pacer looks whether it is to stop or the rate has changed. A
/// change is announced longer before.
const LOOK: Span = Span::from_millis(20);

/// From an instant on another rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// From when on.
    pub(crate) from: Span,
    /// Journeys per second from then on.
    pub(crate) rate: Rate,
}

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
    mut schedule: Schedule,
    origin: Origin,
    hand_over: impl Fn(Due) + Send + 'static,
    stop: CancellationToken,
    changes: Receiver<Change>,
) -> io::Result<()> {
    let pace = move || {
        // The kernel may defer a wake-up by the thread's timer slack, 50 µs unless told otherwise.
        // Where it cannot be told, lag is a little longer, and measured.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
        while !stop.is_cancelled() {
            for Change { from, rate } in changes.try_iter() {
                schedule.change(from, rate);
            }
            let now = origin.elapsed();
            let look = now.plus(LOOK);
            match schedule.next_due() {
                Some(due) if due <= look => {
                    origin.sleep_until(due);
                    if stop.is_cancelled() {
                        return;
                    }
                    if let Some(arrival) = schedule.next() {
                        hand_over(Due { arrival, origin });
                    }
                }
                // A change may still bring arrivals.
                Some(_) => origin.sleep_until(look),
                None if now < schedule.end() => origin.sleep_until(look),
                None => return,
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
    use lab_wire::Part;
    use std::sync::mpsc::channel;

    /// What a pacer hands over; ends when the pacer does.
    fn pace(rate: f64, millis: u64, origin: Origin, stop: &CancellationToken) -> Receiver<Due> {
        let (load, phases) = (load(rate, &[1]), phases(&[millis]));
        let schedule = Schedule::new(&load, &phases, 7, Part::WHOLE).unwrap();
        let (sender, arrivals) = channel();
        let hand_over = move |due| sender.send(due).unwrap_or_default();
        start(schedule, origin, hand_over, stop.clone(), channel().1).unwrap();
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

    #[test]
    fn a_change_is_heard_in_a_long_gap() {
        let (load, phases) = (load(0.01, &[1]), phases(&[60_000]));
        let schedule = Schedule::new(&load, &phases, 7, Part::WHOLE).unwrap();
        let (sender, arrivals) = channel();
        let (changes, heard) = channel();
        let (stop, origin) = (CancellationToken::new(), Origin::at(now_nanos()));
        let hand_over = move |due: Due| sender.send(due).unwrap_or_default();
        start(schedule, origin, hand_over, stop.clone(), heard).unwrap();
        assert_eq!(arrivals.recv().unwrap().arrival.due, Span::ZERO);
        let from = origin.elapsed().plus(Span::from_millis(100));
        let rate = Rate::per_second(1_000.0).unwrap();
        changes.send(Change { from, rate }).unwrap();
        let seen: Vec<Due> = arrivals.iter().take(20).collect();
        stop.cancel();
        assert_eq!(seen[0].arrival.due, from);
        assert_eq!(seen[19].arrival.due, from.plus(Span::from_millis(19)));
    }
}
