//! Where a service of a compose file listens.

use lab_diagnostic::Finding;

use crate::code::Code;
use crate::tree::{Node, Report, Value};

/// Where the images that most files use listen.
const KNOWN: &[(&str, u16)] = &[
    ("postgres", 5_432),
    ("redis", 6_379),
    ("valkey", 6_379),
    ("mysql", 3_306),
    ("mariadb", 3_306),
    ("mongo", 27_017),
    ("rabbitmq", 5_672),
    ("memcached", 11_211),
    ("nats", 4_222),
    ("nginx", 80),
    ("httpd", 80),
];

/// The ports of a service.
#[derive(Debug, Default)]
pub(super) struct Ports {
    /// Those that it publishes, as it knows them itself.
    pub(super) published: Vec<u16>,
    /// Those that it names for the others.
    pub(super) exposed: Vec<u16>,
}

impl Ports {
    /// The port on which it is called, unless its callers know better.
    pub(super) fn main(&self, image: Option<&str>) -> Option<u16> {
        let named = self.exposed.first().or(self.published.first()).copied();
        named.or_else(|| known(image?))
    }
}

/// Where an image listens by habit.
fn known(image: &str) -> Option<u16> {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split([':', '@']).next().unwrap_or(name);
    let mut known = KNOWN.iter();
    known
        .find(|(known, _)| *known == name)
        .map(|(_, port)| *port)
}

pub(super) fn read(node: &Node, report: &Report) -> Ports {
    let list = |key: &str| match node.get(key).map(|node| &node.value) {
        Some(Value::List(items)) => items.to_vec(),
        _ => Vec::new(),
    };
    let port = |item: &Node| {
        let text = item.get("target").unwrap_or(item).text();
        let port = text.and_then(container_port);
        if port.is_none() {
            let message = "no port of one service is named here";
            let finding = Finding::new(Code::NotUnderstood, item.place, message);
            report.add(finding.help("write `8080:80`, or `target: 80`"));
        }
        port
    };
    Ports {
        published: list("ports").iter().filter_map(port).collect(),
        exposed: list("expose").iter().filter_map(port).collect(),
    }
}

/// The container's port in `[[ADDRESS:]HOST:]CONTAINER[/tcp]`.
fn container_port(text: &str) -> Option<u16> {
    let text = text.strip_suffix("/tcp").unwrap_or(text);
    let last = text.rsplit(':').next()?;
    last.parse().ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_the_containers_own() {
        let check = |text: &str, expected| assert_eq!(container_port(text), expected);
        check("8080:80", Some(80));
        check("127.0.0.1:8080:80/tcp", Some(80));
        check("80", Some(80));
        check("53:53/udp", None);
        check("8000-8010", None);
    }

    #[test]
    fn images_have_habits() {
        assert_eq!(known("registry/library/postgres:16-alpine"), Some(5_432));
        assert_eq!(known("mypostgres"), None);
    }
}
