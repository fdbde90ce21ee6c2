//! Reports: pure functions of a plan, or of a journal and the verdict on it.
//!
//! The same input and the same [`Style`] give the same bytes, on any machine, years later. Nothing
//! here opens a file, reads a clock or asks a terminal; colour only repeats what words say.
//!
//! | file | what lives there |
//! |---|---|
//! | `run` | what a renderer is given |
//! | `registry` | the formats of a report |
//! | `terminal/` | the report for people |
//! | `json/` | the report for programs, with its published schema |
//! | `plan/` | a plan before anything is touched |
//! | `live` | what a run shows while it goes on |
//! | `status` | a running system at one moment |
//! | `phases` | the table of phases, of live runs and reports alike |
//! | `deeds` | what a fault did, in words |
//! | `header` | the head of a report |
//! | `words` | the words of verdicts |
//! | `format` | numbers as people read them |
//! | `style` | colour, width, alphabet |
//! | `line`, `page`, `table` | text that fits any width |

mod deeds;
pub mod format;
mod header;
pub mod json;
mod line;
pub mod live;
mod page;
mod phases;
pub mod plan;
pub mod registry;
pub mod run;
pub mod status;
pub mod style;
mod table;
pub mod terminal;
mod words;

pub use live::Live;
pub use registry::{FORMATS, Format};
pub use run::Run;
pub use style::Style;
