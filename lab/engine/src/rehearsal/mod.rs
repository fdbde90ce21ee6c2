//! A runbook executed block by block, and the failure that it is executed against.
//!
//! | file | what lives there |
//! |---|---|
//! | `masks` | pure: secrets out of whatever is stored or shown |
//! | `runner` | blocks one after the other: retries, saved variables, what is left out |
//! | `conductor` | an incident in a run: the fault, the runbook, the wait, the fault again |
//! | `attendant` | the same with somebody in the seat instead of a runbook |
//! | `budget` | pure: what is left of the error budget |

mod attendant;
mod budget;
mod conductor;
mod masks;
mod runner;

pub use attendant::{Attendant, Sitting};
pub use conductor::{Conductor, Equip, Equipment, Incident};
pub use masks::Masks;
pub use runner::{Execution, Runner};
