//! Runs that pass, fail, and cannot say.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{Ended, Lab, Outcome, ensure, repository, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "verdicts::the_default_breaks_and_the_remedy_holds",
            default_and_remedy,
        ),
        trial("verdicts::a_bypassed_link_is_inconclusive", bypass),
        trial(
            "verdicts::a_fault_removed_underneath_is_inconclusive",
            removed,
        ),
        trial("verdicts::an_unhealthy_baseline_injects_nothing", unhealthy),
        trial("verdicts::an_abort_condition_ends_the_run", aborted),
        trial("verdicts::figures_of_the_system_are_judged", figures),
        trial("verdicts::a_decided_verdict_ends_the_run", decided),
        trial("verdicts::a_burning_budget_ends_the_run", burning),
        trial("verdicts::objectives_go_to_openslo_and_back", openslo),
        trial("verdicts::two_commands_of_the_users_own", own_system),
        trial(
            "verdicts::a_worse_canary_fails_and_a_common_fault_does_not",
            canary,
        )
        .with_ignored_flag(true),
    ]
}

/// Takes over a minute, so it runs when it is asked for: a regression of five times at 5 % of the
/// load fails the canary, a fault that both arms have does not.
fn canary() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["run", &scenario("canary.yaml")])?.expect(1)?;
    let ended = lab.call(&["run", &scenario("common-mode.yaml")])?;
    ensure!([Some(0), Some(2)].contains(&ended.code), "{}", ended.out);
    Ok(())
}

/// A scenario made for the tests, as a path.
pub(crate) fn scenario(name: &str) -> String {
    repository()
        .join("tests/scenarios")
        .join(name)
        .to_string_lossy()
        .into_owned()
}

/// The last run as JSON.
pub(crate) fn report(lab: &Lab) -> Result<Value, Failed> {
    let ended = lab.call(&["report", "last", "--format", "json"])?;
    Ok(serde_json::from_str(&ended.out)?)
}

fn default_and_remedy() -> Outcome {
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    let ended = lab.call(&["run", &short])?.expect(1)?.says("FAIL")?;
    for text in [
        "checkout availability",
        "orders",
        "payments",
        "1.5 s",
        "lab report",
        "--seed 7",
    ] {
        ensure!(
            ended.out.contains(text),
            "the report does not say {text:?}: {ended:#?}"
        );
    }
    ensure!(
        !ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'),
        "colour in a pipe"
    );
    let failed = report(&lab)?;
    ensure!(failed["exit"]["code"] == 1, "{failed}");

    let remedy = [
        "--with",
        "orders.timeout=400ms",
        "--with",
        "orders.fallback=deferred",
    ];
    lab.call(&[&["run", &short], &remedy[..]].concat())?
        .expect(0)?
        .says("PASS")?;
    ensure!(
        lab.strays()?.is_empty(),
        "files outside the run's folder: {:?}",
        lab.strays()?
    );
    Ok(())
}

fn bypass() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["run", &scenario("bypass.yaml")])?
        .expect(2)?
        .says("INCONCLUSIVE")?
        .says("orders")?
        .says("payments")?;
    Ok(())
}

/// Takes the fault away in the middle of its phase, through the API that the run was told to open.
fn removed() -> Outcome {
    let lab = Lab::new()?;
    let address = free_address()?;
    let mut run = lab.start(&["run", &scenario("short.yaml"), "--proxy-api", &address])?;
    let mut deleted = false;
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(50));
        let Ok(toxics) = request(&address, "GET", "/proxies/orders-to-payments/toxics") else {
            continue;
        };
        let Some(name) = toxics
            .split("\"name\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
        else {
            continue;
        };
        let path = format!("/proxies/orders-to-payments/toxics/{name}");
        let answer = request(&address, "DELETE", &path)?;
        ensure!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        deleted = true;
        break;
    }
    if !deleted {
        run.kill()?;
        return Err("the fault was never seen".into());
    }
    Ended::from(run.wait_with_output()?)
        .expect(2)?
        .says("INCONCLUSIVE")?
        .says("payments")?;
    Ok(())
}

fn free_address() -> Result<String, Failed> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.to_string())
}

fn request(address: &str, method: &str, path: &str) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn unhealthy() -> Outcome {
    let lab = Lab::new()?;
    let text = std::fs::read_to_string(scenario("short.yaml"))?
        .replace("of: checkout, at_least: 95%", "of: sick, at_least: 95%")
        .replace("journeys: { browse: 1, checkout: 1 }", SICK);
    let file = lab.file("sick.yaml", text)?;
    let ended = lab
        .call(&["run", file])?
        .expect(2)?
        .says("not healthy before the fault")?;
    ensure!(!ended.out.contains("FAIL"), "{ended:#?}");
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    ensure!(
        !journal.contains("fault_armed"),
        "a fault was injected all the same"
    );
    Ok(())
}

/// A journey that the healthy shop never answers as expected.
const SICK: &str = "journeys:
    checkout: 1
    sick:
      weight: 1
      steps:
        - { name: nowhere, get: /nowhere, expect: 200 }";

fn aborted() -> Outcome {
    let lab = Lab::new()?;
    let mut text = std::fs::read_to_string(scenario("short.yaml"))?;
    text.push_str("abort:\n  - availability: { of: checkout, below: 50%, lasting: 2s }\n");
    let file = lab.file("abort.yaml", text)?;
    lab.call(&["run", file])?.expect(6)?;
    Ok(())
}

/// Metrics, replies and counters of the real services; the business notices, the others hold.
fn figures() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["run", &scenario("figures.yaml")])?
        .expect(1)?
        .says("placed keeps 80 %")?;
    let report = report(&lab)?;
    let found = report["indicators"].as_array();
    let found = found.ok_or("the report has no indicators")?;
    for indicator in found {
        let expected = if indicator["kind"] == "business" {
            "fail"
        } else {
            "pass"
        };
        ensure!(indicator["verdict"] == expected, "{indicator:#}");
        ensure!(indicator["missing"] == 0, "{indicator:#}");
    }
    ensure!(found.len() == 6, "{found:#?}");
    Ok(())
}

/// A fault of a minute: what is decided after a part of it ends the run.
fn decided() -> Outcome {
    let lab = Lab::new()?;
    let text = std::fs::read_to_string(scenario("short.yaml"))?.replace("for: 8s", "for: 60s");
    let file = lab.file("early.yaml", text)?;
    lab.call(&["run", file, "--early-stop=30s"])?.expect(1)?;
    let report = report(&lab)?;
    let took = report["took_s"].as_f64().ok_or("no length")?;
    let early = took < 55.0;
    ensure!(early, "{took} s of 69 s");
    ensure!(
        report["objectives"][0]["strength"] == "proven",
        "{report:#}"
    );
    let reasons = report["reasons"].as_array().into_iter().flatten();
    let mut codes = reasons.map(|reason| &reason["code"]);
    ensure!(codes.any(|code| code == "run::decided-early"), "{report:#}");
    Ok(())
}

fn burning() -> Outcome {
    let lab = Lab::new()?;
    let mut text = std::fs::read_to_string(scenario("short.yaml"))?;
    text.push_str("abort:\n  - burn: { of: checkout, objective: 95%, above: 14.4, over: 3s }\n");
    let file = lab.file("burn.yaml", text)?;
    lab.call(&["run", file])?
        .expect(6)?
        .says("burns the error budget of 95% 14.4 times too fast over 3s")?;
    Ok(())
}

fn openslo() -> Outcome {
    let lab = Lab::new()?;
    let exported = lab
        .call(&["slo", "export", &scenario("short.yaml")])?
        .expect(0)?;
    let file = lab.file("slo.yaml", exported.out)?;
    lab.call(&["slo", "import", file])?
        .expect(0)?
        .says("availability: { of: checkout, at_least: 95% }")?;
    let nothing = lab.file("nothing.yaml", "a: 1")?;
    lab.call(&["slo", "import", nothing])?.expect(3)?;
    Ok(())
}

fn own_system() -> Outcome {
    let lab = Lab::new()?;
    let readme = std::fs::read_to_string(repository().join("README.md"))?;
    let text = readme
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .ok_or("the README shows no scenario")?;
    ensure!(
        text.lines().count() <= 25,
        "the README's scenario has more than 25 lines"
    );
    let file = lab.file("mine.yaml", text)?;
    let ended = lab.call(&["run", file])?;
    let judged = matches!(ended.code, Some(0 | 1));
    if let Some(busy) = ended.lateness().filter(|_| !judged) {
        return Err(busy);
    }
    ensure!(judged, "{ended:#?}");
    let report = report(&lab)?;
    ensure!(report["witnesses"][0]["verdict"] == "pass", "{report}");
    Ok(())
}
