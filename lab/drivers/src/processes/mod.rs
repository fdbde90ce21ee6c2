//! The process driver: services as plain processes under a supervisor of their own.

mod driver;
pub mod exec;
mod protocol;
pub mod supervisor;
pub(crate) mod tree;

pub use driver::Processes;
pub(crate) use protocol::MARK;
