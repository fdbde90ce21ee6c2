//! Ledgers: which acknowledged writes are compared with what.

use lab_model::ledger::{HttpSource, LedgerCheck, Source, SqlSource};
use lab_model::traffic::{Journey, Step};
use lab_model::{Name, Span};

use super::reply;
use super::system::Definition;
use lab_diagnostic::{Finding, Place};

use crate::code::Code;
use crate::spec::{HttpSourceSpec, LedgerSpec, SourceSpec, SqlSourceSpec};
use crate::tree::{At, Report};

const MOST_LEDGERS: usize = 20;
const WITHIN: Span = Span::from_secs(5);
/// The longest that a run waits for a system that does not settle.
const LONGEST: Span = Span::from_secs(600);

/// What ledgers are checked against.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) journeys: Option<&'a [Journey]>,
    pub(super) system: Option<&'a Definition>,
    pub(super) report: &'a Report,
}

/// Resolves the ledgers.
pub(super) fn resolve(
    (specs, place): (&Vec<At<LedgerSpec>>, Place),
    around: Around<'_>,
) -> Vec<LedgerCheck> {
    let report = around.report;
    let specs = report.bounded(specs, MOST_LEDGERS, "ledgers", place);
    let mut ledgers: Vec<LedgerCheck> = Vec::new();
    for (spec, place) in specs.iter().filter_map(At::located) {
        let Some(next) = ledger(spec, place, around) else {
            continue;
        };
        if ledgers.iter().any(|ledger| ledger.name == next.name) {
            let place = spec.name.as_ref().and_then(At::place).unwrap_or(place);
            let message = format!("a second ledger `{}`", next.name);
            report.add(Finding::new(Code::DuplicateName, place, message).help("give it a `name`"));
        }
        ledgers.push(next);
    }
    ledgers
}

fn ledger(spec: &LedgerSpec, within: Place, around: Around<'_>) -> Option<LedgerCheck> {
    let report = around.report;
    let source = spec.source.need("source", within, report);
    let source = source.and_then(|(source, place)| self::source(source, place, around));
    let also = spec.also.as_ref().and_then(At::value).into_iter().flatten();
    let also = also.filter_map(At::located);
    let also: Vec<Source> = also
        .filter_map(|(source, place)| self::source(source, place, around))
        .collect();
    let (of, place) = spec.of.need("of", within, report)?;
    let step = spec.step.as_ref().and_then(At::located);
    if let Some(journeys) = around.journeys {
        let record = writes(of, place, step, journeys, report)?;
        let recorded = record.unwrap_or_default();
        let places = also.iter().chain(&source);
        let differs = |source: &&Source| match source {
            Source::Http(http) => !http.record.is_empty() && http.record.len() != recorded,
            Source::Sql(_) => false,
        };
        if let (Some(Source::Http(http)), true) = (places.clone().find(differs), record.is_some()) {
            let place = spec.source.place().unwrap_or(within);
            let message = format!(
                "{} values of the entry beside {recorded} of the reply",
                http.record.len()
            );
            report.add(Finding::new(Code::BadLedger, place, message).help(
                "the step says `write: { record: [$.order, …] }`, the source `record` the same values in the same order",
            ));
        }
    }
    finish(spec, of, step, (source?, also))
}

fn finish(
    spec: &LedgerSpec,
    of: &Name,
    step: Option<(&Name, Place)>,
    (source, also): (Source, Vec<Source>),
) -> Option<LedgerCheck> {
    let within = spec.within.as_ref().and_then(At::value).copied();
    Some(LedgerCheck {
        name: spec.name.as_ref().map_or(Some(of), At::value).cloned()?,
        of: of.clone(),
        step: step.map(|(step, _)| step.clone()),
        source,
        also,
        within: within.unwrap_or(WITHIN).min(LONGEST),
    })
}

/// Whether the journey, and the step where one is named, writes at all; the number of values that
/// its ledger keeps, where all its writes keep as many.
#[expect(
    clippy::option_option,
    reason = "no writes, writes of differing shapes, writes of one shape"
)]
fn writes(
    of: &Name,
    place: Place,
    step: Option<(&Name, Place)>,
    journeys: &[Journey],
    report: &Report,
) -> Option<Option<usize>> {
    let Some(journey) = journeys.iter().find(|journey| &journey.name == of) else {
        let names = journeys.iter().map(|journey| journey.name.as_str());
        let message = format!("no arrival starts {of}");
        report.add(Finding::new(Code::NoTraffic, place, message).among(of.as_str(), names));
        return None;
    };
    let named = |candidate: &&Step| step.is_none_or(|(name, _)| &candidate.name == name);
    let writing: Vec<&Step> = journey
        .steps
        .iter()
        .filter(named)
        .filter(|s| s.write)
        .collect();
    let Some(first) = writing.first() else {
        let (place, what) = match step {
            Some((name, place)) => (place, format!("no step {name} of {of} writes")),
            None => (place, format!("no step of {of} writes")),
        };
        report.add(Finding::new(Code::BadLedger, place, what).help("mark it with `write: true`"));
        return None;
    };
    let same = writing
        .iter()
        .all(|step| step.record.len() == first.record.len());
    Some(same.then_some(first.record.len()))
}

fn source(spec: &SourceSpec, within: Place, around: Around<'_>) -> Option<Source> {
    let report = around.report;
    match spec {
        SourceSpec::Http(spec) => {
            let (spec, within) = spec.need("http", within, report)?;
            http(spec, within, around).map(Source::Http)
        }
        SourceSpec::Sql(spec) => {
            let (SqlSourceSpec { url, query }, within) = spec.need("sql", within, report)?;
            let (url, query) = (
                url.need("url", within, report),
                query.need("query", within, report),
            );
            let ((url, place), (query, _)) = (url?, query?);
            if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                let message = format!("`{url}` is no address of a PostgreSQL database");
                report.add(
                    Finding::new(Code::BadLedger, place, message)
                        .help("write `postgres://user@{service:store}/shop`"),
                );
            }
            for name in services_in(url) {
                known_service(name, place, around);
            }
            Some(Source::Sql(SqlSource {
                url: url.clone(),
                query: query.clone(),
            }))
        }
    }
}

/// The services that a text names: `{service:store}`.
pub(super) fn services_in(text: &str) -> impl Iterator<Item = &str> {
    let rests = text.split("{service:").skip(1);
    rests.filter_map(|rest| Some(rest.split_once('}')?.0))
}

fn known_service(name: &str, place: Place, around: Around<'_>) {
    let Some(system) = around.system else { return };
    let names = || system.services.iter().map(|service| service.name.as_str());
    if !names().any(|known| known == name) {
        let message = format!("no service `{name}`");
        around
            .report
            .add(Finding::new(Code::UnknownService, place, message).among(name, names()));
    }
}

fn http(spec: &HttpSourceSpec, within: Place, around: Around<'_>) -> Option<HttpSource> {
    let report = around.report;
    let service = spec.service.need("service", within, report);
    let text = spec.path.need("path", within, report);
    let entries = reply::path(&spec.entries, "entries", within, report);
    let key = reply::path(&spec.key, "key", within, report);
    let next = spec.next.as_ref().and_then(At::located);
    let next = next.map(|(next, place)| reply::json_path(next, place, report));
    let record = spec.record.as_ref().and_then(At::value);
    let record = record.map_or_else(Vec::new, |paths| {
        let located = paths.iter().filter_map(At::located);
        located
            .filter_map(|(path, place)| reply::json_path(path, place, report))
            .collect()
    });
    let ((service, place), (text, path_place)) = (service?, text?);
    known_service(service.as_str(), place, around);
    if !text.starts_with('/') {
        let message = format!("`{text}` is not a path");
        report.add(Finding::new(Code::BadLedger, path_place, message).help("it starts with `/`"));
    }
    if next.is_some() && !text.contains("{after}") {
        let message = "every page would be the first one";
        report.add(
            Finding::new(Code::BadLedger, path_place, message).help(
                "write `{after}` where the place of the page belongs: `/ledger?after={after}`",
            ),
        );
    }
    Some(HttpSource {
        service: service.clone(),
        path: text.clone(),
        entries: entries?,
        key: key?,
        record,
        next: next.unwrap_or_default(),
    })
}
