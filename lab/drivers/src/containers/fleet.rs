//! The containers of a run, by service.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

use lab_model::Name;
use testcontainers::bollard::query_parameters::InspectContainerOptions;

use super::engine::Engine;

/// A container that was started.
#[derive(Debug, Clone)]
pub(super) struct Started {
    pub(super) id: String,
    pub(super) port: u16,
    pub(super) address: IpAddr,
}

/// The containers of a run by service.
pub(super) type Fleet = Mutex<BTreeMap<Name, Started>>;

/// Where a container is on a run's network; `None` where it is on none now.
pub(super) async fn address(engine: &Engine, id: &str) -> Result<Option<IpAddr>, String> {
    let found = engine
        .docker
        .inspect_container(id, None::<InspectContainerOptions>)
        .await
        .map_err(|error| error.to_string())?;
    let networks = found
        .network_settings
        .and_then(|settings| settings.networks);
    Ok(networks
        .into_iter()
        .flatten()
        .find_map(|(_, endpoint)| endpoint.ip_address?.parse().ok()))
}
