//! Signals, crashes and failures: whatever ends a run, nothing is left behind.

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};

use crate::lab::{Ended, Lab, Outcome, ensure, eventually, trial};
use crate::verdicts::scenario;
use lab_tests::leftovers::{ports, processes};

/// How soon after a crash nothing may be left.
const SOON: Duration = Duration::from_secs(3);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("endings::ctrl_c_heals_and_tears_down", || {
            interrupted(Signal::INT, 130)
        }),
        trial("endings::a_terminate_signal_does_the_same", || {
            interrupted(Signal::TERM, 143)
        }),
        trial("endings::kill_9_at_random_moments_leaves_nothing", killed),
        trial("endings::children_that_left_their_group_are_found", escaped),
        trial(
            "endings::a_service_that_does_not_start_is_explained",
            does_not_start,
        ),
        trial(
            "endings::a_service_that_is_never_ready_is_explained",
            never_ready,
        ),
    ]
}

fn send(child: &Child, signal: Signal) -> Outcome {
    let pid = Pid::from_raw(i32::try_from(child.id())?).ok_or("no pid")?;
    Ok(kill_process(pid, signal)?)
}

fn interrupted(signal: Signal, code: i32) -> Outcome {
    let lab = Lab::new()?;
    let run = lab.start(&["run", &scenario("short.yaml")])?;
    std::thread::sleep(Duration::from_millis(6_500));
    send(&run, signal)?;
    let asked = Instant::now();
    let ended = Ended::from(run.wait_with_output()?).expect(code)?;
    ensure!(
        asked.elapsed() < Duration::from_secs(8),
        "took {:?}",
        asked.elapsed()
    );
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    ensure!(
        journal.contains("fault_healed") && journal.contains("closed"),
        "{ended:#?}\n{journal}"
    );
    check_nothing_left(&lab)
}

/// No process, no port; files outside the run's folder are up to the caller.
pub(crate) fn check_nothing_runs(lab: &Lab) -> Outcome {
    eventually(SOON, || {
        processes(lab.home()).is_empty() && ports(lab.home()).is_empty()
    });
    let (processes, ports) = (processes(lab.home()), ports(lab.home()));
    ensure!(processes.is_empty(), "processes are left: {processes:#?}");
    ensure!(ports.is_empty(), "ports are left: {ports:?}");
    Ok(())
}

fn check_nothing_left(lab: &Lab) -> Outcome {
    check_nothing_runs(lab)?;
    ensure!(
        lab.strays()?.is_empty(),
        "files are left: {:?}",
        lab.strays()?
    );
    Ok(())
}

/// `LAB_KILLS` says how many times; the moments spread over a run from its first milliseconds on.
fn killed() -> Outcome {
    let kills: u32 = std::env::var("LAB_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5);
    let mut state = 7_u64;
    for number in 0..kills {
        // A plain linear congruential generator: moments differ, and are the same every time.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let share = f64::from(u32::try_from(state >> 33)?) / f64::from(1_u32 << 31);
        let moment = Duration::from_secs_f64(0.05 + share * 17.0);
        let lab = Lab::new()?;
        let mut run = lab.start(&["run", &scenario("short.yaml")])?;
        std::thread::sleep(moment);
        run.kill()?;
        run.wait()?;
        check_nothing_left(&lab).map_err(|failed| explained(&failed, number, moment))?;
    }
    Ok(())
}

fn explained(failed: &Failed, number: u32, moment: Duration) -> Failed {
    let message = failed.message().unwrap_or("failed");
    format!("kill {number} after {moment:?}: {message}").into()
}

/// A service whose children change group, session and parent.
fn escaped() -> Outcome {
    let lab = Lab::new()?;
    let file = lab.file("escape.yaml", ESCAPE)?;
    let mut run = lab.start(&["run", file])?;
    let marker = || -> Option<PathBuf> {
        let path = lab.last_run().ok()?.join("data/web/escaped");
        path.exists().then_some(path)
    };
    let seen = eventually(Duration::from_secs(20), || marker().is_some());
    run.kill()?;
    run.wait()?;
    ensure!(seen, "the child never ran");
    check_nothing_runs(&lab)
}

const ESCAPE: &str = "\
scenario: escape
about: Children that leave their group and parent are found.
services:
  web:
    command:
      - sh
      - -c
      - \"(setsid sh -c 'touch {data}/escaped; sleep 300' &) ; exec python3 -m http.server {port} --bind 127.0.0.1\"
    ready: { http: / }
links: [client -> web]
load:
  journeys: { look: { weight: 1, steps: [{ get: / }] } }
  arrivals: { constant: { rate: 20/s } }
phases:
  - baseline: 10s
  - fault: { for: 20s, inject: [{ on: client -> web, fault: { latency: { delay: 100ms } } }] }
objectives:
  - availability: { of: look, at_least: 90% }
";

fn service(command: &str) -> String {
    ESCAPE.replace(
        ESCAPE
            .lines()
            .find(|line| line.contains("setsid"))
            .unwrap_or_default(),
        &format!("      - \"{command}\""),
    )
}

fn does_not_start() -> Outcome {
    let lab = Lab::new()?;
    let file = lab.file("broken.yaml", service("echo the reason >&2; exit 3"))?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("web")?
        .says("the reason")?
        .says("exit status: 3")?;
    lab.file(
        "missing.yaml",
        service("x").replace("- sh\n", "- no-such-program\n"),
    )?;
    lab.call(&["run", "missing.yaml"])?
        .expect(4)?
        .says("no-such-program")?;
    Ok(())
}

fn never_ready() -> Outcome {
    let lab = Lab::new()?;
    let text =
        service("echo still thinking; sleep 60").replace("{ http: / }", "{ http: /, within: 1s }");
    let file = lab.file("slow.yaml", text)?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("not ready within 1s")?
        .says("still thinking")?;
    check_nothing_runs(&lab)
}
