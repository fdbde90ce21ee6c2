//! One request with its reply, and what faults do to them.

use super::deed::{BodyDeed, Deed};
use super::head::{ReplyHead, RequestHead};
use super::stale::Recording;
use crate::toxics::Toxic;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A deed with the fault whose it is.
#[derive(Debug)]
pub(super) struct Planned {
    /// The id of the toxic.
    pub(super) toxic: u64,
    pub(super) deed: Deed,
}

/// How far a request came.
#[derive(Debug)]
pub(super) enum Asking {
    /// Its body is collected, because a fault wants to see it.
    Deciding {
        head: Box<RequestHead>,
        /// All of it as it came, and of that the body alone.
        raw: Vec<Bytes>,
        body: Vec<u8>,
    },
    /// It goes to the upstream.
    Passing,
    /// It goes nowhere: the reply is the proxy's own.
    Swallowing,
    Done,
}

/// How far a reply came.
#[derive(Debug)]
pub(super) enum Replying {
    /// Its head is not there.
    Awaited,
    /// Its head is there and waits.
    Head(Bytes, Box<ReplyHead>),
    /// So many bytes of its body passed, and so many when the last drop was let go.
    Body {
        position: u64,
        dripped: u64,
    },
    Done,
}

/// A request with its reply.
#[expect(
    clippy::struct_excessive_bools,
    reason = "five facts of a request that have nothing to do with each other"
)]
pub(super) struct Exchange {
    pub(super) head_only: bool,
    pub(super) connect: bool,
    pub(super) keep_alive: bool,
    /// Whether the caller waits before it sends the body.
    pub(super) expects: bool,
    /// Whether `100 Continue` was said by the proxy, so that the upstream's is left out.
    pub(super) continued: bool,
    pub(super) asking: Asking,
    /// Whether the reply is the proxy's own.
    pub(super) local: bool,
    pub(super) replying: Replying,
    pub(super) deeds: Vec<Planned>,
    /// The key under which the reply is to be kept, and by whom.
    pub(super) keeps: Option<(Arc<Toxic>, String)>,
    pub(super) recording: Option<(Arc<Toxic>, Recording)>,
    /// Faults that changed bytes of the body.
    corrupted: Vec<u64>,
}

impl Exchange {
    /// An exchange whose request just began.
    pub(super) fn new(head: &RequestHead, asking: Asking) -> Self {
        Self {
            head_only: head.method == "HEAD",
            connect: head.method == "CONNECT",
            keep_alive: head.keep_alive,
            expects: head.expects,
            continued: false,
            asking,
            local: false,
            replying: Replying::Awaited,
            deeds: Vec::new(),
            keeps: None,
            recording: None,
            corrupted: Vec::new(),
        }
    }

    /// Whether that fault changes bytes of the body for the first time.
    pub(super) fn corrupts_first(&mut self, toxic: u64) -> bool {
        let first = !self.corrupted.contains(&toxic);
        if first {
            self.corrupted.push(toxic);
        }
        first
    }

    /// Whether the request was read to its end.
    pub(super) fn asked(&self) -> bool {
        matches!(self.asking, Asking::Done)
    }

    /// How long the reply's head waits, and by whom.
    pub(super) fn delays(&self) -> (Duration, Vec<u64>) {
        let delays = self.deeds.iter().filter_map(|planned| match planned.deed {
            Deed::Delay(wait) => Some((wait, planned.toxic)),
            _ => None,
        });
        let (waits, toxics): (Vec<_>, Vec<_>) = delays.unzip();
        let wait = waits
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add);
        (wait, toxics)
    }

    /// What happens in the reply's body.
    pub(super) fn in_body(&self) -> impl Iterator<Item = (u64, &BodyDeed)> {
        self.deeds.iter().filter_map(|planned| match &planned.deed {
            Deed::Body(deed) => Some((planned.toxic, deed)),
            _ => None,
        })
    }

    /// How many bytes of the body may pass until something happens.
    pub(super) fn passes(&self, position: u64, dripped: u64) -> u64 {
        let passes = self
            .in_body()
            .map(|(_, deed)| deed.passes(position, dripped));
        passes.min().unwrap_or(u64::MAX)
    }

    /// Takes out what has to happen at that place; only the corruption of bytes is left.
    pub(super) fn due(&mut self, position: u64, dripped: u64) -> Option<(u64, BodyDeed)> {
        let index = self.deeds.iter().position(|planned| match &planned.deed {
            Deed::Body(deed) => deed.passes(position, dripped) == 0,
            _ => false,
        })?;
        let toxic = self.deeds.get(index)?.toxic;
        match &self.deeds.get(index)?.deed {
            // It goes on and on.
            Deed::Body(BodyDeed::Drip { bytes, every }) => {
                let (bytes, every) = (*bytes, *every);
                Some((toxic, BodyDeed::Drip { bytes, every }))
            }
            _ => match self.deeds.remove(index).deed {
                Deed::Body(deed) => Some((toxic, deed)),
                _ => None,
            },
        }
    }
}
