//! The seat of a rehearsal: somebody's own shell in a pseudo-terminal, and what is kept of it.
//!
//! Like the services, the shell is started by a process that outlives the lab for as long as it
//! takes to clean up: `lab __seat` holds the pseudo-terminal, adopts every orphan of the shell, and
//! ends all of them when its standard input ends, which is when the lab is gone by whatever signal.
//!
//! | file | what lives there |
//! |---|---|
//! | `frames` | what the lab says to that process |
//! | `process` | that process |
//! | `shell` | the user's shell with a prompt of the rehearsal |
//! | `terminal` | the user's own terminal while the shell has it |
//! | `cast` | the recording, as asciicast v2 |
//! | `keeper` | a journal that nobody can read before the end |

mod cast;
mod frames;
mod keeper;
mod process;
mod shell;
mod terminal;

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub use cast::{Cast, FILE as CAST, Header};
pub use frames::Size;
pub use keeper::{Keeper, keep};
pub use process::run;
pub use shell::Shell;
pub use terminal::Terminal;

use crate::processes::MARK;
use frames::Frame;

/// A shell that runs in a pseudo-terminal.
#[derive(Debug)]
pub struct Seat {
    child: Child,
    input: Option<ChildStdin>,
}

impl Seat {
    /// Starts a shell; what it writes comes from the pipe that is returned.
    pub fn take(
        program: &Path,
        run: &Path,
        shell: &Shell,
        size: Size,
    ) -> io::Result<(Self, ChildStdout)> {
        let mut child = Command::new(program)
            .arg("__seat")
            .arg(run)
            .args([size.columns.to_string(), size.rows.to_string()])
            .args(&shell.command)
            .envs(shell.variables.iter().map(|(name, value)| (name, value)))
            .env_remove(MARK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the seat has no pipes"));
        };
        let seat = Self {
            child,
            input: Some(input),
        };
        Ok((seat, output))
    }

    /// Hands on what was typed.
    pub async fn typed(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send(&Frame::Input(bytes.to_vec())).await
    }

    /// The terminal has another size.
    pub async fn resize(&mut self, size: Size) -> io::Result<()> {
        self.send(&Frame::Resize(size)).await
    }

    async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        match &mut self.input {
            Some(input) => input.write_all(&frame.encode()).await,
            None => Ok(()),
        }
    }

    /// Ends the shell and everything that it started.
    pub fn end(&mut self) {
        self.input = None;
    }

    /// Waits until the shell and everything that it started has ended.
    pub async fn ended(&mut self) -> io::Result<()> {
        self.child.wait().await.map(drop)
    }
}
