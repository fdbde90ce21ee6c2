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
//! | `decision`, `comparison`, `coverage` | a gate; two runs; what scenarios leave untested |
//! | `attestation` | a run as an in-toto statement |
//! | `graded` | a runbook's grade |
//! | `brief`, `debrief`, `retro` | a rehearsal by hand: before it, after it, for the record |
//! | `cases` | a run as continuous integration counts it |
//! | `junit`, `markdown`, `github`, `gitlab` | for pipelines and code hosts |
//! | `prometheus`, `otlp/` | for monitoring |
//! | `sarif` | mistakes in files, for code hosts |
//! | `html/` | the report for a browser, one file |
//! | `judged/` | what was judged, in words that reports for people share |
//! | `sentence` | the verdict in one plain sentence |
//! | `series` | what each journey did over time |
//! | `plan/` | a plan before anything is touched |
//! | `live` | what a run shows while it goes on |
//! | `status` | a running system at one moment |
//! | `tap` | what passes a link that is followed |
//! | `phases` | the table of phases, of live runs and reports alike |
//! | `deeds` | what a fault did, in words |
//! | `header` | the head of a report |
//! | `words` | the words of verdicts |
//! | `format` | numbers as people read them |
//! | `style` | colour, width, alphabet |
//! | `line`, `page`, `table` | text that fits any width |

pub mod attestation;
pub mod brief;
mod cases;
pub mod comparison;
pub mod coverage;
pub mod debrief;
pub mod decision;
mod deeds;
pub mod format;
pub mod github;
pub mod gitlab;
pub mod graded;
mod header;
pub mod html;
pub mod json;
mod judged;
pub mod junit;
mod line;
pub mod live;
pub mod markdown;
pub mod otlp;
mod page;
mod phases;
pub mod plan;
pub mod prometheus;
pub mod registry;
pub mod retro;
pub mod run;
pub mod sarif;
mod sentence;
pub mod series;
pub mod status;
pub mod style;
mod table;
pub mod tap;
pub mod terminal;
mod words;

pub use live::Live;
pub use registry::{FORMATS, Format};
pub use run::Run;
pub use style::Style;
pub use words::alone;
