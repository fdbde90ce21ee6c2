//! Blocks one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lab_model::Span;
use lab_model::rehearsal::{Pass, RehearsalEvent};
use lab_runbooks::mutation::{Action, Program, Run};
use lab_runbooks::{DEFAULT_TIMEOUT, Retry, Runbook};
use tokio::time::sleep;

use super::masks::Masks;
use crate::seam::{Failure, Script, Shell};

/// Executes programs of a runbook.
pub struct Runner<'a> {
    /// The runbook whose blocks they are.
    pub runbook: &'a Runbook,
    /// Runs blocks.
    pub shell: &'a dyn Shell,
    /// The environment of every block.
    pub variables: Vec<(String, String)>,
    /// What is never stored nor shown.
    pub masks: Masks,
    /// The folder of the runbook.
    pub folder: PathBuf,
    /// How long blocks took in the unchanged runbook: half of it is midway.
    pub took: BTreeMap<String, Span>,
    /// Hears what happens.
    pub tell: &'a (dyn Fn(RehearsalEvent) + Send + Sync),
}

/// What came of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Execution {
    /// The block that failed for good.
    pub failed: Option<String>,
    /// How long each block took, its last attempt.
    pub took: BTreeMap<String, Span>,
    /// What blocks left for later ones.
    pub saved: BTreeMap<String, String>,
}

/// Where a block that has no time of its own yet is killed.
const MIDWAY: Span = Span::from_millis(20);

impl Runner<'_> {
    /// Executes a program until a block fails for good. Blocks in `done` are left out, `saved` is
    /// what they left.
    pub async fn run(
        &self,
        pass: Pass,
        program: &Program,
        done: &BTreeSet<String>,
        saved: BTreeMap<String, String>,
    ) -> Result<Execution, Failure> {
        (self.tell)(RehearsalEvent::Begun { pass });
        let mut execution = Execution {
            saved,
            ..Execution::default()
        };
        for action in &program.actions {
            match action {
                Action::StartAgain => execution.saved.clear(),
                Action::Run(run) if done.contains(&run.id) => {
                    let id = run.id.clone();
                    (self.tell)(RehearsalEvent::Skipped { id });
                }
                Action::Run(run) => {
                    let succeeded = self.block(run, program, &mut execution).await?;
                    // What is killed midway starts again whatever became of it.
                    if !succeeded && !run.killed_midway {
                        execution.failed = Some(run.id.clone());
                        break;
                    }
                }
            }
        }
        let failed = execution.failed.clone();
        (self.tell)(RehearsalEvent::Ended { pass, failed });
        Ok(execution)
    }

    /// Runs a block, attempt after attempt; whether one of them succeeded.
    async fn block(
        &self,
        run: &Run,
        program: &Program,
        execution: &mut Execution,
    ) -> Result<bool, Failure> {
        let block = self.runbook.blocks().get(run.block);
        let once = Retry {
            attempts: 1,
            pause: Span::ZERO,
        };
        let retry = block.and_then(|block| block.retry).unwrap_or(once);
        let kind = run.kind.as_str().to_owned();
        for attempt in 1..=retry.attempts {
            if attempt > 1 {
                sleep(retry.pause.duration()).await;
            }
            (self.tell)(RehearsalEvent::Block {
                id: run.id.clone(),
                kind: kind.clone(),
                attempt,
            });
            let ran = self
                .shell
                .run(&self.script(run, program, execution))
                .await?;
            (self.tell)(RehearsalEvent::BlockEnded {
                id: run.id.clone(),
                kind: kind.clone(),
                attempt,
                end: ran.end,
                output: self.masks.shorten(&ran.output),
            });
            execution.took.insert(run.id.clone(), ran.took);
            if ran.end.is_success() {
                execution.saved.extend(ran.saved);
                return Ok(true);
            }
            if run.killed_midway {
                return Ok(false);
            }
        }
        Ok(false)
    }

    fn script(&self, run: &Run, program: &Program, execution: &Execution) -> Script {
        let block = self.runbook.blocks().get(run.block);
        let mut variables: BTreeMap<String, String> = self.variables.iter().cloned().collect();
        variables.extend(program.variables.iter().cloned());
        variables.extend(execution.saved.clone());
        let midway = || {
            let took = self.took.get(&run.id).map(|took| took.as_micros() / 2);
            took.map_or(MIDWAY, |half| Span::from_micros(half.max(1_000)))
        };
        let folder = block.and_then(|block| block.runner.cwd.as_ref());
        Script {
            name: run.id.clone(),
            text: run.script.clone(),
            variables: variables.into_iter().collect(),
            folder: folder.map_or_else(|| self.folder.clone(), |own| self.folder.join(own)),
            limit: block
                .and_then(|block| block.timeout)
                .unwrap_or(DEFAULT_TIMEOUT),
            killed_after: run.killed_midway.then(midway),
            saves: block.map_or_else(Vec::new, |block| block.saves.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use async_trait::async_trait;
    use lab_model::rehearsal::BlockEnd;
    use lab_runbooks::{Source, plan, read};

    use super::*;
    use crate::seam::Ran;

    /// A shell in which `fail N` fails so many times, `say X` writes, `set A=B` leaves a value.
    #[derive(Default)]
    struct Scripted {
        ran: Mutex<Vec<Script>>,
    }

    #[async_trait]
    impl Shell for Scripted {
        async fn run(&self, script: &Script) -> Result<Ran, Failure> {
            sleep(Duration::from_secs(1)).await;
            let mut ran = self.ran.lock().unwrap();
            let before = ran.iter().filter(|one| one.name == script.name).count();
            ran.push(script.clone());
            let words: Vec<&str> = script.text.split_whitespace().collect();
            let mut end = BlockEnd::Exited(0);
            let (mut output, mut saved) = (String::new(), Vec::new());
            match words.as_slice() {
                ["fail", times] if before < times.parse().unwrap() => end = BlockEnd::Exited(1),
                ["say", text] => (*text).clone_into(&mut output),
                ["set", pair] => {
                    let (name, value) = pair.split_once('=').unwrap();
                    saved.push((name.to_owned(), value.to_owned()));
                }
                _ => {}
            }
            if script.killed_after.is_some() {
                end = BlockEnd::Killed;
            }
            Ok(Ran {
                end,
                output,
                saved,
                took: Span::from_secs(1),
            })
        }
    }

    const RUNBOOK: &str = r#"
```sh {"name":"look","lab.kind":"precheck","lab.saves":"WHERE"}
set WHERE=here
```
```sh {"name":"act","lab.kind":"step","lab.timeout":"7s"}
say s3cret
```
```sh {"name":"check","lab.kind":"verify","lab.retry":"4x2s"}
fail 2
```
"#;

    /// What was told, in a word each, and what came of it.
    async fn check(
        text: &str,
        change: impl FnOnce(&mut Program),
        done: &[&str],
        expected: &[&str],
    ) -> (Execution, Vec<Script>) {
        let source = Arc::new(Source::new("a.md", text.into()).unwrap());
        let (runbook, _) = read(&source).into_runbook().unwrap();
        let mut program = Program::of(&runbook, &plan(&runbook));
        change(&mut program);
        let told = Mutex::new(Vec::new());
        let tell = |event: RehearsalEvent| {
            told.lock().unwrap().push(match event {
                RehearsalEvent::BlockEnded {
                    id, end, output, ..
                } => format!("{id} {end} {output}").trim().to_owned(),
                RehearsalEvent::Skipped { id } => format!("{id} skipped"),
                RehearsalEvent::Ended { failed, .. } => format!("ended {failed:?}"),
                _ => return,
            });
        };
        let shell = Scripted::default();
        let runner = Runner {
            runbook: &runbook,
            shell: &shell,
            variables: vec![("BASE".to_owned(), "1".to_owned())],
            masks: Masks::new(["s3cret".to_owned()]),
            folder: PathBuf::from("/"),
            took: BTreeMap::new(),
            tell: &tell,
        };
        let done = done.iter().map(|id| (*id).to_owned()).collect();
        let ended = runner.run(Pass::First, &program, &done, BTreeMap::new());
        let execution = ended.await.unwrap();
        assert_eq!(*told.lock().unwrap(), expected);
        (execution, shell.ran.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn blocks_are_retried_and_values_handed_on_and_secrets_hidden() {
        let begun = tokio::time::Instant::now();
        let expected = [
            "look exit status 0",
            "act exit status 0 ***",
            "check exit status 1",
            "check exit status 1",
            "check exit status 0",
            "ended None",
        ];
        let (execution, ran) = check(RUNBOOK, |_| {}, &[], &expected).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(5 + 2 * 2));
        assert_eq!(execution.saved["WHERE"], "here");
        let act = &ran[1];
        assert_eq!(act.limit, Span::from_secs(7));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(act.variables.contains(&pair("WHERE", "here")));
        assert!(act.variables.contains(&pair("BASE", "1")));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_failure_for_good_is_the_end() {
        let text = RUNBOOK.replace("say s3cret", "fail 1");
        let expected = [
            "look exit status 0",
            "act exit status 1",
            "ended Some(\"act\")",
        ];
        let (execution, _) = check(&text, |_| {}, &[], &expected).await;
        assert_eq!(execution.failed.as_deref(), Some("act"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_is_left_out() {
        let text = RUNBOOK.replace("fail 2", "fail 0");
        let expected = [
            "look exit status 0",
            "act skipped",
            "check exit status 0",
            "ended None",
        ];
        check(&text, |_| {}, &["act"], &expected).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_killed_midway_starts_again() {
        let text = RUNBOOK.replace("fail 2", "fail 0");
        let again = |program: &mut Program| {
            let whole = program.actions.clone();
            program.actions.truncate(2);
            if let Some(Action::Run(run)) = program.actions.last_mut() {
                run.killed_midway = true;
            }
            program.actions.push(Action::StartAgain);
            program.actions.extend(whole);
        };
        let expected = [
            "look exit status 0",
            "act killed midway ***",
            "look exit status 0",
            "act exit status 0 ***",
            "check exit status 0",
            "ended None",
        ];
        let (_, ran) = check(&text, again, &[], &expected).await;
        assert_eq!(ran[1].killed_after, Some(MIDWAY));
    }
}
