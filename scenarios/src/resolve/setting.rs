//! Knobs, and the settings that turn them.

use std::collections::BTreeMap;

use lab_model::system::Service;
use lab_model::{ByteSize, Name, Rate, Ratio, Span};

use crate::diagnostic::{Code, Finding, listed};
use crate::source::Place;
use crate::spec::{KnobSpec, KnobType};
use crate::tree::{At, Entries, Report};

/// What a system lets one set: an environment value of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// Its name: `orders.timeout`.
    pub name: Name,
    /// What it does, in one sentence.
    pub about: String,
    /// Its value where nobody sets it.
    pub default: String,
    /// What it takes, in words.
    pub takes: String,
    service: Name,
    env: String,
    kind: KnobType,
    values: Vec<String>,
}

impl Knob {
    /// Whether it takes a value. Its default and its listed values are always fine.
    fn accepts(&self, value: &str) -> bool {
        let is_listed = value == self.default || self.values.iter().any(|known| known == value);
        is_listed
            || match self.kind {
                KnobType::Duration => value.parse::<Span>().is_ok(),
                KnobType::Integer => value.parse::<u64>().is_ok(),
                KnobType::Ratio => value.parse::<Ratio>().is_ok(),
                KnobType::Size => value.parse::<ByteSize>().is_ok(),
                KnobType::Rate => value.parse::<Rate>().is_ok(),
                KnobType::Flag => matches!(value, "on" | "off"),
                KnobType::Choice => false,
                KnobType::Text => true,
            }
    }
}

/// Reads the knobs of a system; those of unknown services are reported.
pub(super) fn knobs(
    specs: &Entries<Name, KnobSpec>,
    services: &[Service],
    report: &Report,
) -> Vec<Knob> {
    let knobs = specs.iter().filter_map(|(name, place, spec)| {
        let (spec, within) = spec.need(name.as_str(), place, report)?;
        let knob = knob(name, spec, within, report)?;
        let names = || services.iter().map(|service| service.name.as_str());
        if !names().any(|service| service == knob.service.as_str()) {
            let place = spec.service.place().unwrap_or(within);
            report.add(
                Finding::new(
                    Code::UnknownService,
                    place,
                    format!("no service `{}`", knob.service),
                )
                .among(knob.service.as_str(), names()),
            );
        }
        Some(knob)
    });
    knobs.collect()
}

fn knob(name: &Name, spec: &KnobSpec, within: Place, report: &Report) -> Option<Knob> {
    // All are asked for before any is missed, so that all absent ones are reported.
    let service = spec.service.need("service", within, report);
    let env = spec.env.need("env", within, report);
    let kind = spec.takes.need("type", within, report);
    let default = spec.default.need("default", within, report);
    let about = spec.about.need("about", within, report);
    let (kind, default) = (*kind?.0, default?);
    let values: Vec<String> = spec
        .values
        .iter()
        .filter_map(At::value)
        .flatten()
        .filter_map(|value| value.value().cloned())
        .collect();
    let mut knob = Knob {
        name: name.clone(),
        about: about?.0.clone(),
        default: String::new(),
        takes: takes(kind, &values),
        service: service?.0.clone(),
        env: env?.0.clone(),
        kind,
        values,
    };
    // `none` switches a thing off, whatever its type; a choice must list it.
    let off = default.0 == "none" && kind != KnobType::Choice;
    if !off && !knob.accepts(default.0) {
        let message = format!(
            "the default `{}` of {name} is not {}",
            default.0, knob.takes
        );
        report.add(Finding::new(Code::BadSetting, default.1, message));
    }
    if off {
        knob.takes = format!("{}, or `none`", knob.takes);
    }
    knob.default.clone_from(default.0);
    Some(knob)
}

fn takes(kind: KnobType, values: &[String]) -> String {
    let kind = match kind {
        KnobType::Duration => "a duration such as `400ms`",
        KnobType::Integer => "a whole number",
        KnobType::Ratio => "a share such as `20%`",
        KnobType::Size => "a size such as `20KB`",
        KnobType::Rate => "a rate such as `150/s`",
        KnobType::Flag => "`on` or `off`",
        KnobType::Text => "a text",
        KnobType::Choice => return format!("one of {}", listed(values.iter().map(String::as_str))),
    };
    kind.to_owned()
}

/// The value of every knob: its default, unless it is set.
#[derive(Debug, Clone)]
pub(super) struct Settings<'a> {
    knobs: &'a [Knob],
    values: BTreeMap<Name, String>,
}

impl<'a> Settings<'a> {
    pub(super) fn defaults(knobs: &'a [Knob]) -> Self {
        let values = knobs
            .iter()
            .map(|knob| (knob.name.clone(), knob.default.clone()));
        Self {
            knobs,
            values: values.collect(),
        }
    }

    /// Looks a setting up and checks its value; what is wrong with it is reported.
    pub(super) fn check(
        &self,
        (name, place): (&str, Place),
        (value, value_place): (&str, Place),
        report: &Report,
    ) -> Option<&'a Knob> {
        let Some(knob) = self.knobs.iter().find(|knob| knob.name.as_str() == name) else {
            let names = || self.knobs.iter().map(|knob| knob.name.as_str());
            let unknown = Finding::new(Code::UnknownSetting, place, format!("no setting `{name}`"));
            report.add(if self.knobs.is_empty() {
                unknown.help("services of your own have no settings: change their command")
            } else if self.starting_like(name).next().is_some() {
                unknown.among(name, self.starting_like(name))
            } else {
                unknown.among(name, names())
            });
            return None;
        };
        if knob.accepts(value) {
            return Some(knob);
        }
        let message = format!("{name} cannot be `{value}`: it takes {}", knob.takes);
        report.add(
            Finding::new(Code::BadSetting, value_place, message)
                .meant(value, knob.values.iter().map(String::as_str))
                .help(knob.about.clone()),
        );
        None
    }

    /// The settings of the service that a name begins with: a system may have dozens.
    fn starting_like(&self, name: &str) -> impl Iterator<Item = &str> + Clone {
        let service = name.split_once('.').map(|(service, _)| service.to_owned());
        let names = self.knobs.iter().map(|knob| knob.name.as_str());
        names.filter(move |known| {
            let known = known.split_once('.').map(|(service, _)| service);
            known.is_some() && known == service.as_deref()
        })
    }

    pub(super) fn set(&mut self, knob: &Knob, value: &str) {
        self.values.insert(knob.name.clone(), value.to_owned());
    }

    /// The value of a knob as it is set.
    pub(super) fn get<'k>(&'k self, knob: &'k Knob) -> &'k str {
        self.values.get(&knob.name).unwrap_or(&knob.default)
    }

    /// Puts every value into the environment of its service and returns them all by name.
    pub(super) fn apply(self, services: &mut [Service]) -> BTreeMap<Name, String> {
        for knob in self.knobs {
            let service = services
                .iter_mut()
                .find(|service| service.name == knob.service);
            if let Some(service) = service {
                service
                    .env
                    .insert(knob.env.clone(), self.get(knob).to_owned());
            }
        }
        self.values
    }
}
