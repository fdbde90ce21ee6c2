//! A plan becomes a run: the environment starts, load flows, faults come and go on time, and all
//! of it is written to the journal in one order on one clock.
//!
//! | file | what lives there |
//! |---|---|
//! | `seam` | what a run needs from the world: the traits that drivers implement |
//! | `clock` | the run's one clock |
//! | `stop` | the two-step stop: first signal heals and tears down, the second tears down fast |
//! | `timeline` | pure: the plan's moments in order |
//! | `planes` | faults on links and faults on services behind one plane |
//! | `receipts` | faults that are armed, and their way back |
//! | `recorder` | events get their time and reach every sink |
//! | `start` | services in waves, callees first, each awaited until ready |
//! | `dispatcher` | the loop that puts everything in one order |
//! | `desk` | what people ask of a run while it goes on |
//! | `recent` | pure: the last seconds of a run, its status |
//! | `run` | the life of a run: start, dispatch, heal, tear down |
//! | `rehearsal/` | a runbook executed block by block, against a failure that it brings about |
//! | `scripted` | a double of every seam, for tests without network or processes |

pub mod clock;
pub mod desk;
mod dispatcher;
mod planes;
mod receipts;
mod recent;
mod recorder;
pub mod rehearsal;
pub mod run;
#[cfg(test)]
mod scripted;
pub mod seam;
mod start;
pub mod stop;
pub mod timeline;

pub use run::{Run, Seams};
pub use seam::Failure;
pub use stop::Stop;
