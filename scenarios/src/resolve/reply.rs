//! What a step does with its reply: checks, saved values, the ledger; and its retries and pauses.

use std::num::NonZeroU32;

use lab_model::Span;
use lab_model::traffic::{Check, Extract, Must, Retry, Think};
use serde_json::Value;

use lab_diagnostic::{Finding, Place};

use crate::code::Code;
use crate::spec::{CheckSpec, ExtractSpec, SaveSpec, StepSpec, ThinkSpec, WriteSpec};
use crate::tree::{At, Report};

const MOST_CHECKS: usize = 100;

/// A JSON path, where it is one.
pub(super) fn path(at: &At<String>, key: &str, within: Place, report: &Report) -> Option<String> {
    let (text, place) = at.need(key, within, report)?;
    json_path(text, place, report)
}

pub(super) fn json_path(text: &str, place: Place, report: &Report) -> Option<String> {
    if let Err(error) = serde_json_path::JsonPath::parse(text) {
        let message = format!("`{text}` is no JSON path: {}", error.message());
        report.add(
            Finding::new(Code::BadStep, place, message)
                .help("write `$.id` for a member, `$.items[0].id` for one of the first item's"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn pattern(text: &str, place: Place, report: &Report) -> Option<String> {
    if let Err(error) = regex::Regex::new(text) {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default();
        let last = last.strip_prefix("error: ").unwrap_or(last);
        let message = format!("`{text}` is no regular expression: {last}");
        report.add(Finding::new(Code::BadStep, place, message));
        return None;
    }
    Some(text.to_owned())
}

fn header(text: &str, place: Place, report: &Report) -> Option<String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if text.is_empty() || !text.chars().all(fine) {
        let message = format!("`{text}` is not a header's name");
        report.add(Finding::new(Code::BadStep, place, message));
        return None;
    }
    Some(text.to_owned())
}

/// Where a saved value stands.
pub(super) fn save(spec: &SaveSpec, place: Place, report: &Report) -> Option<Extract> {
    match spec {
        SaveSpec::Text(pointer) => {
            if !pointer.starts_with('/') {
                let message = format!("`{pointer}` is not a JSON pointer");
                report.add(Finding::new(Code::BadStep, place, message).help(
                    "write `/id` for the member `id` of the reply, `/items/0` for the first item; or `{ json: $.id }`, `{ header: location }`, `{ pattern: REGEX }`",
                ));
            }
            Some(Extract::Pointer(pointer.clone()))
        }
        SaveSpec::Mapping(ExtractSpec::Json(at)) => {
            path(at, "json", place, report).map(Extract::Path)
        }
        SaveSpec::Mapping(ExtractSpec::Header(at)) => {
            let (name, place) = at.need("header", place, report)?;
            header(name, place, report).map(Extract::Header)
        }
        SaveSpec::Mapping(ExtractSpec::Pattern(at)) => {
            let (text, place) = at.need("pattern", place, report)?;
            pattern(text, place, report).map(Extract::Pattern)
        }
    }
}

/// The checks of a step.
pub(super) fn checks(spec: &StepSpec, report: &Report) -> Vec<Check> {
    let Some((specs, place)) = spec.checks.as_ref().and_then(At::located) else {
        return Vec::new();
    };
    let specs = report.bounded(specs, MOST_CHECKS, "checks", place);
    let located = specs.iter().filter_map(At::located);
    located
        .filter_map(|(spec, place)| check(spec, place, report))
        .collect()
}

/// What must hold, as it is written: three keys of which one at most is given.
type Musts<'a> = (
    &'a Option<At<Value>>,
    &'a Option<At<String>>,
    &'a Option<At<String>>,
);

fn check(spec: &CheckSpec, place: Place, report: &Report) -> Option<Check> {
    let (of, musts, within): (_, Musts<'_>, _) = match spec {
        CheckSpec::Json(spec) => {
            let (spec, within) = spec.need("json", place, report)?;
            let of = path(&spec.path, "path", within, report).map(Extract::Path);
            (of, (&spec.equals, &spec.contains, &spec.matches), within)
        }
        CheckSpec::Header(spec) => {
            let (spec, within) = spec.need("header", place, report)?;
            let (name, place) = spec.name.need("name", within, report)?;
            let of = header(name, place, report).map(Extract::Header);
            (of, (&spec.equals, &spec.contains, &spec.matches), within)
        }
        CheckSpec::Body(spec) => {
            let (spec, within) = spec.need("body", place, report)?;
            let musts = (&spec.equals, &spec.contains, &spec.matches);
            (Some(Extract::Body), musts, within)
        }
    };
    let must = match musts {
        (None, None, None) => Some(Must::Exist),
        (Some(value), None, None) => value.value().cloned().map(Must::Equal),
        (None, Some(text), None) => text.value().cloned().map(Must::Contain),
        (None, None, Some(text)) => {
            let (text, place) = text.located()?;
            pattern(text, place, report).map(Must::Match)
        }
        _ => {
            report.add(
                Finding::new(Code::BadStep, within, "a check says one thing")
                    .help("write two checks for two of `equals`, `contains`, `matches`"),
            );
            None
        }
    };
    Some(Check {
        of: of?,
        must: must?,
    })
}

/// Whether a step writes, and the values that its ledger keeps.
pub(super) fn write(spec: &StepSpec, report: &Report) -> (bool, Vec<String>) {
    match spec.write.as_ref().and_then(At::located) {
        None => (false, Vec::new()),
        Some((WriteSpec::Text(write), _)) => (*write, Vec::new()),
        Some((WriteSpec::Mapping(spec), within)) => {
            let paths = spec.record.need("record", within, report);
            let paths = paths.map_or_else(Vec::new, |(paths, _)| {
                let located = paths.iter().filter_map(At::located);
                located
                    .filter_map(|(text, place)| json_path(text, place, report))
                    .collect()
            });
            (true, paths)
        }
    }
}

/// How a step is tried again.
pub(super) fn retry(spec: &StepSpec, report: &Report) -> Option<Retry> {
    let (spec, within) = spec.retry.as_ref()?.located()?;
    let (attempts, place) = spec.attempts.need("attempts", within, report)?;
    if !(2..=20).contains(attempts) {
        let message = format!("{attempts} attempts");
        report.add(
            Finding::new(Code::BadStep, place, message).help("from 2 to 20, the first included"),
        );
    }
    let pause = spec.pause.as_ref().and_then(At::value).copied();
    Some(Retry {
        attempts: NonZeroU32::new(*attempts)?,
        pause: pause.unwrap_or_default(),
    })
}

/// The pause behind a step.
pub(super) fn think(spec: &StepSpec, report: &Report) -> Option<Think> {
    let (least, most) = match spec.think.as_ref()?.located()? {
        (ThinkSpec::Text(pause), _) => (*pause, *pause),
        (ThinkSpec::Mapping(range), within) => {
            let from = range.from.need("from", within, report);
            let to = range.to.need("to", within, report);
            let ((from, _), (to, place)) = (from?, to?);
            if from > to {
                let message = format!("a pause from {from} to {to}");
                report
                    .add(Finding::new(Code::BadStep, place, message).help("the shorter one first"));
            }
            (*from, *to)
        }
    };
    (most > Span::ZERO).then_some(Think { least, most })
}
