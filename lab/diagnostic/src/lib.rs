//! Diagnostics: what is wrong with a file that somebody wrote, where, and the way out.
//!
//! Everything that the lab reads from people (scenarios, systems, runbooks, policies) reports its
//! mistakes in these types: all at once, each with file, line, column, a stable code and a help.
//!
//! | file | what lives there |
//! |---|---|
//! | `source` | the text of a file, with its name and its limits |
//! | `code` | kinds of mistake; [`codes!`] declares those of a crate |
//! | `finding` | a mistake before it is bound to its file |
//! | `diagnostic` | a mistake at its place in its file; many of them |
//! | `suggest` | "did you mean" |
//!
//! Nothing here opens a file.

mod code;
mod diagnostic;
mod finding;
mod source;
mod suggest;

#[doc(hidden)]
pub use code::Entry;
pub use code::{Code, FileCode, Severity};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use finding::{Finding, Findings};
pub use source::{Place, Position, Source};
pub use suggest::listed;
