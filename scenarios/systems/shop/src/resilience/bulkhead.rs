//! Bulkhead: at most so many calls to one dependency at once, so that a slow one cannot take all
//! of the caller's workers with it.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::upstream::CallError;

/// Places for calls; without a limit there is always one.
#[derive(Debug)]
pub(crate) struct Bulkhead(Option<Semaphore>);

impl Bulkhead {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self(limit.map(Semaphore::new))
    }

    /// Takes a place until the result is dropped; never waits.
    ///
    /// # Errors
    /// [`CallError::BulkheadFull`] when all are taken.
    pub(crate) fn enter(&self) -> Result<Option<SemaphorePermit<'_>>, CallError> {
        self.0
            .as_ref()
            .map(|places| places.try_acquire().map_err(|_| CallError::BulkheadFull))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of ten simultaneous calls get in.
    fn check(limit: Option<usize>, expected: usize) {
        let bulkhead = Bulkhead::new(limit);
        let inside: Vec<_> = (0..10).filter_map(|_| bulkhead.enter().ok()).collect();
        assert_eq!(inside.len(), expected);
        drop(inside);
        assert!(bulkhead.enter().is_ok(), "a place is free again");
    }

    #[test]
    fn calls_beyond_the_limit_fail_at_once() {
        check(Some(3), 3);
        check(None, 10);
    }
}
