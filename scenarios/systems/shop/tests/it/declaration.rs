//! `system.yaml` says what the code does.

use std::collections::BTreeMap;

use serde::Deserialize;
use shop::{Config, Role};

#[derive(Deserialize)]
struct System {
    services: BTreeMap<String, Service>,
    links: Vec<String>,
    knobs: BTreeMap<String, Knob>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    command: Vec<String>,
    env: BTreeMap<String, String>,
    containers: Option<Containers>,
}

#[derive(Deserialize)]
struct Containers {
    #[serde(default)]
    command: Vec<String>,
}

impl Service {
    /// Whether it is this program; the database of the containers is not.
    fn is_ours(&self) -> bool {
        !self.command.is_empty()
    }
}

#[derive(Deserialize)]
struct Knob {
    service: String,
    env: String,
    default: Default,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Default {
    Number(u32),
    Text(String),
}

impl Default {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn system() -> System {
    serde_saphyr::from_str(include_str!("../../system.yaml")).unwrap()
}

fn read(service: &str, env: &BTreeMap<String, String>) -> Result<Config, String> {
    let role: Role = service.parse().unwrap();
    Config::read(role, &|name| env.get(name).cloned()).map_err(|error| error.to_string())
}

#[test]
fn the_declared_defaults_are_the_real_ones() {
    let system = system();
    let ours = system
        .services
        .iter()
        .filter(|(_, service)| service.is_ours());
    for service in ours.map(|(name, _)| name) {
        let declared = system
            .knobs
            .values()
            .filter(|knob| &knob.service == service)
            .map(|knob| (knob.env.clone(), knob.default.text()))
            .collect();
        assert_eq!(
            read(service, &declared),
            read(service, &BTreeMap::new()),
            "{service}"
        );
    }
}

#[test]
fn every_declared_knob_is_read_and_takes_its_values() {
    let system = system();
    for (name, knob) in system.knobs {
        assert!(name.starts_with(&format!("{}.", knob.service)), "{name}");
        if !system.services[&knob.service].is_ours() {
            continue;
        }
        let with = |value: &str| BTreeMap::from([(knob.env.clone(), value.to_owned())]);
        let refused = read(&knob.service, &with("nonsense")).unwrap_err();
        assert!(refused.contains(&knob.env), "{name}: {refused}");
        let mut seen = Vec::new();
        for value in &knob.values {
            let config = read(&knob.service, &with(value)).unwrap();
            assert!(!seen.contains(&config), "{name}={value} changes nothing");
            seen.push(config);
        }
    }
}

/// The database is not ours: its command takes its settings from its environment.
#[test]
fn the_settings_of_the_database_reach_its_command() {
    let system = system();
    let ours = |knob: &&Knob| system.services[&knob.service].is_ours();
    let foreign: Vec<_> = system.knobs.values().filter(|knob| !ours(knob)).collect();
    assert!(!foreign.is_empty());
    for knob in foreign {
        let service = &system.services[&knob.service];
        assert_eq!(service.env[&knob.env], knob.default.text());
        let told = format!("{{env:{}}}", knob.env);
        let command = service.containers.as_ref().map(|it| it.command.join(" "));
        assert!(command.unwrap_or_default().contains(&told), "{told}");
    }
}

#[test]
fn every_variable_that_the_code_reads_is_declared() {
    let system = system();
    let ours = system
        .services
        .iter()
        .filter(|(_, service)| service.is_ours());
    for (service, declaration) in ours {
        let asked = std::cell::RefCell::new(Vec::new());
        let role: Role = service.parse().unwrap();
        Config::read(role, &|name| {
            asked.borrow_mut().push(name.to_owned());
            None
        })
        .unwrap();
        for name in asked.into_inner() {
            let is_knob = |knob: &Knob| &knob.service == service && knob.env == name;
            let declared = name == "HOST"
                || declaration.env.contains_key(&name)
                || system.knobs.values().any(is_knob);
            assert!(declared, "{service} reads {name}");
        }
    }
}

#[test]
fn every_service_calls_through_a_declared_link() {
    let system = system();
    for (service, declaration) in &system.services {
        for value in declaration.env.values() {
            let Some((_, callee)) = value.split_once("{link:") else {
                continue;
            };
            let link = format!("{service} -> {}", callee.trim_end_matches('}'));
            assert!(system.links.contains(&link), "{link}");
        }
    }
}
