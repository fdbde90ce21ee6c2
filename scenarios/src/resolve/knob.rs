//! Knobs: what a system lets one set.

use lab_model::system::Service;
use lab_model::{ByteSize, Name, Rate, Ratio, Span};

use crate::code::Code;
use crate::spec::{KnobSpec, KnobType};
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place, listed};

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
    /// The service whose environment it changes.
    pub(super) service: Name,
    /// The environment value.
    pub(super) env: String,
    kind: KnobType,
    /// The values of a choice, or those beside its type.
    pub(super) values: Vec<String>,
}

impl Knob {
    /// Whether it takes a value. Its default and its listed values are always fine.
    pub(super) fn accepts(&self, value: &str) -> bool {
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
pub(super) fn resolve(
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
