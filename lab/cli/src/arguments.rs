//! The command line, as clap reads it. Help texts are written here and nowhere else.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::{ArgValueCandidates, Shell};

use lab_model::container::Runtime;
use lab_model::{Ratio, Span};

use crate::commands::proxy::Proxy;
use crate::suggest;

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
    /// Keep a system running under its load until Ctrl-C, to try things out.
    Up(Up),
    /// Break something in the system that is up.
    Inject(Inject),
    /// Take back what was injected.
    Heal(Heal),
    /// Show or change the shares of a route of the system that is up.
    Route(Route),
    /// Show or change a flag of the system that is up.
    Flag(Flag),
    /// Show how the system that is up fares.
    Status(Status),
    /// Show what services of the system that is up have written.
    Logs(Logs),
    /// Look for mistakes in scenario files, all at once.
    Check(Check),
    /// Look into runbooks: Markdown with blocks that people or the lab execute.
    #[command(subcommand)]
    Runbook(Runbook),
    /// Show a run's verdict again, from its journal.
    Report(Report),
    /// Run many scenarios as one decision on a release, by a policy.
    Gate(Gate),
    /// Keep a run as what later runs are compared with.
    Accept(Accept),
    /// Say whether the second run got worse than the first.
    Compare(Compare),
    /// Sign what a run showed, or check such a signature.
    #[command(subcommand)]
    Attest(Attest),
    /// Show what scenarios break, and what none of them does.
    Coverage(Coverage),
    /// List scenarios with what they claim and teach.
    List(List),
    /// Explain a diagnostic's code, a kind of fault, or a resilience pattern.
    Explain(Explain),
    /// Print the JSON schema of a file format.
    Schema(Schema),
    /// Objectives as OpenSLO documents, and back.
    #[command(subcommand)]
    Slo(Slo),
    /// Serve the fault proxy where a Toxiproxy was, or talk to one that runs.
    Proxy(Proxy),
    /// Write a first scenario, a policy, and pipeline files for GitHub and GitLab.
    Init,
    /// Say what this machine can do, and what it cannot.
    Doctor,
    /// Remove what dead runs left behind; with `--runs` also the kept runs.
    Clean(Clean),
    /// List what runs have running now: processes, and things in the container engine.
    Ps(Ps),
    /// Make the images of the demo system where no registry has them.
    #[command(subcommand)]
    Images(Images),
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

    /// Inject faults through a Toxiproxy-compatible server that runs already, such as
    /// 127.0.0.1:8474, instead of the lab's own proxy.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) toxiproxy: Option<String>,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// End the run as soon as its verdict is decided in slices of time: a fail at once, a pass when
    /// so much of its phase is over and nothing that follows is judged.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "30s")]
    pub(crate) early_stop: Option<Span>,
}

/// How much a pass may assume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strength {
    /// That failures are independent.
    Observed,
    /// Nothing about how failures cluster: slices of time or trials decide.
    Proven,
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

    /// Containers start from another image than the system names: `postgres:16=lab/postgres:15`;
    /// may be given several times.
    #[arg(long = "image", value_name = "NAME=SUBSTITUTE")]
    pub(crate) images: Vec<String>,

    /// A file of such substitutes, one a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) image_map: Option<PathBuf>,

    /// How the result is printed.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,

    /// What a pass must be; one that is only observed is inconclusive where proof is asked for.
    #[arg(long, value_enum, default_value_t = Strength::Observed)]
    pub(crate) strength: Strength,

    /// Serve Toxiproxy's API for this run on an address, such as 127.0.0.1:8474. Without this flag
    /// nothing outside can reach the run's faults.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "toxiproxy")]
    pub(crate) proxy_api: Option<SocketAddr>,
}

impl Run {
    /// What `lab run` would be told to run this sandbox.
    pub(crate) fn sandbox(up: &Up) -> Self {
        Self {
            choice: Choice {
                scenario: Some(up.system.clone()),
                with: up.with.clone(),
                seed: up.seed,
                toxiproxy: None,
                driver: up.driver,
                early_stop: None,
            },
            kept: up.kept.clone(),
            images: vec![],
            image_map: None,
            format: "terminal".to_owned(),
            strength: Strength::Observed,
            proxy_api: up.proxy_api,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
From a second terminal: lab status, lab inject 'orders -> payments' latency delay=2s, lab heal,
lab route orders service=5, lab flag compact-pages on, lab logs --follow.")]
pub(crate) struct Up {
    /// A system that comes with the lab (shop), a system's file, or a scenario, which is used
    /// without its faults.
    #[arg(add = ArgValueCandidates::new(suggest::systems_and_scenarios))]
    pub(crate) system: String,

    /// Change a setting of the system: `orders.timeout=400ms`; may be given several times.
    #[arg(long = "with", value_name = "SETTING=VALUE")]
    pub(crate) with: Vec<String>,

    /// Decides every random choice.
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// Serve Toxiproxy's API on an address, such as 127.0.0.1:8474.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) proxy_api: Option<SocketAddr>,
}

/// Which running system is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Running {
    /// Which one, where several are up: a run's id or the beginning of one.
    #[arg(long)]
    pub(crate) run: Option<String>,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example: lab inject 'orders -> payments' latency delay=2s jitter=200ms for=30s
Beside the fault's own settings there is for, after, toxicity and direction. lab explain fault lists
the kinds, lab explain fault latency its settings.")]
pub(crate) struct Inject {
    /// Where: 'orders -> payments', or orders-to-payments.
    #[arg(add = ArgValueCandidates::new(suggest::links))]
    pub(crate) link: String,

    /// A kind of fault.
    #[arg(add = ArgValueCandidates::new(suggest::kinds))]
    pub(crate) fault: String,

    /// Its settings.
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Heal {
    /// The fault's number, as `lab status` shows it; all faults where none is given.
    #[arg(add = ArgValueCandidates::new(suggest::faults))]
    pub(crate) fault: Option<usize>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example: lab route orders service=5 gives the upstream service 5 %; the others divide the rest as
they stood to each other.")]
pub(crate) struct Route {
    /// A route; all are shown where none is given.
    #[arg(value_name = "ROUTE", add = ArgValueCandidates::new(suggest::routes))]
    pub(crate) name: Option<String>,

    /// An upstream's new share in percent; may be given several times.
    #[arg(value_name = "UPSTREAM=PERCENT", add = ArgValueCandidates::new(suggest::upstreams))]
    pub(crate) shares: Vec<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Flag {
    /// A flag; all are shown where none is given.
    #[arg(value_name = "FLAG", add = ArgValueCandidates::new(suggest::flags))]
    pub(crate) name: Option<String>,

    /// Its new value.
    pub(crate) value: Option<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// A service; all where none is given.
    #[arg(add = ArgValueCandidates::new(suggest::services))]
    pub(crate) service: Option<String>,

    /// Go on until the system ends.
    #[arg(long, short)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) running: Running,
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
pub(crate) struct Report {
    /// A run's id, the beginning of one, a path, or `last`.
    #[arg(default_value = "last")]
    pub(crate) run: String,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// How it is printed.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,

    /// What a pass must be; one that is only observed is inconclusive where proof is asked for.
    #[arg(long, value_enum, default_value_t = Strength::Observed)]
    pub(crate) strength: Strength,
}

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

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

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
Exit codes: 0 not worse, 1 worse, 2 not comparable, 3 a run cannot be read.")]
pub(crate) struct Compare {
    /// A run, the file of an accepted one, or a scenario that has one.
    pub(crate) before: String,

    /// The other run.
    #[arg(default_value = "last")]
    pub(crate) after: String,

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

#[derive(Debug, Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Images {
    /// Build them: shop from its sources as a static binary, PostgreSQL and Redis from Debian's
    /// packages. Downloads are kept for the next time.
    Build(ImagesBuild),
    /// List those that were built, and what they stand for.
    List,
}

#[derive(Debug, Args)]
pub(crate) struct ImagesBuild {
    /// Which: shop, postgres, redis; all where none is given.
    pub(crate) images: Vec<String>,

    /// The lab's sources, for shop; found from here upwards where left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) source: Option<PathBuf>,

    /// Where downloads are kept.
    #[arg(long, value_name = "DIR", default_value = ".lab/images")]
    pub(crate) cache: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Clean {
    #[command(flatten)]
    pub(crate) kept: Kept,

    /// Also remove kept runs: journals, logs, data.
    #[arg(long)]
    pub(crate) runs: bool,

    /// Also remove the images that `lab images build` made.
    #[arg(long)]
    pub(crate) images: bool,
}
