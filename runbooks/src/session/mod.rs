//! A grading session: trials of one runbook, each a run with a journal of its own, and what they
//! come to together.
//!
//! A session is a file of lines, one for each trial that is over, so that it goes on where it was
//! interrupted. What it comes to is a pure function of that file and the trials' journals.
//!
//! | file | what lives there |
//! |---|---|
//! | `trials` | which trials a session has, in their order |
//! | `judge` | from lines and journals to a report |

mod judge;
mod trials;

use lab_model::{Name, RunId, Span};
use serde::{Deserialize, Serialize};

pub use judge::{Incident, MutantReport, Report, Side, judge};
pub use trials::trials;

use crate::grade::Reference;

/// The version of a session's lines.
pub const VERSION: u32 = 1;

/// A line of a session's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Opened(Box<Session>),
    /// A trial is over.
    Trial(Done),
    /// All trials are over.
    Closed,
}

/// What is graded, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// See [`VERSION`].
    pub version: u32,
    /// The program's version.
    pub lab: String,
    /// The runbook's id.
    pub runbook: Name,
    /// Its file, as the command line names it.
    pub file: String,
    /// Its first heading.
    pub title: Option<String>,
    /// SHA-256 of the file.
    pub digest: String,
    /// SHA-256 of the reference solution's file, where there is one.
    pub reference: Option<String>,
    /// The failures it is run against.
    pub scenarios: Vec<Name>,
    /// The failure for which it is wrong.
    pub wrong: Option<Name>,
    /// Whether it is run in a healthy system as well, and under the failure for which it is wrong.
    pub sides: bool,
    /// Decides every random choice.
    pub seed: u64,
    /// Runs against each failure.
    pub runs: u32,
    /// Runs of each mutant; 0 where there are none.
    pub mutant_runs: u32,
    /// What the runbook itself allows, where there is no reference solution.
    pub allowed: Reference,
    /// How long users must be served to count as served.
    pub mitigated: Span,
    /// How long everything must hold to count as recovered.
    pub recovered: Span,
    /// Its mutants.
    pub mutants: Vec<MutantLine>,
}

/// A mutant, as a session names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutantLine {
    /// `drop-step shift-traffic`.
    pub name: String,
    /// Why its author says that it is as good as the runbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equivalent: Option<String>,
}

/// A trial that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Which.
    pub trial: Trial,
    /// Its run.
    pub run: RunId,
    /// SHA-256 of its journal as the lab wrote it.
    pub journal: String,
}

/// A trial of a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// A failure, and nobody does anything.
    Nothing {
        /// The failure.
        scenario: Name,
    },
    /// A failure, and the reference solution.
    Reference {
        /// The failure.
        scenario: Name,
    },
    /// A failure that the runbook is for.
    Own {
        /// The failure.
        scenario: Name,
        /// From 1.
        round: u32,
    },
    /// A failure that it is not for.
    Wrong {
        /// The failure.
        scenario: Name,
    },
    /// No failure.
    Healthy,
    /// A mutant.
    Mutant {
        /// Its name.
        name: String,
        /// From 1.
        round: u32,
    },
}

impl std::fmt::Display for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing { scenario } => write!(f, "{scenario}, nobody does anything"),
            Self::Reference { scenario } => write!(f, "{scenario}, the reference solution"),
            Self::Own { scenario, round } => write!(f, "{scenario}, run {round}"),
            Self::Wrong { scenario } => write!(f, "{scenario}, for which it is not"),
            Self::Healthy => f.write_str("a healthy system"),
            Self::Mutant { name, round } => write!(f, "{name}, run {round}"),
        }
    }
}

/// Reads a session's file to its last whole line; what follows is left out.
pub fn read(text: &str) -> Option<(Session, Vec<Done>, bool)> {
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut lines = whole
        .lines()
        .map_while(|line| serde_json::from_str(line).ok());
    let Some(Line::Opened(session)) = lines.next() else {
        return None;
    };
    let (mut done, mut closed) = (Vec::new(), false);
    for line in lines {
        match line {
            Line::Trial(trial) => done.push(trial),
            Line::Closed => closed = true,
            Line::Opened(_) => break,
        }
    }
    Some((*session, done, closed))
}
