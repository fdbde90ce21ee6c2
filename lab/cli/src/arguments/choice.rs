//! What several commands are told: which scenario, as what, where runs are kept.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lab_model::container::Runtime;
use lab_model::{Ratio, Span};

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

    /// Inject faults through a Toxiproxy-compatible server that runs already, such as
    /// 127.0.0.1:8474, instead of the lab's own proxy.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) toxiproxy: Option<String>,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// A host beside this one that load and faults may reach, by name or address: one that
    /// `attach` names; may be given several times.
    #[arg(long = "allow", value_name = "HOST")]
    pub(crate) allow: Vec<String>,

    /// End the run as soon as its verdict is decided in slices of time: a fail at once, a pass when
    /// so much of its phase is over and nothing that follows is judged.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "30s")]
    pub(crate) early_stop: Option<Span>,

    /// Every phase at this share of its length, in whole seconds: a first look, or a gate that has to
    /// be quick. Fewer requests prove less; what is too few for a verdict is inconclusive.
    #[arg(long, value_name = "SHARE")]
    pub(crate) lengths: Option<Ratio>,
}

/// How much a pass may assume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strength {
    /// That failures are independent.
    Observed,
    /// Nothing about how failures cluster: slices of time or trials decide.
    Proven,
}

/// Where runs are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct Kept {
    /// The folder of runs.
    #[arg(long, value_name = "DIR", default_value = ".lab/runs")]
    pub(crate) out: PathBuf,
}

/// What services run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Driver {
    /// What the scenario needs, or the system prefers: processes where each service has a command.
    Auto,
    /// Processes of this host.
    Processes,
    /// Containers of an engine: `DOCKER_HOST`, Docker's current context, or a known socket.
    Containers,
}

impl Driver {
    /// What was asked for, unless that was left open.
    pub(crate) fn runtime(self) -> Option<Runtime> {
        match self {
            Self::Auto => None,
            Self::Processes => Some(Runtime::Processes),
            Self::Containers => Some(Runtime::Containers),
        }
    }
}
