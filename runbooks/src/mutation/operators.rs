//! The ways to make a runbook wrong.

use std::fmt;

use lab_model::rehearsal::Situation;
use serde::Serialize;

use super::program::{Action, Program};
use crate::block::Kind;
use crate::plan::Plan;
use crate::runbook::Runbook;
use crate::shell;

/// A runbook made wrong in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mutant {
    /// How.
    pub operator: Operator,
    /// What was changed: the id of a block, two of them, or a variable.
    pub target: String,
    /// The system in which it is run.
    pub situation: Situation,
    /// What is executed.
    pub program: Program,
    /// Why its author says that it is as good as the runbook itself; `None` where he does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equivalent: Option<String>,
}

impl Mutant {
    /// Its name: `drop-step shift-traffic`.
    pub fn name(&self) -> String {
        format!("{} {}", self.operator, self.target)
    }
}

/// How a runbook is made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// A step is left out.
    DropStep,
    /// Two steps that follow one another change places.
    SwapSteps,
    /// The whole runbook is run twice.
    RunTwice,
    /// A step is killed midway, and the runbook starts again.
    KillMidway,
    /// A precheck is left out, where it should refuse.
    DropPrecheck,
    /// A variable that a step reads has another value.
    ChangeVariable,
    /// A verify block always succeeds, and the step that it checks is left out.
    BlindVerify,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DropStep,
        Self::SwapSteps,
        Self::RunTwice,
        Self::KillMidway,
        Self::DropPrecheck,
        Self::ChangeVariable,
        Self::BlindVerify,
    ];

    /// Its word: `drop-step`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DropStep => "drop-step",
            Self::SwapSteps => "swap-steps",
            Self::RunTwice => "run-twice",
            Self::KillMidway => "kill-midway",
            Self::DropPrecheck => "drop-precheck",
            Self::ChangeVariable => "change-variable",
            Self::BlindVerify => "blind-verify",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// All mutants of a runbook, in a stable order.
pub fn mutants(runbook: &Runbook, plan: &Plan) -> Vec<Mutant> {
    let whole = Program::of(runbook, plan);
    let equivalents = runbook
        .header()
        .map_or(&[][..], |header| &header.equivalents);
    let mut found = Vec::new();
    let mut add = |operator, target: String, situation, program| {
        let name = format!("{operator} {target}");
        let declared = equivalents.iter().find(|declared| declared.mutant == name);
        found.push(Mutant {
            operator,
            target,
            situation,
            program,
            equivalent: declared.map(|declared| declared.reason.clone()),
        });
    };
    let own = Situation::OwnFault;
    let steps = whole.places(Kind::Step);
    let id = |place: usize| {
        whole
            .run(place)
            .map_or("", |run| run.id.as_str())
            .to_owned()
    };
    for &place in &steps {
        add(Operator::DropStep, id(place), own, without(&whole, place));
    }
    for pair in steps.windows(2) {
        let mut program = whole.clone();
        program.actions.swap(pair[0], pair[1]);
        let target = format!("{} {}", id(pair[0]), id(pair[1]));
        add(Operator::SwapSteps, target, own, program);
    }
    if !steps.is_empty() {
        let mut program = whole.clone();
        program.actions.extend(whole.actions.iter().cloned());
        add(Operator::RunTwice, "all".to_owned(), own, program);
    }
    for &place in &steps {
        add(Operator::KillMidway, id(place), own, killed(&whole, place));
    }
    for place in whole.places(Kind::Precheck) {
        for situation in [Situation::WrongFault, Situation::Healthy] {
            let of = if situation == Situation::Healthy {
                "healthy"
            } else {
                "wrong"
            };
            let target = format!("{} {of}", id(place));
            add(
                Operator::DropPrecheck,
                target,
                situation,
                without(&whole, place),
            );
        }
    }
    for (name, value) in read_by_steps(runbook, &whole) {
        let mut program = whole.clone();
        program.variables.push((name.clone(), changed(&value)));
        add(Operator::ChangeVariable, name, own, program);
    }
    for place in whole.places(Kind::Verify) {
        add(
            Operator::BlindVerify,
            id(place),
            own,
            blind(runbook, &whole, place),
        );
    }
    found
}

fn without(whole: &Program, place: usize) -> Program {
    let mut program = whole.clone();
    program.actions.remove(place);
    program
}

/// Everything up to a step, which is killed midway; then all of it again.
fn killed(whole: &Program, place: usize) -> Program {
    let mut actions: Vec<Action> = whole.actions[..=place].to_vec();
    if let Some(Action::Run(run)) = actions.last_mut() {
        run.killed_midway = true;
    }
    actions.push(Action::StartAgain);
    actions.extend(whole.actions.iter().cloned());
    Program {
        actions,
        variables: Vec::new(),
    }
}

/// A verify block that always succeeds, without the steps that it checks: all steps before it
/// where it names none. A check that nobody misses checks nothing.
fn blind(runbook: &Runbook, whole: &Program, place: usize) -> Program {
    let block = whole.run(place).map_or(0, |run| run.block);
    let checks = runbook
        .blocks()
        .get(block)
        .map_or(&[][..], |block| &block.checks);
    let mut program = whole.clone();
    if let Some(Action::Run(run)) = program.actions.get_mut(place) {
        "true".clone_into(&mut run.script);
    }
    let mut at = 0;
    program.actions.retain(|action| {
        let before = at < place;
        at += 1;
        match action {
            Action::Run(run) if run.kind == Kind::Step && before => {
                !checks.is_empty() && !checks.contains(&run.id)
            }
            _ => true,
        }
    });
    program
}

/// The variables with a value of their own that a step reads. Where a value comes from the
/// environment (an endpoint, a secret) there is nothing of the runbook's to be wrong.
fn read_by_steps(runbook: &Runbook, whole: &Program) -> Vec<(String, String)> {
    let variables = runbook.header().map_or(&[][..], |header| &header.vars);
    let steps = whole.places(Kind::Step);
    let read = |name: &str| {
        let scripts = steps.iter().filter_map(|place| whole.run(*place));
        scripts
            .into_iter()
            .any(|run| shell::reads(&run.script, name))
    };
    variables
        .iter()
        .filter(|variable| !variable.secret && read(&variable.name))
        .filter_map(|variable| Some((variable.name.clone(), variable.value.clone()?)))
        .collect()
}

/// Another value of the same shape: a number twice as large and one more, `true` for `false`, and
/// a text with its last letter doubled.
fn changed(value: &str) -> String {
    if let Ok(number) = value.parse::<i64>() {
        return number.saturating_mul(2).saturating_add(1).to_string();
    }
    match value {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        "" => "x".to_owned(),
        text => {
            let last = text.chars().next_back().unwrap_or('x');
            format!("{text}{last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Source, plan, read};

    const RUNBOOK: &str = r#"---
lab:
  schema: runbook/1
  id: back
  vars: { SHARE: "25", ROUTE: orders, TOKEN: { secret: true, from: TOKEN } }
  equivalents: { run-twice all: every step sets a state }
---

```bash {"name":"broken","lab.kind":"precheck"}
test -n "$ROUTE"
```

```bash {"name":"copy","lab.kind":"step"}
echo "$ROUTE" "$TOKEN"
```

```bash {"name":"move","lab.kind":"step"}
echo "$SHARE"
```

```bash {"name":"served","lab.kind":"verify","lab.checks":"move"}
false
```
"#;

    fn all() -> Vec<Mutant> {
        let source = Arc::new(Source::new("a.md", RUNBOOK.into()).unwrap());
        let reading = read(&source);
        let (runbook, _) = reading.into_runbook().unwrap();
        mutants(&runbook, &plan(&runbook))
    }

    /// `id` for a run, `id!` for a killed one, `id=` for a blind one, `|` for a start again.
    fn shown(program: &Program) -> String {
        let words = program.actions.iter().map(|action| match action {
            Action::Run(run) if run.killed_midway => format!("{}!", run.id),
            Action::Run(run) if run.script == "true" => format!("{}=", run.id),
            Action::Run(run) => run.id.clone(),
            Action::StartAgain => "|".to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_operator_makes_its_mutants() {
        let found: Vec<String> = all()
            .iter()
            .map(|mutant| format!("{}: {}", mutant.name(), shown(&mutant.program)))
            .collect();
        let expected = [
            "drop-step copy: broken move served",
            "drop-step move: broken copy served",
            "swap-steps copy move: broken move copy served",
            "run-twice all: broken copy move served broken copy move served",
            "kill-midway copy: broken copy! | broken copy move served",
            "kill-midway move: broken copy move! | broken copy move served",
            "drop-precheck broken wrong: copy move served",
            "drop-precheck broken healthy: copy move served",
            "change-variable SHARE: broken copy move served",
            "change-variable ROUTE: broken copy move served",
            "blind-verify served: broken copy served=",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_declared_equivalent_says_why() {
        let twice = all()
            .into_iter()
            .find(|one| one.operator == Operator::RunTwice);
        let reason = twice.unwrap().equivalent.unwrap();
        assert_eq!(reason, "every step sets a state");
    }

    #[test]
    fn values_change_and_keep_their_shape() {
        for value in [
            "25",
            "-3",
            "true",
            "false",
            "",
            "orders",
            "9223372036854775807x",
        ] {
            assert_ne!(changed(value), value);
        }
        assert_eq!(changed("25"), "51");
    }
}
