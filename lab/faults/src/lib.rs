//! The kinds of fault: what a scenario may write, what it is on the wire, what must be seen of it.
//!
//! A kind is one file with one type: its fields are its attributes, and everything else (JSON
//! schema, explanation, example) is derived from them. To add one, write the file, its `mod` line
//! below and its line in `registry`. Nothing here opens a socket; a fault becomes
//! [`lab_model::toxic::Primitive`]s that any Toxiproxy-compatible proxy understands.
//!
//! | file | what lives there |
//! |---|---|
//! | `kind` | what every kind must say about itself |
//! | `problem` | what is wrong with a fault's attributes, and the checks kinds share |
//! | `registry` | the list of kinds, and [`FaultSpec`], a fault as a scenario writes it |
//! | `explain` | a kind in words, derived from its type |
//! | the others | one kind each |

mod bandwidth;
mod down;
mod explain;
mod kind;
mod latency;
mod limit_data;
mod problem;
mod registry;
mod reset_peer;
mod slicer;
mod slow_close;
mod timeout;

pub use bandwidth::Bandwidth;
pub use down::Down;
pub use explain::{Attribute, Explanation};
pub use kind::{Kind, Mark, Reach, Target};
pub use latency::Latency;
pub use limit_data::LimitData;
pub use problem::Problem;
pub use registry::{Entry, FaultSpec, KINDS, find};
pub use reset_peer::ResetPeer;
pub use slicer::Slicer;
pub use slow_close::SlowClose;
pub use timeout::Timeout;
