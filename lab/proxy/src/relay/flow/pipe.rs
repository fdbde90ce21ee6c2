//! Pipes for splicing, pooled by worker: a connection has one only while bytes are in it.

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::cell::RefCell;
use std::os::fd::OwnedFd;

/// Larger and smaller pipes are slower; the system may grant less.
pub(super) const PIPE: usize = 256 << 10;
/// Pipes that a worker keeps for later.
const KEPT: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

/// A pipe with the number of bytes in it.
pub(super) struct Pipe {
    pub(super) reader: OwnedFd,
    pub(super) writer: OwnedFd,
    pub(super) filled: usize,
}

impl Pipe {
    /// An empty pipe; `None` when the system grants no more of them.
    pub(super) fn take() -> Option<Self> {
        if let Some(pipe) = POOL.with_borrow_mut(Vec::pop) {
            return Some(pipe);
        }
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
        // A pipe that stays small (beyond a user's limit) is slower than copying.
        fcntl_setpipe_size(&writer, PIPE).ok()?;
        Some(Self {
            reader,
            writer,
            filled: 0,
        })
    }

    /// Keeps an empty pipe for later.
    pub(super) fn give_back(self) {
        POOL.with_borrow_mut(|pool| {
            if self.filled == 0 && pool.len() < KEPT {
                pool.push(self);
            }
        });
    }
}
