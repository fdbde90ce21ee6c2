//! Rehearsals by hand, through a pseudo-terminal, as a person would type.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::endings::check_nothing_runs;
use crate::lab::{Lab, Outcome, ensure, eventually, repository, trial};
use crate::terminal::Terminal;

/// How long a prompt may take on a busy machine; five seconds are promised on an idle one.
const PROMPT: Duration = Duration::from_secs(30);
/// How long a broken objective, or an answer, may take to be seen.
const SEEN: Duration = Duration::from_secs(40);
/// How long the lab may look for itself.
const LOOK: Duration = Duration::from_secs(90);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("rehearse::a_person_from_brief_to_retro", good),
        trial(
            "rehearse::hidden_tells_nothing_and_kill_9_keeps_the_record",
            killed,
        ),
        trial(
            "rehearse::a_program_sits_there_too_and_a_false_alarm_is_wrong",
            program,
        ),
        trial(
            "rehearse::mistakes_are_said_before_anything_starts",
            mistakes,
        ),
        Trial::test("rehearse::programs_are_graded_as_persons_are", programs)
            .with_ignored_flag(true),
        Trial::test("rehearse::persons_are_graded_in_their_order", persons).with_ignored_flag(true),
    ]
}

/// A person at a terminal of their own, with nothing of the tester's in their shell.
fn sit(lab: &Lab, columns: u16, arguments: &[&str]) -> Result<Terminal, Failed> {
    let home = lab.home().to_string_lossy().into_owned();
    let own = [
        ("HOME", home.as_str()),
        ("SHELL", "/bin/bash"),
        ("PS1", "\\$ "),
    ];
    let arguments = [&["rehearse"], arguments].concat();
    let terminal = Terminal::start_with(lab, columns, &arguments, &own)?;
    terminal.shows("[00:", PROMPT)?;
    Ok(terminal)
}

/// Types a line.
fn types(terminal: &mut Terminal, line: &str) -> Outcome {
    terminal.press(format!("{line}\r").as_bytes())
}

/// Waits until the system breaks, as everybody may see.
fn breaks(lab: &Lab) -> Outcome {
    let says = || {
        lab.call(&["status"])
            .is_ok_and(|ended| ended.out.contains("BREAKS"))
    };
    ensure!(
        eventually(SEEN, says),
        "nothing ever broke: {:#?}",
        lab.call(&["status"])?
    );
    Ok(())
}

fn review(lab: &Lab) -> Result<Value, Failed> {
    let ended = lab.call(&["report", "last", "--format", "json"])?;
    let review = serde_json::from_str(&ended.out);
    Ok(review.map_err(|error| format!("no review ({error}): {ended:#?}"))?)
}

fn good() -> Outcome {
    let lab = Lab::new()?;
    let begun = Instant::now();
    let arguments = ["orders-refused", "--quick", "--within", "2s", "--seed", "3"];
    let mut terminal = sit(&lab, 100, &arguments)?;
    let took = begun.elapsed();
    eprintln!("from the command to the prompt: {} ms", took.as_millis());
    ensure!(
        terminal.screen().contains("Situation"),
        "{}",
        terminal.screen()
    );
    // Faults are the lab's own, and what is wrong is said at once.
    types(
        &mut terminal,
        "lab inject monolith-to-orders latency delay=1s",
    )?;
    terminal.shows("belong to the lab", SEEN)?;
    types(&mut terminal, "lab declare ordres errors")?;
    terminal.shows("no part `ordres`", SEEN)?;
    breaks(&lab)?;
    types(&mut terminal, "clear; lab declare orders errors")?;
    terminal.shows("declared: orders, errors", SEEN)?;
    types(&mut terminal, "lab message we move checkout back")?;
    terminal.shows("written down", SEEN)?;
    types(&mut terminal, "lab route orders service=0")?;
    terminal.shows("monolith 100%", SEEN)?;
    types(
        &mut terminal,
        "cat $LAB_GATEWAY_HEADERS; nohup setsid env -i sleep 300 &",
    )?;
    terminal.shows("Bearer", SEEN)?;
    types(&mut terminal, "lab done")?;
    terminal.shows("looks for itself", SEEN)?;
    terminal.shows("of 100, passes from 70", LOOK)?;
    let code = terminal.ended(SEEN)?;
    let review = review(&lab)?;
    ensure!(
        code == 0 && review["verdict"] == "pass",
        "{code}: {review:#}\n{}",
        terminal.screen()
    );
    let score = review["grade"]["score"]["total"]
        .as_f64()
        .unwrap_or_default();
    let is_good = score > 80.0;
    ensure!(is_good, "{score}: {review:#}");
    ensure!(review["declared"][0]["correct"] == true, "{review:#}");
    ensure!(review["ledger"]["lost"] == 0, "{review:#}");
    let folder = lab.last_run()?;
    recorded(&folder)?;
    lab.call(&["retro", "last"])?
        .expect(0)?
        .says("# Retro: orders-refused")?
        .says("declared orders, errors (right)")?
        .says("## Decision (stub)")?;
    lab.call(&["replay", "last", "--speed", "1000"])?
        .expect(0)?
        .says("lab route orders service=0")?
        .says("users are served again")?;
    let left = fs::read_dir("/proc")?
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .filter(|words| words == b"sleep\x00300\x00")
        .count();
    ensure!(left == 0, "{left} processes of the shell are left");
    check_nothing_runs(&lab)
}

/// The recording is an asciicast on the journal's clock, without the gateway's token.
fn recorded(folder: &Path) -> Outcome {
    let cast = fs::read_to_string(folder.join("terminal.cast"))?;
    let mut lines = cast.lines();
    let head: Value = serde_json::from_str(lines.next().unwrap_or_default())?;
    ensure!(head["version"] == 2 && head["width"] == 100, "{head}");
    let mut before = 0.0;
    for line in lines {
        let line: Value = serde_json::from_str(line)?;
        let at = line[0].as_f64().ok_or("no time")?;
        ensure!(at >= before && line[2].is_string(), "{line}");
        before = at;
    }
    let journal = fs::read_to_string(folder.join("journal.jsonl"))?;
    let last: Value = serde_json::from_str(journal.lines().last().unwrap_or_default())?;
    let end = last["at"].as_f64().ok_or("no time")? / 1e6;
    ensure!(before < end && before > end / 4.0, "{before} of {end}");
    ensure!(cast.contains("Bearer ***"), "the token was not masked");
    Ok(())
}

/// Words that would give away what is broken, or that something is.
const TELLING: &str =
    "slow-payments\nlatency 2\ninjected\nhypothesis\nfault_armed\ntoxic\nbroken\n";

/// As whoever sits there could: command lines and environments of all that runs below their folder,
/// what stands in files, and what the lab answers. It counts the lines that tell.
const SEARCH: &str = r#"(for one in /proc/[0-9]*; do
  case "$(readlink $one/cwd)" in "$HOME"*) cat $one/cmdline $one/environ; echo;; esac
done
find "$LAB_REHEARSAL"
find "$LAB_REHEARSAL" -type f ! -name terminal.cast -exec cat {} +
lab status; lab status --json) 2>&1 | tr '\0' '\n' | grep -acf words.txt | sed 's/.*/found &;/'
"#;

fn killed() -> Outcome {
    let lab = Lab::new()?;
    lab.file("words.txt", TELLING)?;
    lab.file("search.sh", SEARCH)?;
    let arguments = ["slow-payments", "--hidden", "--quick", "--within", "2s"];
    let mut terminal = sit(&lab, 100, &arguments)?;
    let shown = terminal.screen();
    for word in TELLING.lines() {
        ensure!(!shown.contains(word), "the brief tells {word:?}: {shown}");
    }
    breaks(&lab)?;
    types(&mut terminal, "clear; . ./search.sh")?;
    terminal.shows("found 0;", SEEN)?;
    types(&mut terminal, "lab note the last words")?;
    terminal.shows("written down", SEEN)?;
    types(&mut terminal, "sleep 301 &")?;
    let folder = lab.last_run()?;
    ensure!(
        !folder.join("journal.jsonl").exists(),
        "the journal can be read"
    );
    terminal.kill()?;
    check_nothing_runs(&lab)?;
    let kept = || {
        fs::read_to_string(folder.join("journal.jsonl"))
            .is_ok_and(|journal| journal.contains("the last words"))
    };
    ensure!(eventually(SEEN, kept), "the record is lost");
    let cast = fs::read_to_string(folder.join("terminal.cast"))?;
    ensure!(
        cast.contains("written down"),
        "the recording is lost: {cast}"
    );
    lab.call(&["report", "last"])?
        .expect(130)?
        .says("the last words")?
        .says("broken: latency 2s")?;
    Ok(())
}

/// A rehearsal with a program in the seat: its review, and its exit code.
fn served(
    lab: &Lab,
    scenario: &str,
    more: &[&str],
    program: impl FnOnce(&Path) -> Outcome,
) -> Result<(Value, Option<i32>), Failed> {
    let arguments = [
        "rehearse", scenario, "--api", "--quick", "--within", "2s", "--seed", "3", "--limit", "60s",
    ];
    let mut child = lab.start(&[&arguments, more].concat())?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    out.read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line).map_err(|error| format!("{line:?}: {error}"))?;
    let access = ready["access"].as_str().ok_or("no access")?.to_owned();
    let outcome = program(Path::new(&access));
    let mut rest = String::new();
    out.read_to_string(&mut rest)?;
    let ended = child.wait_with_output()?;
    outcome?;
    let review = serde_json::from_str(&rest);
    let review = review.map_err(|error| format!("no review ({error}): {rest} {ended:?}"))?;
    check_nothing_runs(lab)?;
    Ok((review, ended.status.code()))
}

/// Runs a program of the repository's to its end.
fn agent(name: &str, arguments: &[&str], access: &Path) -> Outcome {
    let path = repository().join("tests/agents").join(name);
    let ended = Command::new("python3")
        .arg(path)
        .arg(access)
        .args(arguments)
        .output()?;
    ensure!(ended.status.success(), "{ended:?}");
    Ok(())
}

fn score(review: &Value) -> f64 {
    let score = review["grade"]["score"]["total"].as_f64();
    score.unwrap_or(f64::NAN)
}

fn program() -> Outcome {
    let lab = Lab::new()?;
    let (review, code) = served(&lab, "slow-payments", &["--healthy"], |access| {
        let described = curl(access, "/openapi.json", None, false)?;
        ensure!(described["openapi"] == "3.1.0", "{described}");
        let refused = curl(access, "/task", None, false)?;
        ensure!(
            refused["error"]["message"].is_string(),
            "no token was asked for: {refused}"
        );
        let task = curl(access, "/task", None, true)?;
        ensure!(task["components"].to_string().contains("orders"), "{task}");
        let ran = r#"{"command":"lab route orders; test -n \"$LAB_ENTRY\""}"#;
        let ran = curl(access, "/exec", Some(ran), true)?;
        ensure!(
            ran["success"] == true && ran["output"].to_string().contains("orders:"),
            "{ran}"
        );
        let wrong = curl(
            access,
            "/declare",
            Some(r#"{"component":"x","symptom":"errors"}"#),
            true,
        )?;
        ensure!(
            wrong["error"]["help"].to_string().contains("payments"),
            "{wrong}"
        );
        let alarm = r#"{"component":"payments","symptom":"latency"}"#;
        curl(access, "/declare", Some(alarm), true)?;
        let steps = curl(access, "/transcript", None, true)?;
        ensure!(
            steps["steps"]
                .as_array()
                .is_some_and(|steps| steps.len() == 3),
            "{steps}"
        );
        curl(access, "/submit", Some("{}"), true)?;
        Ok(())
    })?;
    ensure!(
        code == Some(1) && review["seat"]["program"] == true,
        "{code:?}: {review:#}"
    );
    ensure!(
        review["reasons"].to_string().contains("a false alarm"),
        "{review:#}"
    );
    Ok(())
}

/// What an operation answers.
fn curl(access: &Path, path: &str, body: Option<&str>, allowed: bool) -> Result<Value, Failed> {
    let access: Value = serde_json::from_str(&fs::read_to_string(access)?)?;
    let word = |name: &str| access[name].as_str().unwrap_or_default().to_owned();
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "30", &format!("{}{path}", word("url"))]);
    if allowed {
        command.args(["-H", &format!("authorization: Bearer {}", word("token"))]);
    }
    if let Some(body) = body {
        command.args(["-d", body]);
    }
    let answer = command.output()?;
    let value = serde_json::from_slice(&answer.stdout);
    Ok(value.map_err(|error| format!("{path}: {error}: {answer:?}"))?)
}

/// One that solves two scenarios, and three that are worth nothing; takes minutes.
fn programs() -> Outcome {
    let check = |scenario: &str, name: &str, arguments: &[&str], passes: bool| -> Outcome {
        let lab = Lab::new()?;
        let act = |access: &Path| agent(name, arguments, access);
        let (review, _) = served(&lab, scenario, &[], act)?;
        let score = score(&review);
        eprintln!("{scenario}, {name} {arguments:?}: {score:.1}");
        let fits = if passes { score > 80.0 } else { score == 0.0 };
        ensure!(fits, "{name} {arguments:?}: {score}: {review:#}");
        Ok(())
    };
    check("orders-refused", "solve.py", &[], true)?;
    check("slow-payments", "solve.py", &[], true)?;
    check("slow-payments", "useless.py", &["nothing"], false)?;
    check("slow-payments", "useless.py", &["restart"], false)?;
    check("slow-payments", "useless.py", &["less-load"], false)
}

fn mistakes() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["rehearse", "slow-payments"])?
        .expect(3)?
        .says("needs a terminal")?;
    lab.call(&["rehearse", "--status"])?
        .expect(3)?
        .says("no system is running")?;
    lab.call(&["declare", "orders", "errors"])?
        .expect(3)?
        .says("no system is running")?;
    lab.call(&["retro", "last"])?.expect(3)?;
    let with = |lines: &str| format!("{MINE}rehearsal:\n  situation: a\n{lines}");
    lab.file(
        "a.yaml",
        with("  touches: [webb]\n  starts: [\"route x y=5\"]\n  oracles: [soon]\n"),
    )?;
    lab.call(&["check", "a.yaml"])?
        .expect(3)?
        .says("rehearsal::unknown-part")?
        .says("did you mean `web`?")?
        .says("route ROUTE UPSTREAM=PERCENT")?;
    ensure!(!lab.home().join(".lab").exists(), "something was started");
    Ok(())
}

const MINE: &str = "\
scenario: a
about: One file server.
services:
  web: { command: [python3, -m, http.server, \"{port}\", --bind, 127.0.0.1] }
links: [client -> web]
load:
  journeys: { visit: { weight: 1, steps: [{ get: / }] } }
  arrivals: { constant: { rate: 40/s } }
phases:
  - baseline: 5s
  - fault: { for: 10s, inject: [{ on: client -> web, fault: { latency: { delay: 200ms } } }] }
objectives:
  - availability: { of: visit, at_least: 90% }
";

/// What a person does once users feel it, and what that is worth; takes minutes.
fn persons() -> Outcome {
    let person = |lines: &[&str], limit: &str, slow: Duration| -> Result<f64, Failed> {
        let lab = Lab::new()?;
        let arguments = [
            "orders-refused",
            "--quick",
            "--within",
            "2s",
            "--seed",
            "3",
            "--limit",
            limit,
        ];
        let mut terminal = sit(&lab, 100, &arguments)?;
        breaks(&lab)?;
        // A person that thinks.
        std::thread::sleep(slow);
        for line in lines {
            types(&mut terminal, line)?;
            std::thread::sleep(Duration::from_millis(700));
        }
        terminal.ended(Duration::from_secs(180))?;
        let review = review(&lab)?;
        check_nothing_runs(&lab)?;
        let score = review["grade"]["score"]["total"].as_f64();
        Ok(score.ok_or_else(|| format!("no score: {review:#}"))?)
    };
    let (declare, back) = ("lab declare orders errors", "lab route orders service=0");
    let quick = Duration::ZERO;
    let good = person(
        &[declare, "lab message on it", back, "lab done"],
        "3m",
        quick,
    )?;
    let slow = person(
        &[declare, "lab message on it", back, "lab done"],
        "3m",
        Duration::from_secs(60),
    )?;
    let wrong = person(
        &[
            "lab declare payments latency",
            "lab flag compact-pages on",
            back,
            "lab done",
        ],
        "3m",
        Duration::from_secs(60),
    )?;
    let absent = person(&[], "20s", quick)?;
    eprintln!("good {good:.1}, slow {slow:.1}, wrong {wrong:.1}, absent {absent:.1}");
    ensure!(
        good > slow && slow > wrong && wrong > absent && absent == 0.0,
        "good {good:.1}, slow {slow:.1}, wrong {wrong:.1}, absent {absent:.1}"
    );
    Ok(())
}
