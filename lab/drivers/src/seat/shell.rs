//! The user's shell as a rehearsal starts it: `lab` and the endpoints in reach, and above the user's
//! own prompt a line with the clock, what holds, and the budget.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

/// A shell, ready to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// What it is given beside the user's own environment.
    pub variables: Vec<(String, OsString)>,
}

/// What bash reads after the user's own file.
const BASH: &str = r#"[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc
[ -f ~/.bashrc ] && . ~/.bashrc
PATH="$LAB_BIN:$PATH"
. <(COMPLETE=bash lab)
__lab_prompt() { local status=$?; LAB_LINE=$(lab __prompt); return $status; }
PROMPT_COMMAND="__lab_prompt${PROMPT_COMMAND:+; $PROMPT_COMMAND}"
PS1='${LAB_LINE}\n'"${PS1:-\\$ }"
"#;

/// What every other shell of this family reads.
const SH: &str = r#"PATH="$LAB_BIN:$PATH"
PS1='$(lab __prompt)
$ '
"#;

impl Shell {
    /// For a run's folder: the user's shell, with `program` as `lab`.
    pub fn prepare(
        program: &Path,
        folder: &Path,
        shell: Option<OsString>,
        endpoints: Vec<(String, String)>,
    ) -> io::Result<Self> {
        let own = folder.join("seat");
        let bin = own.join("bin");
        for folder in [&own, &bin] {
            DirBuilder::new().mode(0o700).create(folder)?;
        }
        symlink(program, bin.join("lab"))?;
        let shell = shell.filter(|shell| !shell.is_empty());
        let shell = shell.unwrap_or_else(|| "/bin/sh".into());
        let name = Path::new(&shell).file_name().map(PathBuf::from);
        let name = name.unwrap_or_default();
        let mut command = vec![shell];
        let endpoints = endpoints.into_iter();
        let mut variables: Vec<(String, OsString)> = endpoints
            .map(|(name, value)| (name, value.into()))
            .collect();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut reach = OsString::from(&bin);
        reach.push(":");
        reach.push(path);
        variables.push(("PATH".to_owned(), reach));
        variables.push(("LAB_BIN".to_owned(), bin.into()));
        match name.to_str() {
            Some("bash") => {
                let file = own.join("bashrc");
                fs::write(&file, BASH)?;
                command.extend(["--rcfile".into(), file.into(), "-i".into()]);
            }
            Some("sh" | "dash" | "ash" | "ksh") => {
                let file = own.join("shrc");
                fs::write(&file, SH)?;
                variables.push(("ENV".to_owned(), file.into()));
                command.push("-i".into());
            }
            // Its prompt is its own; `lab status` has the same.
            _ => {}
        }
        Ok(Self { command, variables })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_get_their_own_files() {
        let check = |shell: Option<&str>, file: Option<&str>| {
            let home = tempfile::tempdir().unwrap();
            let shell = shell.map(OsString::from);
            let endpoints = vec![("LAB_ENTRY".to_owned(), "http://a".to_owned())];
            let made = Shell::prepare(Path::new("/lab"), home.path(), shell, endpoints).unwrap();
            assert_eq!(made.variables[0].1, "http://a");
            if let Some(file) = file {
                assert!(home.path().join("seat").join(file).is_file());
            }
            made.command[0].clone()
        };
        assert_eq!(check(Some("/bin/bash"), Some("bashrc")), "/bin/bash");
        assert_eq!(check(None, Some("shrc")), "/bin/sh");
        assert_eq!(check(Some("/usr/bin/fish"), None), "/usr/bin/fish");
    }
}
