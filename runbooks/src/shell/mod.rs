//! What can be seen in a shell script without running it.

pub(crate) mod placeholder;
pub(crate) mod prompt;
pub(crate) mod variables;

/// Whether a script reads a variable.
pub(crate) fn reads(script: &str, name: &str) -> bool {
    variables::needed(script)
        .iter()
        .any(|(needed, _)| *needed == name)
}

/// What a language is to a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// What `bash` runs.
    Shell,
    /// A session: prompted commands and their output.
    Session,
    /// Another shell, in which the same text may mean something else.
    OtherShell,
    /// No shell.
    Other,
}

impl Language {
    /// Of the word behind a fence.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "bash" | "sh" | "shell" | "dash" | "shellscript" => Self::Shell,
            "console" | "terminal" | "sh-session" | "bash-session" | "shell-session"
            | "shellsession" => Self::Session,
            "zsh" | "ksh" | "mksh" | "fish" | "csh" | "tcsh" | "nu" | "nushell" | "xonsh"
            | "powershell" | "pwsh" | "ps1" | "bat" | "cmd" | "batch" => Self::OtherShell,
            _ => Self::Other,
        }
    }

    /// Of the program that runs a block: its last path component without arguments.
    pub(crate) fn of_interpreter(command: &str) -> Self {
        let mut words = command.split_whitespace();
        let last = |word: &str| word.rsplit('/').next().unwrap_or_default().to_lowercase();
        match words.next().map(last).as_deref() {
            Some("env") => words
                .next()
                .map_or(Self::Other, |word| Self::of(&last(word))),
            Some(word) => Self::of(word),
            None => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_by_their_name() {
        assert_eq!(Language::of_interpreter("/bin/bash -x"), Language::Shell);
        assert_eq!(
            Language::of_interpreter("/usr/bin/env bash"),
            Language::Shell
        );
        assert_eq!(Language::of_interpreter("python3"), Language::Other);
        assert_eq!(Language::of_interpreter(""), Language::Other);
    }
}
