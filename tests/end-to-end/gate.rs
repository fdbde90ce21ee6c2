//! `lab gate`, `accept`, `compare`, `coverage`: decisions, and everything that can be wrong with
//! the files they read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::browser::decoded;
use crate::lab::{Lab, Outcome, ensure, trial};
use crate::verdicts::scenario;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "gate::good_settings_open_it_and_bad_ones_shut_it",
            decisions,
        ),
        trial("gate::seeds_are_counted_and_sides_take_turns", repeated),
        trial("gate::malformed_files_are_refused", malformed),
        trial("gate::the_steps_of_a_written_pipeline_run", pipeline),
        trial("gate::mistakes_as_sarif_and_coverage", lint),
        trial("gate::attestations_are_verified_by_openssl_too", attested)
            .with_ignored_flag(!openssl_is_there()),
    ]
}

fn decisions() -> Outcome {
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    lab.file(
        "gate.yaml",
        "policy: cutover\nregression: { latency: 50% }\n",
    )?;
    let gate = [
        "gate",
        &short,
        "--policy",
        "gate.yaml",
        "--reports",
        "reports",
    ];
    let opened = lab
        .call(&[&gate[..], &["--remedied"]].concat())?
        .expect(0)?;
    opened
        .says("no accepted run to compare with")?
        .says("PASS")?;

    // What is accepted is compared with, and never written over.
    lab.call(&["accept", "last", "--by", "ann"])?.expect(0)?;
    lab.call(&["accept", "last"])?
        .expect(3)?
        .says("never written over")?;
    let same = lab.call(&["compare", "short", "last"])?.expect(0)?;
    same.says("NOT WORSE")?.says("times as slow by its echo")?;

    let shut = lab
        .call(&[&gate[..], &["--format", "json"]].concat())?
        .expect(1)?;
    let decision: Value = serde_json::from_str(&shut.out)?;
    ensure!(decision["opens"] == json!(false), "{decision:#}");
    let folder = lab.last_run()?;
    let run = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    // The sentence up to its figures on arrivals, which holds no sign that a format escapes.
    let report: Value =
        serde_json::from_str(&lab.call(&["report", "last", "--format", "json"])?.out)?;
    let cause = report["cause"]
        .as_str()
        .and_then(|cause| cause.split(':').next());
    let cause = cause.ok_or("a failed run without a cause")?;
    for ending in ["html", "xml", "md"] {
        let path = lab.home().join("reports").join(format!("{run}.{ending}"));
        let report = fs::read_to_string(&path)?;
        ensure!(report.contains(cause), "{} names no cause", path.display());
    }
    lab.call(&["accept", "last"])?
        .expect(3)?
        .says("did not pass")?;
    lab.call(&["compare", "short", "last"])?
        .expect(1)?
        .says("WORSE")?;
    lab.call(&["gate", &short, "--budget", "5s"])?
        .expect(2)?
        .says("the budget of 5s is spent")?;
    Ok(())
}

/// Three seconds of a system that does nothing wrong.
const STEADY: &str = "\
scenario: steady
about: Browsing holds.
system: shop
load:
  journeys: { browse: 1 }
  arrivals: { constant: { rate: 60/s } }
phases: [warm_up: 1s, baseline: 3s]
objectives: [availability: { of: browse, at_least: 90% }]
";

fn repeated() -> Outcome {
    let lab = Lab::new()?;
    let file = lab.file("steady.yaml", STEADY)?;
    lab.call(&["gate", file, "--repeat", "2", "--parallel", "1"])?
        .expect(0)?
        .says("one verdict with 2 seeds")?;
    let runs = fs::read_dir(lab.home().join(".lab/runs"))?;
    ensure!(runs.count() == 2, "two runs were asked for");
    let turns = ["compare", "--interleave", "1", file];
    let turns = [&turns[..], &["--with-after", "orders.timeout=400ms"]].concat();
    let ended = lab.call(&turns)?;
    // How the machine is meanwhile decides whether they can be compared.
    ensure!(matches!(ended.code, Some(0..=2)), "{ended:#?}");
    ended
        .says("orders.timeout")?
        .says("browse latency (baseline)")?;
    Ok(())
}

/// A policy with one thing wrong in it each.
const POLICIES: [&str; 24] = [
    "",
    "\u{0}",
    "- a\n",
    "policy\n",
    "policy: [\n",
    "policy: A B\n",
    "strength: observed\n",
    "policy: a\npolicy: b\n",
    "policy: a\nstrength: sure\n",
    "policy: a\ninconclusive: pass\n",
    "policy: a\nunknown: 1\n",
    "policy: a\nadvisory: all\n",
    "policy: a\nadvisory: [{}]\n",
    "policy: a\nadvisory: [{ pattern: timeot }]\n",
    "policy: a\nadvisory: [{ pattern: timeout, journey: b }]\n",
    "policy: a\nerror_budgets: [{ of: b }]\n",
    "policy: a\nerror_budgets: [{ of: b, spent_at_most: 5 }]\n",
    "policy: a\nerror_budgets: [{ of: b, spent_at_most: 5%, exceptions: [{ owner: c, why: d, until: 2026-02-30 }] }]\n",
    "policy: a\nrehearsals: [{ scenario: b, within_days: 0 }]\n",
    "policy: a\nrehearsals: [{ scenario: b, within_days: -1 }]\n",
    "policy: a\nregression: { latency: fast }\n",
    "policy: a\napprovals: [{ what: b, by: [] }]\n",
    "policy: a\napprovals: [{ what: b, by: [c], given: { by: d, on: 2026-11-20 } }]\n",
    "policy: a\nexternal: [{ name: b, file: c, at: d, at_most: 0 }]\n",
];

fn summary() -> Value {
    json!({
        "accepted": 1, "run": "2026-11-01-short-7", "scenario": "short", "seed": 7,
        "on": "2026-11-01", "lab": "0.1.0", "settings": {},
        "journeys": [{ "journey": "checkout", "phase": "fault", "n": 2, "bad": 0, "latency": [1_000, 2] }],
    })
}

/// Accepted runs with one thing wrong in them each.
fn histories() -> Vec<String> {
    let with = |pointer: &str, value: Value| {
        let mut broken = summary();
        if let Some(place) = broken.pointer_mut(pointer) {
            *place = value;
        }
        broken.to_string()
    };
    let mut unknown = summary();
    unknown["surplus"] = json!(1);
    let mut twice = summary();
    let one = twice["journeys"][0].clone();
    twice["journeys"] = json!([one, one]);
    vec![
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        with("/accepted", json!(2)),
        with("/run", json!("../../etc")),
        with("/on", json!("2026-02-30")),
        with("/seed", json!(-1)),
        with("/journeys/0/bad", json!(3)),
        with("/journeys/0/latency", json!([1_000, 3])),
        with("/journeys/0/latency", json!([1_000])),
        unknown.to_string(),
        twice.to_string(),
    ]
}

fn malformed() -> Outcome {
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    for (index, policy) in POLICIES.iter().enumerate() {
        lab.file("gate.yaml", policy)?;
        let ended = lab
            .call(&["gate", &short, "--policy", "gate.yaml"])?
            .expect(3)?;
        ensure!(
            ended.err.contains("gate.yaml"),
            "policy {index}: {ended:#?}"
        );
        ensure!(
            fs::read_to_string(lab.home().join("gate.yaml"))? == *policy,
            "policy {index}"
        );
    }
    fs::remove_file(lab.home().join("gate.yaml"))?;
    lab.call(&["gate", &short, "--policy", "gate.yaml"])?
        .expect(3)?
        .says("gate.yaml")?;

    fs::create_dir_all(lab.home().join("accepted/short"))?;
    let path = "accepted/short/2026-11-01-short-7.json";
    for (index, history) in histories().iter().enumerate() {
        lab.file(path, history)?;
        for call in [
            &["gate", &short][..],
            &["compare", path, path],
            &["compare", "short", path],
        ] {
            let ended = lab.call(call)?.expect(3)?;
            ensure!(
                ended.err.contains(path),
                "history {index}, {call:?}: {ended:#?}"
            );
        }
        ensure!(
            fs::read_to_string(lab.home().join(path))? == *history,
            "history {index}"
        );
    }
    fs::remove_file(lab.home().join(path))?;
    journals(&lab)?;
    ensure!(!lab.home().join("reports").exists(), "a report was written");
    Ok(())
}

fn journals(lab: &Lab) -> Result<(), Failed> {
    let folder = ".lab/runs/broken";
    fs::create_dir_all(lab.home().join(folder))?;
    for journal in [
        "",
        "{}\n",
        "nonsense\n",
        "{\"at\":0,\"event\":\"closed\"}\n",
        "\u{0}\u{1}",
    ] {
        lab.file(&format!("{folder}/journal.jsonl"), journal)?;
        for call in [
            ["report", "broken"],
            ["accept", "broken"],
            ["compare", "broken"],
        ] {
            lab.call(&call)?.expect(3)?.says("journal")?;
        }
    }
    let accepted = lab.home().join("accepted/broken");
    ensure!(!Path::new(&accepted).exists(), "a broken run was accepted");
    Ok(())
}

fn pipeline() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["init"])?.expect(0)?.says("next: lab gate")?;
    let workflow = fs::read_to_string(lab.home().join(".github/workflows/resilience.yml"))?;
    let steps = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("run: "));
    let steps: Vec<&str> = steps.collect();
    ensure!(steps.len() == 4, "{steps:?}");
    let programs = Lab::program().parent().unwrap_or(Path::new("/"));
    let path = std::env::var("PATH").unwrap_or_default();
    let summary = lab.home().join("summary.md");
    for step in steps {
        let mut shell = Command::new("sh");
        shell.args(["-ec", step]).current_dir(lab.home());
        shell.env("PATH", format!("{}:{path}", programs.display()));
        let output = shell.env("GITHUB_STEP_SUMMARY", &summary).output()?;
        ensure!(output.status.success(), "{step}: {output:?}");
    }
    let summary = fs::read_to_string(summary)?;
    ensure!(summary.contains("PASS: gate cutover"), "{summary}");
    // Nothing is replaced.
    lab.file("gate.yaml", "policy: mine\n")?;
    lab.call(&["init"])?.expect(0)?.says("kept  gate.yaml")?;
    ensure!(
        fs::read_to_string(lab.home().join("gate.yaml"))? == "policy: mine\n",
        "replaced"
    );
    Ok(())
}

fn openssl_is_there() -> bool {
    let mut version = Command::new("openssl");
    version
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Calls openssl in the home folder.
fn openssl(lab: &Lab, arguments: &[&str]) -> Result<bool, Failed> {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(lab.home());
    Ok(command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success())
}

fn attested() -> Outcome {
    let lab = Lab::new()?;
    let key = ["genpkey", "-algorithm", "ed25519", "-out", "key.pem"];
    let public = ["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"];
    ensure!(
        openssl(&lab, &key)? && openssl(&lab, &public)?,
        "openssl makes no keys"
    );
    lab.call(&["run", &scenario("short.yaml")])?.expect(1)?;
    lab.call(&["attest", "sign"])?
        .expect(3)?
        .says("LAB_ATTEST_KEY")?;
    let commit = "0123456789012345678901234567890123456789";
    let signed = lab
        .call(&["attest", "sign", "--key", "key.pem", "--commit", commit])?
        .expect(0)?;
    lab.file("signed.json", &signed.out)?;
    let verify = [
        "attest",
        "verify",
        "signed.json",
        "--public",
        "public.pem",
        "--run",
        "last",
    ];
    lab.call(&verify)?
        .expect(0)?
        .says("\"FAILED\"")?
        .says(commit)?;

    // The second implementation reads the envelope by itself.
    let envelope: Value = serde_json::from_str(&signed.out)?;
    let text = |pointer: &str| {
        envelope
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let payload = decoded(text("/payload"));
    let kind = text("/payloadType");
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    lab.file("bytes", [head.as_bytes(), &payload].concat())?;
    lab.file("signature", decoded(text("/signatures/0/sig")))?;
    let check = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "public.pem",
        "-rawin",
        "-in",
        "bytes",
        "-sigfile",
        "signature",
    ];
    ensure!(openssl(&lab, &check)?, "openssl refuses the signature");

    // Whatever is changed is found.
    let mut changed = envelope.clone();
    changed["payload"] = json!(text("/payload").replacen('e', "f", 1));
    lab.file("signed.json", changed.to_string())?;
    lab.call(&verify)?.expect(1)?;
    lab.file("signed.json", &signed.out)?;
    let journal = lab.last_run()?.join("journal.jsonl");
    let mut bytes = fs::read(&journal)?;
    bytes.push(b'\n');
    fs::write(&journal, bytes)?;
    lab.call(&verify)?
        .expect(1)?
        .says("not about the journal")?;
    lab.file("signed.json", "{}")?;
    lab.call(&verify)?.expect(3)?;
    Ok(())
}

fn lint() -> Outcome {
    let lab = Lab::new()?;
    lab.file("wrong file.yaml", "scenario: a\nsystem: shpo\nunknown: 1\n")?;
    let ended = lab
        .call(&["check", "wrong file.yaml", "--format", "sarif"])?
        .expect(3)?;
    let log: Value = serde_json::from_str(&ended.out)?;
    let results = log["runs"][0]["results"].as_array().ok_or("no results")?;
    ensure!(results.len() >= 2, "{log:#}");
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        ensure!(
            place["artifactLocation"]["uri"] == "wrong%20file.yaml",
            "{place:#}"
        );
        ensure!(
            place["region"]["startLine"].as_u64() >= Some(1),
            "{place:#}"
        );
    }
    lab.call(&["check", "--format", "sarif"])?.expect(0)?;
    lab.file("runbook.md", "# Nothing to run\n")?;
    let ended = lab.call(&["runbook", "check", "runbook.md", "--format", "sarif"])?;
    ensure!(
        serde_json::from_str::<Value>(&ended.out)?["version"] == "2.1.0",
        "{ended:#?}"
    );
    lab.call(&["coverage"])?
        .expect(0)?
        .says("orders → payments")?
        .says("not tested")?;
    Ok(())
}
