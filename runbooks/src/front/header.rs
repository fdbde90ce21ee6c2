//! The `lab` section of the front matter: what a runbook is for and what it may touch.

use std::collections::HashSet;

use lab_model::rehearsal::Target;
use lab_model::{Name, Span};
use serde::Serialize;

use super::section::{Section, parse, wrong};
use super::tree::{Key, Node, Value};
use crate::code::Code;
use lab_diagnostic::{Finding, Findings};

/// The schema that is read.
const SCHEMA: &str = "runbook/1";

const KEYS: [&str; 17] = [
    "schema",
    "id",
    "owner",
    "severity",
    "triggers",
    "faults",
    "not_for",
    "starts",
    "reference",
    "budget",
    "vars",
    "approvals",
    "touches",
    "protects",
    "oracles",
    "forbids",
    "equivalents",
];

/// What a runbook says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Its id, unique among the runbooks of a team.
    pub id: Name,
    /// Who keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How grave the incident is, in the words of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What calls for it: the names of alerts, or sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<String>,
    /// The failures against which it is run: scenarios by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Name>,
    /// Failures for which it is wrong, where its prechecks must refuse: scenarios by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_for: Vec<Name>,
    /// How routes and flags stand before the incident: `route orders service=10%`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<String>,
    /// The runbook beside this one whose figures are full marks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the incident may cost.
    #[serde(skip_serializing_if = "Budget::is_empty")]
    pub budget: Budget,
    /// The variables that its scripts read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vars: Vec<Variable>,
    /// Who may approve blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
    /// The parts of the system that it changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<Name>,
    /// The parts of the system that must keep their objectives all the while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protects: Vec<Name>,
    /// What says that the incident is over, in the names of the system.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oracles: Vec<String>,
    /// How routes and flags may never stand while it is at work: `flag checks=off`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbids: Vec<String>,
    /// The mutants that are as good as the runbook itself, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equivalents: Vec<Equivalent>,
}

/// A mutant that its author says is as good as the runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Equivalent {
    /// Its name: `drop-step announce`.
    pub mutant: String,
    /// Why nobody would notice a difference.
    pub reason: String,
}

/// What the incident may cost, counted from the fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Until it is detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detect: Option<Span>,
    /// Until users are served again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mitigate: Option<Span>,
    /// Until everything is as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recover: Option<Span>,
    /// Bad requests beyond what the objectives allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_requests: Option<u64>,
}

impl Budget {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A variable that scripts read from their environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name in the environment.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Its value unless another is given. Never that of a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The variable of the caller's environment that holds the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whether its value is masked wherever text is stored or shown.
    pub secret: bool,
}

/// Reads the section. `None` where it says no id; whatever is wrong is reported.
pub(super) fn resolve(key: &Key, node: &Node, findings: &mut Findings) -> Option<Header> {
    let section = Section::new(node, key.place, &KEYS, findings)?;
    if let Some(schema) = section
        .need("schema", findings)
        .filter(|schema| schema.text != SCHEMA)
    {
        let message = format!("`{}` is a schema of another version", schema.text);
        let finding = Finding::new(Code::UnknownSchema, schema.place, message);
        findings.add(finding.label(format!("this version reads `{SCHEMA}`")));
    }
    let id = section
        .need("id", findings)
        .and_then(|word| parse(&word, findings));
    let touches: Vec<Name> = section.parse_list("touches", findings);
    let protects: Vec<Name> = section.parse_list("protects", findings);
    let safe: HashSet<&str> = protects.iter().map(Name::as_str).collect();
    for word in section.list("touches", &mut Findings::default()) {
        if safe.contains(word.text.as_str()) {
            let message = format!("`{}` is touched and protected", word.text);
            findings.add(Finding::new(Code::TouchesProtected, word.place, message));
        }
    }
    let mut texts = |key| -> Vec<String> {
        let words = section.list(key, findings);
        words.into_iter().map(|word| word.text).collect()
    };
    let (triggers, approvals, oracles) = (texts("triggers"), texts("approvals"), texts("oracles"));
    let (starts, forbids) = (texts("starts"), texts("forbids"));
    for key in ["starts", "oracles", "forbids"] {
        for word in section.list(key, &mut Findings::default()) {
            let ours = ["route ", "flag ", "ledger "];
            let is_ours = key != "oracles" || ours.iter().any(|w| word.text.starts_with(w));
            let found = target(&word.text);
            let fits = |found: &Target| key == "oracles" || found.ledger().is_none();
            if is_ours && !found.as_ref().is_some_and(fits) {
                let message = format!("`{}` says of no route or flag where it stands", word.text);
                let finding = Finding::new(Code::BadValue, word.place, message);
                findings.add(finding.help(
                    "write `route orders service=0%` or `flag compact-pages=on`; what a store \
                         must hold is an oracle: `ledger orders at monolith`",
                ));
            }
        }
    }
    let mut one = |key| section.text(key, findings).map(|word| word.text);
    let (owner, severity) = (one("owner"), one("severity"));
    let reference = one("reference");
    let faults = section.parse_list("faults", findings);
    let not_for = section.parse_list("not_for", findings);
    let budget = section
        .get("budget")
        .map(|node| budget(node, findings))
        .unwrap_or_default();
    let vars = section
        .get("vars")
        .map(|node| vars(node, findings))
        .unwrap_or_default();
    let equivalents = section
        .get("equivalents")
        .map(|node| equivalents(node, findings))
        .unwrap_or_default();
    Some(Header {
        id: id?,
        owner,
        severity,
        triggers,
        faults,
        not_for,
        starts,
        reference,
        budget,
        vars,
        approvals,
        touches,
        protects,
        oracles,
        forbids,
        equivalents,
    })
}

/// `route orders service=0%`, `flag compact-pages=on`: where a route or a flag stands;
/// `ledger orders at monolith`: the store of which service holds everything that was acknowledged.
pub fn target(text: &str) -> Option<Target> {
    text.parse().ok()
}

fn equivalents(node: &Node, findings: &mut Findings) -> Vec<Equivalent> {
    let Value::Map(entries) = &node.value else {
        let expected = "a mapping from mutants to reasons";
        findings.add(wrong(node, expected, node.place));
        return Vec::new();
    };
    let mut declared = Vec::new();
    for (key, value) in entries {
        match &value.value {
            Value::Scalar(reason) if !reason.trim().is_empty() => declared.push(Equivalent {
                mutant: key.text.clone(),
                reason: reason.clone(),
            }),
            _ => {
                let expected = "the reason why nobody would notice a difference";
                findings.add(wrong(value, expected, key.place));
            }
        }
    }
    declared
}

fn budget(node: &Node, findings: &mut Findings) -> Budget {
    const KEYS: [&str; 4] = ["detect", "mitigate", "recover", "bad_requests"];
    let Some(section) = Section::new(node, node.place, &KEYS, findings) else {
        return Budget::default();
    };
    Budget {
        detect: section.parse("detect", findings),
        mitigate: section.parse("mitigate", findings),
        recover: section.parse("recover", findings),
        bad_requests: section.parse("bad_requests", findings),
    }
}

fn vars(node: &Node, findings: &mut Findings) -> Vec<Variable> {
    let Value::Map(entries) = &node.value else {
        findings.add(wrong(node, "a mapping from names to variables", node.place));
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|(key, value)| variable(key, value, findings))
        .collect()
}

fn variable(key: &Key, node: &Node, findings: &mut Findings) -> Option<Variable> {
    if !is_variable(&key.text) {
        let message = format!("`{}` is no name of a variable", key.text);
        let finding = Finding::new(Code::BadValue, key.place, message);
        findings.add(finding.help("letters, digits and `_`, no digit first"));
        return None;
    }
    let mut variable = Variable {
        name: key.text.clone(),
        about: None,
        value: None,
        from: None,
        secret: false,
    };
    match &node.value {
        Value::Nothing => return Some(variable),
        Value::Scalar(text) => {
            variable.value = Some(text.clone());
            return Some(variable);
        }
        Value::Alias | Value::List(_) | Value::Map(_) => {}
    }
    let keys = ["value", "secret", "about", "from"];
    let section = Section::new(node, key.place, &keys, findings)?;
    variable.about = section.text("about", findings).map(|word| word.text);
    variable.from = section.text("from", findings).map(|word| word.text);
    variable.secret = section.truth("secret", findings).unwrap_or(false);
    let value = section.text("value", findings);
    if value.is_some() && variable.secret {
        let message = format!("the value of the secret `{}` stands in the file", key.text);
        let finding = Finding::new(Code::SecretValue, key.place, message);
        findings.add(finding.help("`from: NAME` takes it from a variable of the environment"));
    } else {
        variable.value = value.map(|word| word.text);
    }
    Some(variable)
}

/// Whether a text can name a variable of an environment.
pub(crate) fn is_variable(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}
