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

pub(crate) use attributes::{not_negative, read as attributes, share, time};
pub(crate) use chain::{Chain, Passed, Place, Surroundings};
pub(crate) use queue::{End, Queue};
pub(crate) use stage::milliseconds;
use stage::{Fault, Stage};

use crate::protocol::Protocol;
use crate::protocol::http::{self, HttpFault};
use crate::protocol::postgres::{self, PostgresFault};
use crate::protocol::tls::{self, TlsFault};
use crate::seed::Draw;
use crate::spec::{Stream, ToxicView};
use crate::witness::{Count, Marks};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Every kind of toxic, in the order of help texts.
static KINDS: [Kind; 33] = [
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
    Kind::http::<http::faults::Status>("answers matching requests with `status`, `header` and `body`"),
    Kind::http::<http::faults::Delay>(
        "delays replies by `delay` ± `jitter` milliseconds, `before` their `head` or in their `body`",
    ),
    Kind::http::<http::faults::Truncate>("closes behind `bytes` bytes of a reply's body"),
    Kind::http::<http::faults::Corrupt>("changes a share `byte_rate` of the bytes of replies' bodies"),
    Kind::http::<http::faults::Header>(
        "has a header `of` the `request` or `reply` undergo `action`: `add`, `change`, `drop`",
    ),
    Kind::http::<http::faults::Reset>("resets behind `bytes` bytes of a reply's body"),
    Kind::http::<http::faults::Drip>(
        "lets `bytes` bytes of a reply's body pass `every` so many milliseconds",
    ),
    Kind::http::<http::faults::Stale>("repeats the first good answer to a GET"),
    Kind::postgres::<postgres::faults::Pool>(
        "refuses sessions of PostgreSQL beyond `connections`, with its own error",
    ),
    Kind::postgres::<postgres::faults::Slow>(
        "delays statements like `statement` by `delay` ± `jitter` milliseconds",
    ),
    Kind::postgres::<postgres::faults::ReadOnly>("has the server refuse statements that write"),
    Kind::postgres::<postgres::faults::LostCommit>("resets behind a commit, before its caller knows"),
    Kind::postgres::<postgres::faults::Failover>(
        "ends sessions (`terminated` or `reset`) and refuses new ones",
    ),
    Kind::tls::<tls::faults::Expired>("shows callers of TLS a certificate that has expired"),
    Kind::tls::<tls::faults::NotYetValid>("shows callers of TLS one that is not yet valid"),
    Kind::tls::<tls::faults::WrongName>("shows callers of TLS one for somebody else"),
    Kind::tls::<tls::faults::UnknownAuthority>("shows callers of TLS one of an unknown authority"),
    Kind::tls::<tls::faults::SlowHandshake>("delays handshakes of TLS by `delay` milliseconds"),
];

/// Attributes by name.
pub(crate) type Attributes = Map<String, Value>;
/// See [`Kind::merge`].
type Merge = fn(&Attributes, &Attributes) -> Result<Attributes, String>;
/// How a kind acts.
enum Way {
    /// On bytes of one direction, whatever they mean: starts it on a connection.
    Bytes(fn(&Attributes, Instant, Draw) -> Box<dyn Stage>),
    /// On requests and replies of HTTP.
    Http(fn(&Attributes) -> Box<dyn http::Acts>),
    /// On sessions and statements of PostgreSQL.
    Postgres(fn(&Attributes) -> Box<dyn postgres::Acts>),
    /// On handshakes of TLS.
    Tls(tls::Read),
}

/// A registered kind of toxic.
pub struct Kind {
    name: &'static str,
    about: &'static str,
    extension: bool,
    merge: Merge,
    way: Way,
}

impl Kind {
    const fn of<F: Fault>(about: &'static str) -> Self {
        Self {
            name: F::NAME,
            about,
            extension: false,
            merge: |current, changes| attributes::merge(current, changes, F::check),
            way: Way::Bytes(stage::start::<F>),
        }
    }

    const fn http<F: HttpFault>(about: &'static str) -> Self {
        Self {
            name: F::NAME,
            about,
            extension: true,
            merge: |current, changes| attributes::merge(current, changes, http::check::<F>),
            way: Way::Http(http::read::<F>),
        }
    }

    const fn postgres<F: PostgresFault>(about: &'static str) -> Self {
        Self {
            name: F::NAME,
            about,
            extension: true,
            merge: |current, changes| attributes::merge(current, changes, F::check),
            way: Way::Postgres(postgres::read::<F>),
        }
    }

    const fn tls<F: TlsFault>(about: &'static str) -> Self {
        Self {
            name: F::NAME,
            about,
            extension: true,
            merge: |current, changes| attributes::merge(current, changes, F::check),
            way: Way::Tls(tls::read::<F>),
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

    /// The protocol it understands; none where bytes are bytes.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self.way {
            Way::Bytes(_) => None,
            Way::Http(_) => Some(Protocol::Http),
            Way::Postgres(_) => Some(Protocol::Postgres),
            Way::Tls(_) => Some(Protocol::Tls),
        }
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
    /// What a fault of HTTP keeps.
    pub(crate) http: http::Shared,
    /// What a fault of PostgreSQL counts.
    pub(crate) postgres: postgres::Shared,
    /// What a fault of TLS counts.
    pub(crate) tls: tls::Shared,
}

/// See [`Common`].
pub(crate) type Shared = Arc<Common>;

impl Toxic {
    /// Starts it on one connection, where it acts on bytes.
    fn start(&self, now: Instant, draw: Draw) -> Option<Box<dyn Stage>> {
        match self.kind.way {
            Way::Bytes(start) => Some(start(&self.attributes, now, draw)),
            Way::Http(_) | Way::Postgres(_) | Way::Tls(_) => None,
        }
    }

    /// What it does to requests and replies, where it is a fault of HTTP.
    pub(crate) fn http(&self) -> Option<Box<dyn http::Acts>> {
        match self.kind.way {
            Way::Http(read) => Some(read(&self.attributes)),
            _ => None,
        }
    }

    /// What it does to sessions and statements, where it is a fault of PostgreSQL.
    pub(crate) fn postgres(&self) -> Option<Box<dyn postgres::Acts>> {
        match self.kind.way {
            Way::Postgres(read) => Some(read(&self.attributes)),
            _ => None,
        }
    }

    /// What it does to handshakes, where it is a fault of TLS.
    pub(crate) fn tls(&self) -> Option<tls::Read> {
        match self.kind.way {
            Way::Tls(read) => Some(read),
            _ => None,
        }
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
