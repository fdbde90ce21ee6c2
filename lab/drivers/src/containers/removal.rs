//! Removes whatever carries a label until nothing does: containers, networks, volumes, images.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
    RemoveVolumeOptions,
};
use tokio::time::{Instant, sleep};

use super::labels;

/// Between two looks: a create that was under way when its owner died may still come.
const PAUSE: Duration = Duration::from_millis(300);

/// How long an engine may be silent before removal is left to whoever has more patience.
const SILENCE: Duration = Duration::from_secs(10);

/// Something that carries a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Container(String),
    Network(String),
    Volume(String),
    Image(String),
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container(name) => write!(f, "container {name}"),
            Self::Network(name) => write!(f, "network {name}"),
            Self::Volume(name) => write!(f, "volume {name}"),
            Self::Image(name) => write!(f, "image {name}"),
        }
    }
}

/// A thing with its labels.
pub(crate) type Labelled = (Thing, HashMap<String, String>);

/// Everything that carries a label: `KEY` or `KEY=VALUE`.
pub(crate) async fn list(docker: &Docker, label: &str) -> Result<Vec<Labelled>, Error> {
    let filter: HashMap<&str, Vec<&str>> = [("label", vec![label])].into();
    let containers = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filter)
        .build();
    let networks = ListNetworksOptionsBuilder::new().filters(&filter).build();
    let volumes = ListVolumesOptionsBuilder::new().filters(&filter).build();
    // A build that was cut off leaves layers that nothing is called after.
    let images = ListImagesOptionsBuilder::new()
        .all(true)
        .filters(&filter)
        .build();
    let (containers, networks, volumes, images) = tokio::try_join!(
        docker.list_containers(Some(containers)),
        docker.list_networks(Some(networks)),
        docker.list_volumes(Some(volumes)),
        docker.list_images(Some(images)),
    )?;
    let mut found = Vec::new();
    for container in containers {
        let name = container.names.and_then(|names| names.into_iter().next());
        let name = name.map(|name| name.trim_start_matches('/').to_owned());
        if let Some(name) = name.or(container.id) {
            found.push((Thing::Container(name), container.labels.unwrap_or_default()));
        }
    }
    for network in networks {
        if let Some(name) = network.name.or(network.id) {
            found.push((Thing::Network(name), network.labels.unwrap_or_default()));
        }
    }
    for volume in volumes.volumes.unwrap_or_default() {
        found.push((Thing::Volume(volume.name), volume.labels));
    }
    for image in images {
        found.push((Thing::Image(image.id), image.labels));
    }
    Ok(found)
}

async fn remove(docker: &Docker, thing: &Thing) {
    // What cannot be removed now is found by the next look; in the end it is named.
    let _ = match thing {
        Thing::Container(name) => {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true);
            docker.remove_container(name, Some(options.build())).await
        }
        Thing::Network(name) => docker.remove_network(name).await,
        Thing::Volume(name) => {
            let options = RemoveVolumeOptions { force: true };
            docker.remove_volume(name, Some(options)).await
        }
        Thing::Image(id) => {
            let options = RemoveImageOptionsBuilder::new().force(true).build();
            docker.remove_image(id, Some(options), None).await.map(drop)
        }
    };
}

/// Removes all that carries a label until two looks, a moment apart, find nothing; containers
/// first, as they hold the rest. Returns what is left when the time is over, and how much was
/// removed. An engine that is silent for long is not waited for, unless that is all there is to do.
pub(crate) async fn remove_all(
    docker: &Docker,
    label: &str,
    within: Duration,
) -> (usize, Vec<String>) {
    let begun = Instant::now();
    let mut heard = begun;
    let mut empty = 0;
    let mut seen = BTreeSet::new();
    loop {
        let left = match list(docker, label).await {
            Ok(found) => {
                heard = Instant::now();
                let things: Vec<Thing> = found.into_iter().map(|(thing, _)| thing).collect();
                let holds = |thing: &&Thing| matches!(thing, Thing::Container(_));
                let containers: Vec<&Thing> = things.iter().filter(holds).collect();
                let rest: Vec<&Thing> = things.iter().filter(|thing| !holds(thing)).collect();
                for group in [containers, rest] {
                    join_all(group.into_iter().map(|thing| remove(docker, thing))).await;
                }
                empty = if things.is_empty() { empty + 1 } else { 0 };
                seen.extend(things.iter().cloned());
                things.iter().map(ToString::to_string).collect()
            }
            Err(error) => {
                empty = 0;
                vec![format!(
                    "what carries the label {label} in the container engine, which does not answer: {error}"
                )]
            }
        };
        if empty == 2 {
            return (seen.len(), vec![]);
        }
        if begun.elapsed() > within || heard.elapsed() > SILENCE.min(within) {
            return (seen.len(), left);
        }
        // What was just removed is gone at once; only an empty look has to be repeated later.
        let pause = if empty == 0 && left.len() > 1 {
            PAUSE / 6
        } else {
            PAUSE
        };
        sleep(pause).await;
    }
}

/// The tokens of runs on this host whose owner is gone, with the run's name.
pub(crate) async fn dead_runs(docker: &Docker) -> Result<BTreeSet<(String, String)>, Error> {
    let found = list(docker, labels::TOKEN).await?;
    Ok(found
        .into_iter()
        .filter(|(_, labelled)| labels::is_dead(labelled))
        .filter_map(|(_, labelled)| {
            let text = |key: &str| labelled.get(key).cloned();
            Some((text(labels::TOKEN)?, text(labels::RUN)?))
        })
        .collect())
}
