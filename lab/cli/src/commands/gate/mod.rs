//! `lab gate`: many scenarios as one decision.
//!
//! | file | what lives there |
//! |---|---|
//! | here | the policy, what is meant, what is written |
//! | `rehearse` | the runs, side by side, until the decision has fallen or the time is over |

mod rehearse;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab_drivers::containers::engine;
use lab_model::container::Runtime;
use lab_model::policy::{External, Policy};
use lab_model::{Exit, Name};
use lab_report::{Style, decision};
use lab_scenarios::{Planned, Source, catalog};
use lab_verdict::release::{Beside, Decision, decide};

use crate::arguments::{Choice, Color, Driver, Gate};
use crate::scenario::{Trouble, shown};
use crate::{accepted, diagnostics, scenario, sweep, text};
use rehearse::rehearse;

pub(crate) fn run(options: &Gate, color: Color) -> Exit {
    let written = ["terminal", "json", "markdown"];
    if !written.contains(&options.format.as_str()) {
        let message = format!("a gate has no format called `{}`", options.format);
        text::error(&message, &written.join(", "));
        return Exit::Usage;
    }
    if options.driver != Driver::Processes {
        engine::point_client();
    }
    let policy = match policy(options.policy.as_deref(), color) {
        Ok(policy) => policy,
        Err(exit) => return exit,
    };
    let planned = match planned(options, color) {
        Ok(planned) => planned,
        Err(exit) => return exit,
    };
    let accepted = match accepted::all(&options.accepted) {
        Ok(accepted) => accepted,
        Err(reason) => {
            text::error(
                &reason,
                "lab accept writes what stands there; remove what is broken",
            );
            return Exit::Usage;
        }
    };
    let near = options.policy.as_deref().and_then(Path::parent);
    let external = policy.external.iter();
    let external = external.map(|rule| number(near.unwrap_or(Path::new("")), rule));
    let mut beside = Beside {
        today: accepted::today(),
        accepted,
        external: external.collect(),
        not_run: Vec::new(),
        exits: Vec::new(),
    };
    let in_containers = |one: &Chosen| one.planned.runtime == Runtime::Containers;
    for swept in sweep::sweep(&options.kept.out, planned.iter().any(in_containers)) {
        text::note(&format!("swept {swept}"));
    }
    let runs = rehearse(options, &policy, planned, &mut beside, color);
    let decision = decide(&policy, &runs, &beside);
    if let Some(folder) = &options.reports
        && let Err(error) =
            fs::create_dir_all(folder).and_then(|()| kept(folder, &policy, &decision))
    {
        text::error(&format!("{}: {error}", folder.display()), "");
        return Exit::Environment;
    }
    let style = text::style(color, &std::io::stdout());
    text::out(&match options.format.as_str() {
        "json" => decision::json(&policy, &decision),
        "markdown" => decision::markdown(&policy, &decision),
        _ => decision::text(&policy, &decision, &style),
    });
    decision.exit
}

/// The policy of a file; without one, every promise is required and an observed pass is enough.
fn policy(path: Option<&Path>, color: Color) -> Result<Policy, Exit> {
    let read = |path: &Path| {
        let shown = path.display().to_string();
        let unreadable = |error| Trouble::Unreadable(format!("{shown}: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        match Source::read(&shown, file).map_err(unreadable)? {
            Ok(source) => {
                lab_scenarios::policy::read(Arc::new(source)).map_err(Trouble::Diagnostics)
            }
            Err(one) => Err(Trouble::Diagnostics(one.into())),
        }
    };
    let Some(path) = path else {
        return Name::new("everything")
            .map(Policy::everything)
            .map_err(|_| Exit::Usage);
    };
    let (policy, warnings) = shown(read(path), color)?;
    text::note_all(&diagnostics::render(&warnings, color, &std::io::stderr()));
    Ok(policy)
}

/// A scenario with everything that decides how it is run.
struct Chosen {
    choice: Choice,
    reference: String,
    planned: Planned,
}

/// Every scenario that is meant, the shortest first. Mistakes of all of them are shown.
fn planned(options: &Gate, color: Color) -> Result<Vec<Chosen>, Exit> {
    let references: Vec<String> = if options.scenarios.is_empty() {
        catalog::names().map(str::to_owned).collect()
    } else {
        options.scenarios.clone()
    };
    let mut chosen = Vec::new();
    let mut broken = false;
    for reference in references {
        let mut choice = Choice {
            scenario: Some(reference.clone()),
            with: options.with.clone(),
            seed: options.seed,
            toxiproxy: None,
            driver: options.driver,
            allow: options.allow.clone(),
            early_stop: None,
            lengths: options.lengths,
        };
        // What is too short to be judged runs whole; what is wrong otherwise is shown below.
        if choice.lengths.is_some() && !scenario::is_plannable(&choice, &reference) {
            choice.lengths = None;
        }
        let Ok(mut planned) = scenario::planned(&choice, &reference, color) else {
            broken = true;
            continue;
        };
        let tagged = |tag: &String| planned.plan.tags.iter().any(|one| one.as_str() == tag);
        if !options.tag.as_ref().is_none_or(tagged) {
            continue;
        }
        if options.remedied && !planned.plan.remedy.is_empty() {
            choice.with.extend(planned.plan.remedy.clone());
            planned = scenario::planned(&choice, &reference, color)?;
        }
        let seed = planned.plan.seed;
        for number in 1..options.repeat {
            let mut choice = choice.clone();
            choice.seed = Some(seed.wrapping_add(u64::from(number)));
            let planned = scenario::planned(&choice, &reference, color)?;
            chosen.push(Chosen {
                choice,
                reference: reference.clone(),
                planned,
            });
        }
        chosen.push(Chosen {
            choice,
            reference,
            planned,
        });
    }
    if broken {
        return Err(Exit::Usage);
    }
    if chosen.is_empty() {
        let tag = options.tag.as_deref().unwrap_or_default();
        text::error(
            &format!("no scenario has the tag `{tag}`"),
            "lab list shows scenarios; --tag gate",
        );
        return Err(Exit::Usage);
    }
    chosen.sort_by_key(|one| {
        let plan = &one.planned.plan;
        (plan.length(), plan.scenario.clone(), plan.seed)
    });
    Ok(chosen)
}

fn kept(folder: &Path, policy: &Policy, decision: &Decision) -> std::io::Result<()> {
    fs::write(folder.join("gate.json"), decision::json(policy, decision))?;
    fs::write(folder.join("gate.md"), decision::markdown(policy, decision))?;
    fs::write(
        folder.join("gate.txt"),
        decision::text(policy, decision, &Style::PLAIN),
    )
}

/// The most bytes of another tool's result.
const MOST_BYTES: u64 = 64 << 20;

/// The number that another tool left in a file.
fn number(near: &Path, rule: &External) -> Result<f64, String> {
    use std::io::Read;
    let path: PathBuf = near.join(&rule.file);
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut text = String::new();
    let file = File::open(&path).map_err(|error| named(&error))?;
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| named(&error))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| named(&error))?;
    let found = json
        .pointer(&rule.at)
        .ok_or_else(|| named(&format!("nothing stands at `{}`", rule.at)))?;
    match found {
        serde_json::Value::Array(list) => Ok(list.len() as f64),
        found => found
            .as_f64()
            .ok_or_else(|| named(&format!("no number and no list stands at `{}`", rule.at))),
    }
}
