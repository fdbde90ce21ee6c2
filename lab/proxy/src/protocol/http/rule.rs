//! A fault of HTTP on one link: what it matches, what it does, what it counts.

use super::deed::Deed;
use super::head::RequestHead;
use super::matching::Match;
use crate::events::Event;
use crate::link::Link;
use crate::seed::Draw;
use crate::toxics::Toxic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A kind of fault of HTTP: the fields are its attributes.
pub(crate) trait HttpFault: Serialize + DeserializeOwned + Default + Send + 'static {
    /// The name used in `type`.
    const NAME: &'static str;

    /// The attribute `match`.
    fn matching(&self) -> &Match;

    /// Checks the attributes together; the text says what is wrong.
    fn check(&self) -> Result<(), String>;

    /// What it does to an exchange that was chosen.
    fn deeds(&self, draw: Draw) -> Vec<Deed>;

    /// Whether it waits for moments.
    fn timed(&self) -> bool {
        false
    }
}

/// A fault of any kind, with its attributes.
pub(crate) trait Acts: Send {
    fn matching(&self) -> &Match;
    fn deeds(&self, draw: Draw) -> Vec<Deed>;
    fn timed(&self) -> bool;
}

impl<F: HttpFault> Acts for F {
    fn matching(&self) -> &Match {
        HttpFault::matching(self)
    }

    fn deeds(&self, draw: Draw) -> Vec<Deed> {
        HttpFault::deeds(self, draw)
    }

    fn timed(&self) -> bool {
        HttpFault::timed(self)
    }
}

/// Reads a fault from attributes that were merged and checked.
pub(crate) fn read<F: HttpFault>(attributes: &Map<String, Value>) -> Box<dyn Acts> {
    let fault: F = crate::toxics::attributes(attributes).unwrap_or_default();
    Box::new(fault)
}

/// Checks a kind's attributes.
pub(crate) fn check<F: HttpFault>(fault: &F) -> Result<(), String> {
    fault.matching().check()?;
    fault.check()
}

/// A fault on one connection.
pub(super) struct Rule {
    pub(super) toxic: Arc<Toxic>,
    acts: Box<dyn Acts>,
    /// Whether it acted on this connection.
    touched: bool,
}

impl Rule {
    /// The fault of a toxic, where it is one of HTTP.
    pub(super) fn of(toxic: &Arc<Toxic>) -> Option<Self> {
        Some(Self {
            acts: toxic.http()?,
            toxic: Arc::clone(toxic),
            touched: false,
        })
    }

    /// Whether it waits for moments.
    pub(super) fn timed(&self) -> bool {
        self.acts.timed()
    }

    /// Whether the head matches and the body has to be seen.
    pub(super) fn asks_for_body(&self, head: &RequestHead) -> bool {
        let matching = self.acts.matching();
        matching.needs_body() && matching.head(head)
    }

    /// Decides on a request with its body, as far as a rule asked for that. What matched is
    /// counted, and what is chosen among that: by `first`, then by the share, which the seed
    /// decides by the number of the request.
    pub(super) fn decide(&self, head: &RequestHead, body: Option<&[u8]>, link: &Link) -> Vec<Deed> {
        let matching = self.acts.matching();
        let fits = match body {
            Some(body) => matching.body(body),
            None => !matching.needs_body(),
        };
        if !(matching.head(head) && fits) {
            return Vec::new();
        }
        let (number, first) = matching.count(head, &self.toxic);
        let mut draw = Draw::new(link.seed, &link.name, &self.toxic.name, number);
        let chosen = draw.unit() < self.toxic.toxicity && first;
        let marks = &self.toxic.marks;
        marks.matched.add(1);
        if chosen {
            marks.chosen.add(1);
            self.acts.deeds(draw)
        } else {
            marks.spared.add(1);
            Vec::new()
        }
    }

    /// Counts that it acted on one more request.
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
