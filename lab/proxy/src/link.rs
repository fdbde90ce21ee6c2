//! One link as acceptors and relays share it: what to do with a connection, and what was counted.

use crate::events::Events;
use crate::observe::Traffic;
use crate::protocol::tls::Authority;
use crate::relay::Leash;
use crate::spec::LinkSpec;
use crate::tap::HttpMarks;
use crate::toxics::Toxic;
use crate::witness::{Count, Marks};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// State of a link. The control thread changes it; acceptors and relays read it.
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) seed: u64,
    /// The host it listens on, as it was asked for.
    pub(crate) host: String,
    /// Who signs certificates that faults show.
    pub(crate) authority: Authority,
    upstream: Mutex<Option<Arc<str>>>,
    toxics: Mutex<Arc<[Arc<Toxic>]>>,
    /// Rises with every change that a live connection has to take over.
    version: AtomicU64,
    tapped: AtomicBool,
    ends_tls: AtomicBool,
    next_connection: AtomicU64,
    live: Mutex<HashMap<u64, Arc<Leash>>>,
    pub(crate) traffic: TrafficMarks,
    pub(crate) down: Marks,
    pub(crate) http: HttpMarks,
    pub(crate) events: Arc<Events>,
    /// Where its requests are told, one by one.
    pub(crate) requests: Arc<Events>,
}

/// The counters behind [`Traffic`].
#[derive(Default)]
pub(crate) struct TrafficMarks {
    pub(crate) connections: Count,
    pub(crate) open: Count,
    pub(crate) dial_failures: Count,
    pub(crate) without_upstream: Count,
    pub(crate) received_upstream: Count,
    pub(crate) sent_upstream: Count,
    pub(crate) received_downstream: Count,
    pub(crate) sent_downstream: Count,
}

impl TrafficMarks {
    /// A reading.
    pub(crate) fn read(&self) -> Traffic {
        Traffic {
            connections: self.connections.get(),
            open: self.open.get(),
            dial_failures: self.dial_failures.get(),
            without_upstream: self.without_upstream.get(),
            received_upstream: self.received_upstream.get(),
            sent_upstream: self.sent_upstream.get(),
            received_downstream: self.received_downstream.get(),
            sent_downstream: self.sent_downstream.get(),
        }
    }
}

/// Why the control thread ends connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// An orderly close, as Toxiproxy does when a proxy is changed.
    Close,
    /// A reset that frees the port at once.
    Reset,
    /// A reset because the link goes down: counted as that fault's effect.
    Down,
}

impl Link {
    /// A link without toxics.
    pub(crate) fn new(id: u64, spec: &LinkSpec, seed: u64, events: Arc<Events>) -> Self {
        Self {
            id,
            name: spec.name.clone(),
            seed,
            host: host(&spec.listen).to_owned(),
            authority: Authority::default(),
            upstream: Mutex::new(spec.upstream.as_deref().map(Arc::from)),
            toxics: Mutex::new(Arc::from([])),
            version: AtomicU64::new(1),
            tapped: AtomicBool::new(spec.tap),
            ends_tls: AtomicBool::new(spec.tls),
            next_connection: AtomicU64::new(0),
            live: Mutex::default(),
            traffic: TrafficMarks::default(),
            down: Marks::default(),
            http: HttpMarks::new(spec.tap),
            events,
            requests: Arc::default(),
        }
    }

    /// The same link with that authority.
    pub(crate) fn under(self, authority: Authority) -> Self {
        Self { authority, ..self }
    }

    /// Where to connect to.
    pub(crate) fn upstream(&self) -> Option<Arc<str>> {
        held(&self.upstream).clone()
    }

    /// Sets where to connect to; live connections stay where they are.
    pub(crate) fn set_upstream(&self, upstream: Option<&str>) {
        *held(&self.upstream) = upstream.map(Arc::from);
    }

    /// The toxics, in order of insertion.
    pub(crate) fn toxics(&self) -> Arc<[Arc<Toxic>]> {
        Arc::clone(&held(&self.toxics))
    }

    /// Replaces the toxics and has every live connection take them over.
    pub(crate) fn set_toxics(&self, toxics: Vec<Arc<Toxic>>) {
        *held(&self.toxics) = toxics.into();
        self.changed();
    }

    /// Switches the HTTP tap: on for connections to come, off for all.
    pub(crate) fn set_tapped(&self, tapped: bool) {
        self.tapped.store(tapped, Ordering::Release);
        if tapped {
            self.http.enable();
        }
        self.changed();
    }

    /// Whether the tap is on.
    pub(crate) fn tapped(&self) -> bool {
        self.tapped.load(Ordering::Acquire)
    }

    /// Has TLS of connections to come end in the proxy, or pass.
    pub(crate) fn set_ends_tls(&self, ends: bool) {
        self.ends_tls.store(ends, Ordering::Release);
    }

    /// Whether TLS ends in the proxy and begins again.
    pub(crate) fn ends_tls(&self) -> bool {
        self.ends_tls.load(Ordering::Acquire)
    }

    /// Rises whenever a live connection has something to take over.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
        for leash in held(&self.live).values() {
            leash.wake();
        }
    }

    /// Registers a connection under the next number.
    pub(crate) fn admit(&self) -> (u64, Arc<Leash>) {
        let number = self.next_connection.fetch_add(1, Ordering::Relaxed);
        let leash = Arc::new(Leash::default());
        held(&self.live).insert(number, Arc::clone(&leash));
        self.traffic.connections.add(1);
        self.traffic.open.add(1);
        (number, leash)
    }

    /// Forgets a connection that ended.
    pub(crate) fn release(&self, number: u64) {
        if held(&self.live).remove(&number).is_some() {
            self.traffic.open.take(1);
        }
    }

    /// Ends all connections.
    pub(crate) fn cut(&self, cut: Cut) {
        for leash in held(&self.live).values() {
            leash.cut(cut);
        }
    }
}

/// The host of `host:port`, without the brackets of an address of IPv6.
fn host(listen: &str) -> &str {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Locks, whether or not a thread panicked while it held the lock: the values are always whole.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
