//! What the load does: journeys of steps, the data they are fed with, who runs them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::arrivals::Arrivals;
use crate::name::Name;
use crate::units::Span;

/// The load of a run, resolved: which journeys, how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The journeys with their shares; never empty, weights sum above zero.
    pub journeys: Vec<Journey>,
    /// When journeys start.
    pub arrivals: Arrivals,
    /// Data for placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Feeder>,
    /// Who runs the journeys.
    #[serde(default, skip_serializing_if = "is_default")]
    pub executor: Executor,
    /// How many generator processes share the arrivals.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub processes: NonZeroU32,
}

impl Load {
    /// A load without data, run by goose in one process.
    pub const fn new(journeys: Vec<Journey>, arrivals: Arrivals) -> Self {
        Self {
            journeys,
            arrivals,
            data: Vec::new(),
            executor: Executor::Goose,
            processes: NonZeroU32::MIN,
        }
    }

    /// The share of arrivals that start this journey, 0 to 1.
    pub fn share(&self, journey: &Name) -> f64 {
        let total: u32 = self.journeys.iter().map(|j| j.weight).sum();
        let mine: u32 = self
            .journeys
            .iter()
            .filter(|j| &j.name == journey)
            .map(|j| j.weight)
            .sum();
        if total == 0 {
            0.0
        } else {
            f64::from(mine) / f64::from(total)
        }
    }
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Who runs journeys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executor {
    /// goose's users.
    #[default]
    Goose,
    /// The lab's own, on hyper: less processor time for each request.
    Native,
}

/// Rows of data; each arrival gets one, `{name.field}` is a value of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feeder {
    /// Its name in placeholders.
    pub name: Name,
    /// Where its values come from.
    pub rows: Rows,
}

/// Where a feeder's values come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// What a file held.
    Table {
        /// The fields' names.
        columns: Vec<String>,
        /// A value for each column; never empty.
        rows: Vec<Vec<Value>>,
        /// Which row an arrival gets.
        pick: Pick,
    },
    /// Made for each arrival: a text is a template, of a list one item is chosen by the seed.
    Generated(BTreeMap<String, Value>),
}

impl Feeder {
    /// The fields' names.
    pub fn fields(&self) -> Vec<&str> {
        match &self.rows {
            Rows::Table { columns, .. } => columns.iter().map(String::as_str).collect(),
            Rows::Generated(fields) => fields.keys().map(String::as_str).collect(),
        }
    }
}

/// Which row an arrival gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// One after another, again from the start behind the last one.
    #[default]
    InOrder,
    /// Any, by the seed.
    Random,
}

/// What one user does, step after step, until a step fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// Its name in the scenario and in reports.
    pub name: Name,
    /// Its share of arrivals among all weights.
    pub weight: u32,
    /// Whether cookies that replies set are sent with the steps that follow.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cookies: bool,
    /// Labels by which objectives name several journeys at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Name>,
    /// Its steps, in order; never empty.
    pub steps: Vec<Step>,
}

impl Journey {
    /// A journey without cookies.
    pub const fn new(name: Name, weight: u32, steps: Vec<Step>) -> Self {
        Self {
            name,
            weight,
            cookies: false,
            tags: Vec::new(),
            steps,
        }
    }

    /// The longest a journey can take: its steps' timeouts, attempts and pauses.
    pub fn longest(&self) -> Span {
        self.steps
            .iter()
            .fold(Span::ZERO, |sum, step| sum.plus(step.longest()))
    }
}

/// One HTTP request of a journey.
///
/// `path`, header values and the strings inside `body` may hold `{name}` (a value saved by an
/// earlier step), `{feeder.field}`, `{random:1..20}` (a whole number from the seed) and `{unique}`
/// (a text that no other arrival of the run gets).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in reports, unique in the journey.
    pub name: Name,
    /// The service it calls: the callee of an entry link.
    pub service: Name,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path with its query, starting with `/`.
    pub path: String,
    /// Headers beside those the generator sets itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A JSON body, or a text sent as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// From the request's start to the last byte of the reply; beyond it the step has failed.
    pub timeout: Span,
    /// The status it must answer with; any of 200 to 399 where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<u16>,
    /// What must hold of the reply beside its status.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Values for later steps, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub save: BTreeMap<String, Extract>,
    /// Whether a success is an acknowledged write, kept in the ledger under its idempotency key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub write: bool,
    /// Where the values stand in the reply (JSON paths) whose digest the ledger keeps; the digest
    /// of the whole reply where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<String>,
    /// Whether and how its client tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The pause behind it; no part of the journey's latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<Think>,
}

impl Step {
    /// A request with nothing but what it needs.
    pub fn new(name: Name, service: Name, method: &str, path: &str, timeout: Span) -> Self {
        Self {
            name,
            service,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: BTreeMap::new(),
            body: None,
            timeout,
            expect: None,
            checks: Vec::new(),
            save: BTreeMap::new(),
            write: false,
            record: Vec::new(),
            retry: None,
            think: None,
        }
    }

    /// The longest it can take, its pause included.
    pub fn longest(&self) -> Span {
        let (attempts, pause) = self
            .retry
            .map_or((1, Span::ZERO), |retry| (retry.attempts.get(), retry.pause));
        let mut sum = self.think.map_or(Span::ZERO, |think| think.most);
        for attempt in 0..attempts {
            sum = sum.plus(self.timeout);
            if attempt > 0 {
                sum = sum.plus(pause);
            }
        }
        sum
    }
}

/// What must hold of a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Of which part.
    pub of: Extract,
    /// What.
    pub must: Must,
}

/// What must hold of a part of a reply. Numbers and texts are compared as they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// It is there.
    Exist,
    /// It is this value.
    Equal(Value),
    /// It holds this text.
    Contain(String),
    /// This regular expression matches somewhere in it.
    Match(String),
}

/// Where a value stands in a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extract {
    /// In its JSON body: a JSON pointer (RFC 6901), `/items/0/id`.
    Pointer(String),
    /// In its JSON body: a JSON path (RFC 9535), `$.items[0].id`; the first of what it finds.
    Path(String),
    /// A header.
    Header(String),
    /// What a regular expression captures first in its body; all it matches where it captures
    /// nothing.
    Pattern(String),
    /// The body as a text.
    Body,
}

/// How a client tries again what did not succeed: no connection, no whole reply in time, or a
/// status from 500 on. Every attempt carries the same keys and the number of the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts, the first included.
    pub attempts: NonZeroU32,
    /// Between two attempts.
    pub pause: Span,
}

/// A pause, the same each time or any between two, by the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Think {
    /// At least.
    pub least: Span,
    /// At most.
    pub most: Span,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_one(value: &NonZeroU32) -> bool {
    *value == one()
}
