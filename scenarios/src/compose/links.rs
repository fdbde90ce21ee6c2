//! Who calls whom in a compose file: a service calls those that its environment or command names
//! and those it depends on; the load calls those that publish a port.

use std::collections::BTreeMap;

use lab_diagnostic::{Finding, Place};
use lab_model::name::CLIENT;
use lab_model::{Link, Name};

use super::service::Composed;
use crate::code::Code;
use crate::tree::Report;

/// The links, with the port of each callee noted in its caller.
pub(super) fn resolve(services: &mut [Composed], report: &Report) -> Vec<Link> {
    let known: BTreeMap<Name, Option<u16>> = services
        .iter()
        .map(|service| (service.model.name.clone(), service.model.container.port))
        .collect();
    let mut links = Vec::new();
    let mut learned = BTreeMap::new();
    for service in services.iter_mut() {
        let own = service.model.name.clone();
        if !service.ports.published.is_empty()
            && let Ok(client) = Name::new(CLIENT)
        {
            links.push(Link::new(client, own.clone()));
        }
        for (callee, port) in &known {
            if *callee == own {
                continue;
            }
            let texts = service
                .model
                .env
                .values()
                .chain(&service.model.container.command);
            let mentioned = texts
                .filter_map(|text| mention(text, callee.as_str()))
                .max();
            let depends = service
                .depends_on
                .iter()
                .find(|(name, _)| name == callee.as_str());
            if mentioned.is_none() && depends.is_none() {
                continue;
            }
            let Some(port) = mentioned.flatten().or(*port) else {
                if let Some((_, place)) = depends {
                    let message = format!("nothing tells on which port {callee} listens");
                    report.add(
                        Finding::new(Code::NotUnderstood, *place, message)
                            .help("name it with `expose`; the link has no proxy until then"),
                    );
                }
                continue;
            };
            service.model.container.by_name.insert(callee.clone(), port);
            learned.entry(callee.clone()).or_insert(port);
            links.push(Link::new(own.clone(), callee.clone()));
        }
    }
    // A service that names no port of its own listens where its callers look for it.
    for service in services.iter_mut() {
        let container = &mut service.model.container;
        if container.port.is_none() {
            container.port = learned.get(&service.model.name).copied();
        }
    }
    for (name, place) in strangers(&known, services) {
        let message = format!("no service `{name}`");
        report.add(Finding::new(Code::UnknownService, place, message));
    }
    links
}

/// Dependencies on services that the file does not have.
fn strangers(known: &BTreeMap<Name, Option<u16>>, services: &[Composed]) -> Vec<(String, Place)> {
    let all = services.iter().flat_map(|service| &service.depends_on);
    all.filter(|(name, _)| !known.keys().any(|known| known.as_str() == name))
        .cloned()
        .collect()
}

/// Whether a text names a host, and with which port: `http://orders:9000/`, `orders:9000`,
/// `user@db/name`, or the name alone.
#[expect(
    clippy::option_option,
    reason = "not named, named without a port, named with one"
)]
fn mention(text: &str, host: &str) -> Option<Option<u16>> {
    if text == host {
        return Some(None);
    }
    let mut from = 0;
    while let Some(at) = text[from..].find(host) {
        let start = from + at;
        let end = start + host.len();
        let before = text[..start].chars().next_back();
        let after = &text[end..];
        let begins = before.is_none_or(|c| matches!(c, '/' | '@' | ',' | ' ' | '=' | '"' | '\''));
        let port: String = after
            .strip_prefix(':')
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        if begins && let Ok(port) = port.parse() {
            return Some(Some(port));
        }
        let in_address = matches!(before, Some('/' | '@'));
        if in_address
            && after
                .chars()
                .next()
                .is_none_or(|c| matches!(c, '/' | ',' | '?'))
        {
            return Some(None);
        }
        from = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_host_where_an_address_has_one() {
        let check = |text: &str, expected| assert_eq!(mention(text, "db"), expected, "{text}");
        check("db", Some(None));
        check("db:5432", Some(Some(5_432)));
        check("postgres://u:p@db/x", Some(None));
        check("postgres://u:p@db:7/x", Some(Some(7)));
        check("a:1,db:2", Some(Some(2)));
        check("mydb:5432", None);
        check("db-data", None);
        check("/var/lib/db", Some(None));
        check("db is nice", None);
    }
}
