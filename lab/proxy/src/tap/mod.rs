//! The HTTP/1.1 tap: follows requests and replies on a connection without touching a byte.
//!
//! It reads each direction where it arrives, and knows by offsets in the stream when a message
//! leaves, so that the caller's and the upstream's side of the link are timed apart. What is not
//! HTTP/1.1 is left alone for good.

mod attempts;
mod bursts;
mod framing;
mod head;
mod marks;
mod story;

pub(crate) use marks::HttpMarks;

use crate::events::Outcome;
use crate::link::Link;
use crate::protocol::postgres;
use crate::spec::Stream;
use crate::witness::InFlight;
use framing::{Body, Event, Messages};
use head::{ReplyHead, RequestHead};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};
use story::Story;

/// Pipelined requests a tap follows; beyond, it lets go of the connection.
const DEEPEST: usize = 256;

/// The longest answer to a write that is compared with an earlier one.
const LONGEST_COMPARED: u64 = 1 << 20;

/// Who is the reason that a request gets no (whole) reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Caller,
    Upstream,
    Proxy,
}

/// A request with its reply, as far as they came.
struct Exchange {
    /// Offset of the request's first byte, and when it was received.
    start: u64,
    received_at: Instant,
    sent_at: Option<Instant>,
    /// Whether the reply to it has no body whatever its head says.
    head_only: bool,
    connect: bool,
    reply: Option<Reply>,
    /// Whether it was counted as abandoned, failed or cut.
    settled: bool,
    key: Option<u64>,
    /// The key under which further attempts must be answered alike.
    single: Option<u64>,
    /// What is told of it when it ends, where somebody follows.
    story: Option<Box<Story>>,
}

struct Reply {
    start: u64,
    status: u16,
    /// What its body adds up to, while it is to be compared.
    digest: Option<DefaultHasher>,
    received_at: Instant,
    /// Offset behind its last byte, once known.
    end: Option<u64>,
    first_byte_written: bool,
}

/// The tap of one connection.
pub(crate) struct Tap {
    link: Arc<Link>,
    connection: u64,
    /// What connecting to the upstream took.
    connected: Option<Duration>,
    /// Offset up to which the caller was written to.
    written: u64,
    requests: Messages,
    replies: Messages,
    /// Requests that are not answered in full, oldest first.
    exchanges: VecDeque<Exchange>,
    completed: u64,
    blind: bool,
    /// A session of PostgreSQL, as far as a fault that comes has to know it.
    follower: Option<Box<postgres::Follower>>,
}

impl Tap {
    /// A tap for a new connection.
    pub(crate) fn new(link: Arc<Link>, connection: u64) -> Self {
        Self {
            link,
            connection,
            connected: None,
            written: 0,
            requests: Messages::default(),
            replies: Messages::default(),
            exchanges: VecDeque::new(),
            completed: 0,
            blind: false,
            follower: None,
        }
    }

    /// The upstream was connected to, or could not be, within that time.
    pub(crate) fn connected(&mut self, took: Duration) {
        self.connected = Some(took);
    }

    /// Whether what passes is not HTTP/1.1.
    pub(crate) fn is_blind(&self) -> bool {
        self.blind
    }

    /// The requests in flight.
    pub(crate) fn in_flight(&self) -> InFlight {
        InFlight {
            first: self.completed,
            next: self.completed + self.exchanges.len() as u64,
        }
    }

    /// Whether both directions stand between messages, and every request is answered.
    pub(crate) fn at_rest(&self) -> bool {
        let between = self.requests.is_between() && self.replies.is_between();
        !self.blind && self.exchanges.is_empty() && between
    }

    /// The session of PostgreSQL, where it is one and rests.
    pub(crate) fn session(&self) -> Option<postgres::Rest> {
        self.follower.as_ref()?.rest()
    }

    /// Somebody else reads from here on.
    pub(crate) fn unfollow(&mut self) {
        self.follower = None;
    }

    /// Data came from a source, at that offset of its stream.
    pub(crate) fn received(&mut self, stream: Stream, offset: u64, data: &[u8], now: Instant) {
        if self.blind {
            let follower = self.follower.as_mut();
            if follower.is_some_and(|follower| !follower.received(stream, data)) {
                self.follower = None;
            }
            return;
        }
        let understood = match stream {
            Stream::Upstream => self.read_requests(offset, data, now),
            Stream::Downstream => self.read_replies(offset, data, now),
        };
        if understood.is_none() {
            self.blind = true;
            self.forget(now);
            self.link.http.not_http.add(1);
            if stream == Stream::Upstream && offset == 0 {
                self.follower = postgres::Follower::begin(data).map(Box::new);
            }
        }
    }

    /// Bytes of a stream that it need not see: all of them, or the body but for its last byte.
    pub(crate) fn opaque(&self, stream: Stream) -> u64 {
        if self.blind {
            let read = self.follower.is_some() && stream == Stream::Upstream;
            return if read { 0 } else { u64::MAX };
        }
        if stream == Stream::Downstream && self.compared().is_some() {
            return 0;
        }
        self.messages(stream).opaque()
    }

    /// The reply that is being received, where its body is to be compared.
    fn compared(&self) -> Option<&Reply> {
        let mut replies = self.exchanges.iter().filter_map(|e| e.reply.as_ref());
        let current = replies.find(|reply| reply.end.is_none());
        current.filter(|reply| reply.digest.is_some())
    }

    /// Requests that are followed no longer are on their way no longer, as far as anyone knows.
    fn forget(&mut self, now: Instant) {
        let open = self.exchanges.drain(..).filter(|e| !e.settled).count();
        self.link.http.leave(open, now);
    }

    /// So many of these bytes passed unseen.
    pub(crate) fn skipped(&mut self, stream: Stream, bytes: u64) {
        if let Some(follower) = &mut self.follower {
            follower.skipped();
        }
        match stream {
            Stream::Upstream => self.requests.skip(bytes),
            Stream::Downstream => self.replies.skip(bytes),
        }
    }

    fn messages(&self, stream: Stream) -> &Messages {
        match stream {
            Stream::Upstream => &self.requests,
            Stream::Downstream => &self.replies,
        }
    }

    /// `None` when it is not HTTP/1.1.
    fn read_requests(&mut self, mut offset: u64, mut data: &[u8], now: Instant) -> Option<()> {
        while !data.is_empty() {
            let parse = if self.link.requests.heard() {
                RequestHead::parse_with_path
            } else {
                RequestHead::parse
            };
            let in_body = self.requests.is_in_body();
            let (used, event) = self.requests.read(data, offset, now, parse)?;
            data = data.get(used..)?;
            offset += used as u64;
            let last = self.exchanges.back_mut().filter(|_| in_body);
            if let Some(story) = last.and_then(|exchange| exchange.story.as_mut()) {
                story.sends(offset);
            }
            if let Some(Event::Head { start, at, head }) = event {
                self.requests.expect(head.body);
                let attempt = self.link.http.request(&head, at);
                let number = self.completed + self.exchanges.len() as u64;
                let connect = self.connected.take();
                self.exchanges.push_back(Exchange {
                    start,
                    received_at: at,
                    sent_at: None,
                    head_only: head.method == "HEAD",
                    connect: head.method == "CONNECT",
                    reply: None,
                    settled: false,
                    key: head.key,
                    single: head.key.filter(|_| head.single),
                    story: head.path.map(|path| {
                        Box::new(Story {
                            request: number,
                            method: head.method,
                            path,
                            attempt,
                            connect,
                            upstream_first_byte: None,
                            first_byte: None,
                            end: offset,
                        })
                    }),
                });
            }
            if self.exchanges.len() > DEEPEST {
                return None;
            }
        }
        Some(())
    }

    fn read_replies(&mut self, mut offset: u64, mut data: &[u8], now: Instant) -> Option<()> {
        while !data.is_empty() {
            let (used, event) = self.replies.read(data, offset, now, ReplyHead::parse)?;
            let (read, rest) = data.split_at_checked(used)?;
            data = rest;
            offset += used as u64;
            if !matches!(event, Some(Event::Head { .. })) {
                self.compare(read, offset);
            }
            match event {
                None => {}
                Some(Event::Head { start, at, head }) => {
                    self.reply_head(start, at, &head, offset)?;
                }
                Some(Event::End) => self.reply_ends(offset),
            }
        }
        Some(())
    }

    fn reply_head(&mut self, start: u64, at: Instant, head: &ReplyHead, offset: u64) -> Option<()> {
        if (100..200).contains(&head.status) && head.status != 101 {
            self.replies.expect(Body::None);
            return Some(());
        }
        let open = |exchange: &&mut Exchange| exchange.reply.is_none();
        // A reply without a request is what a server says when it closes an idle connection.
        let exchange = self.exchanges.iter_mut().find(open)?;
        self.link.http.reply(head.status);
        let delimited = matches!(head.body, Body::None | Body::Length(_) | Body::UntilClose);
        let compared = exchange.single.is_some() && (200..300).contains(&head.status) && delimited;
        exchange.reply = Some(Reply {
            start,
            status: head.status,
            // Chunks may be cut otherwise each time, so their framing says nothing.
            digest: compared.then(DefaultHasher::new),
            received_at: at,
            end: None,
            first_byte_written: false,
        });
        let tunnel = head.status == 101 || exchange.connect && (200..300).contains(&head.status);
        let body = if tunnel {
            Body::Tunnel
        } else if exchange.head_only || matches!(head.status, 204 | 304) {
            Body::None
        } else {
            head.body
        };
        if tunnel {
            self.requests.expect(Body::Tunnel);
        }
        self.replies.expect(body);
        if tunnel || body == Body::None {
            self.reply_ends(offset);
        }
        Some(())
    }

    /// Bytes of a body that were read up to that offset.
    fn compare(&mut self, body: &[u8], offset: u64) {
        let mut replies = self.exchanges.iter_mut().filter_map(|e| e.reply.as_mut());
        if let Some(reply) = replies.find(|reply| reply.end.is_none())
            && let Some(digest) = &mut reply.digest
        {
            digest.write(body);
            if offset.saturating_sub(reply.start) > LONGEST_COMPARED {
                reply.digest = None;
            }
        }
    }

    fn reply_ends(&mut self, offset: u64) {
        for exchange in &mut self.exchanges {
            let Some(reply) = &mut exchange.reply else {
                continue;
            };
            if reply.end.is_none()
                && let (Some(key), Some(digest)) = (exchange.single, reply.digest.take())
            {
                self.link.http.answered(key, digest.finish());
            }
            reply.end.get_or_insert(offset);
        }
    }

    /// A stream was written up to that offset.
    pub(crate) fn sent(&mut self, stream: Stream, offset: u64, now: Instant) {
        match stream {
            Stream::Upstream => {
                for exchange in self.exchanges.iter_mut().rev() {
                    if exchange.sent_at.is_some() {
                        break;
                    }
                    if exchange.start < offset {
                        exchange.sent_at = Some(now);
                    }
                }
            }
            Stream::Downstream => {
                self.written = offset;
                self.sent_to_caller(offset, now);
            }
        }
    }

    fn sent_to_caller(&mut self, offset: u64, now: Instant) {
        while let Some(exchange) = self.exchanges.front_mut() {
            let Some(reply) = &mut exchange.reply else {
                return;
            };
            if !reply.first_byte_written && reply.start < offset {
                reply.first_byte_written = true;
                let upstream = exchange
                    .sent_at
                    .map(|sent| reply.received_at.saturating_duration_since(sent));
                let caller = now.saturating_duration_since(exchange.received_at);
                self.link.http.first_byte(caller, upstream);
                if let Some(story) = &mut exchange.story {
                    (story.first_byte, story.upstream_first_byte) = (Some(caller), upstream);
                }
            }
            if reply.end.is_none_or(|end| end > offset) {
                return;
            }
            let took = now.saturating_duration_since(exchange.received_at);
            let (key, status) = (exchange.key, reply.status);
            // A reply that reaches a caller who gave up counts as given up, once.
            if !exchange.settled {
                self.link.http.completed(took, status);
                self.link.http.end(key, now, status >= 500 || status == 429);
            }
            if let Some(mut done) = self.exchanges.pop_front() {
                tell(
                    &self.link,
                    self.connection,
                    &mut done,
                    Outcome::Completed,
                    offset,
                    took,
                );
            }
            self.completed += 1;
        }
    }

    /// A source finished sending or was reset, after that many bytes.
    pub(crate) fn source_ended(&mut self, stream: Stream, offset: u64, now: Instant) {
        match stream {
            // As nginx does with its status 499: a caller that closes does not want the reply.
            Stream::Upstream => self.ended(Fault::Caller, now),
            Stream::Downstream => {
                if self.replies.lasts_until_close() {
                    self.reply_ends(offset);
                }
                self.ended(Fault::Upstream, now);
            }
        }
    }

    /// Counts what gets no reply any more, each request once.
    pub(crate) fn ended(&mut self, fault: Fault, now: Instant) {
        let outcome = match fault {
            Fault::Caller => Outcome::Abandoned,
            Fault::Upstream => Outcome::Failed,
            Fault::Proxy => Outcome::Cut,
        };
        for exchange in &mut self.exchanges {
            let whole = exchange
                .reply
                .as_ref()
                .is_some_and(|reply| reply.end.is_some());
            if exchange.settled || whole && fault == Fault::Upstream {
                continue;
            }
            exchange.settled = true;
            let after = now.saturating_duration_since(exchange.received_at);
            self.link.http.unanswered(fault, after);
            self.link.http.end(exchange.key, now, true);
            tell(
                &self.link,
                self.connection,
                exchange,
                outcome,
                self.written,
                after,
            );
        }
    }
}

/// Tells what became of a request, once, where somebody follows.
fn tell(
    link: &Link,
    connection: u64,
    exchange: &mut Exchange,
    outcome: Outcome,
    written: u64,
    took: Duration,
) {
    let Some(story) = exchange.story.take() else {
        return;
    };
    let reply = exchange.reply.as_ref();
    let bytes_down = reply.map_or(0, |reply| {
        let end = reply.end.map_or(written, |end| end.min(written));
        end.saturating_sub(reply.start)
    });
    link.requests.tell(|| {
        story::Told {
            link: &link.name,
            connection,
            outcome,
            status: reply.map(|reply| reply.status),
            took,
            bytes_up: story.end.saturating_sub(exchange.start),
            bytes_down,
        }
        .event(*story)
    });
}

impl Drop for Tap {
    fn drop(&mut self) {
        if !self.exchanges.is_empty() {
            self.forget(Instant::now());
        }
    }
}
