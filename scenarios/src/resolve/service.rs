//! Services and the links between them.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::container::{Container, File};
use lab_model::gateway::Gateway;
use lab_model::name::CLIENT;
use lab_model::system::{Ready, ReadyCheck, Service};
use lab_model::{Link, Name, Span};

use super::fixture;
use super::placeholder::placeholders;
use crate::code::Code;
use crate::spec::{ContainerSpec, ReadySpec, ServiceSpec};
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place};

/// How long a service may take to start where nothing is said.
const READY_WITHIN: Span = Span::from_secs(10);

/// Engines refuse less, in bytes.
const LEAST_MEMORY: u64 = 6_000_000;

/// The texts of a service in which placeholders are replaced, with their places.
#[derive(Default)]
struct Texts {
    all: Vec<(String, Place)>,
    /// The names of its environment values, which its texts may repeat.
    env: BTreeSet<String>,
}

impl Texts {
    fn placeholders(&self) -> impl Iterator<Item = (&str, Place)> {
        self.all
            .iter()
            .flat_map(|(text, place)| placeholders(text).map(|inside| (inside, *place)))
    }
}

/// Resolves services and links; links to unknown services are reported and left out.
pub(super) fn resolve(
    services: &Entries<Name, ServiceSpec>,
    links: &[At<Link>],
    has_gateway: bool,
    report: &Report,
) -> (Vec<Service>, Vec<Link>) {
    let mut resolved = Vec::new();
    let mut texts = BTreeMap::new();
    for (name, place, spec) in services.iter() {
        if name.as_str() == CLIENT {
            let message = format!("`{CLIENT}` is the load's own name");
            report.add(Finding::new(Code::DuplicateName, place, message));
            continue;
        }
        if has_gateway && name.as_str() == Gateway::NAME {
            let message = format!("`{name}` is the gateway's own name");
            report.add(Finding::new(Code::DuplicateName, place, message));
            continue;
        }
        let spec = spec.need(name.as_str(), place, report);
        // A service that could not be read is there all the same: links to it are not unknown.
        let mine = spec.map_or_else(Texts::default, |(spec, _)| service_texts(spec));
        texts.insert(name.clone(), mine);
        resolved.extend(spec.map(|(spec, _)| service(name, spec, place, report)));
    }
    let mut names: Vec<&str> = texts.keys().map(Name::as_str).collect();
    if has_gateway {
        names.push(Gateway::NAME);
    }
    let links = resolve_links(links, &names, report);
    let declared: BTreeSet<&Link> = links.iter().map(|(link, _)| link).collect();
    for (name, texts) in &texts {
        check_placeholders(name, texts, &declared, report);
    }
    for (link, place) in &links {
        warn_of_bypass(link, *place, texts.get(&link.from), report);
    }
    let links: Vec<Link> = links.into_iter().map(|(link, _)| link).collect();
    (in_start_order(resolved, &links), links)
}

fn service(name: &Name, spec: &ServiceSpec, key: Place, report: &Report) -> Service {
    let command: Vec<String> = spec
        .command
        .iter()
        .filter_map(At::value)
        .flatten()
        .filter_map(|argument| argument.value().cloned())
        .collect();
    let image = spec.image.as_ref().and_then(At::value).cloned();
    let unreadable = spec
        .command
        .as_ref()
        .is_some_and(|command| command.value().is_none());
    let no_command = command.is_empty() && !unreadable;
    if no_command && spec.image.is_none() {
        let message = format!("`{name}` has neither a `command` nor an `image`");
        report.add(
            Finding::new(Code::BadService, key, message).help(
                "name the program and its arguments: `command: [python3, app.py, \"{port}\"]`",
            ),
        );
    }
    let env: BTreeMap<String, String> = spec
        .env
        .iter()
        .filter_map(At::value)
        .flat_map(Entries::iter)
        .filter_map(|(key, _, value)| Some((key.clone(), value.value()?.clone())))
        .collect();
    let told = |text: &String| placeholders(text).any(|inside| inside == "port");
    if !command.is_empty() && !command.iter().chain(env.values()).any(told) {
        let message = format!("`{name}` is told nowhere which port to listen on");
        report.add(Finding::new(Code::NoPort, key, message).help(
            "put `{port}` into its command, or into its environment: `env: { PORT: \"{port}\" }`",
        ));
    }
    let ready = spec.ready.as_ref().and_then(At::located);
    Service {
        name: name.clone(),
        command,
        image,
        env,
        container: container(spec, report),
        ready: self::ready(ready, report),
        fixtures: fixture::resolve(name, spec, report),
        attached: None,
    }
}

fn container(spec: &ServiceSpec, report: &Report) -> Container {
    let Some(spec) = spec.containers.as_ref().and_then(At::value) else {
        return Container::default();
    };
    let port = spec.port.as_ref().and_then(At::located);
    if let Some((0, place)) = port {
        report.add(Finding::new(
            Code::BadValue,
            place,
            "no service listens on port 0",
        ));
    }
    Container {
        command: texts(spec.command.as_ref()).map(|(text, _)| text).collect(),
        env: spec
            .env
            .iter()
            .filter_map(At::value)
            .flat_map(Entries::iter)
            .filter_map(|(key, _, value)| Some((key.clone(), value.value()?.clone())))
            .collect(),
        port: port.map(|(port, _)| *port),
        data: spec.data.as_ref().and_then(At::value).copied(),
        files: files(spec, report),
        memory: limit(
            spec.memory.as_ref(),
            |memory| memory.0 >= LEAST_MEMORY,
            "6MB at least",
            report,
        ),
        cpus: limit(
            spec.cpus.as_ref(),
            |cpus| *cpus >= 0.01 && *cpus <= 1_024.0,
            "from 0.01 to 1024",
            report,
        ),
        ..Container::default()
    }
}

/// A limit that an engine accepts.
fn limit<T: Copy>(
    given: Option<&At<T>>,
    fits: impl Fn(&T) -> bool,
    help: &str,
    report: &Report,
) -> Option<T> {
    let (limit, place) = given.and_then(At::located)?;
    if !fits(limit) {
        let message = "no container runs within this limit";
        report.add(Finding::new(Code::BadValue, place, message).help(help));
    }
    Some(*limit)
}

/// The files that are put into a container, read where the file that names them stands.
fn files(spec: &ContainerSpec, report: &Report) -> Vec<File> {
    let listed = spec
        .files
        .iter()
        .filter_map(At::value)
        .flat_map(Entries::iter);
    let file = |(path, key, source): (&String, Place, &At<String>)| {
        let (source, place) = source.located()?;
        if !path.starts_with('/') || path.ends_with('/') {
            let message = format!("`{path}` is no path of a file in a container");
            report.add(Finding::new(Code::BadValue, key, message).help("it starts with `/`"));
        }
        Some(File {
            path: path.clone(),
            content: report.text_of(source, place)?,
        })
    };
    listed.filter_map(file).collect()
}

/// The texts of a list, with their places.
fn texts(list: Option<&At<Vec<At<String>>>>) -> impl Iterator<Item = (String, Place)> {
    let list = list.into_iter().filter_map(At::value).flatten();
    list.filter_map(At::located)
        .map(|(text, place)| (text.clone(), place))
}

/// When a service counts as there; as soon as its port accepts, where nothing is said.
pub(super) fn ready(spec: Option<(&ReadySpec, Place)>, report: &Report) -> Ready {
    let Some((spec, place)) = spec else {
        return Ready {
            check: ReadyCheck::Tcp,
            within: READY_WITHIN,
        };
    };
    let http = spec.http.as_ref().and_then(At::located);
    let tcp = spec.tcp.as_ref().and_then(At::value);
    if http.is_some() && tcp == Some(&true) || http.is_none() && tcp == Some(&false) {
        let message = "one way to tell that it is ready is needed: `http` or `tcp: true`";
        report.add(Finding::new(Code::BadService, place, message));
    }
    if let Some((path, place)) = http
        && !path.starts_with('/')
    {
        let message = format!("`{path}` is not a path");
        report.add(Finding::new(Code::BadValue, place, message).help("it starts with `/`"));
    }
    let within = spec.within.as_ref().and_then(At::located);
    if let Some((&Span::ZERO, place)) = within {
        let message = "no service starts within 0s";
        report.add(Finding::new(Code::BadValue, place, message));
    }
    Ready {
        check: http.map_or(ReadyCheck::Tcp, |(path, _)| ReadyCheck::Http(path.clone())),
        within: within.map_or(READY_WITHIN, |(within, _)| *within),
    }
}

fn service_texts(spec: &ServiceSpec) -> Texts {
    let container = spec.containers.as_ref().and_then(At::value);
    let commands = [
        spec.command.as_ref(),
        container.and_then(|c| c.command.as_ref()),
    ];
    let envs = [spec.env.as_ref(), container.and_then(|c| c.env.as_ref())];
    let entries = || {
        let envs = envs.into_iter().flatten();
        envs.filter_map(At::value).flat_map(Entries::iter)
    };
    let values = entries()
        .filter_map(|(_, _, value)| value.located())
        .map(|(text, place)| (text.clone(), place));
    Texts {
        all: commands
            .into_iter()
            .flat_map(texts)
            .chain(values)
            .chain(fixture::texts(spec))
            .collect(),
        env: entries().map(|(name, _, _)| name.clone()).collect(),
    }
}

pub(super) fn resolve_links(
    links: &[At<Link>],
    services: &[&str],
    report: &Report,
) -> Vec<(Link, Place)> {
    let mut resolved: Vec<(Link, Place)> = Vec::new();
    for (link, place) in links.iter().filter_map(At::located) {
        let from_client = link.is_entry();
        let ends = [(&link.from, from_client), (&link.to, false)];
        let unknown = ends
            .into_iter()
            .find(|(end, allowed)| !allowed && !services.contains(&end.as_str()));
        if link.to.as_str() == CLIENT {
            let message = format!("nobody calls the load: `{link}`");
            report.add(Finding::new(Code::BadLink, place, message));
        } else if let Some((end, _)) = unknown {
            report.add(
                Finding::new(
                    Code::UnknownService,
                    place,
                    format!("no service `{end}` for {link}"),
                )
                .among(end.as_str(), services.iter().copied()),
            );
        } else if link.from == link.to {
            let message = format!("`{}` cannot be linked to itself", link.from);
            report.add(Finding::new(Code::BadLink, place, message));
        } else if resolved.iter().any(|(known, _)| known == link) {
            let message = format!("`{link}` stands here twice");
            report.add(Finding::new(Code::DuplicateName, place, message));
        } else {
            resolved.push((link.clone(), place));
        }
    }
    resolved
}

/// `{link:X}` leads through the proxy of a declared link, so there must be one.
fn check_placeholders(name: &Name, texts: &Texts, links: &BTreeSet<&Link>, report: &Report) {
    for (inside, place) in texts.placeholders() {
        if let Some(callee) = inside.strip_prefix("link:") {
            let callees = || {
                let of_caller = links.iter().filter(|link| &link.from == name);
                of_caller.map(|link| link.to.as_str())
            };
            if !callees().any(|known| known == callee) {
                let message = format!("`{{{inside}}}` needs a link {name} -> {callee}");
                report.add(
                    Finding::new(Code::BadLink, place, message)
                        .meant(callee, callees())
                        .help(format!("add `- {name} -> {callee}` to the links")),
                );
            }
        } else if let Some(own) = inside.strip_prefix("env:") {
            if !texts.env.contains(own) {
                let known = texts.env.iter().map(String::as_str);
                let message = format!("`{{{inside}}}`: `{name}` has no environment value {own}");
                report.add(
                    Finding::new(Code::BadService, place, message)
                        .meant(own, known)
                        .help(format!("give it one: `env: {{ {own}: … }}`")),
                );
            }
        } else if !matches!(
            inside,
            "port" | "data" | "lab" | "authority" | "certificate" | "key"
        ) {
            report.add(
                Finding::new(
                    Code::BadService,
                    place,
                    format!("nothing replaces `{{{inside}}}`"),
                )
                .help(
                    "there is `{port}`, `{link:X}`, `{env:X}`, `{data}`, `{authority}`, `{certificate}`, \
                     `{key}` and `{lab}`",
                ),
            );
        }
    }
}

fn warn_of_bypass(link: &Link, place: Place, caller: Option<&Texts>, report: &Report) {
    let Some(texts) = caller.filter(|texts| !texts.all.is_empty()) else {
        return;
    };
    let wanted = format!("link:{}", link.to);
    if texts.placeholders().all(|(inside, _)| inside != wanted) {
        let message = format!("{} is told nowhere where {} is", link.from, link.to);
        report.add(Finding::new(Code::LinkUnused, place, message).help(format!(
            "put `{{{wanted}}}` into its command or environment"
        )));
    }
}

/// Callees before callers; services in a circle of calls in the order of the file.
pub(super) fn in_start_order(services: Vec<Service>, links: &[Link]) -> Vec<Service> {
    let mut waiting: BTreeMap<Name, Service> = BTreeMap::new();
    // Depth first: a service leaves the stack once all it calls have left it.
    let mut stack: Vec<Name> = Vec::new();
    for service in services.into_iter().rev() {
        stack.push(service.name.clone());
        waiting.insert(service.name.clone(), service);
    }
    let mut seen = BTreeSet::new();
    let mut ordered = Vec::with_capacity(stack.len());
    while let Some(name) = stack.last().cloned() {
        let mut callees: Vec<&Name> = Vec::new();
        if seen.insert(name.clone()) {
            let called = links.iter().filter(|link| link.from == name);
            callees.extend(
                called
                    .map(|link| &link.to)
                    .filter(|callee| !seen.contains(*callee)),
            );
        }
        if callees.is_empty() {
            stack.pop();
            ordered.extend(waiting.remove(&name));
        }
        stack.extend(callees.into_iter().rev().cloned());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callees_start_before_callers() {
        let service = |name: &str| Service {
            name: name.parse().unwrap(),
            command: vec![],
            image: None,
            env: BTreeMap::new(),
            container: lab_model::container::Container::default(),
            ready: Ready {
                check: ReadyCheck::Tcp,
                within: READY_WITHIN,
            },
            fixtures: vec![],
            attached: None,
        };
        let check = |names: &[&str], links: &[&str], expected: &[&str]| {
            let services = names.iter().map(|name| service(name)).collect();
            let links: Vec<Link> = links.iter().map(|link| link.parse().unwrap()).collect();
            let ordered = in_start_order(services, &links);
            let ordered: Vec<_> = ordered
                .iter()
                .map(|service| service.name.as_str())
                .collect();
            assert_eq!(ordered, expected);
        };
        check(
            &["a", "b", "c"],
            &["client -> a", "a -> b", "b -> c"],
            &["c", "b", "a"],
        );
        check(&["a", "b"], &[], &["a", "b"]);
        check(
            &["a", "b", "c"],
            &["a -> b", "b -> a", "b -> c"],
            &["c", "b", "a"],
        );
        check(
            &["a", "b", "c"],
            &["a -> b", "a -> c", "b -> c"],
            &["c", "b", "a"],
        );
    }
}
