//! What a service holds before anybody calls it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Text;
use crate::tree::At;

/// Something done once to a service that is ready, before its callers start. `{seed}` is the run's
/// seed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Fixture")]
pub(crate) enum FixtureSpec {
    /// Statements for a PostgreSQL database.
    Sql(At<SqlFixtureSpec>),
    /// A program and its arguments, beside the service or in its container; `LAB_SEED` in its
    /// environment is the run's seed. Placeholders are those of the service's own command.
    Command(#[schemars(with = "Vec<Text>")] At<Vec<At<String>>>),
}

/// Statements for a PostgreSQL database: `statements`, or a `file` of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SqlFixture")]
pub(crate) struct SqlFixtureSpec {
    /// `postgres://user:password@{service:store}/database`, the service's own address in it.
    pub(crate) url: At<String>,
    /// What is executed.
    pub(crate) statements: Option<At<String>>,
    /// A file of statements, from where this file stands.
    pub(crate) file: Option<At<String>>,
}
