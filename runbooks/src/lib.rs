//! Runbooks: Markdown that people read, that runbook runners execute, and that the lab plans.
//!
//! [`read`] takes any Markdown file. What it finds are **blocks**, each typed or manual, and
//! **diagnostics**, all at once. Where none of them is an error there is a [`Runbook`], in which
//! nothing is wrong any more, and [`plan`] puts its blocks in order.
//!
//! | file | what lives there |
//! |---|---|
//! | `text` | a block's text with its places in the file |
//! | `code` | the registry of kinds of mistake |
//! | `markdown` | Markdown to code blocks, wherever they stand |
//! | `attributes` | the line of a fence: language and attributes |
//! | `front/` | front matter: YAML, JSON, TOML; the `lab` section |
//! | `shell/` | what can be seen in a script: placeholders, prompts, variables |
//! | `block`, `runbook` | the resolved types |
//! | `resolve/` | from what is written to those types |
//! | `grade/` | what the handling of an incident is worth, from what is known of it |
//! | `mutation/` | a runbook made wrong on purpose, and who notices |
//! | `session/` | trials of a runbook, and what they come to together |
//! | `seat/` | what a rehearsal by hand came to |
//! | `plan`, `show` | the order of execution, and how it is shown |
//!
//! Nothing here opens a file, a socket or a clock, and nothing runs.

mod attributes;
mod block;
mod code;
mod front;
pub mod grade;
mod markdown;
pub mod mutation;
mod plan;
mod resolve;
mod runbook;
pub mod seat;
pub mod session;
mod shell;
pub mod show;
mod text;

use std::sync::Arc;

pub use block::{Approval, Block, Effect, Kind, Reason, Retry, Runnable, Runner};
pub use code::Code;
pub use front::{Budget, Equivalent, Header, Variable, target};
pub use lab_diagnostic::{Diagnostic, Diagnostics, Position, Source};
pub use plan::{DEFAULT_TIMEOUT, Entry, Plan, plan};
pub use runbook::Runbook;

/// A file that was read: its blocks, and everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Reading {
    runbook: Runbook,
    diagnostics: Diagnostics,
}

/// Reads a runbook, be it written for the lab or not.
pub fn read(source: &Arc<Source>) -> Reading {
    let (runbook, diagnostics) = resolve::resolve(source);
    Reading {
        runbook,
        diagnostics,
    }
}

impl Reading {
    /// All blocks, in the order of the file, also those with mistakes.
    pub fn blocks(&self) -> &[Block] {
        &self.runbook.blocks
    }

    /// Everything found, in the order of the file.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// The runbook with its warnings, where nothing is wrong; else all that is.
    pub fn into_runbook(self) -> Result<(Runbook, Diagnostics), Diagnostics> {
        if self.diagnostics.has_errors() {
            Err(self.diagnostics)
        } else {
            Ok((self.runbook, self.diagnostics))
        }
    }
}
