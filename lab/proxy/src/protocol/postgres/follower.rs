//! What a tap keeps of a session that no fault acts on yet: the statements it knows by name, and
//! when it rests.

use super::message::{Opening, Piece, Reader, Side, Stuck};
use super::statements::{Statements, is_noted};
use crate::protocol::inbox::Inbox;
use crate::spec::Stream;

/// `ReadyForQuery` but for its last byte, which says how the transaction stands.
const READY: [u8; 5] = [b'Z', 0, 0, 0, 5];

/// Follows what a caller sends, and the last bytes of what its server answers.
#[derive(Debug)]
pub(crate) struct Follower {
    reader: Reader,
    inbox: Inbox,
    statements: Statements,
    session: bool,
    /// The last bytes of the server.
    last: [u8; 6],
    /// Whether the caller said something since the server was ready.
    busy: bool,
}

/// A session at rest.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(super) statements: Statements,
}

impl Follower {
    /// Where a connection begins as one of PostgreSQL does; these are its first bytes.
    pub(crate) fn begin(data: &[u8]) -> Option<Self> {
        let mut follower = Self {
            reader: Reader::new(Side::Caller),
            inbox: Inbox::default(),
            statements: Statements::default(),
            session: false,
            last: [0; 6],
            busy: true,
        };
        follower.asked(data).then_some(follower)
    }

    /// Data passed; whether it is worth following any longer.
    pub(crate) fn received(&mut self, stream: Stream, data: &[u8]) -> bool {
        match stream {
            Stream::Upstream => self.asked(data),
            Stream::Downstream => {
                self.answered(data);
                true
            }
        }
    }

    /// Bytes that passed unseen.
    pub(crate) fn skipped(&mut self) {
        self.last = [0; 6];
    }

    fn asked(&mut self, data: &[u8]) -> bool {
        self.busy = true;
        self.last = [0; 6];
        self.inbox.push(data);
        loop {
            match self.reader.read(&mut self.inbox, is_noted) {
                Ok(Piece::Opening(Opening::Session, _)) => self.session = true,
                Ok(Piece::Opening(Opening::Cancel, _)) | Err(Stuck::Invalid) => return false,
                Ok(Piece::Message(tag, raw)) => self.statements.note(tag, &raw),
                Ok(_) => {}
                Err(Stuck::Needs) => return true,
            }
        }
    }

    fn answered(&mut self, data: &[u8]) {
        let kept = data.get(data.len().saturating_sub(6)..).unwrap_or_default();
        self.last.rotate_left(kept.len());
        let from = self.last.len() - kept.len();
        if let Some(last) = self.last.get_mut(from..) {
            last.copy_from_slice(kept);
        }
        self.busy = !(self.last.starts_with(&READY) && b"ITE".contains(&self.last[5]));
    }

    /// The session, where the server waits for its caller and nothing is on its way.
    pub(crate) fn rest(&self) -> Option<Rest> {
        let rests = self.session && !self.busy && self.reader.is_between();
        rests.then(|| Rest {
            statements: self.statements.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::message;
    use super::*;

    #[test]
    fn a_session_rests_when_its_server_is_ready() {
        let startup = [&[0, 0, 0, 9, 0, 3, 0, 0][..], b"\0"].concat();
        let mut follower = Follower::begin(&startup).unwrap();
        let rests = |follower: &Follower| follower.rest().is_some();
        assert!(!rests(&follower));
        follower.received(Stream::Downstream, &message(b'Z', b"I")[..3]);
        assert!(!rests(&follower));
        follower.received(Stream::Downstream, &message(b'Z', b"I")[3..]);
        assert!(rests(&follower));
        assert!(follower.received(Stream::Upstream, b"Q\0\0\0\x09SE"));
        assert!(!rests(&follower));
        assert!(!follower.received(Stream::Upstream, b"LEC!\0\0\0\x08"));
    }

    #[test]
    fn other_protocols_are_not_followed() {
        assert!(Follower::begin(b"GET / HTTP/1.1\r\n\r\n").is_none());
        assert!(Follower::begin(&[22, 3, 1, 2, 0, 1, 0, 1, 252]).is_none());
    }
}
