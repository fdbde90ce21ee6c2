//! A service as a request to testcontainers.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lab_model::Name;
use lab_model::container::{Container, MountSource};
use lab_model::system::Service;
use testcontainers::bollard::models::HostConfig;
use testcontainers::core::{Host, Mount};
use testcontainers::{ContainerRequest, GenericImage, ImageExt};

use super::image;
use crate::template::Values;

/// Where a service finds its folder `{data}`.
pub(crate) const DATA: &str = "/data";
/// The period of processor quotas, in microseconds.
pub(super) const PERIOD: i64 = 100_000;
/// How long an engine may take to start one container.
const START: Duration = Duration::from_secs(60);

/// What a container is started with, beside its service.
pub(super) struct Around<'a> {
    /// The image that stands for the service's own.
    pub(super) image: &'a str,
    /// The container's name.
    pub(super) name: String,
    pub(super) network: &'a str,
    pub(super) labels: HashMap<String, String>,
    /// Where the proxies of its outgoing links listen.
    pub(super) links: &'a BTreeMap<Name, SocketAddr>,
    /// Names that it finds, beside its links.
    pub(super) hosts: BTreeMap<String, IpAddr>,
    /// The volume of a name, as the engine knows it.
    pub(super) volume: &'a (dyn Fn(&Name) -> String + Sync),
}

/// The request; an error says which placeholder cannot be filled.
pub(super) fn request(
    service: &Service,
    around: &Around<'_>,
) -> Result<ContainerRequest<GenericImage>, String> {
    let container = &service.container;
    let env = env(service, around.links)?;
    let values = values(service, around.links, &env);
    let (name, tag) = image::split(around.image);
    let mut image = GenericImage::new(name, tag);
    if let Some(entrypoint) = &container.entrypoint {
        image = image.with_entrypoint(&values.fill(entrypoint)?);
    }
    let command = filled(service, &container.command, around.links)?;
    let mut request = image
        .with_container_name(around.name.clone())
        .with_network(around.network)
        .with_labels(around.labels.clone())
        .with_startup_timeout(START)
        .with_host_config_modifier(limits(container));
    if !command.is_empty() {
        request = request.with_cmd(command);
    }
    for (name, value) in &env {
        request = request.with_env_var(name.clone(), value.clone());
    }
    for (name, address) in &around.hosts {
        request = request.with_host(name.clone(), Host::Addr(*address));
    }
    for file in &container.files {
        request = request.with_copy_to(file.path.clone(), file.content.clone().into_bytes());
    }
    for mount in mounts(service, around.volume) {
        request = request.with_mount(mount);
    }
    if let Some(user) = &container.user {
        request = request.with_user(user.clone());
    }
    if let Some(folder) = &container.working_dir {
        request = request.with_working_dir(folder.clone());
    }
    Ok(request)
}

/// What placeholders of a service stand for in its container.
fn values<'a>(
    service: &Service,
    links: &'a BTreeMap<Name, SocketAddr>,
    env: &'a BTreeMap<String, String>,
) -> Values<'a> {
    Values {
        lab: "lab",
        port: service.container.port(),
        data: DATA,
        links,
        credentials: &no_certificates,
        env,
    }
}

fn no_certificates(file: &str) -> Result<String, String> {
    Err(format!(
        "`{{{file}}}`: containers are given no certificates"
    ))
}

/// The environment of a service in its container.
fn env(
    service: &Service,
    links: &BTreeMap<Name, SocketAddr>,
) -> Result<BTreeMap<String, String>, String> {
    let mut written = service.env.clone();
    written.extend(service.container.env.clone());
    let fill = |(name, value): (&String, &String)| {
        Ok((name.clone(), values(service, links, &written).fill(value)?))
    };
    written.iter().map(fill).collect()
}

/// Words of a command within the container of a service, placeholders filled in.
pub(super) fn filled(
    service: &Service,
    words: &[String],
    links: &BTreeMap<Name, SocketAddr>,
) -> Result<Vec<String>, String> {
    let env = env(service, links)?;
    let values = values(service, links, &env);
    words.iter().map(|word| values.fill(word)).collect()
}

/// The limits of a container, and nothing published: on one host proxies and load reach containers
/// at their own addresses, and a published port would be open to everybody.
fn limits(container: &Container) -> impl Fn(&mut HostConfig) + Send + Sync + 'static {
    let memory = container
        .memory
        .map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX));
    // As a quota, which faults can change and put back.
    #[expect(clippy::cast_possible_truncation, reason = "at most 1024 periods")]
    let quota = container
        .cpus
        .map(|cpus| (cpus * PERIOD as f64).round() as i64);
    move |config| {
        config.publish_all_ports = Some(false);
        config.memory = memory;
        config.cpu_quota = quota;
        config.cpu_period = quota.map(|_| PERIOD);
    }
}

fn mounts(service: &Service, volume: &dyn Fn(&Name) -> String) -> Vec<Mount> {
    let mut mounts = Vec::new();
    if uses_data(service) {
        mounts.push(Mount::volume_mount(
            volume(&data_volume(&service.name)),
            DATA,
        ));
    }
    for mount in &service.container.mounts {
        let mounted = match &mount.from {
            MountSource::Volume(name) => Mount::volume_mount(volume(name), &mount.to),
            MountSource::Host(path) => Mount::bind_mount(path.to_string_lossy(), &mount.to),
            MountSource::Memory => Mount::tmpfs_mount(&mount.to),
        };
        let access = if mount.read_only {
            testcontainers::core::AccessMode::ReadOnly
        } else {
            testcontainers::core::AccessMode::ReadWrite
        };
        mounts.push(mounted.with_access_mode(access));
    }
    mounts
}

/// Whether a service asks for its folder.
fn uses_data(service: &Service) -> bool {
    let Container {
        command, env, data, ..
    } = &service.container;
    let texts = command.iter().chain(env.values());
    let own = service
        .env
        .iter()
        .filter(|(name, _)| !env.contains_key(*name))
        .map(|(_, value)| value);
    data.is_some() || texts.chain(own).any(|text| text.contains("{data}"))
}

/// The volumes that a service needs, with the size of those that have one; shared ones come with
/// each service.
pub(super) fn volumes(service: &Service) -> Vec<(Name, Option<u64>)> {
    let own = uses_data(service).then(|| {
        let size = service.container.data.map(|size| size.0);
        (data_volume(&service.name), size)
    });
    let shared = service
        .container
        .mounts
        .iter()
        .filter_map(|mount| match &mount.from {
            MountSource::Volume(name) => Some((name.clone(), None)),
            _ => None,
        });
    own.into_iter().chain(shared).collect()
}

/// The volume in which a service keeps its folder.
fn data_volume(service: &Name) -> Name {
    service.clone()
}
