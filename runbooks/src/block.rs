//! A block of a runbook, everything about it decided.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use lab_model::Span;
use serde::{Serialize, Serializer};

use lab_diagnostic::Position;

/// What a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Refuses to go on where the runbook does not apply.
    Precheck,
    /// Finds out what is wrong; changes nothing.
    Diagnose,
    /// Changes something.
    Step,
    /// Exits 0 when the steps have helped.
    Verify,
    /// Undoes steps; runs only when asked.
    Rollback,
    /// Tells people.
    Comms,
    /// For people: untyped, or typed as such.
    Manual,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Precheck,
        Self::Diagnose,
        Self::Step,
        Self::Verify,
        Self::Rollback,
        Self::Comms,
        Self::Manual,
    ];

    /// Its word: `precheck`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Precheck => "precheck",
            Self::Diagnose => "diagnose",
            Self::Step => "step",
            Self::Verify => "verify",
            Self::Rollback => "rollback",
            Self::Comms => "comms",
            Self::Manual => "manual",
        }
    }

    /// The kind of that word.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether blocks of this kind change something, so that a second try may do harm.
    pub(crate) const fn acts(self) -> bool {
        matches!(self, Self::Step | Self::Rollback | Self::Comms)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A code block of a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// Its id; where none is given its name, else `line-12`.
    pub id: String,
    /// The name that its author gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    pub kind: Kind,
    /// The heading it stands under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Where its fence stands.
    pub position: Position,
    /// Its language, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What it holds, without list and quote marks.
    pub text: String,
    /// Whether it runs by itself.
    pub runnable: Runnable,
    /// The ids of the blocks that must have succeeded before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// The ids of the steps whose effect it checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Of a rollback block: the ids of the steps that it undoes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<String>,
    /// The most time it may take, each attempt for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How often it is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Who must agree before it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The variables that it sets for later blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saves: Vec<String>,
    /// By when it should be done, counted from the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Span>,
    /// What its author promises of its effect.
    pub effect: Effect,
    /// What the common runner is told.
    #[serde(skip_serializing_if = "Runner::is_empty")]
    pub runner: Runner,
    /// Attributes for other tools, as they are written.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub foreign: BTreeMap<String, String>,
}

/// What the author of a block promises of its effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Running it twice is as good as running it once.
    pub idempotent: bool,
    /// It changes nothing.
    pub readonly: bool,
    /// What it removes cannot be had back.
    pub destructive: bool,
}

/// The attributes of the common runner (runme v3), with its meaning; `None` is its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Runner {
    /// The folder in which it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The program that runs it, whatever its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// Whether it wants a terminal and may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive: Option<bool>,
    /// Whether it is left running while others go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<bool>,
    /// Whether it is left out when everything runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_from_run_all: Option<bool>,
    /// Whether exported variables are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_env: Option<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its categories, the older word for tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Whether it is no command at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore: Option<bool>,
    /// Whether runners may change it into another form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<bool>,
}

impl Runner {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a block runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Runnable {
    /// It does.
    Runnable {
        /// What a shell is given: the text, or its prompted lines without prompts.
        script: String,
    },
    /// A person does it.
    Manual {
        /// Why; at least one reason.
        reasons: Vec<Reason>,
    },
}

/// Why a block does not run by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No `lab.kind` says what it is for.
    Untyped,
    /// Its author says that people do it.
    ByPeople,
    /// It is indented and not fenced, so nothing says its language.
    Indented,
    /// Its attributes cannot be read.
    BrokenAttributes,
    /// No language is given.
    NoLanguage,
    /// Its language or interpreter is no shell.
    NotShell(String),
    /// Its language is that of a shell other than the one that runs blocks.
    OtherShell(String),
    /// It holds nothing.
    Empty,
    /// It is a session in which no line has a prompt, hence output alone.
    OutputAlone,
    /// Somebody must fill this in first.
    Placeholder(String),
    /// It wants a terminal and may ask.
    Interactive,
    /// It is left out when everything runs.
    Excluded,
    /// Its author says that it is no command.
    Ignored,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untyped => f.write_str("no `lab.kind`"),
            Self::ByPeople => f.write_str("for people"),
            Self::Indented => f.write_str("indented, not fenced"),
            Self::BrokenAttributes => f.write_str("attributes that cannot be read"),
            Self::NoLanguage => f.write_str("no language"),
            Self::NotShell(language) => write!(f, "{language} is no shell"),
            Self::OtherShell(language) => write!(f, "{language} is not bash"),
            Self::Empty => f.write_str("empty"),
            Self::OutputAlone => f.write_str("a session without a prompt"),
            Self::Placeholder(text) => write!(f, "{text} is to be filled in"),
            Self::Interactive => f.write_str("asks at a terminal"),
            Self::Excluded => f.write_str("left out by excludeFromRunAll"),
            Self::Ignored => f.write_str("ignored by its author"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How often a block is tried, and how long apart: `5x3s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts, the first included: 1 to 1,000.
    pub attempts: u32,
    /// From the end of one to the start of the next.
    pub pause: Span,
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.attempts, self.pause)
    }
}

impl FromStr for Retry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "attempts from 1 to 1000 and a pause, as in `5x3s`";
        let (attempts, pause) = text.split_once(['x', '×']).ok_or(EXPECTED)?;
        let attempts = attempts.trim().parse().map_err(|_| EXPECTED)?;
        let pause = pause.trim().parse().map_err(|_| EXPECTED)?;
        let bounded = (1..=1_000).contains(&attempts);
        bounded.then_some(Self { attempts, pause }).ok_or(EXPECTED)
    }
}

impl Serialize for Retry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who must agree before a block runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Whoever runs it.
    Anyone,
    /// One of the runbook's approvers.
    By(String),
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::By(who) => f.write_str(who),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_counted_and_spaced() {
        let check = |text: &str, expected: Option<(u32, u64)>| {
            let found = text.parse::<Retry>().ok();
            let found = found.map(|retry| (retry.attempts, retry.pause.as_micros() / 1_000));
            assert_eq!(found, expected, "{text}");
        };
        check("5x3s", Some((5, 3_000)));
        check("1x0s", Some((1, 0)));
        check("5 x 200ms", Some((5, 200)));
        check("0x3s", None);
        check("1001x1s", None);
        check("5", None);
        check("5x3", None);
        check("x3s", None);
    }

    #[test]
    fn kinds_are_found_by_their_word() {
        for kind in Kind::ALL {
            assert_eq!(Kind::find(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::find("Step"), None);
    }
}
