//! Routes, flags and services at a moment, and what became of them.

use std::collections::BTreeMap;

use lab_model::event::ServiceState;
use lab_model::rehearsal::Target;
use lab_model::{Event, Name, Plan, Record, Span};

/// What a service that runs is called.
const THERE: &str = "there";

/// How everything stands that the lab owns, by part: `route orders`, `flag …`, `service …`.
///
/// What the stores hold is not among it: the load changes them all the while, and the ledger says
/// of every write what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory(BTreeMap<String, String>);

impl Inventory {
    pub(super) fn at(plan: &Plan, records: &[Record], at: Span) -> Self {
        let mut parts = BTreeMap::new();
        for service in &plan.system.services {
            parts.insert(format!("service {}", service.name), THERE.to_owned());
        }
        if let Some(gateway) = &plan.system.gateway {
            for route in &gateway.routes {
                let shares = route.upstreams.iter();
                let shares = shares.map(|upstream| format!("{} {}", upstream.name, upstream.share));
                let shares = shares.collect::<Vec<_>>().join(", ");
                parts.insert(format!("route {}", route.name), shares);
            }
            for flag in &gateway.flags {
                parts.insert(format!("flag {}", flag.name), flag.value.clone());
            }
        }
        for record in records.iter().take_while(|record| record.at <= at) {
            match &record.event {
                // What the gateway decides by itself on health is no change of a route.
                Event::Gateway(change) => {
                    if let Some(part) = parts.get_mut(&change.what) {
                        part.clone_from(&change.after);
                    }
                }
                Event::Service { name, state } => {
                    let state = match state {
                        ServiceState::Exited { status } => format!("gone ({status})"),
                        ServiceState::Started { .. } | ServiceState::Ready { .. } => {
                            THERE.to_owned()
                        }
                        ServiceState::Image { .. } | ServiceState::Stopped => continue,
                    };
                    parts.insert(format!("service {name}"), state);
                }
                _ => {}
            }
        }
        Self(parts)
    }

    /// The names of its parts.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a route or a flag stands where it should.
    pub fn meets(&self, target: &Target) -> bool {
        let stands = self.0.get(&target.what);
        stands.is_some_and(|stands| stands.split(", ").any(|one| one == target.value))
    }

    /// Whether every service is there.
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Services that are not there.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(part, stands)| {
            let service = part.strip_prefix("service ")?;
            (stands != THERE).then_some(service)
        })
    }

    /// The parts that stand otherwise in another inventory.
    pub fn changed_parts(&self, after: &Self) -> Vec<String> {
        let changed = self
            .0
            .iter()
            .filter(|(part, stands)| after.0.get(*part) != Some(stands));
        changed.map(|(part, _)| part.clone()).collect()
    }

    /// The same in words: `route orders: monolith 0%, service 100% → monolith 100%, service 0%`.
    pub fn changed_to(&self, after: &Self) -> Vec<String> {
        let words = |part: &String| {
            let stands = |inventory: &Self| inventory.0.get(part).cloned().unwrap_or_default();
            format!("{part}: {} → {}", stands(self), stands(after))
        };
        self.changed_parts(after).iter().map(words).collect()
    }
}

/// Whether a part is one of those named: a service, route or flag by its name, all routes and flags
/// as `gateway`.
pub(super) fn belongs(part: &str, names: &[Name]) -> bool {
    let Some((kind, own)) = part.split_once(' ') else {
        return false;
    };
    let whole = if kind == "service" { own } else { "gateway" };
    names
        .iter()
        .any(|name| name.as_str() == own || name.as_str() == whole)
}
