//! Verdicts with bounded error, as pure functions of a journal.
//!
//! | file | what lives there |
//! |---|---|
//! | `evidence/` | the statistics; knows nothing of runs |
//! | `planning` | what a verdict will need, known before a run |
//! | `budget` | the error budget and how fast it burns |
//! | `outcome` | what a verdict says: plain data for reports |

pub mod budget;
pub mod evidence;
pub mod outcome;
pub mod planning;

pub use outcome::{Call, RunVerdict, Strength};
