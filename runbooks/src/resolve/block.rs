//! One code block: its attributes, and whether it runs by itself.

use lab_model::Name;

use super::attributes::Attributes;
use super::{Draft, attributes};
use crate::attributes::{Info, Word};
use crate::block::{Block, Kind, Reason, Runnable};
use crate::code::Code;
use crate::markdown::CodeBlock;
use crate::shell::{Language, placeholder, prompt};
use crate::text::Text;
use lab_diagnostic::{Finding, Findings, Place, Source};

impl Draft {
    /// Whether its author said what it is for.
    pub(super) fn is_typed(&self) -> bool {
        self.block.kind != Kind::Manual
    }
}

/// Reads a code block.
pub(super) fn draft(source: &Source, found: &CodeBlock, findings: &mut Findings) -> Draft {
    let info = match found.info {
        Some(place) => crate::attributes::read(source, place, findings),
        None => Info::default(),
    };
    let mut read = attributes::read(source, &info.attributes, findings);
    if let Some(first) = read
        .ours
        .as_ref()
        .filter(|_| !read.has_kind && !info.broken)
    {
        let message = format!("`{}` stands in a block without `lab.kind`", first.text);
        findings.add(Finding::new(Code::MissingKind, first.place, message));
    }
    let kind = read.kind.unwrap_or(Kind::Manual);
    check(kind, &mut read, findings);
    let mut reasons = Vec::new();
    if found.info.is_none() {
        reasons.push(Reason::Indented);
    } else if info.broken {
        reasons.push(Reason::BrokenAttributes);
    } else if read.kind.is_none() {
        reasons.push(Reason::Untyped);
    } else if kind == Kind::Manual {
        reasons.push(Reason::ByPeople);
    }
    let language = read.runner.interpreter.as_deref().map_or_else(
        || info.language.as_deref().map(Language::of),
        |interpreter| Some(Language::of_interpreter(interpreter)),
    );
    let program = read
        .runner
        .interpreter
        .clone()
        .or_else(|| info.language.clone());
    match (language, program) {
        (Some(Language::OtherShell), Some(program)) => reasons.push(Reason::OtherShell(program)),
        (Some(Language::Other), Some(program)) => reasons.push(Reason::NotShell(program)),
        (None, _) if found.info.is_some() => reasons.push(Reason::NoLanguage),
        _ => {}
    }
    if read.runner.ignore == Some(true) {
        reasons.push(Reason::Ignored);
    }
    if read.runner.exclude_from_run_all == Some(true) {
        reasons.push(Reason::Excluded);
    }
    if read.runner.interactive == Some(true) {
        reasons.push(Reason::Interactive);
    }
    let script = script(found, language, &mut reasons, findings);
    if !found.closed {
        open_fence(found.place, read.kind.is_some(), findings);
    }
    let position = source.position(found.place.start);
    let text = |word: &Word| word.text.clone();
    let named = read.id.as_ref().or(read.name.as_ref());
    let block = Block {
        id: named.map_or_else(|| format!("line-{}", position.line), text),
        name: read.name.as_ref().map(text),
        kind,
        section: found.section.clone(),
        position,
        language: info.language,
        text: found.text.as_str().to_owned(),
        runnable: match &script {
            Some(script) => Runnable::Runnable {
                script: script.as_str().to_owned(),
            },
            None => Runnable::Manual { reasons },
        },
        needs: Vec::new(),
        checks: Vec::new(),
        undoes: Vec::new(),
        timeout: read.timeout,
        retry: read.retry.map(|(retry, _)| retry),
        approval: None,
        saves: read.saves,
        due: read.due,
        effect: read.effect,
        runner: read.runner,
        foreign: read.foreign,
    };
    Draft {
        block,
        place: found.place,
        named: named.map(|word| word.place),
        needs: read.needs,
        checks: read.checks.map(|(_, words)| words).unwrap_or_default(),
        undo: read.undo.map(|(_, words)| words).unwrap_or_default(),
        approval: read.approval,
        script,
    }
}

/// What the attributes of a block say together.
fn check(kind: Kind, read: &mut Attributes, findings: &mut Findings) {
    if kind != Kind::Manual {
        for word in read.id.iter().chain(&read.name) {
            if let Err(error) = Name::new(&word.text) {
                findings.add(Finding::new(Code::BadName, word.place, error.to_string()));
            }
        }
        let mut misplaced = |word: &Word| {
            let message = format!("`{}` has no meaning in a {kind} block", word.text);
            findings.add(Finding::new(Code::MisplacedAttribute, word.place, message));
        };
        if let Some((key, _)) = read.checks.take_if(|_| kind != Kind::Verify) {
            misplaced(&key);
        }
        let undoable = matches!(kind, Kind::Step | Kind::Rollback);
        if let Some((key, _)) = read.undo.take_if(|_| !undoable) {
            misplaced(&key);
        }
    }
    if let Some(key) = read
        .destroys
        .as_ref()
        .filter(|_| read.effect.destructive && read.effect.readonly)
    {
        let message = "the block is said to be readonly and destructive";
        findings.add(Finding::new(Code::Contradiction, key.place, message));
    }
    let again = read.retry.as_ref().filter(|(retry, _)| retry.attempts > 1);
    if let Some((_, key)) =
        again.filter(|_| kind.acts() && !read.effect.idempotent && !read.effect.readonly)
    {
        let message = format!("a {kind} is retried that is not said to be idempotent");
        let finding = Finding::new(Code::RetriedAction, key.place, message);
        findings.add(
            finding.help(
                "add \"lab.idempotent\":\"true\" where that is so, or retry the verify block",
            ),
        );
    }
}

/// What runs, where nothing keeps the block from running; else the reasons are completed.
fn script(
    found: &CodeBlock,
    language: Option<Language>,
    reasons: &mut Vec<Reason>,
    findings: &mut Findings,
) -> Option<Text> {
    let shell = matches!(language, Some(Language::Shell | Language::Session));
    // What is no shell may hold `<p>` and `$ ` with another meaning.
    let unknown = language.is_none();
    let claims = reasons.is_empty();
    let session = prompt::session(&found.text).filter(|_| shell);
    if found.text.as_str().trim().is_empty() {
        reasons.push(Reason::Empty);
    } else if language == Some(Language::Session) && session.is_none() {
        reasons.push(Reason::OutputAlone);
    }
    let script = session
        .as_ref()
        .map_or(&found.text, |session| &session.commands);
    let placeholders = placeholder::find(script.as_str());
    if let Some(first) = placeholders.first().filter(|_| shell || unknown) {
        reasons.push(Reason::Placeholder(
            script.as_str()[first.clone()].to_owned(),
        ));
    }
    if !claims {
        return None;
    }
    for range in placeholders {
        let message = format!(
            "`{}` stands in a block that runs by itself",
            &script.as_str()[range.clone()]
        );
        findings.add(
            Finding::new(Code::Placeholder, script.place(range.start, range.end), message)
                .help("declare it under `vars` and write \"$NAME\"; a redirection has spaces: `< in > out`"),
        );
    }
    if let Some(session) = &session {
        let place = found.text.place(session.first, session.first + 1);
        let output = session.output;
        let message = match output {
            0 => "prompts: the lines run without them".to_owned(),
            1 => "prompts: only prompted lines run, 1 other is taken for output".to_owned(),
            _ => format!("prompts: only prompted lines run, {output} others are taken for output"),
        };
        findings.add(Finding::new(Code::Prompts, place, message));
        if let Some((start, end)) = session.unfinished {
            let place = found.text.place(start, end);
            let message = "a here-document opens in a prompted line, and its body has no prompt";
            findings.add(Finding::new(Code::UnfinishedPrompt, place, message));
        }
    }
    reasons.is_empty().then(|| script.clone())
}

fn open_fence(place: Place, typed: bool, findings: &mut Findings) {
    let code = if typed {
        Code::UnclosedFence
    } else {
        Code::OpenFence
    };
    let finding = Finding::new(code, place, "this block has no closing fence");
    findings.add(finding.help("close it with as many of the same character, alone on a line"));
}
