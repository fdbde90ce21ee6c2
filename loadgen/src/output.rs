//! The generator's end of the protocol: lines on what was standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;

use lab_wire::FromGenerator;

/// Where protocol lines go.
#[derive(Debug)]
pub(crate) struct Output(File);

impl Output {
    /// Takes standard output for the protocol alone.
    ///
    /// goose prints there, and would panic were it closed: from here on such prints go nowhere.
    pub(crate) fn take_over() -> io::Result<Self> {
        let own = io::stdout().as_fd().try_clone_to_owned()?;
        let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&nowhere)?;
        Ok(Self(File::from(own)))
    }

    /// Writes one line, in one piece.
    pub(crate) fn send(&mut self, message: &FromGenerator) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}
