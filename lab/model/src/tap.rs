//! What is told of a link while it is followed: requests, one by one, as they end.

use serde::{Deserialize, Serialize};

/// Something that ended on a link that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tapped {
    /// Microseconds since the Unix epoch.
    pub at_us: u64,
    /// What it was.
    #[serde(flatten)]
    pub what: Passed,
}

/// What ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Passed {
    /// A request of HTTP/1.1.
    Request(Box<Exchange>),
    /// A connection of another protocol.
    Connection {
        /// Its number on the link, from 0.
        connection: u64,
        /// Who ended it: `peers`, `caller`, `callee`, `fault`, `link`.
        by: String,
        /// Whether it ended with a reset.
        reset: bool,
        /// Bytes that the callee was sent.
        bytes_up: u64,
        /// Bytes that the caller was sent.
        bytes_down: u64,
    },
    /// A caller reached nobody: the link is down, or its callee cannot be connected to.
    Refused,
    /// So many events were left out, as they came faster than they were read.
    Missed {
        /// How many.
        events: u64,
    },
}

/// A request and what became of it. Times are in microseconds, sizes in bytes with the heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The connection's number on the link, from 0.
    pub connection: u64,
    /// The request's number on the connection, from 0.
    pub request: u64,
    /// `GET`.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Which attempt it is, from 1, by its idempotency key, else its trace; absent without either.
    pub attempt: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The reply's status; absent where no reply began.
    pub status: Option<u16>,
    /// What connecting to the callee took; only of the first request of a connection.
    pub connect_us: Option<u64>,
    /// At the callee's side: first byte of the request to first byte of the reply.
    pub callee_first_byte_us: Option<u64>,
    /// At the caller's side: first byte of the request to first byte of the reply.
    pub first_byte_us: Option<u64>,
    /// At the caller's side: first byte of the request to last byte of the reply, or to when it was
    /// known that there will be none.
    pub took_us: u64,
    /// The request.
    pub bytes_up: u64,
    /// The reply, as far as the caller was sent it.
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
    /// The callee closed, reset, or was unreachable.
    Failed,
    /// A fault cut it.
    Cut,
}
