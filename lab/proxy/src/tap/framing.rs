//! Where messages begin and end in a stream of HTTP/1.1 (RFC 9112), whatever pieces it comes in.

use std::time::Instant;

/// The longest head that is followed.
const LONGEST_HEAD: usize = 64 << 10;

/// How the body after a head is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// No body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks (RFC 9112, section 7.1).
    Chunked,
    /// Everything until the connection closes.
    UntilClose,
    /// Not HTTP from here on.
    Tunnel,
}

/// What a piece of data came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<H> {
    /// A head is complete; it began at that offset and time. `expect` has to follow.
    Head { start: u64, at: Instant, head: H },
    /// The body is complete.
    End,
}

/// Reads a head from the start of the data: the bytes it takes and what it says, or how it fails.
pub(super) type Parse<H> = fn(&[u8]) -> Result<(usize, H), Incomplete>;

/// Why there is no head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incomplete {
    /// More bytes are needed.
    More,
    /// It is not HTTP/1.1.
    Invalid,
}

#[derive(Debug)]
enum State {
    Head {
        /// The beginning, when a head came in several pieces.
        partial: Vec<u8>,
        /// Where and when the head began.
        began: Option<(u64, Instant)>,
    },
    Length(u64),
    Size {
        value: u64,
        in_extension: bool,
    },
    Chunk(u64),
    ChunkEnd,
    Trailer {
        line: usize,
    },
    UntilClose,
    Tunnel,
}

impl State {
    const START: Self = Self::Head {
        partial: Vec::new(),
        began: None,
    };
}

/// The messages of one direction.
#[derive(Debug)]
pub(super) struct Messages {
    state: State,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            state: State::START,
        }
    }
}

impl Messages {
    /// Says what follows the head that was just read.
    pub(super) fn expect(&mut self, body: Body) {
        self.state = match body {
            Body::None | Body::Length(0) => State::START,
            Body::Length(length) => State::Length(length),
            Body::Chunked => State::Size {
                value: 0,
                in_extension: false,
            },
            Body::UntilClose => State::UntilClose,
            Body::Tunnel => State::Tunnel,
        };
    }

    /// Whether the next byte begins a message.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.state, State::Head { began: None, .. })
    }

    /// Whether the next byte belongs to a body or its framing.
    pub(super) fn is_in_body(&self) -> bool {
        !matches!(self.state, State::Head { .. })
    }

    /// Whether the body now ends with the connection.
    pub(super) fn lasts_until_close(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    /// Bytes that follow and tell nothing: of a body, all but the last one.
    pub(super) fn opaque(&self) -> u64 {
        match self.state {
            State::UntilClose | State::Tunnel => u64::MAX,
            State::Length(left) => left.saturating_sub(1),
            _ => 0,
        }
    }

    /// So many of these bytes passed unseen.
    pub(super) fn skip(&mut self, bytes: u64) {
        if let State::Length(left) = &mut self.state {
            *left = left.saturating_sub(bytes);
        }
    }

    /// Reads on, up to the next event: the bytes used (at least one) and the event. `None` when
    /// this is not HTTP/1.1.
    pub(super) fn read<H>(
        &mut self,
        data: &[u8],
        offset: u64,
        now: Instant,
        parse: Parse<H>,
    ) -> Option<(usize, Option<Event<H>>)> {
        let length = data.len() as u64;
        match &mut self.state {
            State::Head { .. } => self.read_head(data, offset, now, parse),
            State::UntilClose | State::Tunnel => Some((data.len(), None)),
            State::Length(left) => {
                let used = length.min(*left);
                *left -= used;
                let done = *left == 0;
                Some((usize::try_from(used).ok()?, done.then(|| self.ends())))
            }
            _ => self.read_chunked(data),
        }
    }

    fn ends<H>(&mut self) -> Event<H> {
        self.state = State::START;
        Event::End
    }

    fn read_head<H>(
        &mut self,
        data: &[u8],
        offset: u64,
        now: Instant,
        parse: Parse<H>,
    ) -> Option<(usize, Option<Event<H>>)> {
        let State::Head { partial, began } = &mut self.state else {
            return None;
        };
        // Empty lines between messages belong to none (RFC 9112, section 2.2).
        if began.is_none() {
            let blank = data
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            if blank > 0 {
                return Some((blank, None));
            }
        }
        let (start, at) = *began.get_or_insert((offset, now));
        let known = partial.len();
        let parsed = if known == 0 {
            parse(data)
        } else {
            partial.extend_from_slice(data);
            parse(partial)
        };
        match parsed {
            Ok((used, head)) => Some((used - known, Some(Event::Head { start, at, head }))),
            Err(Incomplete::More) if known + data.len() < LONGEST_HEAD => {
                if known == 0 {
                    partial.extend_from_slice(data);
                }
                Some((data.len(), None))
            }
            Err(_) => None,
        }
    }

    fn read_chunked<H>(&mut self, data: &[u8]) -> Option<(usize, Option<Event<H>>)> {
        let mut used = 0;
        while let Some(byte) = data.get(used) {
            match &mut self.state {
                State::Size {
                    value,
                    in_extension,
                } => {
                    used += 1;
                    match (byte, *in_extension) {
                        (b'\n', _) if *value == 0 => self.state = State::Trailer { line: 0 },
                        (b'\n', _) => self.state = State::Chunk(*value),
                        (b'\r', _) | (_, true) => {}
                        (b';' | b' ' | b'\t', _) => *in_extension = true,
                        (digit, _) => {
                            let digit = char::from(*digit).to_digit(16)?;
                            *value = value.checked_mul(16)?.checked_add(u64::from(digit))?;
                        }
                    }
                }
                State::Chunk(left) => {
                    let step = ((data.len() - used) as u64).min(*left);
                    *left -= step;
                    used += usize::try_from(step).ok()?;
                    if *left == 0 {
                        self.state = State::ChunkEnd;
                    }
                }
                State::ChunkEnd => {
                    used += 1;
                    match byte {
                        b'\r' => {}
                        b'\n' => self.expect(Body::Chunked),
                        _ => return None,
                    }
                }
                State::Trailer { line } => {
                    used += 1;
                    match byte {
                        b'\n' if *line == 0 => return Some((used, Some(self.ends()))),
                        b'\n' => *line = 0,
                        b'\r' => {}
                        _ => *line += 1,
                    }
                }
                _ => return None,
            }
        }
        Some((used, None))
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::ReplyHead;
    use super::*;
    use proptest::prelude::*;

    const STREAM: &[u8] = b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\
        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n\
        HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest";

    /// Heads (with the offset of their first byte) and ends, in order.
    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let (mut messages, mut found, mut offset) = (Messages::default(), Vec::new(), 0);
        let now = Instant::now();
        for piece in pieces {
            let mut piece = *piece;
            while !piece.is_empty() {
                let Some((used, event)) = messages.read(piece, offset, now, ReplyHead::parse)
                else {
                    found.push("invalid".to_owned());
                    return found;
                };
                piece = &piece[used..];
                offset += used as u64;
                match event {
                    None => {}
                    Some(Event::End) => found.push(format!("end {offset}")),
                    Some(Event::Head { start, head, .. }) => {
                        found.push(format!("{} at {start} {:?}", head.status, head.body));
                        messages.expect(head.body);
                    }
                }
            }
        }
        found
    }

    #[test]
    fn messages_are_found_in_one_piece() {
        let expected = [
            "200 at 2 Length(5)",
            "end 45",
            "200 at 45 Chunked",
            "end 130",
            "404 at 130 Length(0)",
            "200 at 175 UntilClose",
        ];
        assert_eq!(events(&[STREAM]), expected);
    }

    #[test]
    fn what_is_not_http_is_said_to_be_so() {
        for wrong in [
            "\u{1}\u{2}\u{3}binary",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert_eq!(events(&[wrong.as_bytes()]).last().unwrap(), "invalid");
        }
        let endless = vec![b'a'; 1 << 17];
        assert_eq!(events(&[b"HTTP/1.1 200 ", &endless, &endless]), ["invalid"]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(mut cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &STREAM[pair[0]..pair[1]]).collect();
            prop_assert_eq!(events(&pieces), events(&[STREAM]));
        }

        #[test]
        fn no_bytes_make_it_fail(data in prop::collection::vec(any::<u8>(), 0..400)) {
            events(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &data]);
            events(&[&data]);
        }
    }
}
