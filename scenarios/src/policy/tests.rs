//! Policies as people write them, right and wrong.

use std::sync::Arc;

use lab_diagnostic::Source;

use super::read;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("gate.yaml", text.as_bytes().to_vec()).unwrap())
}

const GOOD: &str = "\
policy: cutover
strength: proven
inconclusive: extend
advisory:
  - journey: browse
  - { scenario: slow-payments, pattern: timeout }
error_budgets:
  - of: checkout
    spent_at_most: 5%
    exceptions:
      - { owner: ann, until: 2026-12-31, why: the index is rebuilt }
rehearsals:
  - { scenario: slow-payments, within_days: 30 }
regression: { latency: 10% }
approvals:
  - what: cutover of payments
    by: [ann, bob]
    given: { by: ann, on: 2026-11-20 }
external:
  - { name: vulnerabilities, file: audit.json, at: /high, at_most: 0 }
";

#[test]
fn a_policy_is_read() {
    let (policy, warnings) = read(source(GOOD)).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(policy.advisory.len(), 2);
    assert!((policy.regression.unwrap().latency - 1.1).abs() < 1e-9);
    assert_eq!(policy.approvals[0].within_days, 14);
    let (least, _) = read(source("policy: least\n")).unwrap();
    assert!(least.advisory.is_empty() && least.regression.is_none());
}

#[test]
fn mistakes_stand_at_their_place() {
    let check = |text: &str, expected: &[(&str, usize)]| {
        let found = read(source(text)).unwrap_err();
        let found: Vec<(&str, usize)> = found
            .iter()
            .map(|one| (one.code().as_str(), one.line()))
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    check("strength: observed\n", &[("spec::missing-key", 1)]);
    check("policy: [a]\n", &[("spec::wrong-type", 1)]);
    check("policy: a\nstrenght: proven\n", &[("spec::unknown-key", 2)]);
    check("policy: a\nstrength: sure\n", &[("spec::unknown-kind", 2)]);
    check(
        "policy: a\ninconclusive: pass\n",
        &[("spec::unknown-kind", 2)],
    );
    check(
        "policy: a\nadvisory:\n  - {}\n",
        &[("policy::contradiction", 3)],
    );
    check(
        "policy: a\nadvisory:\n  - pattern: timeot\n",
        &[("spec::unknown-kind", 3)],
    );
    check("policy: a\nadvisory: browse\n", &[("spec::wrong-type", 2)]);
    check(
        "policy: a\nerror_budgets:\n  - of: checkout\n",
        &[("spec::missing-key", 3)],
    );
    check(
        "policy: a\nerror_budgets:\n  - of: checkout\n    spent_at_most: 5\n",
        &[("spec::bad-value", 4)],
    );
    check(
        "policy: a\nerror_budgets:\n  - { of: b, spent_at_most: 5%, exceptions: [{ owner: ann, until: 2026-02-30, why: x }] }\n",
        &[("spec::bad-value", 3)],
    );
    check(
        "policy: a\nerror_budgets:\n  - { of: b, spent_at_most: 5%, exceptions: [{ owner: '', until: 2026-02-28 }] }\n",
        &[("spec::missing-key", 3), ("spec::bad-value", 3)],
    );
    check(
        "policy: a\nrehearsals:\n  - { scenario: x, within_days: 0 }\n",
        &[("spec::bad-value", 3)],
    );
    check(
        "policy: a\nrehearsals:\n  - { scenario: x, within_days: 1 }\n  - { scenario: x, within_days: 2 }\n",
        &[("scenario::duplicate-name", 4)],
    );
    check("policy: a\nregression: {}\n", &[("spec::missing-key", 2)]);
    check(
        "policy: a\nregression: { latency: 1.1 }\n",
        &[("spec::bad-value", 2)],
    );
    check(
        "policy: a\napprovals:\n  - { what: x, by: [] }\n",
        &[("spec::bad-value", 3)],
    );
    check(
        "policy: a\napprovals:\n  - { what: x, by: [ann], given: { by: eve, on: 2026-11-20 } }\n",
        &[("policy::contradiction", 3)],
    );
    check(
        "policy: a\nexternal:\n  - { name: x, file: a.json, at: high, at_most: 0 }\n",
        &[("spec::bad-value", 3)],
    );
    check(
        "policy: a\nexternal:\n  - { name: x, file: a.json, at: /high, at_most: -1 }\n",
        &[("spec::wrong-type", 3)],
    );
    check("policy: a\npolicy: b\n", &[("spec::duplicate-key", 2)]);
    check("policy: a: b\n", &[("file::syntax", 1)]);
}
