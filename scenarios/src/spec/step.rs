//! One step of a journey: a request, and what is done with its reply.

use lab_model::{Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Text;
use crate::tree::{At, Entries};

/// One HTTP request: exactly one of `get`, `post`, `put`, `patch`, `delete`.
///
/// Path, headers and texts in the body may hold `{name}` (a value that an earlier step saved),
/// `{feeder.field}` (of the load's `data`), `{random:1..20}` and `{unique}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(crate) struct StepSpec {
    /// Its name in reports; made from method and path if left out.
    pub(crate) name: Option<At<Name>>,
    /// `GET` this path.
    pub(crate) get: Option<At<String>>,
    /// `POST` to this path.
    pub(crate) post: Option<At<String>>,
    /// `PUT` to this path.
    pub(crate) put: Option<At<String>>,
    /// `PATCH` this path.
    pub(crate) patch: Option<At<String>>,
    /// `DELETE` this path.
    pub(crate) delete: Option<At<String>>,
    /// The service it calls; the one that `client` is linked to first, if left out.
    pub(crate) service: Option<At<Name>>,
    /// Headers beside those that the lab sets itself.
    #[schemars(with = "Option<Entries<String, Text>>")]
    pub(crate) headers: Option<At<Entries<String, String>>>,
    /// A JSON body, or a text sent as it stands.
    pub(crate) body: Option<At<Value>>,
    /// Beyond this the step has failed; 1.5s if left out.
    pub(crate) timeout: Option<At<Span>>,
    /// The status it must answer with; any from 200 to 399 if left out.
    #[schemars(range(min = 100, max = 599))]
    pub(crate) expect: Option<At<u16>>,
    /// What must hold of the reply beside its status.
    pub(crate) checks: Option<At<Vec<At<CheckSpec>>>>,
    /// Values for later steps: a name, and where it stands in the reply.
    pub(crate) save: Option<At<Entries<Name, SaveSpec>>>,
    /// Whether a success is an acknowledged write, which must not be lost.
    pub(crate) write: Option<At<WriteSpec>>,
    /// Whether and how its client tries again what got no connection, no whole reply in time, or a
    /// status from 500 on.
    pub(crate) retry: Option<At<RetrySpec>>,
    /// The pause behind it, which is no part of the journey's latency.
    pub(crate) think: Option<At<ThinkSpec>>,
}

/// Where a value stands: a JSON pointer, or one of several ways to find it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "$shape", rename_all = "snake_case")]
#[schemars(rename = "Save", untagged)]
pub(crate) enum SaveSpec {
    /// A JSON pointer into the body: `/items/0/id`.
    Text(String),
    /// Another place.
    Mapping(ExtractSpec),
}

/// Where a value stands in a reply.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Extract")]
pub(crate) enum ExtractSpec {
    /// A JSON path into the body (RFC 9535): `$.items[0].id`.
    Json(At<String>),
    /// A header.
    Header(At<String>),
    /// The first group of a regular expression in the body, or all it matches.
    Pattern(At<String>),
}

/// Something that must hold of a reply; that it is there, where nothing more is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Check")]
pub(crate) enum CheckSpec {
    /// Of a value in its JSON body.
    Json(At<JsonCheckSpec>),
    /// Of a header.
    Header(At<HeaderCheckSpec>),
    /// Of its body as a text.
    Body(At<BodyCheckSpec>),
}

/// What must hold of a value in a JSON body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JsonCheck")]
pub(crate) struct JsonCheckSpec {
    /// Where it stands: a JSON path (RFC 9535), `$.items[0].id`.
    pub(crate) path: At<String>,
    /// It is this value.
    pub(crate) equals: Option<At<Value>>,
    /// It holds this text.
    pub(crate) contains: Option<At<String>>,
    /// This regular expression matches in it.
    pub(crate) matches: Option<At<String>>,
}

/// What must hold of a header.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HeaderCheck")]
pub(crate) struct HeaderCheckSpec {
    /// Its name.
    pub(crate) name: At<String>,
    /// It is this value.
    pub(crate) equals: Option<At<Value>>,
    /// It holds this text.
    pub(crate) contains: Option<At<String>>,
    /// This regular expression matches in it.
    pub(crate) matches: Option<At<String>>,
}

/// What must hold of a body as a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BodyCheck")]
pub(crate) struct BodyCheckSpec {
    /// It is this text.
    pub(crate) equals: Option<At<Value>>,
    /// It holds this text.
    pub(crate) contains: Option<At<String>>,
    /// This regular expression matches in it.
    pub(crate) matches: Option<At<String>>,
}

/// Whether a success is an acknowledged write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "$shape", rename_all = "snake_case")]
#[schemars(rename = "Write", untagged)]
pub(crate) enum WriteSpec {
    /// `true`: the ledger keeps the digest of the whole reply.
    Text(bool),
    /// It is, and the ledger keeps the digest of some values.
    Mapping(WriteRecordSpec),
}

/// An acknowledged write with the values that must stay as they were acknowledged.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WriteRecord")]
pub(crate) struct WriteRecordSpec {
    /// Where the values stand in the reply (JSON paths), in the order in which `ledgers` names them.
    pub(crate) record: At<Vec<At<String>>>,
}

/// How a client tries again. Every attempt carries the same keys and its own number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(crate) struct RetrySpec {
    /// Attempts, the first included.
    #[schemars(range(min = 2, max = 20))]
    pub(crate) attempts: At<u32>,
    /// Between two attempts; 0s if left out.
    pub(crate) pause: Option<At<Span>>,
}

/// A pause: always the same, or any between two by the seed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "$shape", rename_all = "snake_case")]
#[schemars(rename = "Think", untagged)]
pub(crate) enum ThinkSpec {
    /// Always the same.
    Text(Span),
    /// Any between two.
    Mapping(ThinkRangeSpec),
}

/// Any pause between two.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ThinkRange")]
pub(crate) struct ThinkRangeSpec {
    /// At least.
    pub(crate) from: At<Span>,
    /// At most.
    pub(crate) to: At<Span>,
}
