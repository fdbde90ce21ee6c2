//! Commands that read what people write, and what the lab knows; they start nothing.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Choice, Kept};
use crate::commands::runbook_run::RunbookRun;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files, or names from the catalog; the whole catalog where none is given.
    pub(crate) scenarios: Vec<String>,

    /// `terminal` or `sarif`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runbook {
    /// Look for mistakes in runbooks, all at once, and say which blocks are manual, and why.
    Check(RunbookFiles),
    /// Show in which order a runbook's blocks are executed; touches nothing.
    Show(RunbookShow),
    /// Execute a runbook's blocks against the system that is up.
    Run(RunbookRun),
}

#[derive(Debug, Args)]
pub(crate) struct RunbookFiles {
    /// Markdown files, written for the lab or not.
    #[arg(required = true)]
    pub(crate) files: Vec<String>,

    /// `terminal` or `sarif`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct RunbookShow {
    /// A Markdown file.
    pub(crate) file: String,

    /// `terminal` or `json`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Coverage {
    /// Scenarios, by name or path; the catalog where none is given.
    pub(crate) scenarios: Vec<String>,

    /// `terminal` or `json`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only scenarios with this tag.
    #[arg(long)]
    pub(crate) tag: Option<String>,

    /// List kept runs instead.
    #[arg(long)]
    pub(crate) runs: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code such as `scenario::unknown-link`, or the word `fault`, `objective` or `pattern` before
    /// a name.
    pub(crate) topic: String,

    /// The kind of fault or of objective, or the pattern; all of them where none is given.
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which file format.
    #[arg(value_enum)]
    pub(crate) of: Format,
}

/// A file format with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Scenario files.
    Scenario,
    /// System files.
    System,
    /// JSON reports.
    Report,
    /// Policies of a gate.
    Policy,
}

/// Between objectives and OpenSLO.
#[derive(Debug, Subcommand)]
pub(crate) enum Slo {
    /// Print the objectives of a scenario as OpenSLO v1 documents.
    Export {
        #[command(flatten)]
        choice: Choice,
    },
    /// Print the objectives that an OpenSLO v1 file stands for, as a scenario holds them.
    Import {
        /// The file; several documents may stand in it.
        file: PathBuf,
    },
}
