//! The ledger of writes: what the system acknowledged, and what it holds afterwards.
//!
//! | file | what lives there |
//! |---|---|
//! | `mod` | writes, checks, what a check found |
//! | `compare` | the comparison itself: a pure function |

mod compare;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::units::Span;

pub use compare::{Books, Held};

/// A write that was sent, as a line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// From the start of the load to its end, in microseconds.
    pub at_micros: u64,
    /// The journey.
    pub journey: Name,
    /// The step.
    pub step: Name,
    /// The idempotency key under which it was sent.
    pub key: String,
    /// What its client knows of it.
    pub end: WriteEnd,
}

/// What the client knows of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteEnd {
    /// It happened: the system said so. SHA-256 of what it said, hexadecimal.
    Acknowledged(String),
    /// It did not happen: the system said so (a status from 400 to 499), or nothing was sent.
    Refused,
    /// It may have happened: no answer, half an answer, or an error of the system.
    Unknown,
}

/// A comparison to make when the load has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerCheck {
    /// Its name in reports, unique in the plan.
    pub name: Name,
    /// The journey whose writes are compared.
    pub of: Name,
    /// The step whose writes are compared; all steps that write where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Name>,
    /// Where the system's own entries are read.
    pub source: Source,
    /// Further places: an entry may stand in any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Source>,
    /// How long the system may take until it holds everything.
    pub within: Span,
}

impl LedgerCheck {
    /// The same check of what one service alone holds; `None` where it is read at none of that name.
    pub fn at(&self, service: &str) -> Option<Self> {
        let is_there = |source: &&Source| match source {
            Source::Http(source) => source.service.as_str() == service,
            Source::Sql(source) => source.url.contains(&format!("{{service:{service}}}")),
        };
        let source = [&self.source]
            .into_iter()
            .chain(&self.also)
            .find(is_there)?;
        Some(Self {
            source: source.clone(),
            also: Vec::new(),
            ..self.clone()
        })
    }
}

/// Where the system's own entries are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `GET` page after page.
    Http(HttpSource),
    /// A query.
    Sql(SqlSource),
}

/// Entries over HTTP, straight from a service and not through its faulty links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSource {
    /// The service.
    pub service: Name,
    /// The path with its query; `{after}` is replaced by the place of the page.
    pub path: String,
    /// Where the entries stand in a page (a JSON path).
    pub entries: String,
    /// Where the key stands in an entry (a JSON path).
    pub key: String,
    /// Where the values stand in an entry that must be as they were acknowledged (JSON paths).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<String>,
    /// Where the next page's `{after}` stands in a page (a JSON path); one page where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Entries from a `PostgreSQL` database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlSource {
    /// `postgres://user@{service:store}/shop`; `{service:NAME}` is replaced by its address.
    pub url: String,
    /// Answers with a row an entry: the key first, then the values that must be as acknowledged.
    pub query: String,
}

impl fmt::Display for Source {
    /// `orders /ledger`, `select key from orders`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(HttpSource { service, path, .. }) => {
                let path = path.split('?').next().unwrap_or_default();
                write!(f, "{service} {path}")
            }
            Self::Sql(SqlSource { query, .. }) => {
                let words: Vec<&str> = query.split_whitespace().collect();
                f.write_str(&words.join(" "))
            }
        }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerReport {
    /// Index into the plan's checks.
    pub check: usize,
    /// Writes that the system acknowledged.
    pub acknowledged: u64,
    /// Writes of which nobody knows; they may be there or not, at most once.
    pub unknown: u64,
    /// Entries that the system holds and did not hold before the load.
    pub held: u64,
    /// Acknowledged and not there.
    #[serde(default, skip_serializing_if = "Violation::is_none")]
    pub lost: Violation,
    /// There more than once; counted by the write.
    #[serde(default, skip_serializing_if = "Violation::is_none")]
    pub duplicated: Violation,
    /// There with other values than acknowledged.
    #[serde(default, skip_serializing_if = "Violation::is_none")]
    pub altered: Violation,
    /// There although nobody wrote them, or although their write was refused.
    #[serde(default, skip_serializing_if = "Violation::is_none")]
    pub phantom: Violation,
    /// Somebody else wrote to the file of the ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tampered: bool,
    /// Why the comparison could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How often something went wrong, with some examples.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// How often.
    pub count: u64,
    /// The first keys, at most [`Violation::EXAMPLES`].
    pub keys: Vec<String>,
}

impl Violation {
    /// The most keys that are named: a journal grows by seconds and not by requests.
    pub const EXAMPLES: usize = 10;

    /// Whether it never happened.
    pub fn is_none(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, key: &str) {
        self.count += 1;
        if self.keys.len() < Self::EXAMPLES {
            self.keys.push(key.to_owned());
        }
    }
}

impl LedgerReport {
    /// Everything that went wrong, with its word.
    pub fn violations(&self) -> [(&'static str, &Violation); 4] {
        [
            ("lost", &self.lost),
            ("duplicated", &self.duplicated),
            ("altered", &self.altered),
            ("phantom", &self.phantom),
        ]
    }

    /// How much went wrong.
    pub fn wrong(&self) -> u64 {
        self.violations().iter().map(|(_, found)| found.count).sum()
    }
}
