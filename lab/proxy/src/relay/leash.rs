//! How the control thread reaches a live connection: to wake it, or to end it.

use crate::link::{Cut, held};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Waker;

/// Held by the connection and by its link.
#[derive(Debug, Default)]
pub(crate) struct Leash {
    verdict: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl Leash {
    /// Has the connection look at its link again.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &*held(&self.waker) {
            waker.wake_by_ref();
        }
    }

    /// Ends the connection; the first verdict counts.
    pub(crate) fn cut(&self, cut: Cut) {
        let code = match cut {
            Cut::Close => 1,
            Cut::Reset => 2,
            Cut::Down => 3,
        };
        let _ = self
            .verdict
            .compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire);
        self.wake();
    }

    /// Whether and how the connection has to end.
    pub(crate) fn verdict(&self) -> Option<Cut> {
        match self.verdict.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Cut::Close),
            2 => Some(Cut::Reset),
            _ => Some(Cut::Down),
        }
    }

    /// The task to wake; it has to look at the link after this call.
    pub(crate) fn attach(&self, waker: &Waker) {
        let mut slot = held(&self.waker);
        match &mut *slot {
            Some(known) => known.clone_from(waker),
            empty => *empty = Some(waker.clone()),
        }
    }
}
