//! Commands around a release: the gate, accepted runs, comparisons, attestations.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use lab_model::{Ratio, Span};

use super::{Driver, Kept};

/// Where accepted runs are kept.
const ACCEPTED: &str = "accepted";

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 the release may go on, 1 something blocks it, 2 something is not known, 3 a file or the
usage is wrong, 4 to 6, 130 and 143 as of the run that ended so.
Example: lab gate --tag gate --policy gate.yaml --budget 15m --reports reports")]
pub(crate) struct Gate {
    /// Scenarios, by name or path; the catalog where none is given.
    pub(crate) scenarios: Vec<String>,

    /// Only scenarios with this tag.
    #[arg(long)]
    pub(crate) tag: Option<String>,

    /// What must hold; without one, every promise, and observed is enough.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Start nothing that would end later than this after the beginning: 15m.
    #[arg(long, value_name = "TIME")]
    pub(crate) budget: Option<Span>,

    /// Every phase at this share of its length, in whole seconds: 60%. A scenario that could not be
    /// judged so runs whole.
    #[arg(long, value_name = "SHARE")]
    pub(crate) lengths: Option<Ratio>,

    /// How many scenarios run side by side; each is a system of its own. By default, one for each
    /// processor.
    #[arg(long, value_name = "COUNT")]
    pub(crate) parallel: Option<NonZeroUsize>,

    /// Run everything, also when the decision has fallen.
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// Change a setting of the systems: `orders.timeout=400ms`; may be given several times.
    #[arg(long = "with", value_name = "SETTING=VALUE")]
    pub(crate) with: Vec<String>,

    /// With the settings that each scenario's author recommends.
    #[arg(long)]
    pub(crate) remedied: bool,

    /// Decides every random choice, instead of the scenarios' own.
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Run each scenario so many times, with one seed after the other, and say how often the verdict
    /// differs.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) repeat: u32,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// A host beside this one that load and faults may reach, by name or address; may be given
    /// several times.
    #[arg(long = "allow", value_name = "HOST")]
    pub(crate) allow: Vec<String>,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// The folder of accepted runs, kept in the repository.
    #[arg(long, value_name = "DIR", default_value = ACCEPTED)]
    pub(crate) accepted: PathBuf,

    /// Write the reports of all runs (HTML, JUnit, Markdown) and of the decision there.
    #[arg(long, value_name = "DIR")]
    pub(crate) reports: Option<PathBuf>,

    /// How the decision is printed: `terminal`, `markdown` or `json`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// A run's id, the beginning of one, a path, or `last`.
    pub(crate) run: String,

    /// Who accepts it.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,

    /// Although it did not pass.
    #[arg(long)]
    pub(crate) although: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// The folder of accepted runs, kept in the repository.
    #[arg(long, value_name = "DIR", default_value = ACCEPTED)]
    pub(crate) accepted: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 not worse, 1 worse, 2 not comparable, 3 a run cannot be read; of runs in turn also 4 to
6, 130 and 143 as of the run that ended so.
Example: lab compare --interleave 3 slow-payments --with-after orders.timeout=400ms")]
pub(crate) struct Compare {
    /// A run, the file of an accepted one, or a scenario that has one; with --interleave a scenario.
    pub(crate) before: String,

    /// The other run, the last one if left out; with --interleave the other scenario, the same one
    /// if left out.
    pub(crate) after: Option<String>,

    /// Run two scenarios in turn, so many times each, and compare what all runs of one showed with
    /// all of the other: what changes on the machine meanwhile hits both alike.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) interleave: Option<u32>,

    /// A setting of the first scenario: `orders.timeout=400ms`; may be given several times.
    #[arg(long, value_name = "SETTING=VALUE", requires = "interleave")]
    pub(crate) with_before: Vec<String>,

    /// A setting of the other scenario.
    #[arg(long, value_name = "SETTING=VALUE", requires = "interleave")]
    pub(crate) with_after: Vec<String>,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto, requires = "interleave")]
    pub(crate) driver: Driver,

    /// Runs differ by so much by themselves: only what is slower than that is worse.
    #[arg(long, value_name = "SHARE", default_value = "5%")]
    pub(crate) tolerance: Ratio,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// The folder of accepted runs, kept in the repository.
    #[arg(long, value_name = "DIR", default_value = ACCEPTED)]
    pub(crate) accepted: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Attest {
    /// Print a signed statement (in-toto test result in a DSSE envelope) on a run.
    Sign(AttestSign),
    /// Check a signed statement and print what it says.
    Verify(AttestVerify),
}

#[derive(Debug, Args)]
pub(crate) struct AttestSign {
    /// A run's id, the beginning of one, a path, or `last`.
    #[arg(default_value = "last")]
    pub(crate) run: String,

    /// The private key: Ed25519 as PEM; `LAB_ATTEST_KEY` holds it where this is left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// The commit that was tested.
    #[arg(long, value_name = "ID")]
    pub(crate) commit: Option<String>,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 it is genuine, 1 it is not, 3 something cannot be read.")]
pub(crate) struct AttestVerify {
    /// The signed statement.
    pub(crate) file: PathBuf,

    /// The public key: Ed25519 as PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) public: PathBuf,

    /// Whether it speaks of this run's journal, too.
    #[arg(long)]
    pub(crate) run: Option<String>,

    #[command(flatten)]
    pub(crate) kept: Kept,
}
