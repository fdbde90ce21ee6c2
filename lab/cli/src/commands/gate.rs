//! `lab gate`: many scenarios as one decision.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab_drivers::containers::image::Substitutes;
use lab_model::policy::{Doubt, External, Policy};
use lab_model::{Exit, Name, Span};
use lab_report::{Run as Report, Style, decision, html, junit, markdown};
use lab_scenarios::{Planned, Source, catalog};
use lab_verdict::outcome::Call;
use lab_verdict::release::{Beside, Decision, Rehearsed, decide, is_decided};
use lab_verdict::{across, judge};

use crate::arguments::{Choice, Color, Gate, Run, Strength};
use crate::commands::run::execute;
use crate::scenario::{Trouble, shown};
use crate::{accepted, diagnostics, runs, scenario, text};

pub(crate) fn run(options: &Gate, color: Color) -> Exit {
    let written = ["terminal", "json", "markdown"];
    if !written.contains(&options.format.as_str()) {
        let message = format!("a gate has no format called `{}`", options.format);
        text::error(&message, &written.join(", "));
        return Exit::Usage;
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
            early_stop: None,
        };
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
    chosen.sort_by_key(|one| one.planned.plan.length());
    Ok(chosen)
}

/// Runs one after the other until the decision has fallen or the time is over.
fn rehearse(
    options: &Gate,
    policy: &Policy,
    chosen: Vec<Chosen>,
    beside: &mut Beside,
    color: Color,
) -> Vec<Rehearsed> {
    let started = jiff::Timestamp::now();
    let budget = options.budget.unwrap_or(Span::from_micros(u64::MAX));
    // A system takes some seconds to start and to end.
    let fits = |length: Span| {
        let spent = jiff::Timestamp::now()
            .duration_since(started)
            .unsigned_abs();
        Span::from(spent).plus(length).plus(Span::from_secs(10)) <= budget
    };
    let mut done: Vec<Rehearsed> = Vec::new();
    for one in chosen {
        let (name, length) = (one.planned.plan.scenario.clone(), one.planned.plan.length());
        if !options.keep_going && is_decided(policy, &done, beside) {
            beside.not_run.push((
                name,
                "the decision had fallen; --keep-going runs all".to_owned(),
            ));
            continue;
        }
        if !fits(length) {
            beside.not_run.push((
                name,
                format!("it takes {length}, and the budget of {budget} is spent"),
            ));
            continue;
        }
        let seed = one.planned.plan.seed;
        let again = (one.reference.clone(), one.choice.clone());
        match rehearsed(options, &one.choice, one.planned, color) {
            Ok(run) => {
                let doubtful = run.verdict.call == Call::Inconclusive;
                let ended = interrupted(&run);
                let extended = (doubtful && policy.inconclusive == Doubt::Extend && fits(length))
                    .then(|| extended(options, &again, seed, color))
                    .flatten();
                done.push(extended.unwrap_or(run));
                if ended {
                    break;
                }
            }
            Err((exit, why)) => {
                beside.not_run.push((name, why));
                beside.exits.push(exit);
            }
        }
    }
    done
}

fn interrupted(run: &Rehearsed) -> bool {
    let ends = [Exit::Interrupted, Exit::Terminated];
    ends.iter().any(|exit| run.verdict.exits.contains(exit))
}

/// Once more with the next seed.
fn extended(
    options: &Gate,
    (reference, choice): &(String, Choice),
    seed: u64,
    color: Color,
) -> Option<Rehearsed> {
    let choice = Choice {
        seed: Some(seed.wrapping_add(1)),
        ..choice.clone()
    };
    text::note(&format!(
        "{reference} could not say; once more with seed {}",
        seed.wrapping_add(1)
    ));
    let planned = scenario::planned(&choice, reference, color).ok()?;
    rehearsed(options, &choice, planned, color).ok()
}

/// One run, its reports written.
fn rehearsed(
    options: &Gate,
    choice: &Choice,
    planned: Planned,
    color: Color,
) -> Result<Rehearsed, (Exit, String)> {
    let run = Run {
        choice: choice.clone(),
        kept: options.kept.clone(),
        images: vec![],
        image_map: None,
        format: "terminal".to_owned(),
        strength: Strength::Observed,
        proxy_api: None,
    };
    let folder = execute(&run, planned, Substitutes::default(), color)
        .map_err(|failure| (Exit::Environment, failure.to_string()))?;
    let broken = |error: runs::RunError| (Exit::Environment, error.to_string());
    let journal = runs::journal(&folder).map_err(broken)?;
    let verdict = judge(&journal);
    if let Some(reports) = &options.reports {
        let shown = folder.to_string_lossy();
        let report = Report::new(&journal, &verdict, Some(&shown));
        let write = |ending: &str, text: String| {
            fs::create_dir_all(reports)?;
            fs::write(
                reports.join(format!("{}.{ending}", journal.opened.run)),
                text,
            )
        };
        write("html", html::report(&report))
            .and_then(|()| write("xml", junit::report(&report)))
            .and_then(|()| write("md", markdown::report(&report)))
            .map_err(|error| (Exit::Environment, format!("{}: {error}", reports.display())))?;
    }
    Ok(Rehearsed {
        run: journal.opened.run.to_string(),
        summary: across::summary(&journal),
        plan: journal.opened.plan.clone(),
        verdict,
    })
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
