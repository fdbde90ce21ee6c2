//! The control socket of a sandbox: a Unix socket in the run's folder that only this user reaches.
//! One JSON line asks, one answers; a connection may ask again. Behind the answer to `tap` follows a
//! line for each request of that link, until either side goes.
//!
//! A socket's address has room for 107 bytes of path, and folders of runs are longer at times: both
//! sides go through the folder's own descriptor in `/proc/self/fd`, which is always short.

use std::fs::{File, Permissions, set_permissions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Caller;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_engine::desk::{Answer, Command, Counter, Order, Refusal};
use lab_model::Link;
use lab_model::tap::Tapped;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as Lines};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::taps::{Tap, Taps};

/// The socket's name in the run's folder.
pub const FILE: &str = "control.sock";
/// The longest question, in bytes.
const LONGEST: u64 = 1 << 20;
/// How long a caller waits for its answer.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    by: String,
    #[serde(flatten)]
    what: Asked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    /// For the run itself.
    Command(Command),
    /// To follow a link.
    Tap(Link),
}

/// A socket that is served; dropped, it is gone.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Serves a run's socket: what comes is handed to the run.
    /// Without `taps` nobody can follow a link.
    pub fn serve(folder: &Path, counter: Counter, taps: Option<Taps>) -> io::Result<Self> {
        let path = folder.join(FILE);
        let listener = through(folder, |short| UnixListener::bind(short))?;
        set_permissions(&path, Permissions::from_mode(0o600))?;
        let task = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let answering = answer(stream, counter.clone(), taps.clone());
                        drop(tokio::spawn(answering));
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Ok(Self { path, task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Does something with a path to the socket that is short enough.
fn through<T>(folder: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let opened = File::open(folder)?;
    let short = format!("/proc/self/fd/{}/{FILE}", opened.as_raw_fd());
    with(Path::new(&short))
}

/// Answers one caller until it goes.
async fn answer(mut stream: UnixStream, counter: Counter, taps: Option<Taps>) {
    let (reader, mut writer) = stream.split();
    let mut lines = Lines::new(reader.take(LONGEST)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        lines.get_mut().get_mut().set_limit(LONGEST);
        let mut followed = None;
        let outcome = match serde_json::from_str(&line) {
            Ok(Question {
                what: Asked::Tap(link),
                ..
            }) => follow(taps.as_ref(), &link).await.map(|tap| {
                followed = Some(tap);
                Answer::Done
            }),
            Ok(Question {
                by,
                what: Asked::Command(command),
            }) => ask_run(by, command, &counter).await,
            Err(error) => Err(Refusal::new(
                format!("not a command of this version: {error}"),
                "use the same lab in both terminals",
            )),
        };
        if say(&mut writer, &outcome).await.is_none() {
            return;
        }
        let Some(mut tap) = followed else { continue };
        loop {
            // A caller that goes is noticed on a silent link too.
            let tapped = tokio::select! {
                _ = lines.next_line() => return,
                tapped = tap.next() => tapped,
            };
            let Some(tapped) = tapped else { return };
            if say(&mut writer, &tapped).await.is_none() {
                return;
            }
        }
    }
}

/// Writes a line; `None` where nobody reads it.
async fn say(writer: &mut (impl AsyncWriteExt + Unpin), what: &impl Serialize) -> Option<()> {
    let mut text = serde_json::to_string(what).ok()?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await.ok()
}

async fn follow(taps: Option<&Taps>, link: &Link) -> Result<Tap, Refusal> {
    let none = || {
        Refusal::new(
            "the links of this run pass proxies that are not the lab's",
            "",
        )
    };
    taps.ok_or_else(none)?.follow(link).await
}

async fn ask_run(by: String, command: Command, counter: &Counter) -> Result<Answer, Refusal> {
    let over = || Refusal::new("the run is ending", "");
    let (reply, answer) = oneshot::channel();
    counter
        .send(Order { by, command, reply })
        .map_err(|_| over())?;
    answer.await.map_err(|_| over())?
}

/// Asks the run of a folder.
///
/// # Errors
/// The run cannot be reached, or does not answer within 15 s.
pub fn ask(folder: &Path, by: &str, command: Command) -> io::Result<Result<Answer, Refusal>> {
    let (_, answer) = question(folder, by, Asked::Command(command))?;
    Ok(answer)
}

/// Follows a link of a folder's run: what ends on it, from now on until the run does.
///
/// # Errors
/// The run cannot be reached, or does not answer within 15 s.
pub fn tap(
    folder: &Path,
    by: &str,
    link: Link,
) -> io::Result<Result<impl Iterator<Item = io::Result<Tapped>> + use<>, Refusal>> {
    let (reader, answer) = question(folder, by, Asked::Tap(link))?;
    reader.get_ref().set_read_timeout(None)?;
    let told = |line: io::Result<String>| serde_json::from_str(&line?).map_err(io::Error::other);
    Ok(answer.map(|_| reader.lines().map(told)))
}

/// Asks, and reads the first line of what is answered.
fn question(
    folder: &Path,
    by: &str,
    what: Asked,
) -> io::Result<(BufReader<Caller>, Result<Answer, Refusal>)> {
    let mut stream = through(folder, |short| Caller::connect(short))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let question = Question {
        by: by.to_owned(),
        what,
    };
    let mut line = serde_json::to_string(&question).map_err(io::Error::other)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut text = String::new();
    let mut reader = BufReader::new(stream);
    if reader.read_line(&mut text)? == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the run has ended",
        ));
    }
    let answer = serde_json::from_str(&text).map_err(io::Error::other)?;
    Ok((reader, answer))
}

#[cfg(test)]
mod tests {
    use lab_engine::desk::desk;

    use super::*;

    #[tokio::test]
    async fn a_question_reaches_the_run_and_its_answer_the_caller() {
        let home = tempfile::tempdir().unwrap();
        // Longer than a socket's address may be.
        let folder = home.path().join("a".repeat(120));
        std::fs::create_dir(&folder).unwrap();
        let (counter, mut orders) = desk();
        let control = Control::serve(&folder, counter, None).unwrap();
        let mode = folder.join(FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let asked = folder.clone();
        let caller =
            tokio::task::spawn_blocking(move || ask(&asked, "ada", Command::Heal(Some(3))));
        let order = orders.recv().await.unwrap();
        assert_eq!(
            (order.by.as_str(), order.command),
            ("ada", Command::Heal(Some(3)))
        );
        let refusal = Refusal::new("no fault 3 is injected", "");
        order.reply.send(Err(refusal.clone())).unwrap();
        assert_eq!(caller.await.unwrap().unwrap(), Err(refusal));
        let (asked, link) = (folder.clone(), "a -> b".parse().unwrap());
        let refused = tokio::task::spawn_blocking(move || tap(&asked, "ada", link).unwrap().err());
        assert!(refused.await.unwrap().is_some(), "nothing to follow");
        drop(control);
        assert!(!folder.join(FILE).exists());
        let gone = tokio::task::spawn_blocking(move || ask(&folder, "ada", Command::Status));
        assert!(gone.await.unwrap().is_err());
    }
}
