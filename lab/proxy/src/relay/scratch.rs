//! The buffer every connection of a worker reads into: idle connections own no memory.

use std::cell::RefCell;

/// Large enough that a fast sender is read with few calls.
pub(super) const SCRATCH: usize = 256 << 10;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
}

/// Lends the worker's buffer; it must not be lent again inside.
pub(super) fn with<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| work(buffer))
}
