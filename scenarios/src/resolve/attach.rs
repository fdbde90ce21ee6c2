//! Services that run already, and the links between them that pass a proxy all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use lab_model::container::Container;
use lab_model::gateway::Gateway;
use lab_model::name::CLIENT;
use lab_model::system::{Attached, Service};
use lab_model::{Link, Name};

use super::service::{self, in_start_order, resolve_links};
use crate::code::Code;
use crate::spec::AttachedSpec;
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place};

/// Resolves services and links; links to unknown services are reported and left out.
pub(super) fn resolve(
    services: &Entries<Name, AttachedSpec>,
    links: &[At<Link>],
    has_gateway: bool,
    report: &Report,
) -> (Vec<Service>, Vec<Link>) {
    let mut names = Vec::new();
    let mut resolved = Vec::new();
    for (name, place, spec) in services.iter() {
        if name.as_str() == CLIENT || has_gateway && name.as_str() == Gateway::NAME {
            let message = format!("`{name}` is the name of what is the lab's own");
            report.add(Finding::new(Code::DuplicateName, place, message));
            continue;
        }
        names.push(name.as_str());
        if let Some((spec, within)) = spec.need(name.as_str(), place, report) {
            resolved.extend(one(name, spec, within, report));
        }
    }
    if has_gateway {
        names.push(Gateway::NAME);
    }
    let whole = resolved.len() + usize::from(has_gateway) == names.len();
    let links = resolve_links(links, &names, report);
    if whole {
        check_rewired(services, &resolved, &links, report);
    }
    let links: Vec<Link> = links.into_iter().map(|(link, _)| link).collect();
    (in_start_order(resolved, &links), links)
}

fn one(name: &Name, spec: &AttachedSpec, within: Place, report: &Report) -> Option<Service> {
    let (address, place) = spec.address.need("address", within, report)?;
    if let Err(reason) = check_address(address) {
        report.add(
            Finding::new(Code::BadAddress, place, format!("`{address}`: {reason}"))
                .help("write host and port: `127.0.0.1:8080`"),
        );
        return None;
    }
    let ready = spec.ready.as_ref().and_then(At::located);
    Some(Service {
        name: name.clone(),
        command: vec![],
        image: None,
        env: BTreeMap::new(),
        container: Container::default(),
        ready: service::ready(ready, report),
        fixtures: vec![],
        attached: Some(Attached {
            address: address.clone(),
            proxies: proxies(spec, report),
        }),
    })
}

/// A host and a port above zero.
fn check_address(text: &str) -> Result<(), &'static str> {
    if text.contains("://") || text.contains('/') {
        return Err("an address, not a URL");
    }
    let (host, port) = text.rsplit_once(':').ok_or("it has no port")?;
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err("its port is none from 1 to 65535");
    }
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if bracketed && text.parse::<SocketAddr>().is_ok()
        || !host.is_empty() && host.chars().all(letters)
    {
        Ok(())
    } else {
        Err("no host stands before its port")
    }
}

/// Where the lab listens for callers that have been pointed there.
fn proxies(spec: &AttachedSpec, report: &Report) -> BTreeMap<Name, SocketAddr> {
    let mut proxies = BTreeMap::new();
    let listed = spec.proxies.iter().filter_map(At::value);
    for (caller, _, text) in listed.flat_map(Entries::iter) {
        let Some((text, place)) = text.located() else {
            continue;
        };
        match text.parse::<SocketAddr>() {
            Ok(listen) if listen.port() > 0 => {
                if !listen.ip().to_canonical().is_loopback() {
                    let message = format!("others than this host may reach {listen}");
                    let finding = Finding::new(Code::OpenProxy, place, message);
                    report.add(finding.help("127.0.0.1 is reached by this host alone"));
                }
                proxies.insert(caller.clone(), listen);
            }
            _ => {
                let message = format!("nothing can listen on `{text}`");
                report.add(
                    Finding::new(Code::BadAddress, place, message)
                        .help("an address of this host and a port: `127.0.0.1:19001`"),
                );
            }
        }
    }
    proxies
}

/// Every link whose caller runs already says where that was pointed; every such place is used, and
/// once.
fn check_rewired(
    specs: &Entries<Name, AttachedSpec>,
    services: &[Service],
    links: &[(Link, Place)],
    report: &Report,
) {
    let proxied = |callee: &Name, caller: &Name| {
        let callee = services.iter().find(|service| &service.name == callee);
        callee.is_some_and(|callee| {
            let attached = callee.attached.as_ref();
            attached.is_some_and(|attached| attached.proxies.contains_key(caller))
        })
    };
    let own = |name: &Name| matches!(name.as_str(), CLIENT | Gateway::NAME);
    for (link, place) in links {
        let (from, to) = (&link.from, &link.to);
        if own(from) || proxied(to, from) {
            continue;
        }
        let message = format!("nothing leads {from} to a proxy before {to}");
        let finding = Finding::new(Code::NotRewired, *place, message);
        report.add(if to.as_str() == Gateway::NAME {
            finding.help(
                "the gateway is the lab's own and starts with the run: only `client` finds it",
            )
        } else {
            finding.help(format!(
                "choose a port, point {from} at it, and write it at {to}: \
                 `proxies: {{ {from}: 127.0.0.1:19001 }}`"
            ))
        });
    }
    let addresses: BTreeSet<&str> = services
        .iter()
        .filter_map(|service| Some(service.attached.as_ref()?.address.as_str()))
        .collect();
    let mut taken = BTreeSet::new();
    for (callee, _, spec) in specs.iter() {
        let listed = spec.value().and_then(|spec| spec.proxies.as_ref()?.value());
        for (caller, key, listen) in listed.into_iter().flat_map(Entries::iter) {
            let link = Link::new(caller.clone(), callee.clone());
            if !links.iter().any(|(known, _)| *known == link) {
                let message = format!("there is no link {link}");
                report.add(
                    Finding::new(Code::UnknownLink, key, message)
                        .help(format!("add `{link}` to `links`")),
                );
            }
            let Some((text, place)) = listen.located() else {
                continue;
            };
            if addresses.contains(text.as_str()) || !taken.insert(text.as_str()) {
                let message = format!("{text} is taken");
                report.add(
                    Finding::new(Code::BadAddress, place, message)
                        .help("each proxy listens on a port of its own"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in [
            "127.0.0.1:80",
            "localhost:8080",
            "[::1]:80",
            "a-b.example:65535",
        ] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a",
            ":80",
            "a:0",
            "a:65536",
            "a:b",
            "http://a:80",
            "::1:80",
            "[x]:80",
            "a b:8",
            "a:80/x",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }
}
