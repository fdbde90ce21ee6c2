//! Fixtures: what a service holds before anybody calls it.

use lab_model::Name;
use lab_model::fixture::Fixture;

use super::ledger::services_in;
use crate::code::Code;
use crate::spec::{FixtureSpec, ServiceSpec, SqlFixtureSpec};
use crate::tree::{At, Report};
use lab_diagnostic::{Finding, Place};

const MOST: usize = 100;

/// The fixtures of a service; what is wrong with one is reported, and it is left out.
pub(super) fn resolve(service: &Name, spec: &ServiceSpec, report: &Report) -> Vec<Fixture> {
    let Some((fixtures, place)) = spec.fixtures.as_ref().and_then(At::located) else {
        return Vec::new();
    };
    let fixtures = report.bounded(fixtures, MOST, "fixtures", place);
    let one = |(fixture, place): (&FixtureSpec, Place)| match fixture {
        FixtureSpec::Sql(spec) => sql(service, spec, place, report),
        FixtureSpec::Command(words) => {
            let (words, place) = words.need("command", place, report)?;
            let words: Vec<String> = words.iter().filter_map(At::value).cloned().collect();
            if words.is_empty() {
                report.add(Finding::new(Code::BadFixture, place, "no program is named"));
            }
            Some(Fixture::Command(words))
        }
    };
    fixtures
        .iter()
        .filter_map(At::located)
        .filter_map(one)
        .collect()
}

/// The texts of its fixtures' commands in which the service's own placeholders are replaced.
pub(super) fn texts(spec: &ServiceSpec) -> Vec<(String, Place)> {
    let fixtures = spec.fixtures.iter().filter_map(At::value).flatten();
    let commands = fixtures.filter_map(|fixture| match fixture.value()? {
        FixtureSpec::Command(words) => words.value(),
        FixtureSpec::Sql(_) => None,
    });
    let words = commands.flatten().filter_map(At::located);
    words
        .map(|(text, place)| (text.replace("{seed}", ""), place))
        .collect()
}

fn sql(
    service: &Name,
    spec: &At<SqlFixtureSpec>,
    within: Place,
    report: &Report,
) -> Option<Fixture> {
    let (spec, within) = spec.need("sql", within, report)?;
    let (url, place) = spec.url.need("url", within, report)?;
    let of_itself = services_in(url).all(|named| named == service.as_str());
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") || !of_itself {
        let message = format!("`{url}` is no PostgreSQL database of {service}");
        let help = format!("write `postgres://user@{{service:{service}}}/shop`");
        report.add(Finding::new(Code::BadFixture, place, message).help(help));
    }
    let statements = spec.statements.as_ref().and_then(At::located);
    let file = spec.file.as_ref().and_then(At::located);
    let statements = match (statements, file) {
        (Some((statements, _)), None) => statements.clone(),
        (None, Some((path, place))) => report.text_of(path, place)?,
        _ => {
            let message = "one of `statements` and `file` says what is executed";
            report.add(Finding::new(Code::BadFixture, within, message));
            return None;
        }
    };
    if statements.trim().is_empty() {
        report.add(Finding::new(
            Code::BadFixture,
            within,
            "nothing is executed",
        ));
    }
    Some(Fixture::Sql {
        url: url.clone(),
        statements,
    })
}
