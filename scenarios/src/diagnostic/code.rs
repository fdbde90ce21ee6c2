//! The registry of codes: every kind of mistake, its severity, and what `lab explain` says of it.

use std::fmt;

/// Whether a finding forbids the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// It can, and may not show what its author hopes.
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
            /// All codes, in the order of a scenario's sections.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its text: `scenario::unknown-link`.
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
    UnknownScenario Error "file::unknown-scenario"
        "No scenario of that name is in the catalog. A file of your own is named with its path."
    Empty Error "file::empty"
        "The file holds nothing. `lab list` names scenarios to start from."
    NotText Error "file::not-text"
        "The file is not UTF-8 text, or holds control characters. It may be another file than the one meant, or saved in another encoding."
    TooLarge Error "file::too-large"
        "Files of more than 1 MiB are not read: scenarios have a few kilobytes, so this is another file."
    Syntax Error "file::syntax"
        "The text is not YAML from this place on, most often because of indentation, a missing quote or a missing bracket. What follows it could not be checked."
    Unsupported Error "file::unsupported"
        "YAML knows more than a scenario needs: tags, several documents in one file and keys that are no text are refused."
    TooDeep Error "file::too-deep"
        "Lists and mappings are nested too deeply to be a scenario."
    TooMany Error "file::too-many-values"
        "The file holds too many values, counting those that aliases repeat. A few lines of aliases can stand for billions of values; they are counted before they are made."
    DuplicateKey Error "spec::duplicate-key"
        "A mapping holds a key twice. The second would silently replace the first, so both are refused."
    UnknownKey Error "spec::unknown-key"
        "No such key exists in this place. An ignored key would be a setting that silently does nothing."
    MissingKey Error "spec::missing-key"
        "A key that is needed here is absent or has no value."
    WrongType Error "spec::wrong-type"
        "Something of another shape is needed here: a text, a number, a list or a mapping."
    BadValue Error "spec::bad-value"
        "The value cannot be read. Quantities carry a unit: `200ms`, `1.5s`, `150/s`, `99.9%`, `20KB`, `100KB/s`."
    UnknownKind Error "spec::unknown-kind"
        "No such kind exists here. `lab explain fault` lists the kinds of fault."
    NotYet Error "scenario::not-yet"
        "The section is part of the scenario language and this version cannot run it. It is refused rather than ignored, as a check that is not made must not look passed."
    DuplicateName Error "scenario::duplicate-name"
        "A name is used twice, so nothing could say which is meant."
    NoSystem Error "scenario::no-system"
        "A scenario needs something to run against: `system: NAME` for one that comes with the lab, or `services` and `links` of its own; not both."
    UnknownSystem Error "scenario::unknown-system"
        "No system of that name comes with the lab. A system of your own is written as `services` and `links` in the scenario."
    UnknownService Error "scenario::unknown-service"
        "The system has no service of that name."
    UnknownLink Error "scenario::unknown-link"
        "The system has no link of that name. Links are directed and written `caller -> callee`; the load calls as `client`. Only what passes over a declared link passes the fault proxy."
    UnknownJourney Error "scenario::unknown-journey"
        "Neither the system nor the scenario has a journey of that name."
    UnknownPhase Error "scenario::unknown-phase"
        "No phase of the scenario has that name or is of that kind."
    UnknownSetting Error "scenario::unknown-setting"
        "The system has no setting of that name. Its settings are its knobs, in `system.yaml`."
    BadSetting Error "scenario::bad-setting"
        "The setting does not take that value; its type or the list of its values say what it takes."
    BadService Error "system::bad-service"
        "A service needs a `command` (to run as a process) or an `image` (to run as a container), and one way at most to say when it is ready."
    BadLink Error "system::bad-link"
        "A link joins two different services, or `client` and a service; the load is never called. `{link:X}` in a service's command or environment needs a link from that service to X."
    NoPort Warning "system::no-port"
        "Ports are chosen when a service starts and never fixed. A service is told its port by `{port}` in its command or environment; without it, nobody will find it."
    LinkUnused Warning "system::unused-link"
        "The caller is told nowhere where the callee is: `{link:X}` stands neither in its command nor in its environment. Unless it learns it otherwise, it will bypass the fault proxy, and faults on that link will have no witness."
    NoEntry Error "system::no-entry"
        "The load enters through links whose caller is `client`; without one nothing reaches the system. A step calls the callee of such a link."
    BadStep Error "journey::bad-step"
        "A step is one HTTP request: exactly one of `get`, `post`, `put`, `patch`, `delete`, with a path that starts with `/`, and a timeout above zero."
    NoSteps Error "journey::no-steps"
        "A journey has at least one step."
    UnknownValue Error "journey::unknown-value"
        "`{name}` in a step is replaced by a value that an earlier step of the same journey saved (`save: { name: /pointer }`). `{unique}` and `{random:1..20}` are always there."
    NoLoad Error "load::nothing"
        "No journey ever starts: no journey is listed, or all weights are zero."
    PhaseOrder Error "phase::order"
        "Phases come in this order: `warm_up`, `baseline`, then `fault` and `recovery` as often as needed. A baseline after a fault would not measure a healthy system."
    EmptyPhase Error "phase::empty"
        "A phase needs a length above zero, and a run ends within a day."
    NothingInjected Error "phase::nothing-injected"
        "A fault phase that injects nothing would show a system surviving nothing."
    TooShort Error "phase::too-short"
        "A phase is shorter than three times the largest delay of its faults: most of what the fault holds back would only be seen after its end."
    NoBaseline Warning "phase::no-baseline"
        "Without a baseline nothing shows that the system was healthy before the fault, and a system that never worked looks like one that the fault broke."
    NoRecovery Warning "phase::no-recovery"
        "Without a recovery phase nothing shows that the system comes back when the fault is gone."
    UnusedLink Error "fault::unused-link"
        "No journey of the load reaches that link, so the fault would touch nothing and the run could not fail by it."
    BadFault Error "fault::bad-attribute"
        "An attribute of the fault makes no sense, alone, beside another, or on the wire. `lab explain fault KIND` says what it takes."
    NoEffect Error "fault::no-effect"
        "As written the fault touches nothing, or cannot be seen: a toxicity of zero, or a link that is down all the while."
    WholeLink Error "fault::whole-link"
        "This kind of fault acts on the link as a whole: `direction` and `toxicity` have no meaning for it."
    OutsidePhase Error "fault::outside-phase"
        "The fault would start or end outside its phase, `after` and `for` counting from the start of the phase."
    BadFlap Error "fault::bad-flap"
        "A flapping fault is on for a while and off for a while, each at least 50ms, within the time for which it is injected."
    Overlap Error "fault::overlap"
        "Two faults of one kind act on one link in one direction at the same time. A proxy holds one of each, and what is seen could not be told apart."
    NoObjective Error "objective::none"
        "Without an objective nothing is judged, and the run could not fail."
    BadObjective Error "objective::bad-objective"
        "A latency objective says either one percentile with its limit (`p99: 300ms`) or `within` with `share`."
    DuplicateObjective Error "objective::duplicate"
        "Two objectives say the same of the same journey in the same phase; one of them is meant otherwise, or is needless."
    NeverJudged Error "objective::never-judged"
        "The objective names no phase that is measured, so it would never be evaluated. A warm-up is not measured."
    NoTraffic Error "objective::no-traffic"
        "No arrival of the load starts that journey, so the objective would never be put to the test."
    CannotPass Error "objective::cannot-pass"
        "Even without a single failure the phase holds too few arrivals to show, with an error of at most 5 %, that the objective holds. The verdict would be inconclusive at best. Lengthen the phase, raise the rate, give the journey more weight, or ask for less."
    CannotFail Error "objective::cannot-fail"
        "Even with nothing but failures the phase could not show that the objective is broken: it allows too much, or the phase holds too few arrivals."
    BadAbort Error "abort::bad-condition"
        "An abort condition watches a journey that has traffic, below a share above zero, for whole seconds, fewer than the run has."
    UselessRemedy Error "remedy::no-change"
        "A remedy says which settings are worth trying when the run fails; setting what is set already changes nothing."
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
