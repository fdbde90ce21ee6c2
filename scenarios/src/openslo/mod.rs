//! OpenSLO v1 documents and the objectives of a scenario: what fits goes both ways, what does not
//! is named.
//!
//! | file | what lives there |
//! |---|---|
//! | `export` | objectives of a plan as documents |
//! | `import` | documents as objectives of a scenario |

mod export;
mod import;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use export::export;
pub use import::import;

/// The version of the language that is written and read.
const VERSION: &str = "openslo/v1";
/// The metric source that stands for a run of the lab.
const SOURCE: &str = "failure-lab";

/// What became of a translation: its text, and what could not be said in the other language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The text, YAML.
    pub text: String,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// An SLO, as much of it as the two languages share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: String,
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slo {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    indicator: Option<Indicator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    indicator_ref: Option<String>,
    #[serde(default)]
    time_window: Vec<Value>,
    budgeting_method: String,
    objectives: Vec<Goal>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Indicator {
    metadata: Metadata,
    spec: IndicatorSpec,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndicatorSpec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio_metric: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold_metric: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Goal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_percent: Option<f64>,
}

impl Goal {
    /// The share that is promised, 0 to 1.
    fn share(&self) -> Option<f64> {
        let percent = self.target_percent.map(|percent| percent / 100.0);
        self.target.or(percent)
    }
}
