//! Toxics: one file a kind, and the registry from which parsing, listing and help derive.
//!
//! A kind is a type that implements [`Fault`]: its attributes are the fields of the type, their
//! defaults are those of `Default`, and its state on one connection is [`Fault::State`].

mod attributes;
mod bandwidth;
mod chain;
mod corrupt;
mod delay;
mod latency;
mod limit_data;
mod limit_time;
mod line;
mod link_bandwidth;
mod noop;
mod packet_loss;
mod queue;
mod recorded;
mod reset_peer;
#[cfg(test)]
mod simulation;
mod slicer;
mod slow_accept;
mod slow_close;
mod slow_open;
mod stage;
mod timeout;

pub(crate) use chain::{Chain, Passed, Place, Surroundings};
pub(crate) use queue::{End, Queue};
use stage::{Fault, Stage};

use crate::seed::Draw;
use crate::spec::{Stream, ToxicView};
use crate::witness::{Count, Marks};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Every kind of toxic, in the order of help texts.
static KINDS: [Kind; 15] = [
    Kind::of::<latency::Latency>("delays data by `latency` ± `jitter` milliseconds"),
    Kind::of::<bandwidth::Bandwidth>("lets `rate` kilobytes (of 1,000 bytes) pass a second"),
    Kind::of::<slow_close::SlowClose>("delays the close by `delay` milliseconds"),
    Kind::of::<timeout::Timeout>("drops data, and closes after `timeout` milliseconds (0: never)"),
    Kind::of::<reset_peer::ResetPeer>("resets the connection after `timeout` milliseconds"),
    Kind::of::<slicer::Slicer>(
        "cuts data into pieces of `average_size` ± `size_variation` bytes, `delay` microseconds apart",
    ),
    Kind::of::<limit_data::LimitData>("closes after `bytes` bytes"),
    Kind::of::<packet_loss::PacketLoss>(
        "drops a share `loss_rate` of the chunks, in bursts by `correlation`",
    ),
    Kind::of::<noop::Noop>("does nothing"),
    Kind::of::<delay::Delay>(
        "delays data by a distribution: `normal` or `pareto` around `mean` milliseconds, or `recorded`",
    )
    .extension(),
    Kind::of::<link_bandwidth::LinkBandwidth>(
        "lets `rate` kilobytes a second pass over all connections of a link together",
    )
    .extension(),
    Kind::of::<corrupt::Corrupt>("changes a share `byte_rate` of the bytes").extension(),
    Kind::of::<limit_time::LimitTime>("closes after `time` milliseconds").extension(),
    Kind::of::<slow_open::SlowOpen>("holds the first data for `delay` milliseconds").extension(),
    Kind::of::<slow_accept::SlowAccept>("accepts after `delay` milliseconds, then connects")
        .extension(),
];

/// Attributes by name.
pub(crate) type Attributes = Map<String, Value>;
/// See [`Kind::merge`].
type Merge = fn(&Attributes, &Attributes) -> Result<Attributes, String>;
/// Starts a toxic on a connection.
type Start = fn(&Attributes, Instant, Draw) -> Box<dyn Stage>;

/// A registered kind of toxic.
pub struct Kind {
    name: &'static str,
    about: &'static str,
    extension: bool,
    merge: Merge,
    start: Start,
}

impl Kind {
    const fn of<F: Fault>(about: &'static str) -> Self {
        Self {
            name: F::NAME,
            about,
            extension: false,
            merge: attributes::merge::<F>,
            start: stage::start::<F>,
        }
    }

    const fn extension(self) -> Self {
        Self {
            extension: true,
            ..self
        }
    }

    /// Whether Toxiproxy has no such kind. Its clients cannot read the attributes of these, so
    /// that its API neither lists nor takes them; they are added in-process.
    pub fn is_extension(&self) -> bool {
        self.extension
    }

    /// The name used in Toxiproxy's `type`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it does, in one line.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// The attributes with their values after `changes` to `current`, or what is wrong with them.
    /// Keys are matched without regard to case, unknown ones ignored.
    pub(crate) fn merge(
        &self,
        current: &Attributes,
        changes: &Attributes,
    ) -> Result<Attributes, String> {
        (self.merge)(current, changes)
    }
}

/// Every kind of toxic this proxy knows.
pub fn kinds() -> &'static [Kind] {
    &KINDS
}

/// The kind of that name.
pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Whether that kind is unknown to Toxiproxy; see [`Kind::is_extension`].
pub(crate) fn is_extension(name: &str) -> bool {
    kind(name).is_some_and(Kind::is_extension)
}

/// A toxic on a link, as relays see it. An update makes a new one with the same id and marks.
pub(crate) struct Toxic {
    /// Unique in the proxy's life; ascending in order of insertion.
    pub(crate) id: u64,
    /// Rises with each update.
    pub(crate) revision: u64,
    pub(crate) name: String,
    pub(crate) kind: &'static Kind,
    pub(crate) stream: Stream,
    pub(crate) toxicity: f64,
    pub(crate) attributes: Attributes,
    pub(crate) marks: Arc<Marks>,
    pub(crate) shared: Shared,
}

/// What the connections of a toxic share.
#[derive(Debug, Default)]
pub(crate) struct Common {
    /// Until when a common rate is given away.
    pub(crate) free_at: Mutex<Option<Instant>>,
    /// Connections whose data waits for its rate.
    pub(crate) waiting: Count,
}

/// See [`Common`].
pub(crate) type Shared = Arc<Common>;

impl Toxic {
    /// Starts it on one connection.
    fn start(&self, now: Instant, draw: Draw) -> Box<dyn Stage> {
        (self.kind.start)(&self.attributes, now, draw)
    }

    /// Its form in answers.
    pub(crate) fn view(&self) -> ToxicView {
        ToxicView {
            attributes: self.attributes.clone(),
            name: self.name.clone(),
            kind: self.kind.name.to_owned(),
            stream: self.stream,
            toxicity: self.toxicity,
        }
    }
}
