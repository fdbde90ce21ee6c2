//! What every pattern must say about itself.

use lab_model::pattern::Watch;
use lab_model::{Link, Name, Span};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::weigh::Finding;
use super::wire::Wire;

/// A pattern: a type whose fields are its settings, as a scenario writes them.
///
/// The doc comment of the type and of its fields is what `lab explain` and editors show.
pub trait Pattern: Serialize + DeserializeOwned + JsonSchema {
    /// Its name in scenarios.
    const NAME: &'static str;
    /// What a run must have for it to be seen.
    const NEEDS: Needs;
    /// How it is judged: what counts for and against it.
    const EVIDENCE: &'static str;

    /// A typical one, for documentation; without [problems](Self::problems).
    fn example() -> Self;

    /// The link on which it must show.
    fn on(&self) -> Option<&Link>;

    /// The journey it speaks of.
    fn of(&self) -> Option<&Name> {
        None
    }

    /// A journey whose latency has to be counted against a limit for it.
    fn watch(&self) -> Option<Watch> {
        None
    }

    /// How long a phase in which it must show has to last at least.
    fn shortest_phase(&self) -> Span {
        Span::ZERO
    }

    /// What is wrong with its settings; empty when they make sense together.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// The pattern in words with its settings: `timeout on orders → payments ≤ 500 ms`.
    fn summary(&self) -> String;

    /// What the wire says of it.
    #[doc(hidden)]
    fn judge(&self, wire: &Wire<'_>) -> Finding;
}

/// What a run must have for a pattern to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The phases in which it shows.
    pub shows: Shows,
    /// Whether what it shows is compared with a baseline.
    pub baseline: bool,
    /// Whether it is the caller's: then the caller cannot be the load.
    pub of_caller: bool,
    /// Whether its evidence is what the load saw, and not the wire alone: then the load must have
    /// been what was planned.
    pub load: bool,
}

/// The phases in which a pattern shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// While something is broken: the fault phases.
    UnderFault,
    /// Under load: the fault phases, or all measured ones where there is none.
    UnderLoad,
    /// Whenever it happens: all measured phases.
    Always,
    /// When the fault is gone: the recovery phases.
    Afterwards,
}

/// Something wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Problem {
    /// A problem of a setting.
    pub(super) fn new(
        setting: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            setting,
            message: message.into(),
            help: help.into(),
        }
    }

    /// A time of zero, which nothing keeps.
    pub(super) fn of_zero(setting: &'static str, span: Span) -> Option<Self> {
        let problem = || {
            Self::new(
                setting,
                "nothing happens within 0s",
                "give it a length such as `500ms`",
            )
        };
        (span == Span::ZERO).then(problem)
    }
}

/// `orders → payments`.
pub(super) fn arrow(link: &Link) -> String {
    format!("{} → {}", link.from, link.to)
}
