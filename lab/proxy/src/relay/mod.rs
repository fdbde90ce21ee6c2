//! One connection: two sockets, a flow in each direction, and the toxics and tap on them.

mod dial;
mod flow;
mod hangup;
mod leash;
mod scratch;

pub(crate) use leash::Leash;

use crate::events::{EndedBy, Event};
use crate::link::{Cut, Link};
use crate::protocol::{self, Conversation, Protocol};
use crate::spec::Stream;
use crate::tap::{Fault, Tap};
use crate::timers::Alarm;
use crate::toxics::Place;
use crate::witness::Touch;
use crate::worker::{Crew, Role};
use flow::{Ending, Flow, Io, Progress};
use hangup::Peer;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// A connection on its way to a worker: nothing in it belongs to a runtime.
pub(crate) struct Parked {
    client: std::net::TcpStream,
    /// Absent until it is connected.
    upstream: Option<std::net::TcpStream>,
    /// Boxed, because a task keeps room for each place it was moved to.
    relay: Box<Relay>,
}

/// How a relay ends its stay on a worker.
enum Exit {
    /// Close both sockets: both directions are done, or a toxic says so.
    Close,
    /// Reset both sockets.
    Reset,
    /// Go on with another kind of worker.
    Move,
}

/// One step of a relay.
enum Turn {
    /// Let others work, then go on.
    Yield,
    Exit(Exit),
}

/// What a connection is, apart from its sockets.
pub(crate) struct Relay {
    link: Arc<Link>,
    leash: Arc<Leash>,
    number: u64,
    /// The link's version this relay has taken over.
    version: u64,
    up: Flow,
    down: Flow,
    tap: Option<Box<Tap>>,
    /// The protocol that faults of the link understand, and the conversation in it.
    protocol: Option<Protocol>,
    conversation: Option<Box<dyn Conversation>>,
    alarm: Alarm,
    /// Who ended it, and whether with a reset.
    ended: (EndedBy, bool),
    /// When to look for peers that left behind a blocked direction.
    look_at: Option<Instant>,
}

/// How often it is looked for peers that left while a toxic blocks a direction for good.
const LOOK: Duration = Duration::from_secs(1);

impl Parked {
    /// A connection that was just accepted.
    pub(crate) fn accepted(client: std::net::TcpStream, link: Arc<Link>) -> Self {
        let (number, leash) = link.admit();
        let tapped = link.tapped();
        let tap = tapped.then(|| Box::new(Tap::new(Arc::clone(&link), number)));
        let mut relay = Box::new(Relay {
            link,
            leash,
            number,
            version: 0,
            up: Flow::new(Stream::Upstream),
            down: Flow::new(Stream::Downstream),
            tap,
            protocol: None,
            conversation: None,
            alarm: Alarm::default(),
            ended: (EndedBy::Peers, false),
            look_at: None,
        });
        relay.link.events.tell(|| Event::Opened {
            link: relay.link.name.clone(),
            connection: number,
        });
        relay.take_over(Instant::now());
        Self {
            client,
            upstream: None,
            relay,
        }
    }

    /// Its number on its link.
    pub(crate) fn number(&self) -> u64 {
        self.relay.number
    }

    /// The kind of worker it needs.
    pub(crate) fn role(&self) -> Role {
        self.relay.role()
    }

    /// Serves the connection until it ends or has to move to another worker.
    pub(crate) async fn serve(self, role: Role, crew: Arc<Crew>) {
        let Self {
            client,
            upstream,
            mut relay,
        } = self;
        let Ok(mut client) = TcpStream::from_std(client) else {
            return;
        };
        let connected = match upstream {
            Some(upstream) => TcpStream::from_std(upstream).ok(),
            None => Box::pin(relay.open(crew.dial_timeout())).await,
        };
        let Some(mut upstream) = connected else {
            relay.undeliverable(&client);
            return;
        };
        let exit = relay.run(&mut client, &mut upstream, role, &crew).await;
        match exit {
            Exit::Close => {}
            Exit::Reset => {
                // Dropping a socket with zero linger sends a reset, on idle sockets too.
                let _ = client.set_zero_linger();
                let _ = upstream.set_zero_linger();
            }
            Exit::Move => {
                if let (Ok(client), Ok(upstream)) = (client.into_std(), upstream.into_std()) {
                    let upstream = Some(upstream);
                    crew.send(Self {
                        client,
                        upstream,
                        relay,
                    });
                }
            }
        }
    }
}

impl Relay {
    fn role(&self) -> Role {
        let converses = self.conversation.as_ref();
        if self.up.timed() || self.down.timed() || converses.is_some_and(|c| c.timed()) {
            Role::Timed
        } else {
            Role::Plain
        }
    }

    /// Takes over the link's toxics and tap as they are now.
    fn take_over(&mut self, now: Instant) {
        self.version = self.link.version();
        let toxics = self.link.toxics();
        for flow in [&mut self.up, &mut self.down] {
            let place = Place {
                seed: self.link.seed,
                link: &self.link.name,
                connection: self.number,
                stream: flow.stream(),
            };
            flow.adopt(&toxics, place, now);
        }
        if !self.link.tapped() {
            self.tap = None;
        }
        self.protocol = protocol::of(&self.link, &toxics);
        if let Some(conversation) = &mut self.conversation {
            conversation.adopt(&toxics);
        }
        self.converse();
    }

    /// Begins a conversation, where faults need one and the connection is at rest: before its
    /// first byte, or where the tap knows that every request is answered.
    fn converse(&mut self) {
        let Some(protocol) = self.protocol.filter(|_| self.conversation.is_none()) else {
            return;
        };
        let untouched = self.up.received() == 0 && self.down.received() == 0;
        if !(self.up.at_rest() && self.down.at_rest()) {
            return;
        }
        let tap = self.tap.as_deref();
        let found = protocol.converse(&self.link, self.number, untouched, tap);
        let Some(mut conversation) = found else {
            return;
        };
        if let Some(tap) = &mut self.tap {
            tap.unfollow();
        }
        conversation.adopt(&self.link.toxics());
        if conversation.taps() {
            self.tap = None;
        }
        self.conversation = Some(conversation);
        self.up.converses();
        self.down.converses();
    }

    /// Connects to the upstream, once toxics let it.
    async fn open(&mut self, limit: Duration) -> Option<TcpStream> {
        let accepted = Instant::now();
        poll_fn(|context| {
            self.leash.attach(context.waker());
            if self.leash.verdict().is_some() {
                return Poll::Ready(());
            }
            if self.version != self.link.version() {
                self.take_over(Instant::now());
            }
            let wait = self
                .up
                .opens_after()
                .saturating_add(self.down.opens_after());
            let waited = accepted.elapsed();
            if waited >= wait {
                self.up.opened(waited);
                self.down.opened(waited);
                return Poll::Ready(());
            }
            self.alarm.set(accepted + wait, context.waker());
            Poll::Pending
        })
        .await;
        self.alarm = Alarm::default();
        let begun = Instant::now();
        let upstream = dial::dial(&self.link, &self.leash, limit).await;
        let took = begun.elapsed();
        if let Some(tap) = &mut self.tap {
            tap.connected(took);
        }
        if let Some(conversation) = &mut self.conversation {
            conversation.connected(took);
        }
        upstream
    }

    /// The upstream cannot be reached, or the connection was cut while it was tried.
    fn undeliverable(&mut self, client: &TcpStream) {
        if let Some(cut) = self.leash.verdict() {
            if cut != Cut::Close {
                let _ = client.set_zero_linger();
            }
            self.count_cut(cut);
        } else {
            self.link.traffic.dial_failures.add(1);
            self.link.http.refused(Instant::now());
            self.link.requests.tell(|| Event::Refused {
                link: self.link.name.clone(),
            });
            self.ended = (EndedBy::Dial, false);
        }
    }

    async fn run(
        &mut self,
        client: &mut TcpStream,
        upstream: &mut TcpStream,
        role: Role,
        crew: &Crew,
    ) -> Exit {
        loop {
            match poll_fn(|context| self.turn(client, upstream, role, crew, context)).await {
                Turn::Yield => tokio::task::yield_now().await,
                Turn::Exit(exit) => {
                    self.alarm = Alarm::default();
                    self.up.settle(crew);
                    self.down.settle(crew);
                    return exit;
                }
            }
        }
    }

    fn turn(
        &mut self,
        client: &mut TcpStream,
        upstream: &mut TcpStream,
        role: Role,
        crew: &Crew,
        context: &mut Context<'_>,
    ) -> Poll<Turn> {
        self.leash.attach(context.waker());
        if let Some(cut) = self.leash.verdict() {
            self.count_cut(cut);
            return Poll::Ready(Turn::Exit(if cut == Cut::Close {
                Exit::Close
            } else {
                Exit::Reset
            }));
        }
        if self.version != self.link.version() {
            self.take_over(Instant::now());
        }
        self.converse();
        if self.look_at.is_some_and(|at| at <= Instant::now()) {
            self.look_at = None;
            if self.look(client, upstream) == Peer::Gone {
                let exit = self.end(Stream::Upstream, Ending::SourceGone);
                return Poll::Ready(Turn::Exit(exit));
            }
        }
        if self.role() != role {
            return Poll::Ready(Turn::Exit(Exit::Move));
        }
        let both_finished = self.both_finished();
        let had_room = self.have_room();
        let mut progress = [Progress::Finished; 2];
        for (stream, progress) in [Stream::Upstream, Stream::Downstream]
            .into_iter()
            .zip(&mut progress)
        {
            let (flow, source, destination) = match stream {
                Stream::Upstream => (&mut self.up, &mut *client, &mut *upstream),
                Stream::Downstream => (&mut self.down, &mut *upstream, &mut *client),
            };
            let mut io = Io {
                source,
                destination,
                tap: self.tap.as_deref_mut(),
                conversation: self
                    .conversation
                    .as_deref_mut()
                    .map(|c| c as &mut dyn Conversation),
                link: &self.link,
                crew,
                both_finished,
            };
            *progress = flow.advance(&mut io, context);
            if self.link.events.heard() {
                flow.tell_touched(&self.link, self.number);
            }
            match *progress {
                // An upstream that takes no more may have answered: its reply still has to pass.
                Progress::Ends(Ending::DestinationGone) if stream == Stream::Upstream => {
                    flow.abandon();
                    *progress = Progress::Finished;
                }
                Progress::Ends(ending) => {
                    return Poll::Ready(Turn::Exit(self.end(stream, ending)));
                }
                _ => {}
            }
        }
        if both_finished != self.both_finished() || self.goes_on(had_room, crew) {
            // What toxics and conversations do may depend on it, and nothing else will wake them.
            return Poll::Ready(Turn::Yield);
        }
        let mut wakes: Option<Instant> = None;
        for progress in progress {
            match progress {
                Progress::Yields => return Poll::Ready(Turn::Yield),
                Progress::Waits(moment) => wakes = wakes.into_iter().chain(moment).min(),
                Progress::Finished | Progress::Ends(_) => {}
            }
        }
        if progress == [Progress::Finished; 2] {
            return Poll::Ready(Turn::Exit(Exit::Close));
        }
        if self.up.blocked(progress[0]) || self.down.blocked(progress[1]) {
            let at = *self.look_at.get_or_insert_with(|| Instant::now() + LOOK);
            wakes = wakes.into_iter().chain([at]).min();
        } else {
            self.look_at = None;
        }
        if let Some(moment) = wakes {
            self.alarm.set(moment, context.waker());
        }
        Poll::Pending
    }

    /// Sees whether a peer left. Gone is only the caller: what the upstream sent before it went
    /// still has to pass.
    fn look(&mut self, client: &TcpStream, upstream: &TcpStream) -> Peer {
        if hangup::peer(upstream) != Peer::There {
            self.down.source_leaves();
        }
        let caller = hangup::peer(client);
        if caller != Peer::There {
            self.up.source_leaves();
        }
        caller
    }

    /// Whether a conversation takes more from caller and upstream.
    fn have_room(&self) -> [bool; 2] {
        let streams = [Stream::Upstream, Stream::Downstream];
        let conversation = self.conversation.as_ref();
        streams.map(|stream| conversation.is_none_or(|c| c.room(stream) > 0))
    }

    /// Whether one direction made work for the other in the conversation.
    fn goes_on(&mut self, had_room: [bool; 2], crew: &Crew) -> bool {
        let has_room = self.have_room();
        let Some(conversation) = self.conversation.as_deref_mut() else {
            return false;
        };
        let more = had_room.iter().zip(has_room).any(|(had, has)| !had && has);
        more || self.up.is_wanted(conversation, crew) || self.down.is_wanted(conversation, crew)
    }

    /// Whether neither peer will send any more.
    fn both_finished(&self) -> bool {
        self.up.source_finished() && self.down.source_finished()
    }

    /// One direction ended the whole connection.
    fn end(&mut self, stream: Stream, ending: Ending) -> Exit {
        let (at_fault, exit) = match (ending, stream) {
            (Ending::Closed, _) => (Fault::Proxy, Exit::Close),
            (Ending::Reset, _) => (Fault::Proxy, Exit::Reset),
            (Ending::SourceGone, Stream::Upstream)
            | (Ending::DestinationGone, Stream::Downstream) => (Fault::Caller, Exit::Reset),
            (Ending::SourceGone, Stream::Downstream)
            | (Ending::DestinationGone, Stream::Upstream) => (Fault::Upstream, Exit::Reset),
        };
        let by = match at_fault {
            Fault::Proxy => EndedBy::Toxic,
            Fault::Caller => EndedBy::Caller,
            Fault::Upstream => EndedBy::Upstream,
        };
        self.ended = (by, matches!(exit, Exit::Reset));
        self.over(at_fault);
        exit
    }

    /// Counts a cut by the control thread: as an effect of the link being down, and in the tap.
    fn count_cut(&mut self, cut: Cut) {
        self.ended = (EndedBy::Link, cut != Cut::Close);
        if cut == Cut::Down {
            let tapped = self.tap.as_ref().map(|tap| tap.in_flight());
            let inside = || self.conversation.as_ref()?.in_flight();
            let in_flight = tapped.or_else(inside);
            Touch::default().count(&self.link.down, in_flight.unwrap_or_default());
            self.link.down.resets.add(1);
        }
        self.over(Fault::Proxy);
    }

    /// Counts the requests that get no reply any more.
    fn over(&mut self, by: Fault) {
        let now = Instant::now();
        if let Some(tap) = &mut self.tap {
            tap.ended(by, now);
        }
        if let Some(conversation) = &mut self.conversation {
            conversation.over(by, now);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.link.release(self.number);
        let ended = || Event::Ended {
            link: self.link.name.clone(),
            connection: self.number,
            by: self.ended.0,
            reset: self.ended.1,
            sent_upstream: self.up.sent(),
            sent_downstream: self.down.sent(),
        };
        self.link.events.tell(ended);
        // Of a protocol whose requests the tap does not know.
        let taps = self.conversation.as_ref().is_some_and(|c| c.taps());
        let blind = self.tap.as_ref().is_none_or(|tap| tap.is_blind());
        if blind && !taps && self.ended.0 != EndedBy::Dial {
            self.link.requests.tell(ended);
        }
    }
}
