//! The process driver: services as plain processes under a supervisor of their own.
//!
//! | file | what lives there |
//! |---|---|
//! | `driver` | behind the seam: ports, placeholders, start and stop |
//! | `line` | the lab's end of the pipes to its supervisor |
//! | `faults` | faults on services that are processes |
//! | `protocol` | what the two say to each other |
//! | `supervisor` | `lab __supervise`: starts services and ends them, whatever happens |
//! | `exec` | `lab __exec`: binds itself to its parent's life, then becomes a program |
//! | `tree` | processes as `/proc` shows them |

mod driver;
pub mod exec;
mod faults;
mod line;
mod protocol;
pub mod supervisor;
pub(crate) mod tree;

pub use driver::Processes;
pub(crate) use protocol::MARK;
