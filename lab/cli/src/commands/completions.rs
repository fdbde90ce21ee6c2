//! `lab completions`: a script for the user's shell.

use clap::CommandFactory;
use clap_complete::Shell;
use lab_model::Exit;

use crate::arguments::Arguments;
use crate::text;

pub(crate) fn run(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "lab", &mut script);
    text::out(&String::from_utf8_lossy(&script));
    Exit::Pass
}
