//! Runbooks, executed against the failure they are for, and graded; ways to cheat; what is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::endings::check_nothing_runs;
use crate::lab::{Lab, Outcome, ensure, eventually, repository, trial};
use crate::terminal::Terminal;

/// Ctrl-C.
const INTERRUPT: &[u8] = &[3];
/// How long a sandbox may take to start and to end.
const START: Duration = Duration::from_secs(30);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("grade::a_runbook_that_helps_passes", helps),
        trial("grade::a_killed_database_is_handled_twice", restarts),
        trial("grade::a_store_is_reconciled_and_taken_back", reconciles),
        trial("grade::writing_into_the_ledger_is_found", edits_the_ledger),
        trial(
            "grade::doing_nothing_is_worth_nothing_and_goes_on_when_interrupted",
            interrupted,
        ),
        trial("grade::mistakes_are_said_before_anything_starts", mistakes),
        trial("grade::a_runbook_runs_in_a_sandbox_and_resumes", sandbox),
    ]
}

fn library(name: &str) -> String {
    let path = repository().join("runbooks/library").join(name);
    path.to_string_lossy().into_owned()
}

fn cheat(name: &str) -> String {
    let path = repository().join("tests/runbooks/cheats").join(name);
    path.to_string_lossy().into_owned()
}

/// The report of a grade, and its exit code.
fn graded(lab: &Lab, arguments: &[&str]) -> Result<(Value, Option<i32>), libtest_mimic::Failed> {
    let ended = lab.call(&[&["grade", "--json"], arguments].concat())?;
    let report = serde_json::from_str(&ended.out);
    let report = report.map_err(|error| format!("no report ({error}): {ended:#?}"))?;
    Ok((report, ended.code))
}

/// The session's folder.
fn session(lab: &Lab) -> Result<PathBuf, libtest_mimic::Failed> {
    let folders = fs::read_dir(lab.home().join(".lab/runs"))?;
    let mut folders = folders.filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders.find(|folder| folder.join("grade.jsonl").exists());
    Ok(found.ok_or("no session is kept")?)
}

fn helps() -> Outcome {
    let lab = Lab::new()?;
    let file = library("rollback-orders-service.md");
    let (report, code) = graded(&lab, &[&file, "--quick"])?;
    ensure!(code == Some(0) && report["verdict"] == "pass", "{report:#}");
    let score = report["score"].as_f64().unwrap_or_default();
    let is_good = score >= 80.0;
    ensure!(is_good, "{score}: {report:#}");
    let incident = &report["incidents"][0];
    ensure!(
        incident["again"] == true && incident["undone"] == true,
        "{incident:#}"
    );
    ensure!(incident["ledger"]["lost"] == 0, "{incident:#}");
    for side in ["healthy", "wrong"] {
        ensure!(report[side]["verdict"] == "pass", "{report:#}");
    }
    // The same bytes twice, from what is kept.
    let name = session(&lab)?;
    let name = name
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    for format in ["terminal", "json", "junit", "html"] {
        let report = || lab.call(&["report", &name, "--format", format]);
        let (first, second) = (report()?.expect(0)?, report()?.expect(0)?);
        ensure!(first.out == second.out, "{} {}", first.out, second.out);
    }
    ensure!(lab.strays()?.is_empty(), "{:?}", lab.strays()?);
    check_nothing_runs(&lab)
}

/// A runbook of the library against its own failure alone, without its reference and its budget:
/// one run instead of three.
fn alone(lab: &Lab, name: &str) -> Result<Value, libtest_mimic::Failed> {
    let text = fs::read_to_string(library(name))?;
    let is_kept = |line: &&str| {
        !["  reference:", "  budget:"]
            .iter()
            .any(|key| line.starts_with(key))
    };
    let text: Vec<&str> = text.lines().filter(is_kept).collect();
    lab.file(name, text.join("\n"))?;
    let (report, code) = graded(lab, &[name, "--quick", "--own-only"])?;
    ensure!(code == Some(0) && report["verdict"] == "pass", "{report:#}");
    let incident = &report["incidents"][0];
    ensure!(
        incident["again"] == true && incident["undone"] == true,
        "{incident:#}"
    );
    ensure!(incident["ledger"]["lost"] == 0, "{incident:#}");
    check_nothing_runs(lab)?;
    Ok(report)
}

/// The journal of a grade's first run.
fn journal(lab: &Lab, report: &Value) -> Result<String, libtest_mimic::Failed> {
    let run = report["incidents"][0]["run"].as_str().unwrap_or_default();
    let path = lab.home().join(".lab/runs").join(run).join("journal.jsonl");
    Ok(fs::read_to_string(path)?)
}

fn restarts() -> Outcome {
    let lab = Lab::new()?;
    let report = alone(&lab, "restart-order-database.md")?;
    let journal = journal(&lab, &report)?;
    let started = journal.matches("\"restarted\":{").count();
    ensure!(started == 2, "started {started} times: {journal}");
    Ok(())
}

fn reconciles() -> Outcome {
    let lab = Lab::new()?;
    let report = alone(&lab, "reconcile-orders.md")?;
    let journal = journal(&lab, &report)?;
    let held = journal.lines().find(|line| line.contains("\"books\":{"));
    let held = held.ok_or("no store was looked into")?;
    ensure!(held.contains("\"missing\":0"), "{held}");
    // What was written stands in the audit trail, which the undo has put aside.
    let run = report["incidents"][0]["run"].as_str().unwrap_or_default();
    let kept = lab.home().join(".lab/runs").join(run).join("kept");
    let mut trails = Vec::new();
    files(&kept, &mut trails)?;
    let is_trail = |path: &&PathBuf| path.to_string_lossy().contains("audit.taken-back");
    let trail = trails.iter().find(is_trail).ok_or("no trail is kept")?;
    let trail = fs::read_to_string(trail)?;
    ensure!(trail.lines().count() > 10, "{trail}");
    // A session goes with the runs.
    lab.call(&["clean", "--runs"])?.expect(0)?;
    ensure!(session(&lab).is_err(), "the session is still there");
    Ok(())
}

fn edits_the_ledger() -> Outcome {
    let lab = Lab::new()?;
    let (report, code) = graded(
        &lab,
        &[&cheat("edit-the-ledger.md"), "--quick", "--own-only"],
    )?;
    ensure!(code == Some(1) && report["score"] == 0.0, "{report:#}");
    let reasons = report["reasons"].to_string();
    ensure!(reasons.contains("untouched"), "{reasons}");
    check_nothing_runs(&lab)
}

fn interrupted() -> Outcome {
    let lab = Lab::new()?;
    let file = cheat("do-nothing.md");
    let arguments = ["grade", &file, "--quick", "--own-only", "--runs", "2"];
    let mut terminal = Terminal::start(&lab, 100, &arguments)?;
    terminal.shows("trial 2 of 2", Duration::from_secs(90))?;
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 130, "{}", terminal.screen());
    check_nothing_runs(&lab)?;
    lab.call(&arguments)?
        .expect(1)?
        .says("goes on: 1 of 2 trials are over")?
        .says("FAIL  0.0 of 100")?;
    check_nothing_runs(&lab)
}

fn mistakes() -> Outcome {
    let lab = Lab::new()?;
    let check = |text: &str, said: &str| -> Outcome {
        lab.file("a.md", text)?;
        lab.call(&["grade", "a.md"])?.expect(3)?.says(said)?;
        Ok(())
    };
    check("# A\n", "the runbook says nothing of itself")?;
    let with = |lines: &str| format!("---\nlab:\n  schema: runbook/1\n  id: a\n{lines}---\n# A\n");
    check(&with(""), "names no failure")?;
    check(&with("  faults: [payments-dwn]\n"), "payments-down")?;
    check(&with("  starts: [\"route orders 5\"]\n"), "a.md:5")?;
    lab.call(&["grade", "none.md"])?
        .expect(3)?
        .says("none.md")?;
    ensure!(!lab.home().join(".lab").exists(), "something was started");
    Ok(())
}

const RUNBOOK: &str = r#"---
lab:
  schema: runbook/1
  id: kept
  vars:
    TOKEN: { secret: true, from: PLANTED }
    FAILS: "true"
---

# Kept

```bash {"name":"look","lab.kind":"diagnose","lab.saves":"SHARE"}
SHARE=$(curl -fsS -H @"$LAB_GATEWAY_HEADERS" "$LAB_GATEWAY_ADMIN/routes/orders" | grep -o '"share":"[0-9]*%"' | head -n 1)
echo "token $TOKEN and headers $(cat "$LAB_GATEWAY_HEADERS")"
test -z "${LAB_PLANTED_ELSEWHERE-}"
```

```bash {"name":"act","lab.kind":"step"}
echo "acted with $SHARE"
```

```bash {"name":"stumble","lab.kind":"step","lab.timeout":"5s"}
test "$FAILS" = false
```
"#;

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn sandbox() -> Outcome {
    const SECRET: &str = "planted-s3cret-4711";
    let lab = Lab::new()?;
    lab.file("kept.md", RUNBOOK)?;
    lab.call(&["runbook", "run", "kept.md", "--dry-run"])?
        .expect(0)?
        .says("stumble")?;
    lab.call(&["runbook", "run", "kept.md"])?
        .expect(3)?
        .says("no system is running")?;
    let mut terminal = Terminal::start(&lab, 100, &["up", "shop"])?;
    terminal.shows("sandbox", START)?;
    let run = |arguments: &[&str]| -> Result<crate::lab::Ended, libtest_mimic::Failed> {
        let mut command = lab.command(&[&["runbook", "run", "kept.md"], arguments].concat());
        command
            .env("PLANTED", SECRET)
            .env("LAB_PLANTED_ELSEWHERE", "x");
        Ok(command.output()?.into())
    };
    let ready = eventually(START, || {
        lab.call(&["status"])
            .is_ok_and(|ended| ended.code == Some(0))
    });
    ensure!(ready, "the sandbox never answered");
    lab.call(&["runbook", "run", "kept.md"])?
        .expect(4)?
        .says("no value for TOKEN")?;
    let first = run(&[])?.expect(1)?.says("FAILED at stumble")?;
    ensure!(
        first.out.contains("token ***") && !first.out.contains(SECRET),
        "{first:#?}"
    );
    // What a step was given has changed, so it is done again; what has not is left out.
    run(&["--resume"])?.expect(1)?.says("act: before")?;
    run(&["--resume", "--var", "FAILS=false"])?
        .expect(0)?
        .says("acted with")?
        .says("done")?;
    run(&["--resume", "--var", "FAILS=false"])?
        .expect(0)?
        .says("stumble: before")?;
    let folder = lab.last_run()?;
    let token = fs::read_to_string(folder.join("gateway.json"))?;
    let token: Value = serde_json::from_str(&token)?;
    let token = token["token"].as_str().unwrap_or_default().to_owned();
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    let mut found = Vec::new();
    files(&folder, &mut found)?;
    ensure!(
        found
            .iter()
            .any(|path| path.ends_with("runbooks/kept.jsonl")),
        "{found:?}"
    );
    for path in found {
        let bytes = fs::read(&path)?;
        let text = String::from_utf8_lossy(&bytes);
        for secret in [SECRET, &token] {
            ensure!(
                !text.contains(secret),
                "a secret stands in {}",
                path.display()
            );
        }
    }
    check_nothing_runs(&lab)
}
