//! Verdicts with bounded error, as pure functions of a journal.
//!
//! Every event is folded into a [`Tally`], while a run goes on or from its journal later; [`judge`]
//! makes a [`RunVerdict`] of it. Nothing here opens a file, a socket or a clock.
//!
//! | file | what lives there |
//! |---|---|
//! | `evidence/` | the statistics; knows nothing of runs |
//! | `planning` | what a verdict will need, known before a run |
//! | `budget` | the error budget and how fast it burns |
//! | `tally/` | the fold of events: what everyone asks about a run |
//! | `sample` | what an objective asks of a phase, as counts |
//! | `gate` | the steady state before a fault |
//! | `abort` | conditions that stop a run |
//! | `across` | two runs beside each other |
//! | `release` | what a gate decides |
//! | `indicators/` | figures of the system itself, one file a kind |
//! | `early` | whether a run may end before its plan does |
//! | `strict` | a verdict where only proof counts |
//! | `patterns/` | resilience patterns, one file each, proven from the wire |
//! | `judge/` | from a journal to a verdict |
//! | `effect` | what each effect of a fault looks like in the counters, and in words |
//! | `cause` | one sentence on why the worst objective failed |
//! | `recovery` | when a journey was back |
//! | `limits` | what a run did not show |
//! | `figures` | figures in sentences |
//! | `outcome` | what a verdict says: plain data for reports |

pub mod abort;
pub mod across;
pub mod budget;
mod cause;
pub mod early;
mod effect;
pub mod evidence;
mod figures;
pub mod gate;
mod indicators;
mod judge;
mod limits;
pub mod outcome;
pub mod patterns;
pub mod planning;
mod recovery;
pub mod release;
mod sample;
pub mod strict;
pub mod tally;

pub use judge::{judge, lag_budget};
pub use outcome::{Call, RunVerdict, Strength};
pub use tally::Tally;
