//! All links and what is asked of them. One task at a time changes them, and nothing in here
//! waits for a connection, so that every change is answered at once.

mod entry;

use crate::error::Error;
use crate::events::{Events, LinkChange, Listener};
use crate::link::Cut;
use crate::listen::Listen;
use crate::observe::Snapshot;
use crate::protocol::tls::Authority;
use crate::spec::{Down, LinkSpec, LinkView, ToxicSpec, ToxicUpdate, ToxicView};
use crate::worker::Crew;
use entry::Entry;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// The links of a proxy.
pub(crate) struct Control {
    crew: Arc<Crew>,
    seed: u64,
    authority: Authority,
    events: Arc<Events>,
    links: BTreeMap<String, Entry>,
    /// Links and toxics share one sequence.
    last_id: u64,
}

/// What to change of a link; what is absent stays.
#[derive(Debug, Default)]
pub(crate) struct LinkUpdate {
    pub(crate) listen: Option<Listen>,
    pub(crate) upstream: Option<String>,
    pub(crate) enabled: Option<bool>,
}

/// A link of a populate request, with its address resolved.
pub(crate) struct Wanted {
    pub(crate) spec: LinkSpec,
    pub(crate) listen: Listen,
}

impl Control {
    /// No links yet.
    pub(crate) fn new(crew: Arc<Crew>, seed: u64, authority: Authority) -> Self {
        Self {
            crew,
            seed,
            authority,
            events: Arc::default(),
            links: BTreeMap::new(),
            last_id: 0,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn entry(&mut self, name: &str) -> Result<&mut Entry, Error> {
        self.links.get_mut(name).ok_or(Error::LinkNotFound)
    }

    /// Opens a link; nothing is left of one that cannot listen.
    pub(crate) fn open(&mut self, spec: &LinkSpec, listen: Listen) -> Result<LinkView, Error> {
        if spec.name.is_empty() {
            return Err(Error::MissingField("name".to_owned()));
        }
        if self.links.contains_key(&spec.name) {
            return Err(Error::LinkExists);
        }
        let mut entry = Entry::new(
            self.next_id(),
            spec,
            listen,
            self.seed,
            Arc::clone(&self.events),
            self.authority.clone(),
        );
        if spec.enabled {
            entry.enable(&self.crew)?;
        }
        entry.tell_change(LinkChange::Opened);
        let view = entry.view();
        self.links.insert(spec.name.clone(), entry);
        Ok(view)
    }

    /// Deletes a link; its connections are closed and its port is free.
    pub(crate) async fn close(&mut self, name: &str) -> Result<(), Error> {
        let mut entry = self.links.remove(name).ok_or(Error::LinkNotFound)?;
        entry.stop(Cut::Close).await;
        entry.tell_change(LinkChange::Closed);
        Ok(())
    }

    /// Tasks that run on all workers.
    pub(crate) fn tasks(&self) -> usize {
        self.crew.tasks()
    }

    /// Hears every event from now on.
    pub(crate) fn listen(&self) -> Listener {
        self.events.listen()
    }

    /// Hears what becomes of a link's requests from now on.
    pub(crate) fn follow(&mut self, name: &str) -> Result<Listener, Error> {
        Ok(self.entry(name)?.link.requests.listen())
    }

    /// Closes everything with resets, so that every port is free.
    pub(crate) async fn close_all(&mut self) {
        for (_, mut entry) in std::mem::take(&mut self.links) {
            entry.stop(Cut::Reset).await;
            entry.drained().await;
        }
    }

    /// Changes a link. Its connections are closed when it listens or connects elsewhere; when it
    /// cannot listen it stays disabled.
    pub(crate) async fn update(
        &mut self,
        name: &str,
        update: LinkUpdate,
    ) -> Result<LinkView, Error> {
        let crew = Arc::clone(&self.crew);
        let entry = self.entry(name)?;
        let enabled = update.enabled.unwrap_or(entry.enabled());
        let listen = update.listen.filter(|listen| !entry.listens_at(listen));
        let upstream = update
            .upstream
            .filter(|upstream| !entry.connects_to(upstream));
        if listen.is_some() || upstream.is_some() || !enabled {
            entry.stop(Cut::Close).await;
        }
        if listen.is_some() || upstream.is_some() {
            entry.tell_change(LinkChange::Moved);
        }
        if let Some(listen) = listen {
            entry.listen = listen;
        }
        if let Some(upstream) = upstream {
            entry.link.set_upstream(Some(&upstream));
        }
        if enabled && !entry.enabled() {
            // A link that is down may still hold its port.
            entry.stop_accepting().await;
            entry.enable(&crew)?;
        }
        Ok(entry.view())
    }

    /// Sets where a link connects to; its connections are closed when that changes.
    pub(crate) fn set_upstream(&mut self, name: &str, to: Option<&str>) -> Result<(), Error> {
        let entry = self.entry(name)?;
        let before = entry.link.upstream();
        if before.as_deref() != to {
            entry.link.set_upstream(to);
            entry.link.cut(Cut::Close);
            entry.tell_change(LinkChange::Moved);
        }
        Ok(())
    }

    /// Takes a link down: its connections are reset, its port stays reserved.
    pub(crate) async fn disable(&mut self, name: &str, down: Down) -> Result<(), Error> {
        let crew = Arc::clone(&self.crew);
        self.entry(name)?.go_down(down, &crew).await
    }

    /// Where a link listens; `None` when it has no port.
    pub(crate) fn bound(&mut self, name: &str) -> Result<Option<SocketAddr>, Error> {
        self.entry(name).map(|entry| entry.bound())
    }

    /// Brings a link up again.
    pub(crate) async fn enable(&mut self, name: &str) -> Result<(), Error> {
        let crew = Arc::clone(&self.crew);
        let entry = self.entry(name)?;
        if !entry.enabled() {
            entry.stop_accepting().await;
            entry.enable(&crew)?;
        }
        Ok(())
    }

    /// Has TLS of connections to come end in the proxy, or pass.
    pub(crate) fn end_tls(&mut self, name: &str, ends: bool) -> Result<(), Error> {
        self.entry(name)?.link.set_ends_tls(ends);
        Ok(())
    }

    /// Switches the HTTP tap of a link.
    pub(crate) fn tap(&mut self, name: &str, on: bool) -> Result<(), Error> {
        self.entry(name)?.link.set_tapped(on);
        Ok(())
    }

    /// One link.
    pub(crate) fn view(&mut self, name: &str) -> Result<LinkView, Error> {
        self.entry(name).map(|entry| entry.view())
    }

    /// All links, by name.
    pub(crate) fn views(&self) -> Vec<LinkView> {
        self.links.values().map(Entry::view).collect()
    }

    /// Adds a toxic, on live connections too.
    pub(crate) fn add_toxic(&mut self, link: &str, spec: ToxicSpec) -> Result<ToxicView, Error> {
        let id = self.next_id();
        self.entry(link)?.add_toxic(id, spec)
    }

    /// Changes a toxic, on live connections too.
    pub(crate) fn update_toxic(
        &mut self,
        link: &str,
        toxic: &str,
        update: &ToxicUpdate,
    ) -> Result<ToxicView, Error> {
        self.entry(link)?.update_toxic(toxic, update)
    }

    /// Removes a toxic; what it held goes on.
    pub(crate) fn remove_toxic(&mut self, link: &str, toxic: &str) -> Result<(), Error> {
        self.entry(link)?.remove_toxic(toxic)
    }

    /// Enables all links and removes all toxics; the first link that cannot listen ends it.
    pub(crate) async fn reset(&mut self) -> Result<(), Error> {
        let names: Vec<_> = self.links.keys().cloned().collect();
        for name in names {
            self.enable(&name).await?;
            self.entry(&name)?.remove_all_toxics();
        }
        Ok(())
    }

    /// Opens or replaces links in order; one that is there with equal addresses is kept whole,
    /// but for being enabled. Ends at the first that cannot listen, with those that were done.
    pub(crate) async fn populate(&mut self, wanted: Vec<Wanted>) -> (Vec<LinkView>, Option<Error>) {
        let mut done = Vec::new();
        for Wanted { spec, listen } in wanted {
            let upstream = spec.upstream.as_deref().unwrap_or_default();
            let kept = self
                .links
                .get(&spec.name)
                .is_some_and(|entry| entry.listens_at(&listen) && entry.connects_to(upstream));
            let result = if kept {
                let enabled = Some(spec.enabled);
                let update = LinkUpdate {
                    enabled,
                    ..LinkUpdate::default()
                };
                self.update(&spec.name, update).await
            } else {
                let _ = self.close(&spec.name).await;
                self.open(&spec, listen)
            };
            match result {
                Ok(view) => done.push(view),
                Err(error) => return (done, Some(error)),
            }
        }
        (done, None)
    }

    /// A reading of all counters.
    pub(crate) fn observe(&self) -> Snapshot {
        let read = |(name, entry): (&String, &Entry)| (name.clone(), entry.observe());
        Snapshot {
            links: self.links.iter().map(read).collect(),
        }
    }

    /// Drops the counters of removed toxics.
    pub(crate) fn forget(&mut self) {
        for entry in self.links.values_mut() {
            entry.forget();
        }
    }
}
