//! `lab __seat FOLDER COLUMNS ROWS PROGRAM…`: holds the pseudo-terminal of a shell and ends
//! everything that the shell has started, whatever happens to the lab.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{getpid, set_child_subreaper, setsid};

use super::frames::{Frame, Size};
use crate::processes::{MARK, tree};

/// How often the shell's end is looked for.
const PULSE: Duration = Duration::from_millis(10);
/// How long killing may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long what the shell wrote last may still come.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// The exit status when the shell cannot be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// Runs a shell until it ends or the lab is gone.
pub fn run(folder: &Path, size: Size, command: &[OsString]) -> ExitCode {
    // Fails only where it leads a session already.
    let _ = setsid();
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        eprintln!("lab: cannot adopt orphans: {error}");
        return ExitCode::FAILURE;
    }
    match shell(folder, size, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("lab: cannot start a shell: {reason}");
            NOT_STARTED.into()
        }
    }
}

fn shell(folder: &Path, size: Size, command: &[OsString]) -> Result<(), String> {
    let pair = native_pty_system()
        .openpty(pty_size(size))
        .map_err(|error| error.to_string())?;
    let mut builder = CommandBuilder::from_argv(command.to_vec());
    builder.env(MARK, folder);
    builder.cwd(std::env::current_dir().map_err(|error| error.to_string())?);
    let shell = pair
        .slave
        .spawn_command(builder)
        .map_err(|error| error.to_string())?;
    // The terminal ends with its last user.
    drop(pair.slave);
    let mut output = pair
        .master
        .try_clone_reader()
        .map_err(|error| error.to_string())?;
    let keyboard = pair
        .master
        .take_writer()
        .map_err(|error| error.to_string())?;
    let said = Arc::new(AtomicBool::new(false));
    let written = Arc::clone(&said);
    std::thread::spawn(move || {
        hand_on(&mut output);
        written.store(true, Ordering::Release);
    });
    let gone = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&gone);
    std::thread::spawn(move || {
        listen(pair.master.as_ref(), keyboard);
        heard.store(true, Ordering::Release);
    });
    let pid = shell.process_id().and_then(|pid| i32::try_from(pid).ok());
    loop {
        let ended = tree::reap().iter().any(|(ended, _)| Some(*ended) == pid);
        if ended || gone.load(Ordering::Acquire) {
            break;
        }
        std::thread::sleep(PULSE);
    }
    let mine = getpid().as_raw_nonzero().get();
    let left = tree::kill_until_none(|| tree::descendants(mine), LIMIT);
    let begun = Instant::now();
    while !said.load(Ordering::Acquire) && begun.elapsed() < LAST_WORDS {
        std::thread::sleep(PULSE);
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("processes are left: {left:?}"))
    }
}

const fn pty_size(size: Size) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// What the shell writes goes to standard output.
fn hand_on(output: &mut impl Read) {
    let mut bytes = [0; 8_192];
    let mut out = std::io::stdout().lock();
    while let Ok(read @ 1..) = output.read(&mut bytes) {
        let written = out.write_all(&bytes[..read]).and_then(|()| out.flush());
        if written.is_err() {
            return;
        }
    }
}

/// Until the lab says nothing more: it is gone, or wants the shell to end.
fn listen(master: &dyn MasterPty, mut keyboard: impl Write) {
    let mut from = std::io::stdin().lock();
    while let Ok(Some(frame)) = Frame::read(&mut from) {
        let done = match frame {
            Frame::Input(bytes) => keyboard
                .write_all(&bytes)
                .and_then(|()| keyboard.flush())
                .is_ok(),
            Frame::Resize(size) => master.resize(pty_size(size)).is_ok(),
        };
        if !done {
            return;
        }
    }
}
