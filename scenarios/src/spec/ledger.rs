//! What is compared with the ledger of acknowledged writes when the load has ended.

use lab_model::{Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tree::At;

/// A comparison of acknowledged writes with what the system holds afterwards: nothing may be lost,
/// duplicated, altered, or there although nobody wrote it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ledger")]
pub(crate) struct LedgerSpec {
    /// The journey whose writes are compared.
    pub(crate) of: At<Name>,
    /// The step whose writes are compared; all that write if left out.
    pub(crate) step: Option<At<Name>>,
    /// Its name in reports; the journey's if left out.
    pub(crate) name: Option<At<Name>>,
    /// Where the system's own entries are read.
    pub(crate) source: At<SourceSpec>,
    /// Further places: an entry may stand in any of them.
    pub(crate) also: Option<At<Vec<At<SourceSpec>>>>,
    /// How long the system may take until it holds everything; 5s if left out.
    pub(crate) within: Option<At<Span>>,
}

/// Where the system's own entries are read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LedgerSource")]
pub(crate) enum SourceSpec {
    /// From a service, page after page, past the faults on its links.
    Http(At<HttpSourceSpec>),
    /// From a PostgreSQL database.
    Sql(At<SqlSourceSpec>),
}

/// Entries over HTTP.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HttpSource")]
pub(crate) struct HttpSourceSpec {
    /// The service.
    pub(crate) service: At<Name>,
    /// The path with its query; `{after}` is replaced by the place of the page, 0 at first.
    pub(crate) path: At<String>,
    /// Where the entries stand in a page: a JSON path, `$.entries[*]`.
    pub(crate) entries: At<String>,
    /// Where the key stands in an entry: a JSON path, `$.key`.
    pub(crate) key: At<String>,
    /// Where the values stand in an entry that must be as acknowledged (JSON paths), in the order
    /// of the step's `write: { record: … }`.
    pub(crate) record: Option<At<Vec<At<String>>>>,
    /// Where the next page's `{after}` stands in a page: a JSON path; one page if left out.
    pub(crate) next: Option<At<String>>,
}

/// Entries from a PostgreSQL database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SqlSource")]
pub(crate) struct SqlSourceSpec {
    /// `postgres://user:password@{service:store}/database`; `{service:NAME}` is the address of a
    /// service of the system.
    pub(crate) url: At<String>,
    /// A query that answers with a row an entry: the key first, then the values that must be as
    /// acknowledged.
    pub(crate) query: At<String>,
}
