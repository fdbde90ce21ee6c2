//! Every process shows the command line that it was started with. So a hidden rehearsal becomes
//! another one, whose own says nothing: it reads the words from a pipe.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Parser;
use lab_model::Exit;

use super::rehearse;
use crate::arguments::{Arguments, Command as Chosen};
use crate::text;

/// The longest command line, in bytes: what a pipe holds without a reader.
const LONGEST: usize = 60_000;

/// Becomes the other process; returns only where that fails.
pub(super) fn begin() -> Exit {
    let failed = |error: std::io::Error| {
        text::error(&format!("the rehearsal cannot be hidden: {error}"), "");
        Exit::Environment
    };
    let words: Vec<OsString> = std::env::args_os().collect();
    let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let bytes = bytes.join(&0);
    if bytes.len() > LONGEST {
        text::error("the command line is too long", "");
        return Exit::Usage;
    }
    // The other process inherits the end that it reads.
    let (reads, writes) = match rustix::pipe::pipe() {
        Ok(pipe) => pipe,
        Err(error) => return failed(error.into()),
    };
    if let Err(error) = File::from(writes).write_all(&bytes) {
        return failed(error);
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return failed(error),
    };
    let number = reads.as_raw_fd().to_string();
    let _ = reads.into_raw_fd();
    failed(
        Command::new(program)
            .arg0("lab")
            .args(["__rehearse", &number])
            .exec(),
    )
}

/// Is the other process; `None` where nobody began it.
pub(crate) fn again(number: &str) -> Option<Exit> {
    let number: u32 = number.parse().ok()?;
    let mut bytes = Vec::new();
    let pipe = File::open(format!("/proc/self/fd/{number}")).ok()?;
    pipe.take(LONGEST as u64).read_to_end(&mut bytes).ok()?;
    let words = bytes.split(|byte| *byte == 0);
    let words = words.map(|word| OsString::from_vec(word.to_vec()));
    let arguments = Arguments::try_parse_from(words).ok()?;
    match arguments.command {
        Chosen::Rehearse(options) => Some(rehearse(&options, arguments.color)),
        _ => None,
    }
}
