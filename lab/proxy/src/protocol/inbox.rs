//! Bytes of one peer that a conversation has not dealt with yet.

use crate::toxics::End;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;

/// What may wait.
const ROOM: usize = 64 << 10;

/// Bytes in order, then possibly an end.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    consumed: u64,
    end: Option<End>,
}

impl Inbox {
    /// Adds what was received.
    pub(crate) fn push(&mut self, data: &[u8]) {
        if !data.is_empty() {
            self.bytes += data.len();
            self.pieces.push_back(Bytes::copy_from_slice(data));
        }
    }

    /// The peer ended.
    pub(crate) fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// The end, once all before it is dealt with.
    pub(crate) fn end(&self) -> Option<End> {
        self.end.filter(|_| self.pieces.is_empty())
    }

    /// Whether nothing waits (an end still may).
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes that may still be given.
    pub(crate) fn room(&self) -> usize {
        ROOM.saturating_sub(self.bytes)
    }

    /// Bytes that were taken so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The oldest bytes.
    pub(crate) fn front(&self) -> Option<&[u8]> {
        self.pieces.front().map(|piece| &piece[..])
    }

    /// Drops all bytes.
    pub(crate) fn clear(&mut self) {
        self.consumed += self.bytes as u64;
        self.bytes = 0;
        self.pieces.clear();
    }

    /// Takes at most so many of the oldest bytes.
    pub(crate) fn take(&mut self, limit: usize) -> Bytes {
        let Some(front) = self.pieces.front_mut() else {
            return Bytes::new();
        };
        let taken = front.split_to(limit.min(front.len()));
        if !front.has_remaining() {
            self.pieces.pop_front();
        }
        self.bytes -= taken.len();
        self.consumed += taken.len() as u64;
        taken
    }
}
