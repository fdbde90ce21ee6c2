//! Where messages of PostgreSQL's protocol 3 begin and end, whatever pieces they come in.

use crate::protocol::inbox::Inbox;
use bytes::Bytes;

/// The longest startup packet a server takes, and the longest message of all (one gigabyte).
const LONGEST_STARTUP: u32 = 10_000;
const LONGEST_MESSAGE: u32 = 0x3fff_ffff;
/// The longest message that is seen whole; longer ones pass unread.
const LONGEST_SEEN: usize = 1 << 20;

/// The types that callers send, and those that servers send.
const OF_CALLERS: &[u8] = b"BCDEFHPQSXcdfp";
const OF_SERVERS: &[u8] = b"123ACDEGHIKNRSTVWZcdnstv";

/// What a connection may begin with: a length, then one of these.
const VERSION_3: u32 = 3 << 16;
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// Which way a stream of messages goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Server,
}

/// What a caller begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A session.
    Session,
    /// The end of a statement of another session.
    Cancel,
    /// Encryption is asked for; the server answers with one byte.
    Encryption,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A packet that has no type, as each connection begins with one.
    Opening(Opening, Bytes),
    /// A whole message: its type, and all of its bytes.
    Message(u8, Bytes),
    /// Bytes of a message that is not looked at, from its header on.
    Part(Bytes),
}

/// Why there is nothing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuck {
    /// More bytes are needed.
    Needs,
    /// It is not protocol 3.
    Invalid,
}

/// The messages of one direction.
#[derive(Debug)]
pub(super) struct Reader {
    side: Side,
    opened: bool,
    /// The beginning of what is not whole yet.
    partial: Vec<u8>,
    /// Bytes left of a message that is not looked at.
    rest: usize,
}

impl Reader {
    /// At the start of a connection.
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            opened: side == Side::Server,
            partial: Vec::new(),
            rest: 0,
        }
    }

    /// Behind the opening.
    pub(super) fn opened(side: Side) -> Self {
        Self {
            opened: true,
            ..Self::new(side)
        }
    }

    /// What of a message was taken and not given out.
    pub(super) fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Whether no message is on its way.
    pub(super) fn is_between(&self) -> bool {
        self.rest == 0 && self.partial.is_empty()
    }

    /// The next piece; messages of a type that is looked at come whole.
    pub(super) fn read(
        &mut self,
        inbox: &mut Inbox,
        looked_at: fn(u8) -> bool,
    ) -> Result<Piece, Stuck> {
        if self.rest > 0 {
            let data = inbox.take(self.rest);
            self.rest -= data.len();
            return if data.is_empty() {
                Err(Stuck::Needs)
            } else {
                Ok(Piece::Part(data))
            };
        }
        if !self.opened {
            return self.open(inbox);
        }
        self.collect(inbox, 5)?;
        let Some((tag, length)) = header(&self.partial) else {
            return Err(Stuck::Needs);
        };
        let known = match self.side {
            Side::Caller => OF_CALLERS,
            Side::Server => OF_SERVERS,
        };
        if !known.contains(&tag) || !(4..=LONGEST_MESSAGE).contains(&length) {
            return Err(Stuck::Invalid);
        }
        let whole = length as usize + 1;
        if !looked_at(tag) || whole > LONGEST_SEEN {
            self.rest = whole - self.partial.len();
            return Ok(Piece::Part(std::mem::take(&mut self.partial).into()));
        }
        self.collect(inbox, whole)?;
        let raw = std::mem::take(&mut self.partial);
        Ok(Piece::Message(tag, raw.into()))
    }

    fn open(&mut self, inbox: &mut Inbox) -> Result<Piece, Stuck> {
        self.collect(inbox, 8)?;
        let (Some(length), Some(code)) = (number(&self.partial, 0), number(&self.partial, 4))
        else {
            return Err(Stuck::Needs);
        };
        let opening = match code {
            CANCEL => Opening::Cancel,
            SSL | GSS => Opening::Encryption,
            version if version >> 16 == VERSION_3 >> 16 => Opening::Session,
            _ => return Err(Stuck::Invalid),
        };
        if !(8..=LONGEST_STARTUP).contains(&length) {
            return Err(Stuck::Invalid);
        }
        self.collect(inbox, length as usize)?;
        self.opened = opening != Opening::Encryption;
        let raw = std::mem::take(&mut self.partial);
        Ok(Piece::Opening(opening, raw.into()))
    }

    /// Takes bytes until there are so many.
    fn collect(&mut self, inbox: &mut Inbox, count: usize) -> Result<(), Stuck> {
        while self.partial.len() < count {
            let data = inbox.take(count - self.partial.len());
            if data.is_empty() {
                return Err(Stuck::Needs);
            }
            self.partial.extend_from_slice(&data);
        }
        Ok(())
    }
}

fn header(data: &[u8]) -> Option<(u8, u32)> {
    Some((*data.first()?, number(data, 1)?))
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// A message of that type.
pub(super) fn message(tag: u8, body: &[u8]) -> Bytes {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut raw = vec![tag];
    raw.extend_from_slice(&length.to_be_bytes());
    raw.extend_from_slice(body);
    raw.into()
}

/// The text up to the next zero byte, and what follows it.
pub(super) fn text(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|byte| *byte == 0)?;
    Some((data.get(..end)?, data.get(end + 1..)?))
}

/// What follows the header of a message.
pub(super) fn body(raw: &[u8]) -> &[u8] {
    raw.get(5..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn startup() -> Vec<u8> {
        let mut packet = 17_u32.to_be_bytes().to_vec();
        packet.extend_from_slice(&VERSION_3.to_be_bytes());
        packet.extend_from_slice(b"user\0me\0\0");
        packet
    }

    /// Reads everything there is of pieces of that length; data that is passed is joined.
    fn read(data: &[u8], length: usize) -> (Vec<Piece>, Stuck) {
        let (mut reader, mut inbox) = (Reader::new(Side::Caller), Inbox::default());
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in data.chunks(length) {
            inbox.push(piece);
            loop {
                match reader.read(&mut inbox, |tag| tag == b'Q') {
                    Ok(Piece::Part(more)) => {
                        if let Some(Piece::Part(part)) = pieces.last_mut() {
                            *part = [&part[..], &more].concat().into();
                        } else {
                            pieces.push(Piece::Part(more));
                        }
                    }
                    Ok(piece) => pieces.push(piece),
                    Err(Stuck::Needs) => break,
                    Err(stuck) => return (pieces, stuck),
                }
            }
        }
        (pieces, Stuck::Needs)
    }

    #[test]
    fn messages_are_found_whatever_pieces_they_come_in() {
        let encryption = [8_u32.to_be_bytes(), SSL.to_be_bytes()].concat();
        let query = message(b'Q', b"SELECT 1\0");
        let data = message(b'd', &[7; 300]);
        let all = [&encryption[..], &startup(), &query, &data, &query].concat();
        let expected = vec![
            Piece::Opening(Opening::Encryption, encryption.into()),
            Piece::Opening(Opening::Session, startup().into()),
            Piece::Message(b'Q', query.clone()),
            Piece::Part(data),
            Piece::Message(b'Q', query),
        ];
        for length in [1, 2, 3, 7, 64, 1_000] {
            assert_eq!(read(&all, length).0, expected, "{length}");
        }
    }

    #[test]
    fn what_is_not_protocol_3_is_said_to_be_so() {
        let invalid = |data: &[u8]| assert_eq!(read(data, 64).1, Stuck::Invalid);
        invalid(b"GET / HTTP/1.1\r\n\r\n");
        invalid(&[0, 0, 0, 8, 0, 2, 0, 0]);
        invalid(&[0, 0, 0, 7, 0, 3, 0, 0]);
        invalid(&[&startup()[..], b"Q\0\0\0\x03"].concat());
        invalid(&[&startup()[..], b"!\0\0\0\x08"].concat());
        invalid(&[&startup()[..], b"d\xff\0\0\0"].concat());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_of_any_bytes(data in prop::collection::vec(any::<u8>(), 0..200), length in 1_usize..40) {
            let all = [startup(), data].concat();
            let (mut reader, mut inbox) = (Reader::new(Side::Caller), Inbox::default());
            let mut found = Vec::new();
            'all: for piece in all.chunks(length) {
                inbox.push(piece);
                loop {
                    match reader.read(&mut inbox, |tag| tag != b'd') {
                        Ok(Piece::Opening(_, raw) | Piece::Message(_, raw) | Piece::Part(raw)) => found.extend_from_slice(&raw),
                        Err(Stuck::Needs) => break,
                        Err(Stuck::Invalid) => break 'all,
                    }
                }
            }
            found.extend_from_slice(reader.partial());
            prop_assert!(all.starts_with(&found));
        }
    }
}
