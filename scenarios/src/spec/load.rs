//! Who uses a system: journeys of HTTP steps, and when they start.

use lab_model::{Name, Rate, Span};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Text;
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
}

/// A journey of a system.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Journey")]
pub(crate) struct JourneySpec {
    /// What it is, in one sentence.
    #[expect(dead_code, reason = "for people who read the file")]
    about: Option<At<String>>,
    /// Its steps, in order; a step that fails ends the journey.
    pub(crate) steps: At<Vec<At<StepSpec>>>,
}

/// When journeys start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Arrivals")]
pub(crate) enum ArrivalsSpec {
    /// The same rate all the time, whether the system keeps up or not.
    Constant(At<ConstantSpec>),
}

/// Arrivals at the same rate all the time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Constant")]
pub(crate) struct ConstantSpec {
    /// Journeys per second, minute or hour.
    pub(crate) rate: At<Rate>,
}

/// One HTTP request: exactly one of `get`, `post`, `put`, `patch`, `delete`.
///
/// Path, headers and texts in the body may hold `{name}` (a value that an earlier step saved),
/// `{random:1..20}` and `{unique}`.
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
    /// Values for later steps: a name, and where it stands in the reply (a JSON pointer).
    pub(crate) save: Option<At<Entries<Name, String>>>,
    /// Whether a success is an acknowledged write, which must not be lost.
    pub(crate) write: Option<At<bool>>,
}
