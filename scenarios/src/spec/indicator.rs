//! What must hold of figures that are read from the system while it runs.

use lab_model::{Name, Rate, Ratio, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Text;
use crate::tree::{At, Entries};

/// A floor under what is served.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Throughput")]
pub(crate) struct ThroughputSpec {
    /// The journey; all of them if left out.
    pub(crate) of: Option<At<Name>>,
    /// Its name in reports; the journey's, or `throughput`, if left out.
    pub(crate) name: Option<At<Name>>,
    /// How many arrivals of a second have to be served.
    pub(crate) at_least: At<Rate>,
    /// The least share of seconds that reach it; 90% if left out.
    pub(crate) share: Option<At<Ratio>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// A ceiling over how full something is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Saturation")]
pub(crate) struct SaturationSpec {
    /// Its name in reports; `saturation` if left out.
    pub(crate) name: Option<At<Name>>,
    /// Where it is read.
    pub(crate) read: At<ReadSpec>,
    /// The ceiling, in the figure's own unit; a part of 1 where the metric is divided by another.
    pub(crate) at_most: At<f64>,
    /// The least share of readings below it; 90% if left out.
    pub(crate) share: Option<At<Ratio>>,
    /// Between two readings, 100ms at least; 1s if left out.
    pub(crate) every: Option<At<Span>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// A limit of how old what is read may be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Freshness")]
pub(crate) struct FreshnessSpec {
    /// Its name in reports; `freshness` if left out.
    pub(crate) name: Option<At<Name>>,
    /// Where it is read: a text is a time (RFC 3339), a number an age in seconds.
    pub(crate) read: At<ReadSpec>,
    /// The greatest age.
    pub(crate) at_most: At<Span>,
    /// The least share of readings that are fresh; 90% if left out.
    pub(crate) share: Option<At<Ratio>>,
    /// Between two readings, 100ms at least; 1s if left out.
    pub(crate) every: Option<At<Span>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// What must hold of every reading: a single one that is otherwise fails.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Invariant")]
pub(crate) struct InvariantSpec {
    /// Its name in reports; `invariant` if left out.
    pub(crate) name: Option<At<Name>>,
    /// Where it is read.
    pub(crate) read: At<ReadSpec>,
    /// The value it must be.
    #[schemars(with = "Option<Text>")]
    pub(crate) equals: Option<At<String>>,
    /// The largest number it may be.
    pub(crate) at_most: Option<At<f64>>,
    /// The smallest number it may be.
    pub(crate) at_least: Option<At<f64>>,
    /// Between two readings, 100ms at least; 1s if left out.
    pub(crate) every: Option<At<Span>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// A counter of the business, its rate beside that of the baseline.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Business")]
pub(crate) struct BusinessSpec {
    /// Its name in reports; `business` if left out.
    pub(crate) name: Option<At<Name>>,
    /// Where the counter is read.
    pub(crate) read: At<ReadSpec>,
    /// The share of the baseline's rate that is kept.
    pub(crate) keeps: At<Ratio>,
    /// Between two readings, 100ms at least; 1s if left out.
    pub(crate) every: Option<At<Span>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// A candidate beside two copies of what it replaces: what differs between those two is noise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Parity")]
pub(crate) struct ParitySpec {
    /// Its name in reports; `parity` if left out.
    pub(crate) name: Option<At<Name>>,
    /// What is replaced.
    pub(crate) primary: At<ReadSpec>,
    /// Another copy of it.
    pub(crate) secondary: At<ReadSpec>,
    /// What replaces it.
    pub(crate) candidate: At<ReadSpec>,
    /// How many times as many differences as noise a pass rules out; 1.5 if left out.
    pub(crate) ratio: Option<At<f64>>,
    /// Between two readings, 100ms at least; 1s if left out.
    pub(crate) every: Option<At<Span>>,
    /// Phases by kind or name; the fault phases if left out, all measured ones where there is none.
    pub(crate) during: Option<At<Vec<At<Name>>>>,
}

/// Where a figure is read, straight from a service and past the faults on its links.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Read")]
pub(crate) enum ReadSpec {
    /// A metric in Prometheus' text format; several series of it are added up.
    Prometheus(At<MetricSpec>),
    /// A value in a JSON reply.
    Http(At<HttpReadSpec>),
    /// The first column of the first row that a PostgreSQL database answers with.
    Sql(At<SqlReadSpec>),
}

/// A metric of a service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Metric")]
pub(crate) struct MetricSpec {
    /// The service.
    pub(crate) service: At<Name>,
    /// The path of its metrics; /metrics if left out.
    pub(crate) path: Option<At<String>>,
    /// The metric.
    pub(crate) metric: At<String>,
    /// The labels that its series must have.
    #[schemars(with = "Option<Entries<String, Text>>")]
    pub(crate) labels: Option<At<Entries<String, String>>>,
    /// The metric it is divided by, of the same labels: a limit, a size.
    pub(crate) per: Option<At<String>>,
}

/// A value in a reply.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HttpRead")]
pub(crate) struct HttpReadSpec {
    /// The service.
    pub(crate) service: At<Name>,
    /// The path with its query.
    pub(crate) path: At<String>,
    /// Where the value stands: a JSON path, `$.updated`; the whole reply if left out.
    pub(crate) value: Option<At<String>>,
}

/// A value in a database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SqlRead")]
pub(crate) struct SqlReadSpec {
    /// `postgres://user:password@{service:store}/database`; `{service:NAME}` is the address of a
    /// service of the system.
    pub(crate) url: At<String>,
    /// A query; the first column of its first row is the value.
    pub(crate) query: At<String>,
}
