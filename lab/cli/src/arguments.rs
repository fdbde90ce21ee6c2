//! The command line, as clap reads it. Help texts are written here and nowhere else.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::commands::proxy::Proxy;

const AFTER: &str = "\
Exit codes: 0 pass, 1 an objective failed, 2 inconclusive, 3 invalid scenario or usage,
4 the environment or the lab failed, 5 clean-up incomplete, 6 stopped by an abort condition,
130 or 143 interrupted and cleaned up.

Start here: lab run slow-payments";

/// Rehearse failure before a cutover: start a system, break its links, drive honest load, and
/// learn what held.
#[derive(Debug, Parser)]
#[command(name = "lab", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Arguments {
    /// When to colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario and say what held.
    Run(Run),
    /// Show what a run would do; touches nothing.
    Plan(Plan),
    /// Look for mistakes in scenario files, all at once.
    Check(Check),
    /// Look into runbooks: Markdown with blocks that people or the lab execute.
    #[command(subcommand)]
    Runbook(Runbook),
    /// Show a run's verdict again, from its journal.
    Report(Report),
    /// List scenarios with what they claim and teach.
    List(List),
    /// Explain a diagnostic's code, or a kind of fault.
    Explain(Explain),
    /// Print the JSON schema of a file format.
    Schema(Schema),
    /// Serve the fault proxy where a Toxiproxy was, or talk to one that runs.
    Proxy(Proxy),
    /// Say what this machine can do, and what it cannot.
    Doctor,
    /// Remove what dead runs left behind; with `--runs` also the kept runs.
    Clean(Clean),
    /// Print a shell completion script.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What a scenario is run with.
#[derive(Debug, Clone, Args)]
pub(crate) struct Choice {
    /// A scenario's name (`lab list`) or a path to its file.
    pub(crate) scenario: Option<String>,

    /// Change a setting of the system: `orders.timeout=400ms`; may be given several times.
    #[arg(long = "with", value_name = "SETTING=VALUE")]
    pub(crate) with: Vec<String>,

    /// Decides every random choice, instead of the scenario's own.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// Where runs are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct Kept {
    /// The folder of runs.
    #[arg(long, value_name = "DIR", default_value = ".lab/runs")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) choice: Choice,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// How the result is printed.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,

    /// Serve Toxiproxy's API for this run on an address, such as 127.0.0.1:8474. Without this flag
    /// nothing outside can reach the run's faults.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) proxy_api: Option<SocketAddr>,
}

/// What services run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Driver {
    /// What the system prefers and the machine can do.
    Auto,
    /// Processes of this host.
    Processes,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) choice: Choice,

    /// `terminal` or `json`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files, or names from the catalog; the whole catalog where none is given.
    pub(crate) scenarios: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runbook {
    /// Look for mistakes in runbooks, all at once, and say which blocks are manual, and why.
    Check(RunbookFiles),
    /// Show in which order a runbook's blocks are executed; touches nothing.
    Show(RunbookShow),
}

#[derive(Debug, Args)]
pub(crate) struct RunbookFiles {
    /// Markdown files, written for the lab or not.
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
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
pub(crate) struct Report {
    /// A run's id, the beginning of one, a path, or `last`.
    #[arg(default_value = "last")]
    pub(crate) run: String,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// How it is printed.
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
    /// A code such as `scenario::unknown-link`, or the word `fault` before a kind of fault.
    pub(crate) topic: String,

    /// The kind, after `fault`; all kinds where none is given.
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
}

#[derive(Debug, Args)]
pub(crate) struct Clean {
    #[command(flatten)]
    pub(crate) kept: Kept,

    /// Also remove kept runs: journals, logs, data.
    #[arg(long)]
    pub(crate) runs: bool,
}
