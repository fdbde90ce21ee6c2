//! Faults through a Toxiproxy-compatible server that runs already: here `lab proxy`, started as
//! somebody else's.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::lab::{Lab, Outcome, ensure, eventually, trial};
use crate::verdicts::scenario;
use lab_tests::leftovers::processes;

/// How soon after a crash nothing may be left.
const SOON: Duration = Duration::from_secs(5);
/// Links of the demo system, gateway and all.
const LINKS: usize = 7;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("toxiproxy::a_fault_there_is_witnessed_here", witnessed),
        trial("toxiproxy::kill_9_leaves_no_proxy_there", killed),
        trial("toxiproxy::clean_sweeps_what_is_left_there", swept),
        trial(
            "toxiproxy::what_it_cannot_do_is_refused_before_the_run",
            refused,
        ),
        trial("toxiproxy::a_server_that_is_not_there_is_named", absent),
    ]
}

/// A server of somebody else's, with a proxy of somebody else's on it.
struct Server {
    process: Child,
    address: String,
    lab: Lab,
}

impl Server {
    fn start() -> Result<Self, Failed> {
        let lab = Lab::new()?;
        let mut process = lab
            .command(&["proxy", "--port", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let said = process.stderr.take().ok_or("no standard error")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let address = line
            .trim()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let server = Self {
            process,
            address,
            lab,
        };
        let create = [
            "proxy",
            "create",
            "theirs",
            "-l",
            "127.0.0.1:0",
            "-u",
            "127.0.0.1:1",
        ];
        let mut arguments = create.to_vec();
        arguments.extend(["--server", &server.address]);
        server.lab.call(&arguments)?.expect(0)?;
        Ok(server)
    }

    /// The names of the proxies on it.
    fn proxies(&self) -> Result<Vec<String>, Failed> {
        let listed = self
            .lab
            .call(&["proxy", "list", "--server", &self.address])?;
        let names = listed.expect(0)?.out;
        let names = names
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        Ok(names
            .filter(|name| name.starts_with("lab.") || *name == "theirs")
            .map(str::to_owned)
            .collect())
    }

    fn ours(&self) -> usize {
        let names = self.proxies().unwrap_or_default();
        names.iter().filter(|name| name.starts_with("lab.")).count()
    }

    /// Nothing of the lab's is there, and what is somebody else's still is.
    fn check_clean(&self) -> Outcome {
        eventually(SOON, || self.ours() == 0);
        let names = self.proxies()?;
        ensure!(names == ["theirs"], "the server has {names:?}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn witnessed() -> Outcome {
    let server = Server::start()?;
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    let through = ["--toxiproxy", &server.address];
    let mut arguments = vec!["run", &short, "--format", "json"];
    arguments.extend(through);
    let report = lab.call(&arguments)?.expect(1)?.out;
    let report: Value = serde_json::from_str(&report)?;
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    ensure!(
        journal.contains("fault_armed") && journal.contains("fault_healed"),
        "the fault was not armed and healed: {report:#}"
    );
    ensure!(
        !journal.contains("fault_lost"),
        "the fault was lost: {report:#}"
    );
    server.check_clean()?;
    arguments = vec!["run", &short];
    arguments.extend([
        "--with",
        "orders.timeout=400ms",
        "--with",
        "orders.fallback=deferred",
    ]);
    arguments.extend(through);
    lab.call(&arguments)?
        .expect(0)?
        .says("seen")?
        .says("PASS")?;
    server.check_clean()
}

fn killed() -> Outcome {
    let server = Server::start()?;
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    let mut run = lab.start(&["run", &short, "--toxiproxy", &server.address])?;
    // In the fault phase: the toxic stands there.
    std::thread::sleep(Duration::from_secs(9));
    ensure!(server.ours() == LINKS, "it has {:?}", server.proxies()?);
    run.kill()?;
    run.wait()?;
    server.check_clean()?;
    let running = || processes(lab.home());
    eventually(SOON, || running().is_empty());
    ensure!(running().is_empty(), "processes are left: {:#?}", running());
    Ok(())
}

/// The supervisor dies with the lab, so that only the next start can remove anything.
fn swept() -> Outcome {
    let server = Server::start()?;
    let lab = Lab::new()?;
    let short = scenario("short.yaml");
    let mut run = lab.start(&["run", &short, "--toxiproxy", &server.address])?;
    ensure!(
        eventually(Duration::from_secs(20), || server.ours() == LINKS),
        "it has {:?}",
        server.proxies()?
    );
    // The supervisor comes after the proxies.
    eventually(SOON, || !supervisors(lab.home()).is_empty());
    // Both at once, the lab first: neither may act on the end of the other.
    let mut pids = vec![run.id().to_string()];
    pids.extend(supervisors(lab.home()));
    ensure!(pids.len() == 2, "the run has no supervisor: {pids:?}");
    Command::new("kill").arg("-KILL").args(&pids).status()?;
    run.wait()?;
    ensure!(
        server.ours() == LINKS,
        "somebody swept: {:?}",
        server.proxies()?
    );
    lab.call(&["clean"])?
        .expect(0)?
        .says(&format!("{LINKS} proxies"))?;
    server.check_clean()
}

fn supervisors(home: &std::path::Path) -> Vec<String> {
    let is_one = |line: &String| line.contains("__supervise");
    let lines = processes(home).into_iter().filter(is_one);
    lines
        .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
        .collect()
}

fn refused() -> Outcome {
    let lab = Lab::new()?;
    let server = ["--toxiproxy", "127.0.0.1:1"];
    for (name, words) in [
        ("bit-rot", "a Toxiproxy cannot do 20% of bytes changed"),
        ("orders-refused", "use the fault `down`"),
        ("lingering-connections", "want of a witness"),
    ] {
        let mut arguments = vec!["run", name];
        arguments.extend(server);
        let ended = lab.call(&arguments)?.expect(3)?;
        ended.says("fault::not-on-toxiproxy")?.says(words)?;
    }
    let explained = lab.call(&["explain", "fault::not-on-toxiproxy"])?;
    explained.expect(0)?.says("gives nobody a way to see")?;
    let planned = [
        "plan",
        "slow-payments",
        "--format",
        "json",
        "--toxiproxy",
        "h:1",
    ];
    let plan: Value = serde_json::from_str(&lab.call(&planned)?.expect(0)?.out)?;
    ensure!(plan["toxiproxy"] == json!("h:1"), "{}", plan["toxiproxy"]);
    Ok(())
}

fn absent() -> Outcome {
    let lab = Lab::new()?;
    let run = ["run", "slow-payments", "--toxiproxy", "127.0.0.1:1"];
    let ended = lab.call(&run)?.expect(4)?;
    ended.says("no Toxiproxy at 127.0.0.1:1")?;
    Ok(())
}
