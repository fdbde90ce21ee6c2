//! The patterns that keep a caller well while a dependency is not; each alone, none required.
//!
//! A call passes them in this order: bulkhead, timeout, retry; and each attempt: breaker, attempt
//! timeout. `upstream` puts them together.

mod backoff;
mod breaker;
mod budget;
mod bulkhead;
mod fallback;
mod retry;
mod timeout;

pub(crate) use breaker::CircuitBreaker;
pub(crate) use bulkhead::Bulkhead;
pub(crate) use fallback::Fallback;
pub(crate) use retry::Retry;
pub(crate) use timeout::within;
