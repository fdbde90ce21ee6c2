//! A run as a list of cases, as continuous integration counts them: what it promised, and what had
//! to work for the promise to be judged at all.

use lab_runbooks::grade::Verdict;
use lab_runbooks::mutation::Fate;
use lab_runbooks::session::Report;
use lab_verdict::outcome::Call;

use crate::judged::{self, Judged};
use crate::run::Run;
use crate::style::Tone;
use crate::terminal::findings;
use crate::{format, words};

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What kind it is: `objectives`, `patterns`, `faults`, `run`.
    pub(crate) group: &'static str,
    /// What is judged.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) end: End,
    /// One line.
    pub(crate) message: String,
    /// More lines; may be empty.
    pub(crate) detail: String,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It held.
    Passed,
    /// It did not hold: the system's fault.
    Failed,
    /// The data could not decide it; nobody's fault.
    Undecided,
    /// The run itself did not work: no witness, an unhealthy start, a broken environment.
    Broken,
}

/// Every case of a run, promises first.
pub(crate) fn all(run: &Run<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    if run.reached() {
        for (group, lines) in [
            ("objectives", judged::objectives::judged(run)),
            ("comparisons", judged::comparisons::judged(run)),
            ("indicators", judged::indicators::judged(run)),
            ("patterns", judged::patterns::judged(run)),
            ("ledgers", judged::ledgers::judged(run)),
        ] {
            cases.extend(lines.iter().map(|line| promised(run, group, line)));
        }
        let witnesses = judged::witnesses::judged(run);
        cases.extend(witnesses.iter().map(witnessed));
    }
    cases.extend(troubles(run));
    cases
}

fn promised(run: &Run<'_>, group: &'static str, line: &Judged) -> Case {
    let end = match line.word.text {
        text if text == words::in_list(Call::Pass) => End::Passed,
        text if text == words::in_list(Call::Fail) => End::Failed,
        text if text == words::in_list(Call::Error) => End::Broken,
        _ => End::Undecided,
    };
    let cause = run.verdict.cause.clone().filter(|_| end == End::Failed);
    Case {
        group,
        name: line.subject.clone(),
        end,
        message: either(&line.found, &line.note),
        detail: cause.unwrap_or_else(|| line.note.clone()),
    }
}

fn witnessed(line: &Judged) -> Case {
    Case {
        group: "faults",
        name: line.subject.clone(),
        end: if line.word.tone == Tone::Good {
            End::Passed
        } else {
            End::Broken
        },
        message: either(&line.note, &line.found),
        detail: line.found.clone(),
    }
}

fn either(first: &str, second: &str) -> String {
    if first.is_empty() { second } else { first }.to_owned()
}

/// What went wrong with the run itself.
fn troubles(run: &Run<'_>) -> Vec<Case> {
    let case = |name: String, message: &str, detail: String| Case {
        group: "run",
        name,
        end: End::Broken,
        message: message.lines().next().unwrap_or_default().to_owned(),
        detail,
    };
    let life = &run.tally.life;
    let failures = life.failures.iter().map(|failure| {
        let reason = failure.reason.replace("{lab}", "lab");
        case(failure.part.clone(), &reason, reason.clone())
    });
    let exits = life.exits.iter().map(|exit| {
        let text = format!("ended after {}: {}", format::elapsed(exit.at), exit.status);
        case(format!("service {}", exit.service), &text, String::new())
    });
    let reasons = findings::reasons(run)
        .filter(|reason| reason.call != Call::Pass)
        .map(|reason| case(reason.code.clone(), &reason.text, reason.text.clone()));
    let missing = run.verdict.missing.iter();
    let missing = missing.map(|text| case("journal".to_owned(), text, String::new()));
    let left = life.left.iter().flatten();
    let left = left.map(|item| {
        case(
            "clean-up".to_owned(),
            &format!("left: {item}"),
            String::new(),
        )
    });
    failures
        .chain(exits)
        .chain(reasons)
        .chain(missing)
        .chain(left)
        .collect()
}

/// Every case of a grade: runs against its own failures, where nothing or something else is wrong,
/// and whether its mistakes would be noticed.
pub(crate) fn of_grade(report: &Report) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, incident) in (1_u32..).zip(&report.incidents) {
        let (grade, total) = (&incident.grade, incident.grade.score.total);
        cases.push(Case {
            group: "incidents",
            name: format!("{}, run {number}", incident.scenario),
            end: graded(grade.verdict),
            message: format!("{total:.1} of 100"),
            detail: grade.reasons.join("\n"),
        });
    }
    for side in report.healthy.iter().chain(&report.wrong) {
        let other = side.scenario.as_ref();
        cases.push(Case {
            group: "refusals",
            name: other.map_or_else(|| "a healthy system".to_owned(), ToString::to_string),
            end: graded(side.verdict),
            message: match &side.refused {
                Some(block) => format!("refused by {block}"),
                None => "not refused".to_owned(),
            },
            detail: side.changed.join("\n"),
        });
    }
    for mutant in &report.mutants {
        cases.push(Case {
            group: "mutants",
            name: mutant.name.clone(),
            end: match mutant.fate {
                Fate::KilledByRunbook => End::Passed,
                Fate::KilledByLab | Fate::Survived => End::Failed,
                Fate::Equivalent | Fate::Flaky | Fate::Unknown => End::Undecided,
            },
            message: mutant.equivalent.clone().unwrap_or_default(),
            detail: mutant.seen.join("\n"),
        });
    }
    cases
}

const fn graded(verdict: Verdict) -> End {
    match verdict {
        Verdict::Pass => End::Passed,
        Verdict::Fail => End::Failed,
        Verdict::Unknown => End::Broken,
    }
}
