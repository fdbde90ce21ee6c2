//! Every scenario of the catalog against the demo system: it breaks as it stands and holds with the
//! settings it names. That takes half an hour, so it runs only when asked for, and prints a table:
//! `cargo test -p lab-tests -- --ignored catalog::table`.

use std::collections::BTreeSet;

use lab_tests::engine;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{Ended, Lab, Outcome, ensure};

/// The one that always runs.
const ONE: &str = "orders-refused";

/// Kinds that no scenario shows, and why not.
const WITHOUT: [(&str, &str); 1] = [(
    "http_stale",
    "no journey of the demo system looks at the age of an answer",
)];

/// How a scenario ended, as it stands and with its remedy.
struct Row {
    name: String,
    bare: Ended,
    held: Ended,
}

pub(crate) fn trials() -> Vec<Trial> {
    let table = Trial::test("catalog::table", table).with_ignored_flag(true);
    vec![
        crate::lab::trial("catalog::every_kind_has_a_scenario_with_a_remedy", covered),
        crate::lab::trial("catalog::one_breaks_and_holds", || {
            chosen(&|name| name == ONE)
        }),
        table,
    ]
}

/// The names of the catalog.
fn names(lab: &Lab) -> Result<Vec<String>, Failed> {
    let listed = lab.call(&["list"])?.expect(0)?.out;
    Ok(listed
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// The names of those that need containers.
fn contained(lab: &Lab) -> Result<BTreeSet<String>, Failed> {
    let listed = lab.call(&["list"])?.expect(0)?.out;
    let mut contained = BTreeSet::new();
    let mut last = "";
    for line in listed.lines() {
        if line.trim() == "needs: containers" {
            contained.insert(last.to_owned());
        } else if !line.starts_with(' ') {
            last = line.split_whitespace().next().unwrap_or_default();
        }
    }
    Ok(contained)
}

fn plan(lab: &Lab, name: &str) -> Result<Value, Failed> {
    let planned = lab.call(&["plan", name, "--format", "json"])?;
    Ok(serde_json::from_str(&planned.expect(0)?.out)?)
}

fn covered() -> Outcome {
    let lab = Lab::new()?;
    let mut shown = BTreeSet::new();
    for name in names(&lab)? {
        let plan = plan(&lab, &name)?;
        ensure!(
            !remedy(&plan).is_empty(),
            "{name} names no setting that holds"
        );
        ensure!(plan["lesson"].is_string(), "{name} teaches nothing");
        let faults = plan["faults"].as_array().cloned().unwrap_or_default();
        shown.extend(
            faults
                .iter()
                .filter_map(|fault| fault["kind"].as_str().map(str::to_owned)),
        );
    }
    let kinds = lab.call(&["explain", "fault"])?.expect(0)?.out;
    let kinds: BTreeSet<String> = kinds
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    // Kinds that act on services need containers; the catalog shows those that act on links.
    let mut of_links = BTreeSet::new();
    for kind in &kinds {
        let explained = lab.call(&["explain", "fault", kind])?.expect(0)?;
        let explained = explained.says("undo")?;
        if !explained.out.contains("acts on  a service") {
            of_links.insert(kind);
        }
    }
    let missing: Vec<&str> = of_links
        .iter()
        .filter(|kind| !shown.contains(**kind))
        .map(|kind| kind.as_str())
        .collect();
    let without: Vec<&str> = WITHOUT.iter().map(|(kind, _)| *kind).collect();
    ensure!(
        missing == without && of_links.len() > 10,
        "no scenario shows {missing:?}, expected of {WITHOUT:?}"
    );
    Ok(())
}

/// `LAB_SCENARIOS` names the ones to run, with commas between them; all where it is not set.
fn table() -> Outcome {
    let named = std::env::var("LAB_SCENARIOS").ok();
    chosen(&|name| {
        let named = named.as_deref();
        named.is_none_or(|named| named.split(',').any(|one| one == name))
    })
}

fn chosen(is_chosen: &dyn Fn(&str) -> bool) -> Outcome {
    let lab = Lab::new()?;
    let mut wrong = Vec::new();
    println!("| scenario | as it stands | with its remedy |\n|---|---|---|");
    let contained = contained(&lab)?;
    for name in names(&lab)?.into_iter().filter(|name| is_chosen(name)) {
        let lacks = engine::lacks(&["lab/shop", "lab/postgres:15"]);
        if let Some(reason) = lacks.filter(|_| contained.contains(&name)) {
            println!("| {name} | skipped: {reason} | |");
            continue;
        }
        let row = run(&lab, name.clone())?;
        println!(
            "| {} | {} | {} |",
            row.name,
            word(&row.bare),
            word(&row.held)
        );
        if (row.bare.code, row.held.code) != (Some(1), Some(0)) {
            let lateness = row.bare.lateness().or_else(|| row.held.lateness());
            if let (Some(busy), true) = (lateness, name == ONE) {
                return Err(busy);
            }
            wrong.push(format!("{}: {:#?}\n{:#?}", row.name, row.bare, row.held));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn run(lab: &Lab, name: String) -> Result<Row, Failed> {
    let remedy = remedy(&plan(lab, &name)?);
    let bare = lab.call(&["run", &name])?;
    let mut arguments = vec!["run", &name];
    for setting in &remedy {
        arguments.extend(["--with", setting]);
    }
    let held = lab.call(&arguments)?;
    Ok(Row { name, bare, held })
}

/// The verdict's first line of its findings: what held, and what did not.
fn word(ended: &Ended) -> String {
    let code = ended
        .code
        .map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let finding = ended.out.lines().skip_while(|line| {
        !["FAIL  ", "PASS  ", "INCONCLUSIVE  "]
            .iter()
            .any(|mark| line.starts_with(mark))
    });
    let finding = finding.skip(1).map(str::trim).find(|line| !line.is_empty());
    format!("{code}: {}", finding.unwrap_or("nothing was judged"))
}

fn remedy(plan: &Value) -> Vec<String> {
    let settings = plan["remedy"].as_array().cloned().unwrap_or_default();
    settings
        .iter()
        .filter_map(|setting| setting.as_str().map(str::to_owned))
        .collect()
}
