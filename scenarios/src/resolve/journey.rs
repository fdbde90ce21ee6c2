//! Journeys: steps with their defaults filled in.

use std::collections::BTreeMap;

use lab_model::traffic::{Feeder, Step};
use lab_model::{Name, Span};
use serde_json::Value;

use super::placeholder::placeholders;
use super::reply;
use super::system::Wiring;
use crate::code::Code;
use crate::spec::StepSpec;
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place, listed};

/// How long a step may take where nothing is said.
const TIMEOUT: Span = Span::from_millis(1_500);

/// The most steps of a journey.
const MOST_STEPS: usize = 100;

/// Resolves the steps of one journey, which stands at `within`; `None` where not all of them could
/// be read.
pub(super) fn resolve(
    steps: &[At<StepSpec>],
    wiring: Wiring<'_>,
    within: Place,
    data: &[Feeder],
    report: &Report,
) -> Option<Vec<Step>> {
    let steps = report.bounded(steps, MOST_STEPS, "steps", within);
    if steps.is_empty() {
        report.add(Finding::new(
            Code::NoSteps,
            within,
            "a journey without a step",
        ));
    }
    let mut resolved: Vec<Step> = Vec::new();
    let fed = data.iter().flat_map(|feeder| {
        let fields = feeder.fields().into_iter();
        fields.map(|field| format!("{}.{field}", feeder.name))
    });
    let mut saved: Vec<String> = fed.collect();
    for (spec, place) in steps.iter().filter_map(At::located) {
        check_values(spec, place, &saved, report);
        saved.extend(entries(spec.save.as_ref()).map(|(name, _, _)| name.to_string()));
        if let Some(mut step) = step(spec, place, wiring, report) {
            step.name = unique(spec, step.name, place, &resolved, report);
            resolved.push(step);
        }
    }
    (resolved.len() == steps.len() && !steps.is_empty()).then_some(resolved)
}

fn entries<K, V>(at: Option<&At<Entries<K, V>>>) -> impl Iterator<Item = (&K, Place, &At<V>)> {
    at.and_then(At::value).into_iter().flat_map(Entries::iter)
}

fn step(spec: &StepSpec, place: Place, wiring: Wiring<'_>, report: &Report) -> Option<Step> {
    let (method, path) = request(spec, place, report)?;
    let headers = entries(spec.headers.as_ref()).filter_map(|(name, place, value)| {
        let fine = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(fine) {
            let message = format!("`{name}` is not a header's name");
            report.add(Finding::new(Code::BadStep, place, message));
        }
        Some((name.clone(), value.value()?.clone()))
    });
    let save = entries(spec.save.as_ref()).filter_map(|(name, _, from)| {
        let (from, place) = from.located()?;
        Some((name.to_string(), reply::save(from, place, report)?))
    });
    let (write, record) = reply::write(spec, report);
    let timeout = spec.timeout.as_ref().and_then(At::located);
    if let Some((&Span::ZERO, place)) = timeout {
        report.add(Finding::new(
            Code::BadStep,
            place,
            "no reply ends within 0s",
        ));
    }
    let expect = spec.expect.as_ref().and_then(At::located);
    if let Some((status, place)) = expect.filter(|(status, _)| !(100..=599).contains(*status)) {
        let message = format!("{status} is not an HTTP status");
        report.add(Finding::new(Code::BadStep, place, message).help("from 100 to 599"));
    }
    Some(Step {
        name: derived_name(method, path)?,
        service: service(spec, place, wiring, report)?,
        method: method.to_owned(),
        path: path.clone(),
        headers: headers.collect(),
        body: spec.body.as_ref().and_then(At::value).cloned(),
        timeout: timeout.map_or(TIMEOUT, |(timeout, _)| *timeout),
        expect: expect.map(|(status, _)| *status),
        save: save.collect::<BTreeMap<_, _>>(),
        checks: reply::checks(spec, report),
        write,
        record,
        retry: reply::retry(spec, report),
        think: reply::think(spec, report),
    })
}

/// The one method with its path.
fn request<'a>(
    spec: &'a StepSpec,
    within: Place,
    report: &Report,
) -> Option<(&'static str, &'a String)> {
    let methods = [
        ("GET", &spec.get),
        ("POST", &spec.post),
        ("PUT", &spec.put),
        ("PATCH", &spec.patch),
        ("DELETE", &spec.delete),
    ];
    let mut given = methods
        .into_iter()
        .filter_map(|(method, path)| Some((method, path.as_ref()?)));
    let Some((method, path)) = given.next() else {
        report.add(
            Finding::new(Code::BadStep, within, "the step has no request")
                .help("write `get: /path`; or `post`, `put`, `patch`, `delete`"),
        );
        return None;
    };
    if let Some((second, path)) = given.next() {
        let place = path.place().unwrap_or(within);
        let message = format!("{method} and {second} in one step");
        report.add(Finding::new(Code::BadStep, place, message).help("make it two steps"));
    }
    let (path, place) = path.located()?;
    let bad = |c: char| c.is_whitespace() || c.is_control();
    if !path.starts_with('/') || path.contains(bad) {
        let message = format!("`{path}` is not a path");
        report.add(
            Finding::new(Code::BadStep, place, message)
                .help("it starts with `/` and has no spaces"),
        );
    }
    Some((method, path))
}

fn service(spec: &StepSpec, within: Place, wiring: Wiring<'_>, report: &Report) -> Option<Name> {
    let Wiring { links, whole } = wiring;
    let entries = || {
        links
            .iter()
            .filter(|link| link.is_entry())
            .map(|link| &link.to)
    };
    let Some(first) = entries().next() else {
        if whole {
            report.add(
                Finding::new(
                    Code::NoEntry,
                    within,
                    "no link leads from the load into the system",
                )
                .help("add `- client -> SERVICE` to the links"),
            );
        }
        return None;
    };
    let Some(named) = &spec.service else {
        return Some(first.clone());
    };
    let (name, place) = named.located()?;
    if entries().any(|callee| callee == name) {
        return Some(name.clone());
    }
    if whole {
        let message = format!("no link from client to {name}");
        report.add(
            Finding::new(Code::UnknownLink, place, message)
                .among(name.as_str(), entries().map(Name::as_str)),
        );
    }
    None
}

/// Values that stand in texts of a step must have been saved before.
fn check_values(spec: &StepSpec, within: Place, saved: &[String], report: &Report) {
    let known = |inside: &str| match inside.split_once(':') {
        None => inside == "unique" || saved.iter().any(|name| name == inside),
        Some(("random", range)) => range.split_once("..").is_some_and(|(from, to)| {
            let ends = (from.parse::<u64>(), to.parse::<u64>());
            matches!(ends, (Ok(from), Ok(to)) if from <= to)
        }),
        Some(_) => false,
    };
    let check = |text: &str, place: Place| {
        for inside in placeholders(text).filter(|inside| !known(inside)) {
            let names = || saved.iter().map(String::as_str).chain(["unique"]);
            report.add(
                Finding::new(
                    Code::UnknownValue,
                    place,
                    format!("nothing replaces `{{{inside}}}`"),
                )
                .meant(inside, names())
                .help(format!("there is {} and `random:1..20`", listed(names()))),
            );
        }
    };
    let paths = [&spec.get, &spec.post, &spec.put, &spec.patch, &spec.delete];
    let paths = paths.into_iter().flatten();
    let headers = entries(spec.headers.as_ref()).map(|(_, _, value)| value);
    for (text, place) in paths.chain(headers).filter_map(At::located) {
        check(text, place);
    }
    if let Some(body) = &spec.body
        && let Some(value) = body.value()
    {
        texts(value, &mut |text| {
            check(text, body.place().unwrap_or(within));
        });
    }
}

/// Every text inside a JSON value.
fn texts(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, visit)),
        Value::Object(members) => members.values().for_each(|member| texts(member, visit)),
        _ => {}
    }
}

/// `GET /products/{random:1..20}` is `get-products-random-1-20`.
fn derived_name(method: &str, path: &str) -> Option<Name> {
    let words = format!("{method} {path}").to_ascii_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric());
    let name: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let name: String = name.join("-").chars().take(Name::MAX_LENGTH - 4).collect();
    Name::new(&name).ok()
}

/// The step's own name, or the derived one with a number behind it where it is taken.
fn unique(spec: &StepSpec, derived: Name, within: Place, taken: &[Step], report: &Report) -> Name {
    let is_taken = |name: &Name| taken.iter().any(|step| &step.name == name);
    if let Some((name, place)) = spec.name.as_ref().and_then(At::located) {
        if is_taken(name) {
            let message = format!("a second step `{name}`");
            report.add(Finding::new(Code::DuplicateName, place, message));
        }
        return name.clone();
    }
    if !is_taken(&derived) {
        return derived;
    }
    (2..=taken.len() + 2)
        .filter_map(|number| Name::new(&format!("{derived}-{number}")).ok())
        .find(|name| !is_taken(name))
        .unwrap_or_else(|| {
            report.add(Finding::new(
                Code::DuplicateName,
                within,
                "give the step a `name`",
            ));
            derived
        })
}
