//! The pacer: hands each arrival over at the instant it is due.
//!
//! A task among the users, woken by a timer of the kernel's. It never waits for anything but the
//! clock; when it is late it hands over what is due at once, and the lag shows it. A thread of its
//! own would be as exact, and cost a second wake-up for each arrival, of the thread that sends.

use std::io;
use std::sync::mpsc::Receiver;

use lab_model::{Rate, Span};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use crate::clock::{Alarm, Origin};
use crate::schedule::{Arrival, Schedule};

/// How many arrivals are handed over at most before users have their turn.
const AT_ONCE: u32 = 32;

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
    runtime: &Handle,
    schedule: Schedule,
    origin: Origin,
    hand_over: impl Fn(Due) + Send + 'static,
    stop: CancellationToken,
    changes: Receiver<Change>,
) -> io::Result<()> {
    let entered = runtime.enter();
    let alarm = Alarm::new()?;
    drop(entered);
    // Should the timer fail, what is not handed over is unsent, which is bad.
    runtime.spawn(pace(alarm, schedule, origin, hand_over, stop, changes));
    Ok(())
}

async fn pace(
    alarm: Alarm,
    mut schedule: Schedule,
    origin: Origin,
    hand_over: impl Fn(Due),
    stop: CancellationToken,
    changes: Receiver<Change>,
) -> io::Result<()> {
    let mut at_once = 0;
    while !stop.is_cancelled() {
        for Change { from, rate } in changes.try_iter() {
            schedule.change(from, rate);
        }
        let now = origin.elapsed();
        let look = now.plus(LOOK);
        let due = match schedule.next_due() {
            Some(due) if due <= look => due,
            // A change may still bring arrivals.
            None if now >= schedule.end() => return Ok(()),
            Some(_) | None => {
                alarm.sleep_until(origin, look).await?;
                continue;
            }
        };
        if now < due {
            at_once = 0;
            alarm.sleep_until(origin, due).await?;
            if stop.is_cancelled() {
                return Ok(());
            }
        } else if at_once == AT_ONCE {
            at_once = 0;
            yield_now().await;
        }
        at_once += 1;
        if let Some(arrival) = schedule.next() {
            hand_over(Due { arrival, origin });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now_nanos;
    use crate::schedule::tests::{load, phases};
    use lab_wire::Part;
    use std::sync::mpsc::channel;
    use tokio::runtime::{Builder, Runtime};

    fn runtime() -> Runtime {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    }

    /// What a pacer hands over; ends when the pacer does.
    fn pace(
        runtime: &Runtime,
        rate: f64,
        millis: u64,
        origin: Origin,
        stop: &CancellationToken,
    ) -> Receiver<Due> {
        let (load, phases) = (load(rate, &[1]), phases(&[millis]));
        let schedule = Schedule::new(&load, &phases, 7, Part::WHOLE).unwrap();
        let (sender, arrivals) = channel();
        let hand_over = move |due| sender.send(due).unwrap_or_default();
        let (handle, never) = (runtime.handle(), channel().1);
        start(handle, schedule, origin, hand_over, stop.clone(), never).unwrap();
        arrivals
    }

    #[test]
    fn every_arrival_comes_once_in_order_and_not_early() {
        let origin = Origin::at(now_nanos());
        let mut count = 0;
        let runtime = runtime();
        for due in pace(&runtime, 1_000.0, 50, origin, &CancellationToken::new()) {
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
        let runtime = runtime();
        let arrivals = pace(&runtime, 100.0, 10_000, origin, &CancellationToken::new());
        assert_eq!(arrivals.iter().count(), 1_000);
    }

    #[test]
    fn a_stop_ends_it() {
        let (runtime, stop) = (runtime(), CancellationToken::new());
        let arrivals = pace(&runtime, 100.0, 60_000, Origin::at(now_nanos()), &stop);
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
        let runtime = runtime();
        let handle = runtime.handle();
        start(handle, schedule, origin, hand_over, stop.clone(), heard).unwrap();
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
