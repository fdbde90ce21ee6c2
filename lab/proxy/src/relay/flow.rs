//! One direction of a connection: from the source through the toxics to the destination.

mod pipe;
mod splice;

use super::scratch;
use crate::events::Event;
use crate::link::Link;
use crate::protocol::Conversation;
use crate::spec::Stream;
use crate::tap::Tap;
use crate::toxics::{Chain, End, Passed, Place, Queue, Surroundings, Toxic};
use crate::witness::{Count, InFlight};
use crate::worker::Crew;
use bytes::Bytes;
use pipe::Pipe;
use splice::Habit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes a direction may move before others get their turn.
const BUDGET: usize = 512 << 10;
/// What may wait for the destination before no more is taken from a conversation.
const FULL: usize = 256 << 10;
/// The most that is read at once when it has to be kept.
const KEPT_READ: usize = 64 << 10;

/// The state of a direction.
#[expect(
    clippy::struct_excessive_bools,
    reason = "ends of source, conversation and destination come in any order"
)]
pub(super) struct Flow {
    stream: Stream,
    chain: Chain,
    /// What is past all toxics and waits for the destination.
    out: Queue,
    habit: Habit,
    pipe: Option<Pipe>,
    /// Bytes of the source seen so far, and bytes written to the destination.
    received: u64,
    sent: u64,
    source_finished: bool,
    /// Whether the source was seen to have left, although not all it sent was read.
    source_left: bool,
    /// Whether the end that a conversation has for the destination was taken.
    end_taken: bool,
    finished: bool,
    /// Bytes received before there was a conversation.
    before: u64,
    /// What this direction counts for in the total that delays may hold.
    accounted: usize,
}

/// What a direction works with for one step.
pub(super) struct Io<'a> {
    pub(super) source: &'a mut TcpStream,
    pub(super) destination: &'a mut TcpStream,
    pub(super) tap: Option<&'a mut Tap>,
    pub(super) conversation: Option<&'a mut dyn Conversation>,
    pub(super) link: &'a Link,
    pub(super) crew: &'a Crew,
    pub(super) both_finished: bool,
}

/// Where a direction stands after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for its sockets, and for that moment, if any.
    Waits(Option<Instant>),
    /// It had its share and has more to do.
    Yields,
    /// The source's end was passed on; the other direction may live on.
    Finished,
    /// The whole connection is over.
    Ends(Ending),
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A toxic closes it.
    Closed,
    /// A toxic resets it.
    Reset,
    /// The source was reset; everything before that was delivered.
    SourceGone,
    /// The destination takes no more.
    DestinationGone,
}

impl Flow {
    /// A direction before its first byte.
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            chain: Chain::default(),
            out: Queue::default(),
            habit: Habit::default(),
            pipe: None,
            received: 0,
            sent: 0,
            source_finished: false,
            source_left: false,
            end_taken: false,
            finished: false,
            before: 0,
            accounted: 0,
        }
    }

    /// Which direction it is.
    pub(super) fn stream(&self) -> Stream {
        self.stream
    }

    /// Whether its toxics need fine timers.
    pub(super) fn timed(&self) -> bool {
        self.chain.timed()
    }

    /// Whether the source will send no more.
    pub(super) fn source_finished(&self) -> bool {
        self.source_finished || self.source_left
    }

    /// Its source was seen to have left.
    pub(super) fn source_leaves(&mut self) {
        self.source_left = true;
    }

    /// Whether nothing of it is on its way, and more may come.
    pub(super) fn at_rest(&self) -> bool {
        let holds = self.chain.held() > 0 || !self.out.is_empty() || self.piped() > 0;
        !(holds || self.source_finished() || self.finished)
    }

    /// Bytes of the source so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// A conversation begins.
    pub(super) fn converses(&mut self) {
        self.before = self.received;
    }

    /// Whether a conversation has something for it that it can take.
    pub(super) fn is_wanted(&self, conversation: &mut dyn Conversation, crew: &Crew) -> bool {
        let outbox = conversation.outbox(self.stream);
        let ends = outbox.end().is_some() && !self.end_taken;
        !self.finished && self.takes(crew) && (ends || !outbox.is_empty())
    }

    /// Whether it holds data and knows no moment when that may go on.
    pub(super) fn blocked(&self, progress: Progress) -> bool {
        progress == Progress::Waits(None) && self.chain.held() > 0
    }

    /// How long its toxics hold a new connection; see [`Chain::opens_after`].
    pub(super) fn opens_after(&self) -> Duration {
        self.chain.opens_after()
    }

    /// Counts that the connection was held that long.
    pub(super) fn opened(&mut self, waited: Duration) {
        self.chain.opened(waited);
    }

    /// Gives up: what is left has nowhere to go.
    pub(super) fn abandon(&mut self) {
        self.source_finished = true;
        self.finished = true;
        self.out = Queue::default();
        self.pipe = None;
    }

    /// Takes over the link's toxics.
    pub(super) fn adopt(&mut self, toxics: &[Arc<Toxic>], place: Place<'_>, now: Instant) {
        self.chain.adopt(toxics, place, now, &mut self.out);
    }

    /// Gives back what it counted for in the total that delays may hold.
    pub(super) fn settle(&mut self, crew: &Crew) {
        crew.account(self.accounted, 0);
        self.accounted = 0;
    }

    /// Moves what can be moved.
    pub(super) fn advance(&mut self, io: &mut Io<'_>, context: &mut Context<'_>) -> Progress {
        if self.finished {
            return Progress::Finished;
        }
        let progress = self.work(io, context);
        let held = self.chain.held();
        if held != self.accounted {
            io.crew.account(self.accounted, held);
            self.accounted = held;
        }
        progress
    }

    /// Bytes written to the destination.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Tells which toxics acted on the connection for the first time.
    pub(super) fn tell_touched(&mut self, link: &Link, connection: u64) {
        for toxic in self.chain.newly_touched() {
            link.events.tell(|| Event::Touched {
                link: link.name.clone(),
                connection,
                toxic: toxic.name.clone(),
                kind: toxic.kind.name().to_owned(),
                stream: toxic.stream,
            });
        }
    }

    fn work(&mut self, io: &mut Io<'_>, context: &mut Context<'_>) -> Progress {
        let mut budget = BUDGET;
        let sent_before = self.sent;
        loop {
            if self.sent - sent_before > BUDGET as u64 {
                return Progress::Yields;
            }
            self.pull(io);
            let mut wakes = None;
            if !self.chain.is_empty() {
                match self.chain.pass(surroundings(io), &mut self.out) {
                    Passed::Waits(moment) => wakes = moment,
                    Passed::Reset => return Progress::Ends(Ending::Reset),
                }
            }
            match self.deliver(io, context) {
                Err(ending) => return Progress::Ends(ending),
                Ok(Delivery::Finished) => return Progress::Finished,
                // Room in the way out lets the toxics and a conversation move more.
                Ok(Delivery::Some) if !self.chain.is_empty() || io.conversation.is_some() => {
                    continue;
                }
                Ok(_) => {}
            }
            if let Some(conversation) = &io.conversation {
                wakes = wakes.into_iter().chain(conversation.wakes()).min();
            }
            let limit = self.appetite(io).min(budget);
            if self.source_finished || limit == 0 {
                let starved = budget == 0 && !self.source_finished;
                return if starved {
                    Progress::Yields
                } else {
                    Progress::Waits(wakes)
                };
            }
            let spliced = match self.splice_limit(io) {
                0 => None,
                limit => self.fill(io, context, limit),
            };
            let received = match spliced {
                Some(received) => received,
                None => self.receive(io, context, limit),
            };
            match received {
                Poll::Pending => return Progress::Waits(wakes),
                Poll::Ready(Err(ending)) => return Progress::Ends(ending),
                Poll::Ready(Ok(bytes)) => budget = budget.saturating_sub(bytes),
            }
        }
    }

    /// Bytes that may be read now.
    fn appetite(&self, io: &Io<'_>) -> usize {
        if let Some(conversation) = &io.conversation {
            conversation.room(self.stream)
        } else if self.chain.is_empty() {
            // Straight through: nothing is read while something waits to be written.
            if self.out.is_empty() && self.piped() == 0 {
                scratch::SCRATCH
            } else {
                0
            }
        } else {
            self.chain.room(io.crew.delay_budget()).min(KEPT_READ)
        }
    }

    /// Writes what is past the toxics, piece by piece, then passes on the end.
    fn deliver(&mut self, io: &mut Io<'_>, context: &mut Context<'_>) -> Result<Delivery, Ending> {
        // What is in the pipe is older than anything else.
        match self.drain(io, context) {
            Poll::Pending => return Ok(Delivery::Nothing),
            Poll::Ready(drained) => drained?,
        }
        let mut delivery = Delivery::Nothing;
        while let Some(segment) = self.out.front() {
            let destination = Pin::new(&mut *io.destination);
            match destination.poll_write(context, &segment.data) {
                Poll::Pending => return Ok(delivery),
                Poll::Ready(Err(_) | Ok(0)) => return Err(Ending::DestinationGone),
                Poll::Ready(Ok(written)) => {
                    self.out.advance(written);
                    self.count_sent(io, written);
                    delivery = Delivery::Some;
                }
            }
        }
        match self.out.end() {
            None => Ok(delivery),
            Some((End::Closed, _)) => Err(Ending::Closed),
            Some((End::Torn, _)) => Err(Ending::Reset),
            Some((End::Reset, _)) => Err(Ending::SourceGone),
            Some((End::Finished, _)) => {
                // For a TCP socket this is shutdown(2): done at once.
                let _ = Pin::new(&mut *io.destination).poll_shutdown(context);
                self.finished = true;
                Ok(Delivery::Finished)
            }
        }
    }

    /// Reads once, and writes at once what needs no toxic.
    fn receive(
        &mut self,
        io: &mut Io<'_>,
        context: &mut Context<'_>,
        limit: usize,
    ) -> Poll<Result<usize, Ending>> {
        scratch::with(|scratch| {
            let limit = limit.min(scratch.len());
            let mut buffer = ReadBuf::new(&mut scratch[..limit]);
            let result = ready!(Pin::new(&mut *io.source).poll_read(context, &mut buffer));
            let data = buffer.filled();
            if result.is_err() || data.is_empty() {
                self.source_ends(io, result.is_ok());
                return Poll::Ready(Ok(0));
            }
            self.note_read(data.len());
            if io.conversation.is_some() {
                self.hear(io, data);
                return Poll::Ready(Ok(data.len()));
            }
            self.count_received(io, data);
            if !self.chain.is_empty() {
                let kept = Bytes::copy_from_slice(data);
                self.chain.push(kept, Instant::now(), &mut self.out);
                return Poll::Ready(Ok(data.len()));
            }
            match Pin::new(&mut *io.destination).poll_write(context, data) {
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Ending::DestinationGone)),
                Poll::Ready(Ok(written)) => {
                    self.count_sent(io, written);
                    if written < data.len() {
                        let rest = Bytes::copy_from_slice(&data[written..]);
                        self.out.push(rest, Instant::now());
                    }
                }
                Poll::Pending => self.out.push(Bytes::copy_from_slice(data), Instant::now()),
            }
            Poll::Ready(Ok(data.len()))
        })
    }

    fn source_ends(&mut self, io: &mut Io<'_>, orderly: bool) {
        let now = Instant::now();
        self.source_finished = true;
        let end = if orderly { End::Finished } else { End::Reset };
        // What the caller gets ends when the conversation says so.
        let heard = io.conversation.as_mut().map(|c| c.ended(self.stream, end));
        if heard.is_some() && self.stream == Stream::Downstream {
            return;
        }
        if let Some(tap) = &mut io.tap {
            tap.source_ended(self.stream, self.received, now);
        }
        if heard.is_some() {
            return;
        }
        self.chain.finish(end, now, &mut self.out);
    }

    fn count_received(&mut self, io: &mut Io<'_>, data: &[u8]) {
        self.arrivals(io).add(data.len() as u64);
        if let Some(tap) = &mut io.tap {
            tap.received(self.stream, self.received, data, Instant::now());
        }
        self.received += data.len() as u64;
    }

    fn count_spliced(&mut self, io: &mut Io<'_>, bytes: usize) {
        self.arrivals(io).add(bytes as u64);
        if let Some(tap) = &mut io.tap {
            tap.skipped(self.stream, bytes as u64);
        }
        self.received += bytes as u64;
    }

    /// The counter of what the source sends.
    fn arrivals<'a>(&self, io: &Io<'a>) -> &'a Count {
        match self.stream {
            Stream::Upstream => &io.link.traffic.received_upstream,
            Stream::Downstream => &io.link.traffic.received_downstream,
        }
    }

    fn count_sent(&mut self, io: &mut Io<'_>, written: usize) {
        let traffic = &io.link.traffic;
        let count = match self.stream {
            Stream::Upstream => &traffic.sent_upstream,
            Stream::Downstream => &traffic.sent_downstream,
        };
        count.add(written as u64);
        self.sent += written as u64;
        // What a conversation changes or leaves out shifts every offset behind it.
        let offset = match &io.conversation {
            Some(conversation) if self.stream == Stream::Upstream => {
                self.before + conversation.consumed(self.stream)
            }
            _ => self.sent,
        };
        if let Some(tap) = &mut io.tap {
            tap.sent(self.stream, offset, Instant::now());
        }
    }

    /// Gives a conversation what was read. The tap stands at the caller's side of it.
    fn hear(&mut self, io: &mut Io<'_>, data: &[u8]) {
        match self.stream {
            Stream::Upstream => self.count_received(io, data),
            Stream::Downstream => self.arrivals(io).add(data.len() as u64),
        }
        if let Some(conversation) = &mut io.conversation {
            conversation.received(self.stream, data, Instant::now());
        }
    }

    /// Whether it takes more from a conversation.
    fn takes(&self, crew: &Crew) -> bool {
        if self.chain.is_empty() {
            self.out.bytes() < FULL
        } else {
            self.chain.room(crew.delay_budget()) > 0
        }
    }

    /// Takes from a conversation what it has for the destination.
    fn pull(&mut self, io: &mut Io<'_>) {
        let Some(conversation) = &mut io.conversation else {
            return;
        };
        let now = Instant::now();
        conversation.advance(now);
        while self.takes(io.crew)
            && let Some(segment) = conversation.outbox(self.stream).pop()
        {
            if self.stream == Stream::Downstream {
                if let Some(tap) = &mut io.tap {
                    tap.received(self.stream, self.received, &segment.data, now);
                }
                self.received += segment.data.len() as u64;
            }
            self.chain.push(segment.data, now, &mut self.out);
        }
        if let Some((end, _)) = conversation.outbox(self.stream).end()
            && !std::mem::replace(&mut self.end_taken, true)
        {
            let source = matches!(end, End::Finished | End::Reset);
            if let Some(tap) = io.tap.as_mut().filter(|_| source)
                && self.stream == Stream::Downstream
            {
                tap.source_ended(self.stream, self.received, now);
            }
            self.chain.finish(end, now, &mut self.out);
        }
    }
}

fn surroundings(io: &Io<'_>) -> Surroundings {
    Surroundings {
        now: Instant::now(),
        both_finished: io.both_finished,
        in_flight: match (&io.tap, &io.conversation) {
            (Some(tap), _) => tap.in_flight(),
            (None, Some(conversation)) => conversation.in_flight().unwrap_or_default(),
            (None, None) => InFlight::default(),
        },
        delay_budget: io.crew.delay_budget(),
    }
}

/// What came of writing to the destination.
enum Delivery {
    Nothing,
    Some,
    Finished,
}
