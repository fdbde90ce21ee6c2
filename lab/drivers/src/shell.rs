//! Blocks of runbooks, run by bash: `-e -o pipefail`, a process group and a death signal of their
//! own, an environment with nothing in it but what it is given.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Ran, Script, Shell};
use lab_model::rehearsal::BlockEnd;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::processes::MARK;

/// What of the caller's environment every shell needs.
const INHERITED: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"];
/// How much of the beginning of what a block writes is kept, and how much of its end.
const ENDS: usize = 32 << 10;
/// How long what a block wrote may still come once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs blocks with bash.
#[derive(Debug, Clone)]
pub struct Bash {
    /// The lab's own program.
    program: PathBuf,
    /// The folder of the run, which marks every process of it.
    run: PathBuf,
    /// Where scripts stand while they run.
    scratch: PathBuf,
}

impl Bash {
    /// For blocks of a run: their scripts stand in a folder of its own in the run's folder.
    pub fn new(program: PathBuf, run: &Path) -> io::Result<Self> {
        let scratch = run.join("blocks");
        let made = fs::DirBuilder::new().mode(0o700).create(&scratch);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        Ok(Self {
            program,
            run: run.to_owned(),
            scratch,
        })
    }

    /// Writes a block's script. What it leaves to others is written by a trap, so that a script
    /// that exits early leaves it, too; the trap stands on its first line, so that bash counts
    /// lines as the block does.
    fn write(&self, script: &Script) -> io::Result<(PathBuf, PathBuf)> {
        let name: String = script
            .name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let (path, saved) = (
            self.scratch.join(format!("{name}.sh")),
            self.scratch.join(format!("{name}.saved")),
        );
        let trap = if script.saves.is_empty() {
            String::new()
        } else {
            format!(
                "trap 'for __lab in {}; do printf \"%s\\0\" \"${{!__lab-}}\"; done >\"$LAB_SAVED\"' EXIT; ",
                script.saves.join(" ")
            )
        };
        let _ = fs::remove_file(&saved);
        private(&path)?.write_all(format!("{trap}{}", script.text).as_bytes())?;
        private(&saved)?;
        Ok((path, saved))
    }

    async fn execute(&self, script: &Script) -> io::Result<Ran> {
        let (path, saved) = self.write(script)?;
        let mine = rustix::process::getpid().as_raw_nonzero().to_string();
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((*name, std::env::var_os(name)?)));
        let begun = Instant::now();
        let mut child = Command::new(&self.program)
            .args(["__exec", &mine, "bash", "-e", "-o", "pipefail"])
            .arg(&path)
            .env_clear()
            .envs(inherited)
            .env("TERM", "dumb")
            .envs(script.variables.iter().map(|(name, value)| (name, value)))
            .env("LAB_SAVED", &saved)
            .env(MARK, &self.run)
            .current_dir(&script.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let group = Group(child.id());
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let reading = [
            out.map(|out| tokio::spawn(hear(out, Arc::clone(&kept)))),
            err.map(|err| tokio::spawn(hear(err, Arc::clone(&kept)))),
        ];
        let limit = script.killed_after.unwrap_or(script.limit);
        let end = match timeout(limit.duration(), child.wait()).await {
            Ok(status) => ended(status?),
            Err(_) if script.killed_after.is_some() => BlockEnd::Killed,
            Err(_) => BlockEnd::TimedOut,
        };
        let took = begun.elapsed().into();
        // What a block has started ends with it.
        group.kill();
        let _ = child.wait().await;
        for mut task in reading.into_iter().flatten() {
            if timeout(LAST_WORDS, &mut task).await.is_err() {
                task.abort();
            }
        }
        let values = fs::read(&saved).unwrap_or_default();
        let _ = fs::remove_file(&saved);
        let _ = fs::remove_file(&path);
        let values = values.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let saved = script.saves.iter().cloned().zip(values.map(Into::into));
        let output = kept.lock().unwrap_or_else(PoisonError::into_inner).text();
        Ok(Ran {
            end,
            output,
            saved: saved.collect(),
            took,
        })
    }
}

#[async_trait]
impl Shell for Bash {
    async fn run(&self, script: &Script) -> Result<Ran, Failure> {
        let ran = self.execute(script).await;
        ran.map_err(|error| Failure::new(format!("block {}", script.name), error))
    }
}

/// An empty file that only this user reads.
fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn ended(status: ExitStatus) -> BlockEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => BlockEnd::Exited(code),
        (None, Some(signal)) => BlockEnd::Signalled(signal),
        (None, None) => BlockEnd::Exited(-1),
    }
}

/// The process group of a block; dropped, it is ended.
struct Group(Option<u32>);

impl Group {
    fn kill(&self) {
        let group = self
            .0
            .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The two ends of what a block writes.
#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: usize,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let room = ENDS.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend(&bytes[..room]);
        self.tail.extend(&bytes[room..]);
        if self.tail.len() > 2 * ENDS {
            let over = self.tail.len() - ENDS;
            self.tail.drain(..over);
            self.left_out += over;
        }
    }

    fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        if self.left_out > 0 {
            // Writing to a text cannot fail.
            let _ = write!(text, "\n… {} bytes …\n", self.left_out);
        }
        text + &String::from_utf8_lossy(&self.tail)
    }
}

async fn hear(mut from: impl AsyncRead + Unpin, kept: Arc<Mutex<Kept>>) {
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.add(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_keeps_both_ends() {
        let mut kept = Kept::default();
        kept.add(b"begin ");
        for _ in 0..1_000 {
            kept.add(&[b'x'; 1_000]);
        }
        kept.add(b" end");
        let text = kept.text();
        assert!(text.starts_with("begin ") && text.ends_with(" end"));
        assert!(text.len() < 4 * ENDS && text.contains("bytes …"));
    }

    #[test]
    fn scripts_are_private_and_count_their_lines() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let bash = Bash::new(PathBuf::from("lab"), home.path()).unwrap();
        let script = Script {
            name: "a b/c".to_owned(),
            text: "A=1\nfalse\n".to_owned(),
            saves: vec!["A".to_owned()],
            ..Script::default()
        };
        let (path, _) = bash.write(&script).unwrap();
        assert!(path.ends_with("blocks/a_b_c.sh"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("trap ") && text.lines().nth(1) == Some("false"));
    }
}
