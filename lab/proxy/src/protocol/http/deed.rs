//! What faults do to one exchange of a request and its reply, decided when the request is known.

use super::head::Edit;
use crate::seed::Draw;
use std::time::Duration;

/// One thing that is done.
#[derive(Debug)]
pub(crate) enum Deed {
    /// The upstream does not get the request; this is the reply.
    Answer(Answer),
    /// The first good answer to this request since the fault came is the answer to all.
    Stale,
    /// The request's head is changed.
    EditRequest(Edit),
    /// The reply's head is changed.
    EditReply(Edit),
    /// The reply's head waits.
    Delay(Duration),
    /// Something happens on the way through the reply's body.
    Body(BodyDeed),
}

/// A reply of the proxy's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// Something that happens in a body; places are counted in bytes of the body.
#[derive(Debug)]
pub(crate) enum BodyDeed {
    /// It stands still at that place, once.
    Pause { at: u64, wait: Duration },
    /// The connection ends at that place: closed, or reset.
    Cut { at: u64, reset: bool },
    /// So many bytes at a time, so far apart.
    Drip { bytes: u64, every: Duration },
    /// Bytes change; so many pass before the next that does.
    Corrupt { share: f64, draw: Draw, clean: u64 },
}

impl BodyDeed {
    /// A share of the bytes changes.
    pub(super) fn corrupt(share: f64, mut draw: Draw) -> Self {
        let clean = draw.gap(share);
        Self::Corrupt { share, draw, clean }
    }

    /// How many bytes may pass from that place until it has something to do.
    pub(super) fn passes(&self, position: u64, dripped: u64) -> u64 {
        match self {
            Self::Pause { at, .. } | Self::Cut { at, .. } => at.saturating_sub(position),
            Self::Drip { bytes, .. } => (dripped + bytes).saturating_sub(position),
            Self::Corrupt { .. } => u64::MAX,
        }
    }
}

/// The reply as it goes on the wire.
pub(super) fn written(answer: &Answer, keep_alive: bool, head_only: bool) -> Vec<u8> {
    let reason = reason(answer.status);
    let bodiless = matches!(answer.status, 204 | 304);
    let mut lines = vec![format!("HTTP/1.1 {} {reason}", answer.status)];
    let headers = answer.headers.iter();
    lines.extend(headers.map(|(name, value)| format!("{name}: {value}")));
    if !bodiless {
        lines.push(format!("Content-Length: {}", answer.body.len()));
    }
    if !keep_alive {
        lines.push("Connection: close".to_owned());
    }
    let mut text = lines.join("\r\n") + "\r\n\r\n";
    if !(bodiless || head_only) {
        text += &answer.body;
    }
    text.into_bytes()
}

/// The reason phrases of RFC 9110, section 15, as far as a server in trouble says them.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        425 => "Too Early",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Fault",
    }
}
