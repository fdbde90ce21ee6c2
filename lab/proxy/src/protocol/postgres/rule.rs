//! A fault of PostgreSQL on one link: what it matches, what it does, what it counts.

use super::answer::Error;
use super::sql;
use crate::events::Event;
use crate::link::Link;
use crate::seed::Draw;
use crate::toxics::Toxic;
use crate::witness::Count;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Something on a link at which a fault may act.
#[derive(Debug)]
pub(crate) enum Occasion<'a> {
    /// A caller opens a session, beside so many that are open.
    Opens { others: u64 },
    /// A session is open when the fault comes.
    Lives,
    /// A statement is to be executed.
    Statement(&'a [u8]),
    /// Something was committed, and the caller does not know yet.
    Commit,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The statement waits before the server gets it.
    Hold(Duration),
    /// The server refuses that command, which begins at that place of the text.
    Refuse(sql::Write),
    /// The session ends, with these last words or with a reset.
    End(Option<Error>),
    /// It matches, and there is nothing to be done.
    Nothing,
}

/// What the connections of a fault share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Occasions that matched.
    matched: Count,
    /// Connections that are turned away and not closed yet.
    pub(super) leaving: Count,
}

/// A kind of fault of PostgreSQL: the fields are its attributes.
pub(crate) trait PostgresFault:
    Serialize + DeserializeOwned + Default + Send + 'static
{
    /// The name used in `type`.
    const NAME: &'static str;

    /// Checks the attributes together; the text says what is wrong.
    fn check(&self) -> Result<(), String>;

    /// What it does where that is chosen; `None` where it is not about that.
    fn meets(&self, occasion: &Occasion<'_>, draw: Draw) -> Option<Deed>;

    /// Whether it waits for moments.
    fn timed(&self) -> bool {
        false
    }
}

/// A fault of any kind, with its attributes.
pub(crate) trait Acts: Send {
    fn meets(&self, occasion: &Occasion<'_>, draw: Draw) -> Option<Deed>;
    fn timed(&self) -> bool;
}

impl<F: PostgresFault> Acts for F {
    fn meets(&self, occasion: &Occasion<'_>, draw: Draw) -> Option<Deed> {
        PostgresFault::meets(self, occasion, draw)
    }

    fn timed(&self) -> bool {
        PostgresFault::timed(self)
    }
}

/// Reads a fault from attributes that were merged and checked.
pub(crate) fn read<F: PostgresFault>(attributes: &Map<String, Value>) -> Box<dyn Acts> {
    let fault: F = crate::toxics::attributes(attributes).unwrap_or_default();
    Box::new(fault)
}

/// A fault on one connection.
pub(super) struct Rule {
    pub(super) toxic: Arc<Toxic>,
    acts: Box<dyn Acts>,
    /// Whether it acted on this connection.
    touched: bool,
}

impl Rule {
    /// The fault of a toxic, where it is one of PostgreSQL.
    pub(super) fn of(toxic: &Arc<Toxic>) -> Option<Self> {
        Some(Self {
            acts: toxic.postgres()?,
            toxic: Arc::clone(toxic),
            touched: false,
        })
    }

    /// Whether it waits for moments.
    pub(super) fn timed(&self) -> bool {
        self.acts.timed()
    }

    /// What it does at that occasion. What matches is counted, and what is chosen among that: the
    /// seed decides by its number.
    pub(super) fn decide(&self, occasion: &Occasion<'_>, link: &Link) -> Option<Deed> {
        let shared = &self.toxic.shared.postgres;
        let number = shared.matched.get();
        let mut draw = Draw::new(link.seed, &link.name, &self.toxic.name, number);
        let chosen = draw.unit() < self.toxic.toxicity;
        let deed = self.acts.meets(occasion, draw)?;
        let marks = &self.toxic.marks;
        shared.matched.add(1);
        marks.matched.add(1);
        if chosen {
            marks.chosen.add(1);
            Some(deed)
        } else {
            marks.spared.add(1);
            None
        }
    }

    /// Counts that it acted once more.
    pub(super) fn acted(&mut self, link: &Link, connection: u64) {
        let marks = &self.toxic.marks;
        marks.requests.add(1);
        if !std::mem::replace(&mut self.touched, true) {
            marks.connections.add(1);
            link.events.tell(|| Event::Touched {
                link: link.name.clone(),
                connection,
                toxic: self.toxic.name.clone(),
                kind: self.toxic.kind.name().to_owned(),
                stream: self.toxic.stream,
            });
        }
    }

    /// Keeps what it remembers of this connection.
    pub(super) fn touched_as(mut self, before: &[Self]) -> Self {
        let known = before.iter().find(|rule| rule.toxic.id == self.toxic.id);
        self.touched = known.is_some_and(|rule| rule.touched);
        self
    }
}
