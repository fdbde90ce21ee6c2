//! Where a figure is read: a metric, a reply, a database.

use std::collections::BTreeMap;

use lab_model::Name;
use lab_model::indicator::{Metric, Source};

use super::ledger::services_in;
use super::objective::Around;
use super::reply;
use crate::code::Code;
use crate::spec::{HttpReadSpec, MetricSpec, ReadSpec, SqlReadSpec};
use crate::tree::At;
use lab_diagnostic::{Finding, Place};

/// The path of metrics where none is given.
const METRICS: &str = "/metrics";

/// A source, where it can be read.
pub(super) fn source(spec: &ReadSpec, within: Place, around: Around<'_>) -> Option<Source> {
    let report = around.report;
    match spec {
        ReadSpec::Prometheus(spec) => {
            let (spec, within) = spec.need("metric", within, report)?;
            metric(spec, within, around)
        }
        ReadSpec::Http(spec) => {
            let (
                HttpReadSpec {
                    service,
                    path,
                    value,
                },
                within,
            ) = spec.need("path", within, report)?;
            let service = known(service, within, around);
            let path = slashed(path.need("path", within, report), around);
            let value = value.as_ref().and_then(At::located);
            let value = value.map(|(text, place)| reply::json_path(text, place, report));
            Some(Source::Http {
                service: service?,
                path: path?,
                value: match value {
                    Some(value) => Some(value?),
                    None => None,
                },
            })
        }
        ReadSpec::Sql(spec) => {
            let (SqlReadSpec { url, query }, within) = spec.need("query", within, report)?;
            let url = url.need("url", within, report);
            let query = query.need("query", within, report);
            let ((url, place), (query, _)) = (url?, query?);
            if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                let message = format!("`{url}` is no address of a PostgreSQL database");
                report.add(
                    Finding::new(Code::BadIndicator, place, message)
                        .help("write `postgres://user@{service:store}/shop`"),
                );
            }
            for name in services_in(url) {
                is_known(name, place, around);
            }
            Some(Source::Sql {
                url: url.clone(),
                query: query.clone(),
            })
        }
    }
}

fn metric(spec: &MetricSpec, within: Place, around: Around<'_>) -> Option<Source> {
    let report = around.report;
    let service = known(&spec.service, within, around);
    let path = match &spec.path {
        Some(path) => slashed(path.located(), around),
        None => Some(METRICS.to_owned()),
    };
    let name = |given: Option<(&String, Place)>| {
        let (text, place) = given?;
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        if text.is_empty()
            || !text.chars().all(fine)
            || text.starts_with(|c: char| c.is_ascii_digit())
        {
            let message = format!("`{text}` is no name of a metric");
            report.add(
                Finding::new(Code::BadIndicator, place, message)
                    .help("its labels stand under `labels`"),
            );
            return None;
        }
        Some(text.clone())
    };
    let metric = name(spec.metric.need("metric", within, report));
    let per = spec.per.as_ref().and_then(At::located);
    let labels = spec.labels.as_ref().and_then(At::value);
    let labels: BTreeMap<String, String> = labels
        .iter()
        .flat_map(|labels| labels.iter())
        .filter_map(|(label, _, value)| Some((label.clone(), value.value()?.clone())))
        .collect();
    Some(Source::Prometheus(Metric {
        service: service?,
        path: path?,
        metric: metric?,
        labels,
        per: match per {
            Some(per) => Some(name(Some(per))?),
            None => None,
        },
    }))
}

fn known(service: &At<Name>, within: Place, around: Around<'_>) -> Option<Name> {
    let (name, place) = service.need("service", within, around.report)?;
    is_known(name.as_str(), place, around).then(|| name.clone())
}

/// Whether the system has that service; reported where it has not.
fn is_known(name: &str, place: Place, around: Around<'_>) -> bool {
    let Some(system) = around.system else {
        return true;
    };
    let names = || system.services.iter().map(|service| service.name.as_str());
    if names().any(|known| known == name) {
        return true;
    }
    let message = format!("no service `{name}`");
    let finding = Finding::new(Code::UnknownService, place, message);
    around.report.add(finding.among(name, names()));
    false
}

fn slashed(given: Option<(&String, Place)>, around: Around<'_>) -> Option<String> {
    let (path, place) = given?;
    let fine = path.starts_with('/') && path.chars().all(|c| !c.is_control() && c != ' ');
    if !fine {
        let message = format!("`{path}` is not a path");
        let finding = Finding::new(Code::BadIndicator, place, message);
        around
            .report
            .add(finding.help("it starts with `/` and holds no space"));
        return None;
    }
    Some(path.clone())
}
