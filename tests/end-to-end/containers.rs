//! Systems in containers: the same verdict as with processes, compose files as they stand, failures
//! that are explained, and nothing left. What needs an engine or an image that is not here is
//! skipped, and the list of tests says why.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use lab_tests::engine::{self, Things};
use lab_tests::kills::{self, Subject};
use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::lab::{Ended, Lab, Outcome, ensure, eventually, trial};
use crate::relay::Relay;
use crate::verdicts::scenario;

/// Images of `lab images build`.
const SHOP: [&str; 2] = ["lab/shop", "lab/postgres:15"];
const ALL: [&str; 3] = ["lab/shop", "lab/postgres:15", "lab/redis:7"];
/// Has a shell.
const SHELL: [&str; 1] = ["lab/redis:7"];
/// How soon nothing may be left of a run that was ended, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "containers::without_an_engine_processes_are_offered",
            absent,
        ),
        needing(&SHOP, "containers::the_same_verdict_as_processes", verdict),
        needing(
            &ALL,
            "containers::a_compose_file_as_it_stands_has_a_proxy_on_each_link",
            composed,
        ),
        needing(
            &ALL,
            "containers::kill_9_at_random_moments_leaves_nothing",
            killed,
        ),
        needing(
            &SHELL,
            "containers::a_service_that_is_never_ready_is_explained",
            never_ready,
        ),
        needing(
            &SHELL,
            "containers::a_full_disk_at_the_start_is_explained",
            disk_full,
        ),
        needing(
            &SHELL,
            "containers::a_port_that_is_taken_is_named",
            port_conflict,
        ),
        needing(
            &SHELL,
            "containers::a_start_that_is_cancelled_leaves_nothing",
            cancelled,
        ),
        needing(
            &SHELL,
            "containers::an_engine_that_stops_midway_is_cleaned_up_when_it_is_back",
            engine_stops,
        ),
        needing(
            &SHELL,
            "containers::what_cannot_be_removed_is_named_and_removed_later",
            removals_refused,
        ),
    ]
}

/// A test that is skipped where an image is missing.
pub(crate) fn needing(images: &[&str], name: &str, test: fn() -> Outcome) -> Trial {
    match engine::lacks(images) {
        None => trial(name, test),
        Some(reason) => trial(name, test)
            .with_kind(format!("skipped: {reason}"))
            .with_ignored_flag(true),
    }
}

/// What is in the engine that was not there before, when all had time to go.
fn check_nothing_new(before: &Things) -> Outcome {
    let mut left = Things::now()?.since(before);
    let begun = Instant::now();
    while left.count() > 0 && begun.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(100));
        left = Things::now()?.since(before);
    }
    ensure!(left.count() == 0, "left in the engine: {left:#?}");
    Ok(())
}

fn journal(lab: &Lab) -> Result<Vec<Value>, Failed> {
    let text = fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    let entries = text.lines().map(serde_json::from_str);
    Ok(entries.collect::<Result<_, _>>()?)
}

fn absent() -> Outcome {
    let lab = Lab::new()?;
    let nowhere = format!("unix://{}/no.sock", lab.home().display());
    let call = |arguments: &[&str]| -> Result<Ended, Failed> {
        let mut command = lab.command(arguments);
        Ok(command.env("DOCKER_HOST", &nowhere).output()?.into())
    };
    call(&["run", "slow-payments", "--driver", "containers"])?
        .expect(4)?
        .says("no engine answers at")?
        .says("(DOCKER_HOST)")?
        .says("--driver processes")?;
    call(&["doctor"])?.expect(0)?.says("no engine answers")?;
    call(&["images", "build", "redis"])?
        .expect(4)?
        .says("no engine answers")?;
    call(&["ps"])?
        .expect(0)?
        .says("no container engine answers")?;
    call(&["clean"])?.expect(0)?;
    Ok(())
}

/// With processes it fails: that is `verdicts`.
fn verdict() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let short = scenario("short.yaml");
    lab.call(&["run", &short, "--driver", "containers"])?
        .expect(1)?;
    let journal = journal(&lab)?;
    let images: BTreeSet<(String, bool)> = journal
        .iter()
        .filter_map(|entry| {
            let image = entry.pointer("/event/service/state/image")?;
            let id = image["id"].as_str()?.starts_with("sha256:");
            Some((image["used"].as_str()?.to_owned(), id))
        })
        .collect();
    ensure!(
        images
            .iter()
            .any(|(used, id)| used.contains("postgres") && *id),
        "no image with its id in the journal: {images:?}"
    );
    check_nothing_new(&before)
}

fn composed() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let ended = lab.call(&["run", &scenario("composed.yaml"), "--format", "json"])?;
    // A busy machine may break the objectives or make the load late, which is not what is asked here;
    // the fault must be seen all the same.
    ensure!(matches!(ended.code, Some(0..=2)), "{ended:#?}");
    let report: Value = serde_json::from_str(&ended.out)?;
    let witness = &report["witnesses"][0];
    ensure!(witness["verdict"] == "pass", "no witness: {report:#}");
    let journal = journal(&lab)?;
    let links = |pointer: &str| -> BTreeSet<String> {
        let found = journal.iter().filter_map(|entry| entry.pointer(pointer));
        found
            .filter_map(|link| link.as_str().map(str::to_owned))
            .collect()
    };
    let opened = links("/event/link_opened/link");
    let wanted = [
        "client -> gateway",
        "client -> sessions",
        "gateway -> db",
        "gateway -> orders",
        "orders -> db",
        "orders -> payments",
        "payments -> db",
        "sessions -> cache",
    ];
    ensure!(
        opened == wanted.map(str::to_owned).into(),
        "links with a proxy: {opened:?}"
    );
    let used = links("/event/link/link");
    ensure!(used == opened, "links with traffic: {used:?}");
    // What the file asks for and does not get is said, at its place.
    ensure!(
        ended.err.contains("`restart` of `gateway` has no effect"),
        "{ended:#?}"
    );
    check_nothing_new(&before)
}

/// `LAB_KILLS` says how many times, three where it does not; the last with the reaper.
fn killed() -> Outcome {
    let kills: usize = std::env::var("LAB_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let subject = Subject {
        lab: Lab::program().to_owned(),
        scenario: scenario("composed.yaml").into(),
        driver: "containers",
    };
    for (number, moment) in kills::moments(3, kills, Duration::from_secs(10))
        .into_iter()
        .enumerate()
    {
        let with_keeper = number + 1 == kills;
        let trial = kills::Trial {
            moment,
            with_keeper,
        };
        let outcome = kills::run(&subject, trial)?;
        ensure!(
            outcome.left.count() == 0,
            "kill {number} after {moment:?}, reaper too: {with_keeper}: {outcome:#?}"
        );
    }
    Ok(())
}

/// One service of a shell's command.
fn service(command: &str, ready: &str) -> String {
    format!(
        "\
scenario: one
about: One service in a container.
services:
  web:
    image: redis:7-alpine
    containers: {{ port: 9000, data: 1MB, command: [sh, -c, {command:?}] }}
    ready: {ready}
links: [client -> web]
load:
  journeys: {{ look: {{ weight: 1, steps: [{{ get: / }}] }} }}
  arrivals: {{ constant: {{ rate: 20/s }} }}
phases:
  - baseline: 15s
  - fault: {{ for: 5s, inject: [{{ on: client -> web, fault: {{ latency: {{ delay: 10ms }} }} }}] }}
objectives:
  - availability: {{ of: look, at_least: 80% }}
"
    )
}

fn never_ready() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let text = service("echo still thinking; sleep 60", "{ tcp: true, within: 2s }");
    let file = lab.file("slow.yaml", text)?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("service web: not ready within 2s")?
        .says("still thinking")?;
    let text = service("echo the reason >&2; exit 3", "{ tcp: true, within: 20s }");
    let file = lab.file("broken.yaml", text)?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("service web")?
        .says("the reason")?
        .says("exit status: 3")?;
    check_nothing_new(&before)
}

fn disk_full() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let text = service(
        "dd if=/dev/zero of={data}/x bs=1M count=5 || exit 7; sleep 60",
        "{ tcp: true, within: 20s }",
    );
    let file = lab.file("full.yaml", text)?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("service web")?
        .says("No space left on device")?
        .says("exit status: 7")?;
    check_nothing_new(&before)
}

fn port_conflict() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    // Somebody listens on every address of this host, the networks of runs among them.
    let taken = TcpListener::bind("0.0.0.0:0")?;
    let port = taken.local_addr()?.port();
    lab.file(
        "docker-compose.yml",
        format!(
            "\
services:
  web: {{ image: redis:7-alpine, command: [sleep, \"60\"], ports: [\"9000:9000\"], environment: {{ STORE: \"store:{port}\" }} }}
  store: {{ image: redis:7-alpine, command: [sleep, \"60\"], expose: [{port}] }}
"
        ),
    )?;
    let text = service("x", "x");
    let (head, rest) = text.split_once("services:").ok_or("no services")?;
    let (_, rest) = rest.split_once("load:").ok_or("no load")?;
    let file = lab.file(
        "taken.yaml",
        format!("{head}compose: docker-compose.yml\nload:{rest}"),
    )?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("web -> store")?
        .says(&port.to_string())?
        .says("in use")?;
    check_nothing_new(&before)
}

fn cancelled() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let text = service(
        "echo still thinking; sleep 60",
        "{ tcp: true, within: 60s }",
    );
    let file = lab.file("slow.yaml", text)?;
    let run = lab.start(&["run", file])?;
    let seen = eventually(SOON, || {
        Things::now().is_ok_and(|now| !now.since(&before).containers.is_empty())
    });
    let pid = Pid::from_raw(i32::try_from(run.id())?).ok_or("no pid")?;
    kill_process(pid, Signal::INT)?;
    Ended::from(run.wait_with_output()?).expect(130)?;
    ensure!(seen, "no container was started");
    check_nothing_new(&before)
}

/// The engine is behind a relay, which is cut while the run goes on: for the lab it has stopped.
fn engine_stops() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let socket = lab.home().join("engine.sock");
    let relay = Relay::start(&socket)?;
    let text = service(
        "mkdir /www; echo here >/www/index.html; exec httpd -f -p 9000 -h /www",
        "{ http: /, within: 20s }",
    );
    let file = lab.file("stops.yaml", text)?;
    let mut command = lab.command(&["run", file]);
    command
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let run = command.spawn()?;
    let started = eventually(SOON, || {
        let journal = lab.last_run().ok().map(|run| run.join("journal.jsonl"));
        let text = journal.and_then(|journal| fs::read_to_string(journal).ok());
        text.is_some_and(|text| text.contains("load_started"))
    });
    relay.cut();
    let ended = Ended::from(run.wait_with_output()?);
    ensure!(started, "never started: {ended:#?}");
    ensure!(matches!(ended.code, Some(4 | 5)), "{ended:#?}");
    ended
        .says("container engine")?
        .says("stopped answering")?
        .says("Left     container lab-")?;
    // The reaper has more patience than the run.
    relay.mend();
    check_nothing_new(&before)
}

/// Everything goes well but for the clean-up.
fn removals_refused() -> Outcome {
    let lab = Lab::new()?;
    let before = Things::now()?;
    let socket = lab.home().join("engine.sock");
    let relay = Relay::start(&socket)?;
    relay.keep();
    let text = service(
        "mkdir /www; echo here >/www/index.html; exec httpd -f -p 9000 -h /www",
        "{ http: /, within: 20s }",
    );
    let text = text.replace("baseline: 15s", "baseline: 4s");
    let file = lab.file("kept.yaml", text)?;
    let mut command = lab.command(&["run", file]);
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    Ended::from(command.output()?)
        .expect(5)?
        .says("Left     container lab-")?;
    relay.mend();
    check_nothing_new(&before)
}
