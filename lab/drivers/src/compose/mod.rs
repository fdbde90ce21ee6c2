//! What a compose file needs beyond images that exist: building them, and their health checks.
//!
//! How the file is read, and what it becomes, is in the scenarios crate.

pub(crate) mod build;
pub(crate) mod health;
mod ignored;
