//! What the lab says to the process that holds the pseudo-terminal: a letter, a length, bytes.

use std::io::{self, Read};

/// The most bytes of one frame.
const MOST: usize = 64 << 10;

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters of a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            columns: 80,
            rows: 24,
        }
    }
}

/// One thing that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// What was typed.
    Input(Vec<u8>),
    /// The terminal has this size now.
    Resize(Size),
}

impl Frame {
    pub(super) fn encode(&self) -> Vec<u8> {
        let (letter, bytes) = match self {
            Self::Input(bytes) => (b'i', bytes.clone()),
            Self::Resize(Size { columns, rows }) => {
                (b'r', [columns.to_be_bytes(), rows.to_be_bytes()].concat())
            }
        };
        let mut all = Vec::with_capacity(bytes.len() + 5);
        for part in bytes.chunks(MOST) {
            // Shorter than MOST.
            let length = u32::try_from(part.len()).unwrap_or_default();
            all.push(letter);
            all.extend(length.to_be_bytes());
            all.extend(part);
        }
        all
    }

    /// The next frame; `None` at the end, or where somebody else speaks.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; 5];
        if let Err(error) = from.read_exact(&mut head) {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof => Ok(None),
                _ => Err(error),
            };
        }
        let [letter, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MOST {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Ok(match (letter, bytes.as_slice()) {
            (b'i', _) => Some(Self::Input(bytes)),
            (b'r', [a, b, c, d]) => Some(Self::Resize(Size {
                columns: u16::from_be_bytes([*a, *b]),
                rows: u16::from_be_bytes([*c, *d]),
            })),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_said() {
        let size = Size {
            columns: 200,
            rows: 50,
        };
        let long = vec![7; 3 * MOST / 2];
        let said = [Frame::Input(long.clone()), Frame::Resize(size)];
        let bytes: Vec<u8> = said.iter().flat_map(Frame::encode).collect();
        let mut from = bytes.as_slice();
        let mut typed = Vec::new();
        loop {
            match Frame::read(&mut from).unwrap() {
                Some(Frame::Input(bytes)) => typed.extend(bytes),
                Some(Frame::Resize(found)) => assert_eq!(found, size),
                None => break,
            }
        }
        assert_eq!(typed, long);
        assert_eq!(Frame::read(&mut &b"x\0\0\0\x01a"[..]).unwrap(), None);
        assert_eq!(Frame::read(&mut &b"i\xff\0\0\0"[..]).unwrap(), None);
    }
}
