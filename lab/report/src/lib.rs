//! lab-report
pub mod format;
mod line;
mod page;
pub mod style;
mod table;
