//! Fine timers: one timerfd and one heap a worker, with deadlines in nanoseconds.
//!
//! tokio's own timers round to milliseconds; a delay of 20 ms that comes 1 ms late is 5 % wrong.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::OwnedFd;
use std::task::Waker;
use std::time::{Duration, Instant};
use tokio::net::unix::pipe;

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

/// The timers of one worker.
#[derive(Default)]
struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    /// When the timerfd fires next.
    armed: Option<Instant>,
    descriptor: Option<OwnedFd>,
}

struct Entry {
    at: Instant,
    sequence: u64,
    waker: Waker,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// The next moment a task wants to be woken; asking again for the same one costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    at: Option<Instant>,
}

impl Alarm {
    /// Wakes the task at that moment, on this worker. It may also be woken for an earlier wish.
    pub(crate) fn set(&mut self, at: Instant, waker: &Waker) {
        if self.at == Some(at) {
            return;
        }
        self.at = Some(at);
        TIMERS.with_borrow_mut(|timers| {
            timers.sequence += 1;
            timers.heap.push(Reverse(Entry {
                at,
                sequence: timers.sequence,
                waker: waker.clone(),
            }));
            timers.arm();
        });
    }
}

impl Timers {
    /// Sets the timerfd to the earliest deadline, when that changed.
    fn arm(&mut self) {
        let Some(Reverse(first)) = self.heap.peek() else {
            return;
        };
        if self.armed.is_some_and(|armed| armed <= first.at) {
            return;
        }
        self.armed = Some(first.at);
        if let Some(descriptor) = &self.descriptor {
            // Zero would disarm it.
            let left = first.at.saturating_duration_since(Instant::now());
            let left = left.max(Duration::from_nanos(1));
            let value = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec::try_from(left).unwrap_or_default(),
            };
            let _ = timerfd_settime(descriptor, TimerfdTimerFlags::empty(), &value);
        }
    }

    /// Wakes one whose moment has come; whether there may be more.
    fn fire(&mut self, now: Instant) -> bool {
        let due = self
            .heap
            .peek()
            .is_some_and(|Reverse(first)| first.at <= now);
        if due && let Some(Reverse(entry)) = self.heap.pop() {
            // Nothing needs arming until the last one that is due was woken.
            self.armed = Some(now);
            entry.waker.wake();
            return true;
        }
        self.armed = None;
        self.arm();
        false
    }
}

/// Runs the timers of this worker; has to be spawned once on its runtime.
pub(crate) async fn run() -> io::Result<()> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let descriptor = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    // tokio offers no safe way to watch any descriptor but this one, which assumes nothing of it
    // and reads it like a pipe: eight bytes, or none.
    let expirations = pipe::Receiver::from_owned_fd_unchecked(descriptor.try_clone()?)?;
    TIMERS.with_borrow_mut(|timers| {
        timers.descriptor = Some(descriptor);
        timers.armed = None;
        timers.arm();
    });
    loop {
        expirations.readable().await?;
        let mut count = [0; 8];
        match expirations.try_read(&mut count) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
            // One at a time, with a look at the sockets in between: a crowd that is due together
            // must not delay the stamps of what arrives meanwhile.
            Ok(_) => {
                while TIMERS.with_borrow_mut(|timers| timers.fire(Instant::now())) {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}
