//! `lab runbook run`: a runbook's blocks, executed against the system that `lab up` keeps running.
//!
//! What happens is kept in the run's folder, so that an execution that was interrupted or failed
//! goes on behind the steps that succeeded.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use lab_drivers::folder::{self, JOURNAL};
use lab_drivers::shell::Bash;
use lab_engine::Failure;
use lab_engine::rehearsal::{Equipment, Execution, Runner};
use lab_model::Exit;
use lab_model::rehearsal::{Pass, RehearsalEvent};
use lab_runbooks::mutation::{Action, Program, Run};
use lab_runbooks::{Block, Kind, show};
use serde::{Deserialize, Serialize};

use crate::arguments::{Color, Running};
use crate::commands::sandbox;
use crate::rehearsal::{Given, Loaded, endpoints, equip, load};
use crate::{runs, text};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(after_help = "\
Exit codes: 0 every block succeeded, 1 a block failed, 3 the file or the usage is wrong,
4 nothing could be executed, 130 interrupted.
Example: lab up shop, and in another terminal lab runbook run rollback.md")]
pub(crate) struct RunbookRun {
    /// A Markdown file.
    pub(crate) file: String,

    /// Show what would be executed; nothing is.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Execute the rollback blocks instead.
    #[arg(long)]
    pub(crate) undo: bool,

    /// Leave out the steps and messages that succeeded before, with the same file and the same
    /// values.
    #[arg(long)]
    pub(crate) resume: bool,

    /// Agree to the blocks that need an approval.
    #[arg(long)]
    pub(crate) approve: bool,

    /// Give a variable of the runbook a value; may be given several times.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

/// A line of the file that is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// The wall clock.
    at: String,
    /// SHA-256 of the runbook's file.
    digest: String,
    /// SHA-256 of a block's text and of the values it was given, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    event: RehearsalEvent,
}

pub(crate) fn run(options: &RunbookRun, color: Color) -> Exit {
    let Some(loaded) = load(&options.file, color) else {
        return Exit::Usage;
    };
    if options.dry_run {
        text::out(&show::text(&loaded.runbook, &loaded.plan));
        return Exit::Pass;
    }
    let program = if options.undo {
        Program::undo(&loaded.runbook, &loaded.plan)
    } else {
        Program::of(&loaded.runbook, &loaded.plan)
    };
    if let Err(reason) = approved(options, &loaded, &program) {
        text::error(&reason, "give --approve once they have agreed");
        return Exit::Usage;
    }
    let given = match Given::read(&options.vars) {
        Ok(given) => given,
        Err(reason) => {
            text::error(&reason, "");
            return Exit::Usage;
        }
    };
    let folder = match sandbox::find(&options.running, JOURNAL) {
        Ok(folder) => folder,
        Err((message, help)) => {
            text::error(&message, &help);
            return Exit::Usage;
        }
    };
    let by_hand = loaded
        .plan
        .order
        .iter()
        .filter(|entry| !entry.by_hand.is_empty());
    for entry in by_hand {
        let reasons: Vec<String> = entry.by_hand.iter().map(ToString::to_string).collect();
        text::note(&format!("  by hand   {}: {}", entry.id, reasons.join(", ")));
    }
    match execute(options, &loaded, &program, &given, &folder) {
        Ok(Some(Execution { failed: None, .. })) => Exit::Pass,
        Ok(Some(_)) => Exit::Fail,
        Ok(None) => Exit::Interrupted,
        Err(failure) => {
            text::error(&failure.to_string(), "");
            Exit::Environment
        }
    }
}

/// Whether everyone has agreed who must.
fn approved(options: &RunbookRun, loaded: &Loaded, program: &Program) -> Result<(), String> {
    let blocks = loaded.runbook.blocks();
    let waiting = runs_of(program).filter_map(|run| {
        let block = blocks.get(run.block)?;
        let approval = block.approval.as_ref()?;
        Some(format!("{} waits for the approval of {approval}", block.id))
    });
    let waiting: Vec<String> = waiting.collect();
    if waiting.is_empty() || options.approve {
        Ok(())
    } else {
        Err(waiting.join("; "))
    }
}

fn runs_of(program: &Program) -> impl Iterator<Item = &Run> {
    program.actions.iter().filter_map(|action| match action {
        Action::Run(run) => Some(run),
        Action::StartAgain => None,
    })
}

fn execute(
    options: &RunbookRun,
    loaded: &Loaded,
    program: &Program,
    given: &Given,
    folder: &Path,
) -> Result<Option<Execution>, Failure> {
    let lab = |error: std::io::Error| Failure::new("lab", error);
    let folder = folder.canonicalize().map_err(lab)?;
    let journal = runs::journal(&folder).map_err(|error| Failure::new("journal", error))?;
    let bash = Bash::new(std::env::current_exe().map_err(lab)?, &folder).map_err(lab)?;
    let header = loaded.runbook.header();
    let id = header.map_or("runbook", |header| header.id.as_str());
    let (endpoints, secrets) = endpoints(&folder, id, &journal.records)?;
    let (variables, masks): Equipment = equip(header, given, endpoints, secrets)?;
    let inputs = inputs(loaded, program, &variables);
    let path = folder.join("runbooks").join(format!("{id}.jsonl"));
    let done = if options.resume {
        done(&path, loaded, &inputs)
    } else {
        BTreeSet::new()
    };
    let kept = Mutex::new(RefCell::new(open(&path).map_err(lab)?));
    let tell = |event: RehearsalEvent| {
        shown(&event);
        let input = match &event {
            RehearsalEvent::BlockEnded { id, .. } => inputs.get(id).cloned(),
            _ => None,
        };
        let line = Line {
            at: jiff::Timestamp::now().to_string(),
            digest: loaded.digest.clone(),
            input,
            event,
        };
        if let (Ok(text), Ok(file)) = (serde_json::to_string(&line), kept.lock()) {
            let _ = writeln!(file.borrow_mut(), "{text}");
        }
    };
    let runner = Runner {
        runbook: &loaded.runbook,
        shell: &bash,
        variables,
        masks,
        folder: loaded.folder.clone(),
        took: BTreeMap::new(),
        tell: &tell,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(lab)?;
    let pass = if options.undo {
        Pass::Undo
    } else {
        Pass::First
    };
    let execution = runtime.block_on(async {
        tokio::select! {
            execution = runner.run(pass, program, &done, BTreeMap::new()) => execution.map(Some),
            // What runs is ended as it is dropped.
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    let _ = fs::remove_file(folder.join("blocks").join("gateway.headers"));
    execution
}

/// SHA-256 of what each block is given: its text, and the runbook's own variables but for secrets.
fn inputs(
    loaded: &Loaded,
    program: &Program,
    variables: &[(String, String)],
) -> BTreeMap<String, String> {
    let own = loaded
        .runbook
        .header()
        .map_or(&[][..], |header| &header.vars);
    let values = variables.iter().filter(|(name, _)| {
        own.iter()
            .any(|variable| &variable.name == name && !variable.secret)
    });
    let values: Vec<String> = values
        .map(|(name, value)| format!("{name}={value}\0"))
        .collect();
    let digest =
        |run: &Run| folder::digest(format!("{}\0{}", run.script, values.concat()).as_bytes());
    runs_of(program)
        .map(|run| (run.id.clone(), digest(run)))
        .collect()
}

/// The steps and messages that need not be executed again. What only looks is always done again,
/// and so is what leaves a value.
fn done(path: &Path, loaded: &Loaded, inputs: &BTreeMap<String, String>) -> BTreeSet<String> {
    let kept = fs::read_to_string(path).unwrap_or_default();
    let acts = |block: &Block| {
        matches!(block.kind, Kind::Step | Kind::Comms | Kind::Rollback) && block.saves.is_empty()
    };
    let lines = kept
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines
        .filter(|line| line.digest == loaded.digest)
        .filter_map(|line| match line.event {
            RehearsalEvent::BlockEnded { id, end, .. } if end.is_success() => {
                let same = line.input.is_some() && line.input.as_ref() == inputs.get(&id);
                (same && loaded.runbook.block(&id).is_some_and(acts)).then_some(id)
            }
            _ => None,
        })
        .collect()
}

fn open(path: &PathBuf) -> std::io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(path)
}

/// One line for what has happened; what a block wrote stands below it.
fn shown(event: &RehearsalEvent) {
    match event {
        RehearsalEvent::BlockEnded {
            id,
            kind,
            attempt,
            end,
            output,
        } => {
            let word = if end.is_success() {
                "ok".to_owned()
            } else {
                end.to_string()
            };
            let again = if *attempt > 1 {
                format!(", attempt {attempt}")
            } else {
                String::new()
            };
            text::out(&format!("  {kind:<9} {id}: {word}{again}\n"));
            for line in output.lines() {
                text::out(&format!("            {line}\n"));
            }
        }
        RehearsalEvent::Skipped { id } => text::out(&format!("  done      {id}: before\n")),
        RehearsalEvent::Ended { failed, .. } => text::out(&match failed {
            None => "done\n".to_owned(),
            Some(block) => format!("FAILED at {block} · --resume goes on behind what succeeded\n"),
        }),
        _ => {}
    }
}
