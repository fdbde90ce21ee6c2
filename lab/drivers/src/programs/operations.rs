//! What a program in the seat can ask: one table for the server and for its description.

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Description,
    Task,
    Status,
    Telemetry,
    Transcript,
    Exec,
    Declare,
    Message,
    Note,
    Hint,
    Solution,
    Submit,
    GiveUp,
}

/// What is broken, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    /// A service of the system, or a link as `orders -> payments`.
    pub(super) component: String,
    /// `errors`, `latency`, `unavailable` or `data`.
    pub(super) symptom: String,
}

/// Some words.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// At most 2000 characters.
    pub(super) text: String,
}

/// Commands of bash; the endpoints of the system are in its environment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Commands {
    /// The text of a script.
    pub(super) command: String,
    /// The most seconds it may take: 1 to 120, 30 if left out.
    #[serde(default)]
    pub(super) seconds: Option<u64>,
}

/// What came of commands.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ran {
    /// How it ended: `exit status 0`, `its time was up`.
    pub(super) end: String,
    /// Whether it ended with exit status 0.
    pub(super) success: bool,
    /// What it wrote, without secrets, its middle left out where it is long.
    pub(super) output: String,
}

/// What is to be done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Task {
    /// Where the program is.
    pub situation: String,
    /// The system.
    pub system: String,
    /// The parts that can be declared, and the links between them.
    pub components: Vec<String>,
    /// How a part can be broken.
    pub symptoms: Vec<String>,
    /// Parts that may be changed; whatever is needed where none is named.
    pub touches: Vec<String>,
    /// Parts that must not suffer.
    pub protects: Vec<String>,
    /// What users were promised.
    pub promised: Vec<String>,
    /// The most seconds it may take.
    pub limit_seconds: u64,
    /// How it is judged.
    pub judged: String,
    /// The names of the variables that commands find in their environment.
    pub variables: Vec<String>,
}

/// What is answered where words are enough.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Said {
    /// The words.
    pub(super) said: String,
}

/// The last lines of each service's log.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Telemetry {
    /// By service.
    pub(super) logs: std::collections::BTreeMap<String, Vec<String>>,
}

/// Everything that was asked so far, in order.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Transcript {
    /// One line a step: seconds since the seat was taken, the operation, what came of it.
    pub(super) steps: Vec<Step>,
}

/// One thing that was asked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Step {
    /// Seconds since the seat was taken.
    pub(super) at: f64,
    /// The path.
    pub(super) path: String,
    /// What was sent.
    pub(super) sent: serde_json::Value,
    /// Whether it was done.
    pub(super) done: bool,
}

/// A row of the table.
pub(super) struct Row {
    pub(super) operation: Operation,
    /// `get` or `post`.
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) about: &'static str,
    /// What it takes.
    pub(super) takes: Option<fn() -> Schema>,
    /// What it answers; anything where the description is somebody else's.
    pub(super) gives: Option<fn() -> Schema>,
}

fn schema<T: JsonSchema>() -> Schema {
    schema_for!(T)
}

const fn reads(
    operation: Operation,
    path: &'static str,
    about: &'static str,
    gives: Option<fn() -> Schema>,
) -> Row {
    Row {
        operation,
        method: "get",
        path,
        about,
        takes: None,
        gives,
    }
}

const fn acts(
    operation: Operation,
    path: &'static str,
    about: &'static str,
    takes: Option<fn() -> Schema>,
) -> Row {
    Row {
        operation,
        method: "post",
        path,
        about,
        takes,
        gives: Some(schema::<Said>),
    }
}

/// All operations.
pub(super) const TABLE: [Row; 13] = [
    reads(
        Operation::Description,
        "/openapi.json",
        "This description; needs no token.",
        None,
    ),
    reads(
        Operation::Task,
        "/task",
        "What is to be done, and how it is judged.",
        Some(schema::<Task>),
    ),
    reads(
        Operation::Status,
        "/status",
        "How the system fares in the last ten seconds: journeys, objectives, links; clock and budget.",
        None,
    ),
    reads(
        Operation::Telemetry,
        "/telemetry",
        "The last lines of each service's log. Metrics are at LAB_SERVICE_NAME/metrics, for commands.",
        Some(schema::<Telemetry>),
    ),
    reads(
        Operation::Transcript,
        "/transcript",
        "Everything that was asked so far.",
        Some(schema::<Transcript>),
    ),
    Row {
        operation: Operation::Exec,
        method: "post",
        path: "/exec",
        about: "Runs commands with bash, the endpoints in their environment and `lab` in their path.",
        takes: Some(schema::<Commands>),
        gives: Some(schema::<Ran>),
    },
    acts(
        Operation::Declare,
        "/declare",
        "Says what is broken, and how. The first that is right counts.",
        Some(schema::<Declaration>),
    ),
    acts(
        Operation::Message,
        "/message",
        "Tells the people who wait something.",
        Some(schema::<Words>),
    ),
    acts(
        Operation::Note,
        "/note",
        "Writes something down.",
        Some(schema::<Words>),
    ),
    acts(
        Operation::Hint,
        "/hint",
        "Gives the next hint; it costs two points.",
        None,
    ),
    acts(
        Operation::Solution,
        "/solution",
        "Gives the solution; at most 49 points are left.",
        None,
    ),
    acts(
        Operation::Submit,
        "/submit",
        "It is handled, or nothing is wrong: the lab looks for itself and ends the rehearsal.",
        None,
    ),
    acts(Operation::GiveUp, "/give-up", "Ends the rehearsal.", None),
];
