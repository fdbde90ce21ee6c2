//! Who uses a system: journeys of HTTP steps, and when they start.

use std::borrow::Cow;

use lab_model::Name;
use lab_model::traffic::Executor;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{ArrivalsSpec, FeederSpec, StepSpec};
use crate::tree::{At, Entries};

/// Who uses the system, and how often.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Load")]
pub(crate) struct LoadSpec {
    /// The journeys, by name: the weight of one of the system's, or steps of your own.
    pub(crate) journeys: At<Entries<Name, JourneyChoice>>,
    /// When journeys start. One arrival starts one journey.
    pub(crate) arrivals: At<ArrivalsSpec>,
    /// Data for placeholders, by name: `{products.sku}` is the field `sku` of `products`.
    pub(crate) data: Option<At<Entries<Name, FeederSpec>>>,
    /// Who runs the journeys: `goose`, also if left out, or `native`, the lab's own users on hyper,
    /// which take less processor time for each request.
    #[schemars(with = "Option<ExecutorWords>")]
    pub(crate) executor: Option<At<Executor>>,
    /// How many generator processes share the arrivals; 1 if left out. Each takes every so many-th
    /// arrival; what they measure is summed exactly.
    #[schemars(range(min = 1, max = 16))]
    pub(crate) processes: Option<At<u32>>,
}

/// The words for executors in schemas.
pub(crate) enum ExecutorWords {}

impl JsonSchema for ExecutorWords {
    fn schema_name() -> Cow<'static, str> {
        "Executor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["goose", "native"] })
    }
}

/// A journey of the load.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "$shape", rename_all = "snake_case")]
#[schemars(rename = "JourneyChoice", untagged)]
pub(crate) enum JourneyChoice {
    /// A journey of the system, with its share of arrivals among all weights.
    Text(u32),
    /// A journey of your own with weight 1, step by step.
    List(Vec<At<StepSpec>>),
    /// A journey of your own.
    Mapping(WeightedJourneySpec),
}

/// A journey of a scenario's own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WeightedJourney")]
pub(crate) struct WeightedJourneySpec {
    /// Its share of arrivals among all weights; 1 if left out.
    pub(crate) weight: Option<At<u32>>,
    /// Its steps; if left out, those of the system's journey of that name.
    pub(crate) steps: Option<At<Vec<At<StepSpec>>>>,
    /// Whether cookies that replies set are sent with the steps that follow; not if left out.
    pub(crate) cookies: Option<At<bool>>,
    /// Labels by which objectives name several journeys at once; those of the system's journey of
    /// that name if left out.
    pub(crate) tags: Option<At<Vec<At<Name>>>>,
}

/// A journey of a system.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Journey")]
pub(crate) struct JourneySpec {
    /// What it is, in one sentence.
    #[expect(dead_code, reason = "for people who read the file")]
    about: Option<At<String>>,
    /// Labels by which objectives name several journeys at once.
    pub(crate) tags: Option<At<Vec<At<Name>>>>,
    /// Its steps, in order; a step that fails ends the journey.
    pub(crate) steps: At<Vec<At<StepSpec>>>,
}
