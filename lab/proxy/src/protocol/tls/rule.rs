//! A fault of TLS on one link: what it does to a handshake, what it counts.

use super::authority::Flaw;
use crate::events::Event;
use crate::link::Link;
use crate::seed::Draw;
use crate::toxics::Toxic;
use crate::witness::Count;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What is done to a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It waits before the server hears of it.
    Hold(Duration),
    /// The caller is shown a certificate with something wrong.
    Show(Flaw),
}

/// What the connections of a fault share: handshakes that matched.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    matched: Count,
}

/// A kind of fault of TLS: the fields are its attributes.
pub(crate) trait TlsFault: Serialize + DeserializeOwned + Default + Send + 'static {
    /// The name used in `type`.
    const NAME: &'static str;

    /// Checks the attributes together; the text says what is wrong.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// What it does to a handshake that was chosen.
    fn deed(&self, draw: Draw) -> Deed;
}

/// Reads a fault from attributes that were merged and checked, and says what it does.
pub(crate) type Read = fn(&Map<String, Value>, Draw) -> Deed;

/// See [`Read`].
pub(crate) fn read<F: TlsFault>(attributes: &Map<String, Value>, draw: Draw) -> Deed {
    let fault: F = crate::toxics::attributes(attributes).unwrap_or_default();
    fault.deed(draw)
}

/// What faults do to a handshake, each with its toxic. What matches is every handshake; the seed
/// chooses by its number.
pub(super) fn decide(toxics: &[Arc<Toxic>], link: &Link) -> Vec<(Arc<Toxic>, Deed)> {
    let deeds = toxics.iter().filter_map(|toxic| {
        let read = toxic.tls()?;
        let matched = &toxic.shared.tls.matched;
        let mut draw = Draw::new(link.seed, &link.name, &toxic.name, matched.get());
        matched.add(1);
        toxic.marks.matched.add(1);
        if draw.unit() < toxic.toxicity {
            toxic.marks.chosen.add(1);
            Some((Arc::clone(toxic), read(&toxic.attributes, draw)))
        } else {
            toxic.marks.spared.add(1);
            None
        }
    });
    deeds.collect()
}

/// Counts a handshake that was acted on: there is one a connection.
pub(super) fn acted(toxic: &Toxic, link: &Link, connection: u64) {
    toxic.marks.requests.add(1);
    toxic.marks.connections.add(1);
    link.events.tell(|| Event::Touched {
        link: link.name.clone(),
        connection,
        toxic: toxic.name.clone(),
        kind: toxic.kind.name().to_owned(),
        stream: toxic.stream,
    });
}
