//! `lab __exec PARENT PROGRAM ARGUMENTS…`: binds itself to its parent's life, then becomes the
//! program. This is how a group and a death signal are set without unsafe code.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getppid, set_parent_process_death_signal, setpgid};

/// The exit status when the program cannot be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// Becomes the program; returns only when that fails.
pub fn run(parent: i32, program: &OsString, arguments: &[OsString]) -> ExitCode {
    // The signal comes when the parent's thread ends; should it have ended before, the parent is
    // another one already.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        eprintln!("lab: cannot set the death signal: {error}");
        return NOT_STARTED.into();
    }
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        return NOT_STARTED.into();
    }
    // Fails only where it is a session leader already, which is a group of its own as well.
    let _ = setpgid(None, None);
    let error = Command::new(program).args(arguments).exec();
    eprintln!("lab: cannot start {}: {error}", program.display());
    NOT_STARTED.into()
}
