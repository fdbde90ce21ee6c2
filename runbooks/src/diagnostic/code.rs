//! The registry of codes: every kind of mistake, its severity, and its explanation.

use std::fmt;

/// Whether a finding forbids that the runbook is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot be run.
    Error,
    /// It can, and may not do what its author hopes.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Declares [`Code`], one line a code: its name here, its severity, its text, its explanation.
macro_rules! codes {
    ($($name:ident $severity:ident $text:literal $explanation:literal)+) => {
        /// A kind of mistake. Its text is stable: scripts and documentation may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $explanation] $name,)+
        }

        impl Code {
            /// All codes: the file, its front matter, its blocks, how they relate.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its text: `runbook::cycle`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Whether it forbids the run.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What it means and what to do, in a few sentences.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)+ }
            }
        }
    };
}

impl Code {
    /// The code of that text.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

codes! {
    Empty Error "runbook::empty"
        "The file holds nothing."
    NotText Error "runbook::not-text"
        "The file is not UTF-8 text, or holds control characters, as pasted terminal colours are."
    TooLarge Error "runbook::too-large"
        "Files of more than 1 MiB are not read: runbooks have some ten kilobytes, so this is another file."

    FrontMatter Error "runbook::front-matter"
        "The front matter cannot be read and mentions `lab`. It is YAML between `---` lines, TOML between `+++` lines, or a JSON object that begins the file."
    ForeignFrontMatter Warning "runbook::foreign-front-matter"
        "The front matter cannot be read. It does not mention `lab`, so it is left to the tool that it is for."
    NoHeader Warning "runbook::no-header"
        "Blocks are typed, and the front matter has no `lab` section that says what the runbook is for. It can be shown, and not be graded."
    UnknownSchema Error "runbook::unknown-schema"
        "This version reads runbooks of the schema `runbook/1`."
    UnknownKey Error "runbook::unknown-key"
        "The `lab` section has no such key. An ignored key would be a setting that silently does nothing."
    MissingKey Error "runbook::missing-key"
        "A key that is needed here is absent or has no value."
    DuplicateKey Error "runbook::duplicate-key"
        "A mapping holds a key twice. The second would silently replace the first, so both are refused."
    WrongType Error "runbook::wrong-type"
        "Something of another shape is needed here: a text, a list or a mapping."
    BadValue Error "runbook::bad-value"
        "The value cannot be read. Durations carry a unit: `200ms`, `1.5s`, `2m`."
    SecretValue Error "runbook::secret-value"
        "A secret's value does not stand in a file. `from` names the environment variable that holds it."
    TouchesProtected Warning "runbook::touches-protected"
        "A part is listed under `touches` and under `protects`. What must not be harmed is better left alone."

    BadAttributes Error "runbook::bad-attributes"
        "The attributes of a block mention `lab.` and cannot be read. They are one flat JSON object on the line of the fence: `{\"name\":\"shift-traffic\",\"lab.kind\":\"step\"}`. Runbook runners stop reading at the first `}`, so no value holds one."
    NestedAttributes Error "runbook::nested-attributes"
        "A value is a list or an object. Runbook runners stop reading at the first `}`, so values are flat texts; lists are written `\"one, two\"`."
    ForeignAttributes Warning "runbook::foreign-attributes"
        "What follows the language cannot be read as attributes and does not mention `lab.`, so it is left to the tool that it is for. The block is shown to people."
    DuplicateAttribute Error "runbook::duplicate-attribute"
        "An attribute stands twice in a block. The second would silently replace the first."
    UnknownAttribute Error "runbook::unknown-attribute"
        "No attribute of that name begins with `lab.`. An ignored attribute would be a promise that silently does nothing."
    BadAttribute Error "runbook::bad-attribute"
        "The attribute does not take that value. Durations carry a unit (`10s`), retries are written `5x3s`, truth is `true` or `false`, lists are separated by commas."
    MisplacedAttribute Error "runbook::misplaced-attribute"
        "The attribute has no meaning in a block of this kind: `lab.checks` belongs to verify blocks, `lab.undo` to steps and to rollback blocks."
    Contradiction Error "runbook::contradiction"
        "Two attributes of a block exclude each other: what only reads destroys nothing."
    RetriedAction Warning "runbook::retried-action"
        "A block that changes something is retried without `lab.idempotent`. Retries are for blocks that wait until something is true; a change that is made twice may be another change."
    MissingKind Error "runbook::missing-kind"
        "A block has attributes that begin with `lab.` and no `lab.kind`, so it would never run."
    UnknownKind Error "runbook::unknown-kind"
        "The kinds of block are `precheck`, `diagnose`, `step`, `verify`, `rollback`, `comms`, and `manual` for what people do."
    BadName Error "runbook::bad-name"
        "The names of typed blocks stand in lists and in file names: lowercase letters, digits, `-`, `_` and `.`, a letter or digit first, 64 characters at most."
    DuplicateName Error "runbook::duplicate-name"
        "Two blocks have one name, and at least one of them is typed, so nothing could say which is meant."
    SameName Warning "runbook::same-name"
        "Two untyped blocks have one name. Runbook runners number the second; here no block can need either by name."

    Placeholder Error "runbook::placeholder"
        "A block that runs by itself holds a `<placeholder>` that somebody should fill in; a shell would read it as a redirection. Declare a variable under `vars` and write `\"$NAME\"`. A redirection is told apart by spaces: `sort < in > out`."
    Prompts Warning "runbook::prompts"
        "Lines begin with the prompt `$ `. Those are what runs, without the prompt; all others are taken for output and do not run. A block of commands alone is clearer."
    UnfinishedPrompt Error "runbook::unfinished-prompt"
        "A prompted line opens a here-document, whose body has no prompt and so would be taken for output. Write the block without prompts."
    UnclosedFence Error "runbook::unclosed-fence"
        "A typed block has no closing fence: all that follows it in its list, quote or file became part of it, and would run. A closing fence is alone on its line, of the same character and at least as long."
    OpenFence Warning "runbook::open-fence"
        "A block has no closing fence, so all that follows it in its list, quote or file became part of it. A closing fence is alone on its line, of the same character and at least as long."
    FenceInside Warning "runbook::fence-inside"
        "Within a block a line looks like the fence that opens another. The first was probably meant to be closed before; where the line is text, use a longer fence outside."
    StrayFence Warning "runbook::stray-fence"
        "A line begins like a fence and opens no block: it stands in HTML without an empty line before it, in a comment, or has the same quotes again on its own line. What it holds is not seen as a block."
    IndentedFence Warning "runbook::indented-fence"
        "A fence is indented by four spaces or more beyond its surroundings, so Markdown shows it as text. Indent it as much as the text of its list item."

    UnknownBlock Error "runbook::unknown-block"
        "No block has that name or id."
    Cycle Error "runbook::cycle"
        "Blocks need each other in a circle, so none of them could be the first."
    NeedsLater Error "runbook::needs-later"
        "A block needs one that comes later by its kind. The order is precheck, diagnose, step, verify; a step may need any of these, and only a rollback may need a rollback."
    WrongKind Error "runbook::wrong-kind"
        "The block that is named is of another kind than is needed here: `lab.checks` names steps, `lab.undo` of a step names a rollback block, and of a rollback block the steps that it undoes."
    UselessRollback Error "runbook::useless-rollback"
        "A rollback block undoes nothing: neither does its `lab.undo` name a step, nor does the `lab.undo` of a step name it."
    NoVerify Warning "runbook::no-verify"
        "The runbook has steps and no verify block, so nothing in it says whether they helped."
    UnknownApproval Error "runbook::unknown-approval"
        "`lab.approval` is `true`, `false`, or one of those listed under `approvals`."
    UndeclaredVariable Warning "runbook::undeclared-variable"
        "A script reads a variable that it does not set, that is not under `vars`, that no block saves (`lab.saves`) and that no shell has. Every block runs in a shell of its own. Those that begin with `LAB_` come from the environment that the lab runs."
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_told_apart_and_found() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::find(code.as_str()), Some(*code));
            assert!(code.explanation().ends_with('.'), "{code}");
        }
        assert_eq!(Code::find("nothing"), None);
    }
}
