//! What is found in each file: blocks by kind, how many of them run, and the diagnostics.

use std::collections::BTreeMap;

use lab_runbooks::{Kind, Reading, Runnable};

use crate::{file, files};

/// `step 2, verify 1; 2 run; cycle, no-verify 2`.
fn summary(reading: &Reading) -> String {
    let blocks = reading.blocks();
    let kinds = Kind::ALL.into_iter().map(|kind| {
        let count = blocks.iter().filter(|block| block.kind == kind).count();
        (kind.as_str(), count)
    });
    let kinds: Vec<_> = kinds
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    let runs = |runnable: &Runnable| matches!(runnable, Runnable::Runnable { .. });
    let runs = blocks.iter().filter(|block| runs(&block.runnable)).count();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in reading.diagnostics() {
        let code = diagnostic.code().as_str().trim_start_matches("runbook::");
        *codes.entry(code).or_default() += 1;
    }
    let codes: Vec<_> = codes
        .into_iter()
        .map(|(code, count)| match count {
            1 => code.to_owned(),
            _ => format!("{code} {count}"),
        })
        .collect();
    let none = |list: Vec<String>| match list.join(", ") {
        list if list.is_empty() => "none".to_owned(),
        list => list,
    };
    format!("{}; {runs} run; {}", none(kinds), none(codes))
}

/// All files: blocks by kind, how many run, the codes found.
const EXPECTED: &[(&str, &str)] = &[
    ("alias-in-lab", "none; 0 run; wrong-type"),
    (
        "bad-values",
        "step 1, verify 3; 4 run; bad-attribute 7, bad-name, contradiction, duplicate-attribute",
    ),
    (
        "broken-attributes",
        "step 2, manual 4; 0 run; bad-attributes 6, no-verify",
    ),
    (
        "comms-and-people",
        "verify 1, comms 2, manual 2; 2 run; none",
    ),
    ("deep", "manual 1; 0 run; none"),
    (
        "duplicate-names",
        "step 1, verify 1, manual 2; 2 run; duplicate-name, same-name",
    ),
    ("empty-blocks", "verify 2, manual 1; 0 run; none"),
    (
        "foreign-attributes",
        "manual 8; 0 run; foreign-attributes 6",
    ),
    ("foreign-keys", "verify 1; 1 run; none"),
    ("four-ticks", "manual 2; 0 run; none"),
    ("front-matter-broken", "manual 1; 0 run; front-matter"),
    (
        "front-matter-broken-foreign",
        "manual 1; 0 run; foreign-front-matter",
    ),
    ("front-matter-missing-keys", "verify 1; 1 run; wrong-type"),
    (
        "front-matter-mistakes",
        "none; 0 run; bad-value 4, duplicate-key, secret-value, touches-protected, unknown-key 2, unknown-schema, wrong-type 4",
    ),
    ("front-matter-toml-broken", "none; 0 run; front-matter"),
    ("html", "manual 1; 0 run; stray-fence 2"),
    ("indented", "manual 2; 0 run; none"),
    ("indented-fence", "manual 1; 0 run; indented-fence"),
    ("json-between-dashes", "verify 1; 1 run; none"),
    ("json-front-matter", "verify 1; 1 run; none"),
    ("list-nested", "manual 3; 0 run; none"),
    (
        "nested-attributes",
        "step 1, manual 1; 0 run; nested-attributes 2, no-header, no-verify",
    ),
    ("no-header", "step 1; 1 run; no-header, no-verify"),
    ("no-language", "manual 1; 0 run; none"),
    ("one-line-fence", "none; 0 run; stray-fence"),
    ("only-inline", "none; 0 run; none"),
    ("other-languages", "manual 6; 0 run; none"),
    ("placeholders-foreign", "manual 2; 0 run; none"),
    (
        "placeholders-typed",
        "step 1, verify 1; 0 run; placeholder 3",
    ),
    ("plain-prose", "none; 0 run; none"),
    ("prompts-foreign", "manual 2; 0 run; none"),
    (
        "prompts-heredoc",
        "step 1, verify 1; 2 run; prompts, unfinished-prompt",
    ),
    (
        "prompts-typed",
        "diagnose 1, step 1, verify 1; 2 run; prompts 2",
    ),
    ("quote-nested", "manual 2; 0 run; none"),
    ("redirections", "step 1, verify 1; 2 run; none"),
    (
        "relations",
        "precheck 1, step 4, verify 1, rollback 2; 8 run; cycle 2, misplaced-attribute 2, needs-later, unknown-approval, unknown-block 2, useless-rollback, wrong-kind",
    ),
    ("retried-step", "step 2, verify 1; 3 run; retried-action"),
    (
        "rollback-orders-service",
        "precheck 1, diagnose 1, step 2, verify 1, rollback 1, comms 1; 6 run; none",
    ),
    ("runme", "manual 4; 0 run; none"),
    ("runme-typed", "step 4, verify 1; 1 run; none"),
    ("tables-and-footnotes", "manual 2; 0 run; none"),
    ("thematic-break-first", "manual 1; 0 run; none"),
    ("tildes", "manual 2; 0 run; none"),
    ("toml-front-matter", "verify 1; 1 run; none"),
    ("unclosed-foreign", "manual 1; 0 run; fence-inside"),
    ("unclosed-typed", "verify 1; 1 run; unclosed-fence"),
    (
        "unicode",
        "verify 1, manual 1; 0 run; bad-name, placeholder",
    ),
    (
        "unknown-attributes",
        "step 1, verify 1, manual 2; 2 run; missing-kind, unknown-attribute 3, unknown-kind",
    ),
    ("untyped-shell", "manual 1; 0 run; none"),
    (
        "variables",
        "diagnose 1, step 1, verify 1; 3 run; undeclared-variable 3",
    ),
    ("verify-circle", "step 1, verify 1; 2 run; cycle"),
    ("windows-line-ends", "verify 1; 1 run; undeclared-variable"),
];

#[test]
fn every_file_holds_what_is_expected() {
    let found: Vec<_> = files()
        .into_iter()
        .map(|name| (summary(&file(&name)), name))
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(text, name)| (name.as_str(), text.as_str()))
        .collect();
    for (found, expected) in found.iter().zip(EXPECTED) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), EXPECTED.len());
    assert!(found.len() >= 40);
}
