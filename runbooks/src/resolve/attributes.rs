//! The attributes of a block as types: ours, those of the common runner, and those of others.

use std::collections::BTreeMap;

use lab_model::Span;

use crate::attributes::{Attribute, Word};
use crate::block::{Effect, Kind, Retry, Runner};
use crate::code::Code;
use crate::front::is_variable;
use lab_diagnostic::{Finding, Findings, Source};

/// Our attributes.
const OURS: [&str; 12] = [
    "lab.kind",
    "lab.timeout",
    "lab.retry",
    "lab.needs",
    "lab.checks",
    "lab.undo",
    "lab.idempotent",
    "lab.readonly",
    "lab.destructive",
    "lab.approval",
    "lab.saves",
    "lab.due",
];

/// The attributes of one block.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) id: Option<Word>,
    pub(super) name: Option<Word>,
    /// The first attribute that is ours.
    pub(super) ours: Option<Word>,
    /// Whether a kind is given, be it right or wrong.
    pub(super) has_kind: bool,
    pub(super) kind: Option<Kind>,
    pub(super) timeout: Option<Span>,
    pub(super) retry: Option<(Retry, Word)>,
    pub(super) needs: Vec<Word>,
    pub(super) checks: Option<(Word, Vec<Word>)>,
    pub(super) undo: Option<(Word, Vec<Word>)>,
    pub(super) approval: Option<Word>,
    pub(super) saves: Vec<String>,
    pub(super) due: Option<Span>,
    pub(super) effect: Effect,
    pub(super) destroys: Option<Word>,
    pub(super) runner: Runner,
    pub(super) foreign: BTreeMap<String, String>,
}

/// Reads all attributes of a block.
pub(super) fn read(
    source: &Source,
    attributes: &[Attribute],
    findings: &mut Findings,
) -> Attributes {
    let mut read = Attributes::default();
    for Attribute { key, value } in attributes {
        if read.take_ours(source, key, value, findings) {
            read.ours.get_or_insert_with(|| key.clone());
        } else if !read.take_runner(key, value) {
            read.foreign.insert(key.text.clone(), value.text.clone());
        }
    }
    read
}

impl Attributes {
    /// Whether the attribute is ours; unknown ones are reported.
    fn take_ours(
        &mut self,
        source: &Source,
        key: &Word,
        value: &Word,
        findings: &mut Findings,
    ) -> bool {
        match key.text.as_str() {
            "lab.kind" => {
                self.has_kind = true;
                self.kind = kind(value, findings);
            }
            "lab.timeout" => self.timeout = positive(value, findings),
            "lab.due" => self.due = positive(value, findings),
            "lab.retry" => {
                self.retry = parse(value, findings).map(|retry| (retry, key.clone()));
            }
            "lab.needs" => self.needs = list(source, value, findings),
            "lab.checks" => self.checks = Some((key.clone(), list(source, value, findings))),
            "lab.undo" => self.undo = Some((key.clone(), list(source, value, findings))),
            "lab.idempotent" => self.effect.idempotent = truth(value, findings),
            "lab.readonly" => self.effect.readonly = truth(value, findings),
            "lab.destructive" => {
                self.effect.destructive = truth(value, findings);
                self.destroys = Some(key.clone());
            }
            "lab.approval" => self.approval = Some(value.clone()),
            "lab.saves" => self.saves = variables(source, value, findings),
            other => {
                if !is_ours(other) {
                    return false;
                }
                let message = format!("unknown attribute `{other}`");
                findings.add(
                    Finding::new(Code::UnknownAttribute, key.place, message).among(other, OURS),
                );
            }
        }
        true
    }

    /// Whether the attribute is one of the common runner's. A truth value it cannot read is left
    /// at its default, as that runner does.
    fn take_runner(&mut self, key: &Word, value: &Word) -> bool {
        let text = || Some(value.text.clone()).filter(|text| !text.is_empty());
        let truth = || value.text.to_lowercase().parse().ok();
        let runner = &mut self.runner;
        match key.text.as_str() {
            "id" => self.id = Some(value.clone()).filter(|id| !id.text.is_empty()),
            "name" => self.name = Some(value.clone()).filter(|name| !name.text.is_empty()),
            "cwd" => runner.cwd = text(),
            "interpreter" => runner.interpreter = text(),
            "interactive" => runner.interactive = truth(),
            "background" => runner.background = truth(),
            "excludeFromRunAll" => runner.exclude_from_run_all = truth(),
            "promptEnv" => runner.prompt_env = text(),
            "tag" => runner.tag = text(),
            "category" => runner.category = text(),
            "ignore" => runner.ignore = truth(),
            "transform" => runner.transform = truth(),
            _ => return false,
        }
        true
    }
}

/// Whether an attribute is meant as one of ours: by its prefix, or by its whole name where case
/// and separator alone differ.
fn is_ours(key: &str) -> bool {
    let normal = key.to_lowercase().replace(['_', '-', ':', '/'], ".");
    key.starts_with("lab.") || OURS.contains(&normal.as_str())
}

fn bad(value: &Word, message: impl Into<String>) -> Finding {
    Finding::new(Code::BadAttribute, value.place, message)
}

fn kind(value: &Word, findings: &mut Findings) -> Option<Kind> {
    let kind = Kind::find(&value.text);
    if kind.is_none() {
        let message = format!("`{}` is no kind of block", value.text);
        let words = Kind::ALL.map(Kind::as_str);
        findings
            .add(Finding::new(Code::UnknownKind, value.place, message).among(&value.text, words));
    }
    kind
}

fn parse<T: std::str::FromStr<Err: ToString>>(value: &Word, findings: &mut Findings) -> Option<T> {
    let parsed = value.text.parse();
    parsed
        .map_err(|error: T::Err| findings.add(bad(value, error.to_string())))
        .ok()
}

fn positive(value: &Word, findings: &mut Findings) -> Option<Span> {
    let span = parse(value, findings)?;
    if span == Span::ZERO {
        findings.add(bad(value, "a duration above zero is needed here"));
    }
    Some(span)
}

fn truth(value: &Word, findings: &mut Findings) -> bool {
    match value.text.as_str() {
        "true" => true,
        "false" => false,
        other => {
            findings.add(bad(
                value,
                format!("`{other}` is neither `true` nor `false`"),
            ));
            false
        }
    }
}

fn list(source: &Source, value: &Word, findings: &mut Findings) -> Vec<Word> {
    let items = value.list(source);
    if items.is_empty() {
        findings.add(bad(value, "at least one name is needed here"));
    }
    items
}

fn variables(source: &Source, value: &Word, findings: &mut Findings) -> Vec<String> {
    let mut saved = Vec::new();
    for word in list(source, value, findings) {
        if is_variable(&word.text) {
            saved.push(word.text);
        } else {
            findings.add(bad(
                &word,
                format!("`{}` is no name of a variable", word.text),
            ));
        }
    }
    saved
}
