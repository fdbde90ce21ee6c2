//! Settings: how knobs are turned, by a scenario and by the command line.

use std::collections::BTreeMap;

use lab_model::Name;
use lab_model::system::Service;

use super::knob::Knob;
use super::system::Definition;
use crate::code::Code;
use crate::overrides::Overrides;
use crate::spec::ScenarioSpec;
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Diagnostic, Finding, Place};

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

    /// Turns what the command line turns; returns what is wrong with it.
    pub(super) fn turn(&mut self, overrides: &Overrides) -> Vec<Diagnostic> {
        overrides.apply(&mut |name, value, report| {
            if let Some(knob) = self.check(name, value, report) {
                self.set(knob, value.0);
            }
        })
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

/// The settings of a scenario before and after the command line.
pub(super) struct Turned<'a> {
    /// As the file has them.
    pub(super) as_written: Settings<'a>,
    /// As the run will have them.
    pub(super) in_force: Settings<'a>,
}

/// Resolves the settings of a scenario and of the command line; mistakes of the latter are
/// returned, as they have no place in the file. Without a system there is nothing to set.
pub(super) fn resolve<'a>(
    spec: &ScenarioSpec,
    system: Option<&'a Definition>,
    overrides: &Overrides,
    report: &Report,
) -> (Turned<'a>, Vec<Diagnostic>) {
    let mut settings = Settings::defaults(system.map_or(&[], |system| &system.knobs));
    let own = spec
        .settings
        .iter()
        .filter_map(At::value)
        .flat_map(Entries::iter);
    for (name, place, value) in own.filter(|_| system.is_some()) {
        if let Some((value, at)) = value.need(name.as_str(), place, report)
            && let Some(knob) = settings.check((name.as_str(), place), (value, at), report)
        {
            settings.set(knob, value);
        }
    }
    let as_written = settings.clone();
    let mut wrong = Vec::new();
    if system.is_some() {
        wrong = settings.turn(overrides);
    }
    let turned = Turned {
        as_written,
        in_force: settings,
    };
    (turned, wrong)
}
