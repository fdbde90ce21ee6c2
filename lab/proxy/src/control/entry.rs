//! One link with everything that belongs to it: its port, its acceptor, its toxics.

use crate::error::Error;
use crate::events::{Event, Events, LinkChange, ToxicChange};
use crate::link::{Cut, Link};
use crate::listen::{Hanging, Listen, Reservation, accept};
use crate::observe::{LinkSnapshot, ToxicSnapshot};
use crate::protocol::tls::Authority;
use crate::spec::{Down, LinkSpec, LinkView, Stream, ToxicSpec, ToxicUpdate, ToxicView};
use crate::toxics::{Toxic, kind};
use crate::witness::Marks;
use crate::worker::Crew;
use serde_json::Map;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Removed toxics whose counters are kept until they are forgotten; then the oldest go.
const MOST_REMOVED: usize = 1_024;
/// How long connections may take to see that they are cut.
const DRAIN_STEPS: u32 = 500;

/// A link as the control task owns it.
pub(super) struct Entry {
    pub(super) link: Arc<Link>,
    pub(super) listen: Listen,
    enabled: bool,
    reservation: Option<Reservation>,
    acceptor: Option<JoinHandle<()>>,
    hanging: Option<Hanging>,
    toxics: Vec<Arc<Toxic>>,
    removed: Vec<Arc<Toxic>>,
}

impl Entry {
    /// A link that does not listen yet.
    pub(super) fn new(
        id: u64,
        spec: &LinkSpec,
        listen: Listen,
        seed: u64,
        events: Arc<Events>,
        authority: Authority,
    ) -> Self {
        Self {
            link: Arc::new(Link::new(id, spec, seed, events).under(authority)),
            listen,
            enabled: false,
            reservation: None,
            acceptor: None,
            hanging: None,
            toxics: Vec::new(),
            removed: Vec::new(),
        }
    }

    /// Whether it accepts connections.
    pub(super) fn enabled(&self) -> bool {
        self.enabled
    }

    /// Whether that is where it listens now.
    pub(super) fn listens_at(&self, listen: &Listen) -> bool {
        if listen.asked == self.listen.asked || listen.asked == self.address() {
            return true;
        }
        match (&listen.address, &self.listen.address) {
            (Ok(new), Ok(now)) => new.port() != 0 && new == now,
            _ => false,
        }
    }

    /// Whether that is where it connects to now.
    pub(super) fn connects_to(&self, upstream: &str) -> bool {
        self.link.upstream().as_deref().unwrap_or_default() == upstream
    }

    fn address(&self) -> String {
        match &self.reservation {
            Some(reservation) => reservation.address.to_string(),
            None => self.listen.shown(),
        }
    }

    /// Starts accepting.
    pub(super) fn enable(&mut self, crew: &Arc<Crew>) -> Result<(), Error> {
        self.start_accepting(crew, None)?;
        self.enabled = true;
        self.tell_change(LinkChange::Enabled);
        Ok(())
    }

    fn start_accepting(&mut self, crew: &Arc<Crew>, down: Option<Down>) -> Result<(), Error> {
        let reservation = match self.reservation.take() {
            Some(reservation) => reservation,
            None => Reservation::take(self.listen.address.clone()?)?,
        };
        let listener = reservation.listen()?;
        // From now on it is this port, even if any port was asked for.
        self.listen.address = Ok(reservation.address);
        self.reservation = Some(reservation);
        let (link, crew) = (Arc::clone(&self.link), Arc::clone(crew));
        self.acceptor = Some(tokio::spawn(accept(listener, link, crew, down)));
        Ok(())
    }

    /// Stops accepting; returns when nothing listens any more.
    pub(super) async fn stop_accepting(&mut self) {
        self.hanging = None;
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.abort();
            let _ = acceptor.await;
        }
    }

    fn disabled(&mut self) {
        if std::mem::take(&mut self.enabled) {
            self.tell_change(LinkChange::Disabled);
        }
    }

    /// Stops accepting, ends all connections and gives the port back.
    pub(super) async fn stop(&mut self, cut: Cut) {
        self.disabled();
        self.stop_accepting().await;
        self.reservation = None;
        self.link.cut(cut);
    }

    /// Refuses or resets from now on, and resets what is there; the port stays reserved.
    pub(super) async fn go_down(&mut self, down: Down, crew: &Arc<Crew>) -> Result<(), Error> {
        self.disabled();
        self.stop_accepting().await;
        self.link.cut(Cut::Down);
        match down {
            Down::Refuse => Ok(()),
            Down::Reset => self.start_accepting(crew, Some(down)),
            Down::Hang => {
                self.hanging = match &self.reservation {
                    Some(reservation) => Some(reservation.hang()?),
                    None => None,
                };
                Ok(())
            }
        }
    }

    /// Where it listens, or did last.
    pub(super) fn bound(&self) -> Option<SocketAddr> {
        self.reservation
            .as_ref()
            .map(|reservation| reservation.address)
    }

    /// Waits (for half a second at most) until connections that were cut are gone.
    pub(super) async fn drained(&self) {
        for _ in 0..DRAIN_STEPS {
            if self.link.traffic.open.get() == 0 {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Its form in answers.
    pub(super) fn view(&self) -> LinkView {
        let on = |stream| {
            self.toxics
                .iter()
                .filter(move |toxic| toxic.stream == stream)
        };
        LinkView {
            name: self.link.name.clone(),
            listen: self.address(),
            upstream: self
                .link
                .upstream()
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
            enabled: self.enabled,
            toxics: on(Stream::Upstream)
                .chain(on(Stream::Downstream))
                .map(|toxic| toxic.view())
                .collect(),
        }
    }

    /// Adds a toxic behind the others of its direction.
    pub(super) fn add_toxic(&mut self, id: u64, spec: ToxicSpec) -> Result<ToxicView, Error> {
        let kind = kind(&spec.kind).ok_or(Error::InvalidToxicType)?;
        let name = match spec.name {
            Some(name) if !name.is_empty() => name,
            _ => format!("{}_{}", spec.kind, spec.stream),
        };
        if self.toxics.iter().any(|toxic| toxic.name == name) {
            return Err(Error::ToxicExists);
        }
        let attributes = kind
            .merge(&Map::new(), &spec.attributes)
            .map_err(Error::BadRequest)?;
        let toxic = Toxic {
            id,
            revision: 0,
            name,
            kind,
            stream: spec.stream,
            toxicity: checked_toxicity(spec.toxicity)?,
            attributes,
            marks: Arc::new(Marks::default()),
            shared: Arc::default(),
        };
        let view = toxic.view();
        self.tell(&toxic, ToxicChange::Added);
        self.toxics.push(Arc::new(toxic));
        self.link.set_toxics(self.toxics.clone());
        Ok(view)
    }

    /// Changes a toxic in place.
    pub(super) fn update_toxic(
        &mut self,
        name: &str,
        update: &ToxicUpdate,
    ) -> Result<ToxicView, Error> {
        let toxic = self.toxics.iter_mut().find(|toxic| toxic.name == name);
        let toxic = toxic.ok_or(Error::ToxicNotFound)?;
        let attributes = toxic
            .kind
            .merge(&toxic.attributes, &update.attributes)
            .map_err(Error::BadRequest)?;
        let changed = Toxic {
            id: toxic.id,
            revision: toxic.revision + 1,
            name: toxic.name.clone(),
            kind: toxic.kind,
            stream: toxic.stream,
            toxicity: checked_toxicity(update.toxicity.unwrap_or(toxic.toxicity))?,
            attributes,
            marks: Arc::clone(&toxic.marks),
            shared: Arc::clone(&toxic.shared),
        };
        let view = changed.view();
        *toxic = Arc::new(changed);
        let changed = Arc::clone(toxic);
        self.tell(&changed, ToxicChange::Changed);
        self.link.set_toxics(self.toxics.clone());
        Ok(view)
    }

    /// Removes a toxic.
    pub(super) fn remove_toxic(&mut self, name: &str) -> Result<(), Error> {
        let found = self.toxics.iter().position(|toxic| toxic.name == name);
        let toxic = self.toxics.remove(found.ok_or(Error::ToxicNotFound)?);
        self.remember(toxic);
        self.link.set_toxics(self.toxics.clone());
        Ok(())
    }

    /// Removes all toxics.
    pub(super) fn remove_all_toxics(&mut self) {
        for toxic in std::mem::take(&mut self.toxics) {
            self.remember(toxic);
        }
        self.link.set_toxics(Vec::new());
    }

    fn remember(&mut self, toxic: Arc<Toxic>) {
        self.tell(&toxic, ToxicChange::Removed);
        if self.removed.len() >= MOST_REMOVED {
            self.removed.remove(0);
        }
        self.removed.push(toxic);
    }

    fn tell(&self, toxic: &Toxic, change: ToxicChange) {
        self.link.events.tell(|| Event::Toxic {
            link: self.link.name.clone(),
            toxic: toxic.name.clone(),
            kind: toxic.kind.name().to_owned(),
            stream: toxic.stream,
            change,
        });
    }

    /// Tells what became of the link.
    pub(super) fn tell_change(&self, change: LinkChange) {
        self.link.events.tell(|| Event::Link {
            link: self.link.name.clone(),
            change,
        });
    }

    /// Drops the counters of removed toxics.
    pub(super) fn forget(&mut self) {
        self.removed.clear();
    }

    /// A reading of its counters.
    pub(super) fn observe(&self) -> LinkSnapshot {
        let live = self.toxics.iter().map(|toxic| read(toxic, false));
        let removed = self.removed.iter().map(|toxic| read(toxic, true));
        let mut toxics: Vec<_> = live.chain(removed).collect();
        toxics.sort_by_key(|toxic| toxic.id);
        LinkSnapshot {
            id: self.link.id,
            enabled: self.enabled,
            listen: self.address(),
            upstream: self
                .link
                .upstream()
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
            traffic: self.link.traffic.read(),
            http: self.link.http.read(),
            down: self.link.down.read(),
            toxics,
        }
    }
}

fn read(toxic: &Toxic, removed: bool) -> ToxicSnapshot {
    ToxicSnapshot {
        id: toxic.id,
        name: toxic.name.clone(),
        kind: toxic.kind.name().to_owned(),
        stream: toxic.stream,
        removed,
        witness: toxic.marks.read(),
    }
}

fn checked_toxicity(toxicity: f64) -> Result<f64, Error> {
    if (0.0..=1.0).contains(&toxicity) {
        return Ok(toxicity);
    }
    let text = format!("toxicity must be between 0 and 1, got {toxicity}");
    Err(Error::BadRequest(text))
}
