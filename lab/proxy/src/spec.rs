//! What a caller asks for and gets back: links and toxics in Toxiproxy's own form.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;

/// A direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// From the caller to the upstream: requests.
    Upstream,
    /// From the upstream to the caller: replies.
    Downstream,
}

impl Stream {
    /// The name used on the wire: `upstream` or `downstream`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }

    /// Reads a name without regard to case, as Toxiproxy does.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Upstream, Self::Downstream]
            .into_iter()
            .find(|stream| name.eq_ignore_ascii_case(stream.as_str()))
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A link to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// Unique among the links of a proxy.
    pub name: String,
    /// `host:port` to listen on; port 0 picks a free one, `""` any address and port.
    pub listen: String,
    /// `host:port` to connect to. Until one is known, arriving connections are reset and counted.
    pub upstream: Option<String>,
    /// Whether it starts listening at once.
    pub enabled: bool,
    /// Whether the HTTP tap watches the link.
    pub tap: bool,
    /// Whether TLS ends in the proxy and begins again, so that tap and faults of HTTP read what is
    /// said inside.
    pub tls: bool,
}

impl LinkSpec {
    /// An enabled, tapped link on a free loopback port, without an upstream yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            listen: "127.0.0.1:0".to_owned(),
            upstream: None,
            enabled: true,
            tap: true,
            tls: false,
        }
    }

    /// The same link with an upstream.
    #[must_use]
    pub fn to(self, upstream: impl Into<String>) -> Self {
        Self {
            upstream: Some(upstream.into()),
            ..self
        }
    }
}

/// A link as it stands, in the form of Toxiproxy's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkView {
    /// The link's name.
    pub name: String,
    /// The resolved address it listens on (the last one when it is disabled).
    pub listen: String,
    /// Where it connects to; empty while unknown.
    pub upstream: String,
    /// Whether it accepts connections.
    pub enabled: bool,
    /// Upstream toxics first, then downstream ones, each in order of insertion.
    pub toxics: Vec<ToxicView>,
}

/// A toxic to add.
#[derive(Debug, Clone, PartialEq)]
pub struct ToxicSpec {
    /// Unique on its link; `{type}_{stream}` when absent.
    pub name: Option<String>,
    /// A registered kind, such as `latency`; see [`kinds`](crate::kinds).
    pub kind: String,
    /// The direction it acts on.
    pub stream: Stream,
    /// The share of connections it acts on, 0 to 1.
    pub toxicity: f64,
    /// The kind's attributes; those that are absent take their defaults.
    pub attributes: Map<String, Value>,
}

impl ToxicSpec {
    /// A downstream toxic for every connection, with default attributes.
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            name: None,
            kind: kind.into(),
            stream: Stream::Downstream,
            toxicity: 1.0,
            attributes: Map::new(),
        }
    }

    /// The same toxic under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// The same toxic on another direction.
    #[must_use]
    pub fn on(self, stream: Stream) -> Self {
        Self { stream, ..self }
    }

    /// The same toxic for a share of the connections, 0 to 1.
    #[must_use]
    pub fn toxicity(self, toxicity: f64) -> Self {
        Self { toxicity, ..self }
    }

    /// The same toxic with one attribute set, in the unit of Toxiproxy's table.
    #[must_use]
    pub fn with(mut self, attribute: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }
}

/// A change to a toxic: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToxicUpdate {
    /// Attributes to set; the others keep their values.
    pub attributes: Map<String, Value>,
    /// A new share of connections, 0 to 1.
    pub toxicity: Option<f64>,
}

/// A toxic as it stands, in the form (and key order) of Toxiproxy's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToxicView {
    /// Every attribute of the kind with its value.
    pub attributes: Map<String, Value>,
    /// Unique on its link.
    pub name: String,
    /// The kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The direction it acts on.
    pub stream: Stream,
    /// The share of connections it acts on.
    #[serde(serialize_with = "short_float")]
    pub toxicity: f64,
}

/// Writes whole numbers without a fraction, as Toxiproxy does: `1`, not `1.0`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's signature for serialize_with"
)]
fn short_float<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match *value {
        0.0 => serializer.serialize_u8(0),
        1.0 => serializer.serialize_u8(1),
        other => serializer.serialize_f64(other),
    }
}

/// How a link goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// The port refuses connections, as a host does whose process is gone. The kernel answers,
    /// so refusals cannot be counted; the port stays reserved for the link.
    Refuse,
    /// The port accepts and resets at once, and each one is counted: a fault with a witness.
    Reset,
    /// Connecting hangs, as with a host that is gone from the network: the port listens, but its
    /// queue is full and nobody takes from it. The kernel answers nothing, so attempts cannot be
    /// counted; a caller that still tries when the link is enabled again gets through.
    Hang,
}

/// What became of an attempt to connect to a link; see [`Proxy::probe`](crate::Proxy::probe).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It was accepted.
    Open,
    /// It was refused.
    Refused,
    /// It was accepted and reset at once.
    Reset,
    /// Nothing came of it.
    Hangs,
}
