//! Where heads and bodies begin and end, piece by piece; strict, so that this proxy and the server
//! behind it never disagree on it (RFC 9112, section 11.2: request smuggling).

use super::head::{Body, Parsed};
use crate::protocol::inbox::Inbox;
use bytes::Bytes;

/// The longest head, the longest line that tells a chunk's size, and all trailers together.
const LONGEST_HEAD: usize = 256 << 10;
const LONGEST_LINE: usize = 4 << 10;
const LONGEST_TRAILERS: usize = 64 << 10;

/// The next piece of a message.
#[derive(Debug)]
pub(super) enum Piece<H> {
    /// A whole head as it came; [`Reader::expect`] has to follow.
    Head(Bytes, H),
    /// Bytes of the body itself.
    Data(Bytes),
    /// Bytes that frame the body: sizes of chunks, trailers.
    Framing(Bytes),
    /// The message is complete.
    End,
}

/// Why there is no next piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuck {
    /// More bytes are needed.
    Needs,
    /// This is not HTTP/1.1, or not beyond doubt.
    Invalid,
    /// A head that is too long.
    TooLong,
}

/// Reads a head.
pub(super) type Parse<H> = fn(&[u8]) -> Parsed<H>;

#[derive(Debug)]
enum State {
    Head(Vec<u8>),
    Length(u64),
    /// The line with a chunk's size, as far as it came.
    Size(Vec<u8>),
    Chunk(u64),
    /// The line break behind a chunk, as far as it came.
    ChunkEnd(Vec<u8>),
    /// The current line of the trailers, and how many bytes they have so far.
    Trailers(Vec<u8>, usize),
    UntilClose,
    Done,
}

/// The messages of one peer.
#[derive(Debug)]
pub(super) struct Reader(State);

impl Default for Reader {
    fn default() -> Self {
        Self(State::Head(Vec::new()))
    }
}

impl Reader {
    /// Says what follows the head that was just read.
    pub(super) fn expect(&mut self, body: Body) {
        self.0 = match body {
            Body::None | Body::Length(0) => State::Done,
            Body::Length(length) => State::Length(length),
            Body::Chunked => State::Size(Vec::new()),
            Body::UntilClose => State::UntilClose,
        };
    }

    /// Whether the body now ends with the connection.
    pub(super) fn lasts_until_close(&self) -> bool {
        matches!(self.0, State::UntilClose)
    }

    /// Whether more of the body itself is certain to follow.
    pub(super) fn has_more(&self, inbox: &Inbox) -> bool {
        match self.0 {
            State::Length(_) | State::Chunk(_) => true,
            State::UntilClose => !inbox.is_empty(),
            _ => false,
        }
    }

    /// What was taken and is not whole yet: the beginning of a head, or of a line that frames.
    pub(super) fn partial(&self) -> &[u8] {
        match &self.0 {
            State::Head(partial)
            | State::Size(partial)
            | State::ChunkEnd(partial)
            | State::Trailers(partial, _) => partial,
            _ => &[],
        }
    }

    /// Reads on: the next piece, with at most `limit` bytes of a body.
    pub(super) fn read<H>(
        &mut self,
        inbox: &mut Inbox,
        limit: u64,
        parse: Parse<H>,
    ) -> Result<Piece<H>, Stuck> {
        match &mut self.0 {
            State::Head(_) => self.read_head(inbox, parse),
            State::Done => {
                self.0 = State::Head(Vec::new());
                Ok(Piece::End)
            }
            State::Length(left) | State::Chunk(left) => {
                let data = take(inbox, limit.min(*left))?;
                *left -= data.len() as u64;
                if *left == 0 {
                    self.0 = match self.0 {
                        State::Chunk(_) => State::ChunkEnd(Vec::new()),
                        _ => State::Done,
                    };
                }
                Ok(Piece::Data(data))
            }
            State::UntilClose => Ok(Piece::Data(take(inbox, limit)?)),
            State::ChunkEnd(line) => {
                let data = read_line(line, inbox, 2)?;
                self.0 = State::Size(Vec::new());
                Ok(Piece::Framing(data))
            }
            State::Size(line) => {
                let data = read_line(line, inbox, LONGEST_LINE)?;
                match chunk_size(&data) {
                    Some(0) => self.0 = State::Trailers(Vec::new(), 0),
                    Some(size) => self.0 = State::Chunk(size),
                    None => {
                        *line = data.into();
                        return Err(Stuck::Invalid);
                    }
                }
                Ok(Piece::Framing(data))
            }
            State::Trailers(line, so_far) => {
                let data = read_line(line, inbox, LONGEST_TRAILERS - *so_far)?;
                *so_far += data.len();
                if data == b"\r\n"[..] {
                    self.0 = State::Done;
                }
                Ok(Piece::Framing(data))
            }
        }
    }

    fn read_head<H>(&mut self, inbox: &mut Inbox, parse: Parse<H>) -> Result<Piece<H>, Stuck> {
        let State::Head(partial) = &mut self.0 else {
            return Err(Stuck::Invalid);
        };
        while let Some(front) = inbox.front() {
            // Empty lines between messages belong to none (RFC 9112, section 2.2).
            if partial.is_empty() && matches!(front.first(), Some(b'\r' | b'\n')) {
                inbox.take(1);
                continue;
            }
            // A head ends with a line: only there it is worth a look.
            let line = front.iter().position(|byte| *byte == b'\n');
            let taken = inbox.take(line.map_or(usize::MAX, |at| at + 1));
            partial.extend_from_slice(&taken);
            if partial.len() > LONGEST_HEAD {
                return Err(Stuck::TooLong);
            }
            if !(partial.ends_with(b"\n\n") || partial.ends_with(b"\n\r\n")) {
                continue;
            }
            return match parse(partial) {
                Parsed::Whole(head) => {
                    let raw = std::mem::take(partial);
                    Ok(Piece::Head(raw.into(), head))
                }
                Parsed::Invalid => Err(Stuck::Invalid),
            };
        }
        Err(Stuck::Needs)
    }
}

fn take(inbox: &mut Inbox, limit: u64) -> Result<Bytes, Stuck> {
    let data = inbox.take(usize::try_from(limit).unwrap_or(usize::MAX));
    if data.is_empty() {
        return Err(Stuck::Needs);
    }
    Ok(data)
}

/// A whole line. Lines of a body end with CR LF and nothing else.
fn read_line(line: &mut Vec<u8>, inbox: &mut Inbox, longest: usize) -> Result<Bytes, Stuck> {
    while let Some(front) = inbox.front() {
        let end = front.iter().position(|byte| *byte == b'\n');
        let taken = inbox.take(end.map_or(usize::MAX, |at| at + 1));
        line.extend_from_slice(&taken);
        if line.len() > longest {
            return Err(Stuck::Invalid);
        }
        if end.is_some() {
            let first = line.iter().position(|byte| *byte == b'\r');
            return if line.ends_with(b"\r\n") && first == Some(line.len() - 2) {
                Ok(std::mem::take(line).into())
            } else {
                Err(Stuck::Invalid)
            };
        }
    }
    Err(Stuck::Needs)
}

/// `chunk-size [ chunk-ext ] CRLF` (RFC 9112, section 7.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let (digits, rest) = line.split_at(digits.count());
    let mut rest = rest.iter().filter(|byte| !matches!(byte, b' ' | b'\t'));
    let ends = matches!(rest.next(), Some(b'\r' | b';'));
    let size = str::from_utf8(digits).ok().filter(|_| ends)?;
    u64::from_str_radix(size, 16).ok()
}
