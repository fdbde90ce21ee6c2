//! Data on its way through a chain of toxics.

use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Instant;

/// A piece of data with the time it entered the toxic it waits for.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) data: Bytes,
    /// When it was received, or was due to leave the toxic before. Delays of several toxics add
    /// up because each starts from here, not from when a late timer fired.
    pub(crate) stamp: Instant,
    /// When the toxic it waits for will let it go, once that is decided.
    pub(crate) due: Option<Instant>,
}

/// How a direction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The source finished sending: passed on, while the other direction lives on.
    Finished,
    /// A toxic closes the whole connection.
    Closed,
    /// The source was reset: passed on as a reset.
    Reset,
    /// A fault of a protocol resets the whole connection, behind what passed.
    Torn,
}

/// Segments in order, then possibly an end.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    segments: VecDeque<Segment>,
    bytes: usize,
    end: Option<(End, Instant)>,
}

impl Queue {
    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether no data waits (an end still may).
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Adds data at the back; nothing follows an end.
    pub(crate) fn push(&mut self, data: Bytes, stamp: Instant) {
        if self.end.is_some() || data.is_empty() {
            return;
        }
        self.bytes += data.len();
        self.segments.push_back(Segment {
            data,
            stamp,
            due: None,
        });
    }

    /// Ends the queue behind what waits in it; the first end counts.
    pub(crate) fn finish(&mut self, end: End, stamp: Instant) {
        self.end.get_or_insert((end, stamp));
    }

    /// The end, once all data before it is gone.
    pub(crate) fn end(&self) -> Option<(End, Instant)> {
        self.end.filter(|_| self.segments.is_empty())
    }

    /// The end, whether or not data waits before it.
    pub(crate) fn coming_end(&self) -> Option<End> {
        self.end.map(|(end, _)| end)
    }

    /// The oldest data.
    pub(crate) fn front(&self) -> Option<&Segment> {
        self.segments.front()
    }

    /// How many of the newest segments have no time to leave yet.
    pub(crate) fn fresh(&self) -> usize {
        let undecided = |segment: &&Segment| segment.due.is_none();
        self.segments.iter().rev().take_while(undecided).count()
    }

    /// The newest `count` segments (or all), oldest first.
    pub(crate) fn newest(&mut self, count: usize) -> impl Iterator<Item = &mut Segment> {
        let skipped = self.segments.len().saturating_sub(count);
        self.segments.range_mut(skipped..)
    }

    /// Takes the oldest data whole.
    pub(crate) fn pop(&mut self) -> Option<Segment> {
        let segment = self.segments.pop_front()?;
        self.bytes -= segment.data.len();
        if self.segments.is_empty() && self.segments.capacity() > 64 {
            self.segments = VecDeque::new();
        }
        Some(segment)
    }

    /// Takes at most `limit` bytes of the oldest data.
    pub(crate) fn split(&mut self, limit: usize) -> Option<Bytes> {
        let front = self.segments.front_mut()?;
        if front.data.len() <= limit {
            return self.pop().map(|segment| segment.data);
        }
        self.bytes -= limit;
        Some(front.data.split_to(limit))
    }

    /// Forgets the first bytes of the oldest data, which were written.
    pub(crate) fn advance(&mut self, written: usize) {
        drop(self.split(written));
    }

    /// Drops all data and says how many bytes that were.
    pub(crate) fn clear(&mut self) -> usize {
        self.segments.clear();
        std::mem::take(&mut self.bytes)
    }

    /// Moves everything to the back of another queue, any decided delay forgotten.
    pub(crate) fn pour_into(&mut self, next: &mut Self) {
        while let Some(segment) = self.pop() {
            next.push(segment.data, segment.stamp);
        }
        if let Some((end, stamp)) = self.end.take() {
            next.finish(end, stamp);
        }
    }
}
