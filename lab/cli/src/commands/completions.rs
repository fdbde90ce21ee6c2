//! `lab completions`: a script for the user's shell. It asks the program itself at each key, so that
//! links, faults, routes and flags are those of the system that is up.

use clap_complete::Shell;
use clap_complete::env::Shells;
use lab_model::Exit;

use crate::text;

/// The variable by which the script asks.
const ASKING: &str = "COMPLETE";

pub(crate) fn run(shell: Shell) -> Exit {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    let written = shells.completer(&shell.to_string()).is_some_and(|known| {
        known
            .write_registration(ASKING, "lab", "lab", "lab", &mut script)
            .is_ok()
    });
    if !written {
        text::error(&format!("no script for {shell}"), "");
        return Exit::Usage;
    }
    text::out(&String::from_utf8_lossy(&script));
    Exit::Pass
}
