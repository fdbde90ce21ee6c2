//! A run as an in-toto statement (<https://in-toto.io/Statement/v1>, predicate test-result v0.1),
//! and the bytes of it that are signed in a DSSE envelope.

use lab_model::Exit;
use lab_model::event::{Event, ServiceState};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cases::{self, End};
use crate::gitlab::hex;
use crate::json;
use crate::run::Run;

/// What kind of payload an envelope holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The name under which a journal stands among the subjects.
const JOURNAL: &str = "journal.jsonl";

/// The statement: what was tested (journal, images, commit), with what, and how it ended.
pub fn statement(run: &Run<'_>, journal: &[u8], commit: Option<&str>) -> String {
    let plan = run.plan();
    let digest = |bytes: &[u8]| json!({ "sha256": hex(&Sha256::digest(bytes)) });
    let mut subject = vec![json!({ "name": JOURNAL, "digest": digest(journal) })];
    for event in run.journal.events() {
        if let Event::Service {
            name,
            state: ServiceState::Image { used, id, .. },
        } = event
            && let Some(id) = id.strip_prefix("sha256:")
        {
            subject.push(json!({ "name": format!("{name}: {used}"), "digest": { "sha256": id } }));
        }
    }
    subject.extend(
        commit.map(|commit| json!({ "name": "commit", "digest": { "gitCommit": commit } })),
    );
    let named = |end: &[End]| -> Vec<String> {
        let all = cases::all(run);
        let fits = all.into_iter().filter(|case| end.contains(&case.end));
        fits.map(|case| format!("{}: {}", case.group, case.name))
            .collect()
    };
    let result = match run.verdict.exit {
        Exit::Pass => "PASSED",
        Exit::Inconclusive => "WARNED",
        _ => "FAILED",
    };
    let planned = serde_json::to_vec(plan).unwrap_or_default();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result,
            "configuration": [
                { "name": format!("scenario {}, seed {}", plan.scenario, plan.seed), "digest": digest(&planned) },
                { "name": format!("verdict on {}", run.journal.opened.run), "digest": digest(json::report(run).as_bytes()) },
            ],
            "passedTests": named(&[End::Passed]),
            "warnedTests": named(&[End::Undecided]),
            "failedTests": named(&[End::Failed, End::Broken]),
        },
    });
    statement.to_string()
}

/// What is signed: DSSE's pre-authentication encoding of a payload.
pub fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

/// Whether a statement speaks of these bytes of a journal.
pub fn speaks_of(statement: &Value, journal: &[u8]) -> bool {
    let digest = hex(&Sha256::digest(journal));
    let subjects = statement["subject"].as_array().into_iter().flatten();
    let mut journals = subjects.filter(|subject| subject["name"] == JOURNAL);
    journals.any(|subject| subject["digest"]["sha256"] == digest)
}
