//! Data that journeys are fed with.

use std::borrow::Cow;

use lab_model::Name;
use lab_model::traffic::Pick;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use crate::tree::{At, Entries};

/// Rows of data; each arrival gets one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Feeder")]
pub(crate) enum FeederSpec {
    /// A file of comma-separated values; its first line names the fields.
    Csv(At<FileSpec>),
    /// A file with a JSON object in each line.
    JsonLines(At<FileSpec>),
    /// Made for each arrival: a text with placeholders, or a list from which the seed chooses.
    Generated(At<Entries<Name, Value>>),
}

/// A file of data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DataFile")]
pub(crate) struct FileSpec {
    /// Its path, beside the scenario's file.
    pub(crate) file: At<String>,
    /// Which row an arrival gets; one after another if left out.
    #[schemars(with = "Option<PickWords>")]
    pub(crate) pick: Option<At<Pick>>,
}

/// The words for picking in schemas.
pub(crate) enum PickWords {}

impl JsonSchema for PickWords {
    fn schema_name() -> Cow<'static, str> {
        "Pick".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["in_order", "random"] })
    }
}
