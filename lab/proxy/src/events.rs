//! Live events: what happens on links and to connections, told while it happens.
//!
//! Nobody listening costs one look at a counter. A listener that is too slow misses events and is
//! told how many; it never holds up a connection.

use crate::spec::Stream;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::SystemTime;
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};

/// Events that wait for a slow listener; the oldest are missed beyond.
const WAITING: usize = 8_192;

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Microseconds since the Unix epoch.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A link was opened, closed, enabled, disabled or pointed elsewhere.
    Link {
        /// The link.
        link: String,
        /// What became of it.
        change: LinkChange,
    },
    /// A toxic was added, changed or removed.
    Toxic {
        /// Its link.
        link: String,
        /// Its name.
        toxic: String,
        /// Its kind.
        #[serde(rename = "type")]
        kind: String,
        /// The direction it acts on.
        stream: Stream,
        /// What became of it.
        change: ToxicChange,
    },
    /// A connection was accepted.
    Opened {
        /// Its link.
        link: String,
        /// Its number on the link, from 0.
        connection: u64,
    },
    /// A toxic acted on a connection for the first time.
    Touched {
        /// Its link.
        link: String,
        /// Its number on the link.
        connection: u64,
        /// The toxic.
        toxic: String,
        /// The toxic's kind.
        #[serde(rename = "type")]
        kind: String,
        /// The direction it acted on.
        stream: Stream,
    },
    /// A connection ended.
    Ended {
        /// Its link.
        link: String,
        /// Its number on the link.
        connection: u64,
        /// Who ended it.
        by: EndedBy,
        /// Whether it ended with a reset.
        reset: bool,
        /// Bytes written to the upstream.
        sent_upstream: u64,
        /// Bytes written to the caller.
        sent_downstream: u64,
    },
    /// A caller was reset at once: its link is down, or has no upstream.
    Refused {
        /// The link.
        link: String,
    },
    /// What a toxic did since it was last told of; each second in which it acted. Only told where
    /// events are served over HTTP: in-process, see [`Proxy::observe`](crate::Proxy::observe).
    Witness {
        /// Its link.
        link: String,
        /// Its name.
        toxic: String,
        /// Its kind.
        #[serde(rename = "type")]
        kind: String,
        /// Connections it acted on for the first time.
        connections: u64,
        /// Requests in flight while it acted.
        requests: u64,
        /// Bytes it acted on.
        bytes: u64,
        /// Bytes it dropped.
        dropped_bytes: u64,
        /// Connections it ended with a reset.
        resets: u64,
        /// Connections it ended with a close.
        closes: u64,
        /// The median time it held something, in microseconds.
        delay_p50_us: Option<u64>,
        /// The longest time it held something, in microseconds.
        delay_max_us: Option<u64>,
    },
    /// A request ended, one way or the other. Only told to who follows its link; see
    /// [`Proxy::follow`](crate::Proxy::follow).
    Request(Box<RequestEnded>),
    /// This listener was too slow for so many events.
    Missed {
        /// How many.
        events: u64,
    },
}

/// A request of HTTP/1.1 that ended. Times are in microseconds, sizes in bytes with the heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEnded {
    /// Its link.
    pub link: String,
    /// The connection's number on the link, from 0.
    pub connection: u64,
    /// The request's number on the connection, from 0.
    pub request: u64,
    /// `GET`.
    pub method: String,
    /// Its path, without the query, which may hold what is nobody's business.
    pub path: String,
    /// Which attempt it is, from 1, by its idempotency key, else its trace; absent without either.
    pub attempt: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The reply's status; absent without a reply's head.
    pub status: Option<u16>,
    /// What connecting to the upstream took; only of the first request of a connection.
    pub connect_us: Option<u64>,
    /// Upstream's side: first byte of the request written to first byte of the reply received.
    pub upstream_first_byte_us: Option<u64>,
    /// Caller's side: first byte of the request received to first byte of the reply written.
    pub first_byte_us: Option<u64>,
    /// Caller's side: first byte of the request received to last byte of the reply written, or to
    /// when it was known that there will be none.
    pub took_us: u64,
    /// Bytes of the request that were received.
    pub bytes_up: u64,
    /// Bytes of the reply that were written to the caller.
    pub bytes_down: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its reply reached the caller whole.
    Completed,
    /// The caller gave up.
    Abandoned,
    /// The upstream closed, reset, or was unreachable.
    Failed,
    /// A toxic, or a change of the link, cut it.
    Cut,
}

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkChange {
    /// It was created.
    Opened,
    /// It was deleted.
    Closed,
    /// It accepts connections.
    Enabled,
    /// It does not accept connections.
    Disabled,
    /// It listens or connects elsewhere.
    Moved,
}

/// What became of a toxic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToxicChange {
    /// It was added.
    Added,
    /// Its attributes or toxicity changed.
    Changed,
    /// It was removed.
    Removed,
}

/// Who ended a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Both peers finished, or the proxy ended.
    #[default]
    Peers,
    /// The caller reset it or reads no more.
    Caller,
    /// The upstream reset it.
    Upstream,
    /// The upstream could not be reached.
    Dial,
    /// A toxic.
    Toxic,
    /// A change of its link.
    Link,
}

/// Where events are told.
#[derive(Debug)]
pub(crate) struct Events {
    listeners: AtomicUsize,
    sender: Sender<Told>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            listeners: AtomicUsize::new(0),
            sender: channel(WAITING).0,
        }
    }
}

impl Events {
    /// Whether anybody listens.
    pub(crate) fn heard(&self) -> bool {
        self.listeners.load(Relaxed) > 0
    }

    /// Tells an event; it is only made when somebody listens.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.heard() {
            let _ = self.sender.send(Told::now(event()));
        }
    }

    /// Listens from now on.
    pub(crate) fn listen(self: &Arc<Self>) -> Listener {
        self.listeners.fetch_add(1, Relaxed);
        Listener {
            receiver: self.sender.subscribe(),
            events: Arc::downgrade(self),
        }
    }
}

impl Told {
    /// An event that happens now.
    pub(crate) fn now(event: Event) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let micros = now.map_or(0, |now| now.as_micros());
        Self {
            at_us: u64::try_from(micros).unwrap_or_default(),
            event,
        }
    }
}

/// Hears every event from when it was made.
#[derive(Debug)]
pub struct Listener {
    receiver: Receiver<Told>,
    events: Weak<Events>,
}

impl Listener {
    /// The next event; `None` once the proxy, or the link that is followed, is gone.
    pub async fn next(&mut self) -> Option<Told> {
        match self.receiver.recv().await {
            Ok(told) => Some(told),
            Err(RecvError::Lagged(events)) => Some(Told::now(Event::Missed { events })),
            Err(RecvError::Closed) => None,
        }
    }

    /// An event that waits already.
    #[cfg(feature = "internals")]
    pub(crate) fn waiting(&mut self) -> Option<Told> {
        self.receiver.try_recv().ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(events) = self.events.upgrade() {
            events.listeners.fetch_sub(1, Relaxed);
        }
    }
}
