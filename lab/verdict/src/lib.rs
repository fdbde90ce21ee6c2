//! Verdicts with bounded error, as pure functions of a journal.

pub mod outcome;

pub use outcome::{Call, RunVerdict, Strength};
