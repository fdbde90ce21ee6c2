//! A compose file as a system: its services become containers of the run, unchanged, and every
//! name that one service has for another leads to a proxy.
//!
//! | file | what lives there |
//! |---|---|
//! | `keys` | what is understood of the file; everything else is listed, at its place |
//! | `service` | one service of the file, resolved |
//! | `limits` | how much a service may take |
//! | `mounts` | volumes: those of the run, folders of the user's that are only read |
//! | `ports` | where a service listens |
//! | `links` | who calls whom, from environment values, dependencies and published ports |
//! | `words` | commands as lists of words, `${NAME:-default}` in texts |

mod keys;
mod limits;
mod links;
mod mounts;
mod ports;
mod service;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use lab_diagnostic::{Diagnostic, Finding, Source};
use lab_model::Name;

use crate::code::Code;
use crate::resolve::Definition;
use crate::tree::{self, Node, Report, Value};

/// A compose file that a scenario names, read.
#[derive(Debug, Clone)]
pub struct ComposeFile {
    /// Its text.
    pub source: Arc<Source>,
    /// Its folder, to which its paths are relative.
    pub folder: PathBuf,
}

impl PartialEq for ComposeFile {
    fn eq(&self, other: &Self) -> bool {
        (self.source.text(), &self.folder) == (other.source.text(), &other.folder)
    }
}

impl Eq for ComposeFile {}

/// The compose file that a scenario names, as it stands there; `None` where it names none.
pub fn named(scenario: &Arc<Source>) -> Option<String> {
    let report = Report::new(Arc::clone(scenario));
    let tree = tree::parse(&report)?;
    Some(tree.get("compose")?.text()?.to_owned())
}

/// The system of a compose file, and what of the file is wrong or not understood.
pub(crate) fn resolve(file: &ComposeFile) -> (Option<Definition>, Vec<Diagnostic>) {
    let report = Report::new(Arc::clone(&file.source));
    let definition = tree::parse(&report).and_then(|tree| system(&tree, file, &report));
    let definition = definition.filter(|_| !report.has_errors());
    (definition, report.into_diagnostics())
}

fn system(tree: &Node, file: &ComposeFile, report: &Report) -> Option<Definition> {
    keys::check_top(tree, report);
    let Some(Value::Map(entries)) = tree.get("services").map(|node| &node.value) else {
        report.missing("services", report.source().first_line(tree.place));
        return None;
    };
    let mut services = Vec::new();
    for (key, node) in entries.iter() {
        let text = key.text().unwrap_or_default();
        match Name::new(text) {
            Ok(name) => services.push(service::resolve(name, key.place, node, file, report)),
            Err(error) => {
                report.add(Finding::new(Code::BadValue, key.place, error.to_string()));
            }
        }
    }
    let links = links::resolve(&mut services, report);
    let services = services.into_iter().map(|service| service.model).collect();
    Definition::of_compose(services, links)
}

#[cfg(test)]
mod tests {
    use lab_model::container::MountSource;

    use super::*;

    const FILE: &str = r#"
services:
  web:
    image: web:1
    ports: ["8080:80"]
    environment:
      ORDERS: http://orders:9000/v1
      GREETING: "${GREETING:-hello}"
    depends_on: [orders]
    cap_add: [NET_ADMIN]
  orders:
    build: { context: ./orders, args: { A: b } }
    environment: ["DATABASE_URL=postgres://shop:secret@db:5432/shop", "CACHE=cache"]
    expose: [9000]
    command: serve --port 9000 "two words"
    volumes: ["./conf:/conf", "stuff:/stuff", { type: tmpfs, target: /tmp }]
    healthcheck: { test: curl -f localhost, interval: 1s }
  db:
    image: postgres:16
    environment: { POSTGRES_PASSWORD: secret }
    networks: [back]
  cache: { image: "redis:7" }
networks: { back: {} }
volumes: { stuff: {} }
"#;

    fn read(text: &str) -> (Option<Definition>, Vec<String>) {
        let file = ComposeFile {
            source: Arc::new(Source::embedded("c.yml", "c.yml", text)),
            folder: "/home".into(),
        };
        let (definition, found) = resolve(&file);
        let found = found.iter().map(|one| one.message().to_owned()).collect();
        (definition, found)
    }

    #[test]
    fn a_file_becomes_services_and_links() {
        let (definition, found) = read(FILE);
        let definition = definition.unwrap();
        let mut links: Vec<String> = definition.links.iter().map(ToString::to_string).collect();
        links.sort_unstable();
        assert_eq!(
            links,
            [
                "client -> web",
                "orders -> cache",
                "orders -> db",
                "web -> orders"
            ]
        );
        let service = |name: &str| {
            let mut services = definition.services.iter();
            services.find(|one| one.name.as_str() == name).unwrap()
        };
        let web = service("web");
        assert_eq!(web.container.port, Some(80));
        assert_eq!(web.env["GREETING"], "hello");
        assert_eq!(
            web.container.by_name.values().copied().collect::<Vec<_>>(),
            [9_000]
        );
        let orders = service("orders");
        assert_eq!(
            orders.container.command,
            ["serve", "--port", "9000", "two words"]
        );
        assert_eq!(
            orders.container.health,
            ["/bin/sh", "-c", "curl -f localhost"]
        );
        assert_eq!(
            orders
                .container
                .by_name
                .values()
                .copied()
                .collect::<Vec<_>>(),
            [6_379, 5_432]
        );
        let mounts = &orders.container.mounts;
        assert_eq!(mounts[0].from, MountSource::Host("/home/conf".into()));
        assert!(mounts[0].read_only && !mounts[1].read_only);
        assert_eq!(mounts[2].from, MountSource::Memory);
        assert_eq!(
            orders.container.build.as_ref().unwrap().context,
            PathBuf::from("/home/orders")
        );
        assert!(found.iter().any(|one| one.contains("cap_add")), "{found:?}");
        assert!(
            found.iter().any(|one| one.contains("only read")),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_not_understood_is_listed_and_never_dropped() {
        let (_, found) =
            read("services: { a: { image: x, gpus: all, ports: [80] } }\nsecrets: {}\n");
        assert!(found.iter().any(|one| one.contains("`gpus`")), "{found:?}");
        assert!(
            found.iter().any(|one| one.contains("`secrets`")),
            "{found:?}"
        );
        let (definition, found) = read("services: { a: { ports: [80] } }\n");
        assert!(definition.is_none());
        assert!(found.iter().any(|one| one.contains("neither")), "{found:?}");
        assert!(read("services: [1]\n").0.is_none());
    }
}
