//! A runbook that is executed in a run: what was to be done, what was done, and when.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::exercise::{Saying, Seat};
use crate::name::Name;
use crate::units::{Ratio, Span};

/// What is known of a rehearsal before it begins: with the run's plan all that a judge needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The runbook's id.
    pub runbook: Name,
    /// SHA-256 of its file, hexadecimal.
    pub digest: String,
    /// How the system is broken.
    pub situation: Situation,
    /// Parts of the system that it may change.
    pub touches: Vec<Name>,
    /// Parts of the system that must keep their objectives.
    pub protects: Vec<Name>,
    /// Where routes and flags must stand in the end.
    pub targets: Vec<Target>,
    /// Where routes and flags may never stand meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbids: Vec<Target>,
    /// What a correct declaration names.
    pub answer: Answer,
    /// Pairs of blocks whose first must have succeeded before the second begins.
    pub order: Vec<(String, String)>,
    /// Messages, and by when they are due, counted from the fault.
    pub messages: Vec<(String, Option<Span>)>,
    /// How long every objective must hold for users to count as served.
    pub mitigated: Span,
    /// How long everything must hold, after the cause was brought about again.
    pub recovered: Span,
    /// Who handles it by hand; `None` where a runbook does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Box<Seat>>,
}

/// How the system is broken while a runbook is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// As the runbook was written for.
    OwnFault,
    /// In another way: prechecks must refuse.
    WrongFault,
    /// Not at all: prechecks must refuse, or nothing may change.
    Healthy,
}

/// What must be true in the end: where a route or a flag stands (`route orders service=0%`,
/// `flag compact-pages=on`), or what a store holds (`ledger orders at monolith`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// `route orders`, `flag compact-pages`: as changes of the gateway name it; `ledger orders`.
    pub what: String,
    /// `service 0%`, `on`: one of the values that stand there, separated by commas; of a ledger the
    /// service whose store alone must hold every acknowledged write.
    pub value: String,
}

impl Target {
    /// The ledger's name, where it is about one.
    pub fn ledger(&self) -> Option<&str> {
        self.what.strip_prefix("ledger ")
    }
}

/// Why a text names no place of a route or a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATarget;

impl std::fmt::Display for NotATarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("write `route ROUTE UPSTREAM=PERCENT` or `flag FLAG=VALUE`")
    }
}

impl std::error::Error for NotATarget {}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let name = |text: &str| Name::new(text).map_err(|_| NotATarget);
        let words: Vec<&str> = text.split_whitespace().collect();
        if let ["ledger", ledger, "at", service] = words.as_slice() {
            return Ok(Self {
                what: format!("ledger {}", name(ledger)?),
                value: name(service)?.to_string(),
            });
        }
        let (what, value) = text.split_once('=').ok_or(NotATarget)?;
        let words: Vec<&str> = what.split_whitespace().collect();
        match words.as_slice() {
            ["route", route, upstream] => {
                let percent = format!("{}%", value.trim().trim_end_matches('%'));
                let share: Ratio = percent.parse().map_err(|_| NotATarget)?;
                Ok(Self {
                    what: format!("route {}", name(route)?),
                    value: format!("{} {share}", name(upstream)?),
                })
            }
            ["flag", flag] => Ok(Self {
                what: format!("flag {}", name(flag)?),
                value: value.trim().to_owned(),
            }),
            _ => Err(NotATarget),
        }
    }
}

/// What a correct declaration names: one of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The part that is broken, in its names.
    pub components: Vec<String>,
    /// How it is broken, out of [`SYMPTOMS`].
    pub symptoms: Vec<String>,
}

/// What can be wrong with a part of a system.
pub const SYMPTOMS: [&str; 4] = ["errors", "latency", "unavailable", "data"];

/// Which execution of a runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Against the failure.
    First,
    /// Against the same failure when it comes again, where it lies in the system itself.
    Replay,
    /// The same once more, after everything has settled.
    Again,
    /// The rollback blocks.
    Undo,
}

/// What happens in a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalEvent {
    /// What is to come.
    Opened(Box<Rehearsal>),
    /// Blocks begin to run.
    Begun {
        /// Which execution.
        pass: Pass,
    },
    /// A block begins.
    Block {
        /// Its id.
        id: String,
        /// What it is for: `step`.
        kind: String,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// A block has ended.
    BlockEnded {
        /// Its id.
        id: String,
        /// What it is for.
        kind: String,
        /// Which attempt, from 1.
        attempt: u32,
        /// How.
        end: BlockEnd,
        /// What it wrote, without secrets, its middle left out where it is long.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        output: String,
    },
    /// A block was left out, as it had succeeded before, with the same text and the same values.
    Skipped {
        /// Its id.
        id: String,
    },
    /// The execution is over.
    Ended {
        /// Which.
        pass: Pass,
        /// The block that failed for good; absent where all succeeded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// The store of one service was compared with what was acknowledged until then.
    Books {
        /// What was to be held there.
        target: Target,
        /// Acknowledged writes.
        acknowledged: u64,
        /// Of these, not there, or there with other content.
        missing: u64,
        /// Why it could not be compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<String>,
    },
    /// The cause is brought about again.
    Replayed,
    /// Somebody has taken the seat.
    Seated,
    /// Somebody in the seat says something.
    Said {
        /// Who.
        by: String,
        /// What.
        saying: Saying,
    },
    /// The incident is over: what follows is none of its seconds.
    Judged,
}

/// How one attempt of a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockEnd {
    /// With an exit status.
    Exited(i32),
    /// By a signal.
    Signalled(i32),
    /// Its time was up.
    TimedOut,
    /// Killed midway, as a mutant asks for.
    Killed,
}

impl BlockEnd {
    /// Whether it succeeded.
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl std::fmt::Display for BlockEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Signalled(signal) => write!(f, "signal {signal}"),
            Self::TimedOut => f.write_str("its time was up"),
            Self::Killed => f.write_str("killed midway"),
        }
    }
}
