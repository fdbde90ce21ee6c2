//! A long load through the whole lab: what the generator and the lab hold in memory, how the journal
//! grows, and how long verdict and report take from it. Results are kept in `loadgen/BENCHMARKS.md`.
//!
//! ```text
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example endurance -- target/release/lab [MINUTES] [RATE] [EXECUTOR] [PROCESSES]
//! ```
//!
//! 10 minutes at 2,000/s by goose in one process unless told otherwise. The system is a server of
//! its own that answers at once; the load reaches it through a fault proxy, as in every run. It is
//! no measurement of time: other work on the machine may make the verdict inconclusive, and changes
//! nothing in what is shown here.

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

type Failed = Box<dyn Error + Send + Sync>;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello world\n";

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", port] => serve(port.parse()?),
        [lab, rest @ ..] => {
            let word = |index: usize, default| rest.get(index).copied().unwrap_or(default);
            let minutes: u64 = word(0, "10").parse()?;
            endure(
                &PathBuf::from(lab).canonicalize()?,
                minutes,
                &scenario(minutes, word(1, "2000"), word(2, "goose"), word(3, "1"))?,
            )
        }
        [] => Err("name the program: target/release/lab".into()),
    }
}

/// The system: a thread a connection.
fn serve(port: u16) -> Result<(), Failed> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    for stream in listener.incoming().flatten() {
        thread::Builder::new()
            .stack_size(128 << 10)
            .spawn(move || answer(stream))?;
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut buffer, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        while let Some(end) = buffer
            .windows(END_OF_HEAD.len())
            .position(|window| window == END_OF_HEAD)
        {
            buffer.drain(..end + END_OF_HEAD.len());
            stream.write_all(REPLY)?;
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}

fn scenario(minutes: u64, rate: &str, executor: &str, processes: &str) -> Result<String, Failed> {
    let own = std::env::current_exe()?;
    let own = own.display();
    Ok(format!(
        "scenario: endurance
about: Many journeys for a long time.
services:
  server: {{ command: [\"{own}\", serve, \"{{port}}\"], ready: {{ tcp: true }} }}
links: [client -> server]
load:
  executor: {executor}
  processes: {processes}
  journeys:
    visit: [{{ get: /, timeout: 1s }}]
  arrivals: {{ constant: {{ rate: {rate}/s }} }}
phases:
  - warm_up: 5s
  - baseline: {seconds}s
objectives:
  - availability: {{ of: visit, at_least: 99% }}
  - latency: {{ of: visit, p99: 100ms }}
",
        seconds = minutes * 60
    ))
}

/// Runs it, and looks at it while it runs.
fn endure(lab: &Path, minutes: u64, scenario: &str) -> Result<(), Failed> {
    let home = tempfile::tempdir()?;
    fs::write(home.path().join("endurance.yaml"), scenario)?;
    let call = |arguments: &[&str]| {
        let mut command = Command::new(lab);
        command.args(arguments).current_dir(home.path());
        command
    };
    let mut run = call(&["run", "endurance.yaml", "--color", "never"])
        .stdout(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    println!("  after      lab  generator    journal    entries");
    println!("  min        MiB        MiB        KiB");
    // Twelve looks, the first when the warm-up has passed.
    let every = Duration::from_secs(minutes * 60) / 11;
    for look in 0..12 {
        let due = Duration::from_secs(8) + every * look;
        if !wait(&mut run, begun + due)? {
            break;
        }
        let journal = journal(home.path()).and_then(|path| Ok(fs::read(path)?))?;
        let entries = journal.split(|byte| *byte == b'\n').count() - 1;
        println!(
            "{:>7.1} {:>8.1} {:>10.1} {:>10.1} {entries:>10}",
            begun.elapsed().as_secs_f64() / 60.0,
            resident(run.id()).unwrap_or(f64::NAN),
            generators(home.path())
                .iter()
                .filter_map(|id| resident(*id))
                .sum::<f64>(),
            journal.len() as f64 / 1024.0,
        );
    }
    let code = run.wait()?.code();
    let begun = Instant::now();
    let output = call(&["report", "last", "--format", "json"]).output()?;
    let took = begun.elapsed();
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let journal = fs::metadata(journal(home.path())?)?.len();
    println!(
        "exit code {code:?}; verdict and report from a journal of {:.1} KiB in {took:?}",
        journal as f64 / 1024.0
    );
    println!("{:#}", report["phases"][1]["journeys"]);
    Ok(())
}

/// Waits until an instant; whether the child still runs.
fn wait(child: &mut Child, until: Instant) -> Result<bool, Failed> {
    while Instant::now() < until {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(true)
}

/// The journal of the only run.
fn journal(home: &Path) -> Result<PathBuf, Failed> {
    let runs = fs::read_dir(home.join(".lab/runs"))?;
    let journals = runs
        .flatten()
        .map(|run| run.path().join("journal.jsonl"))
        .find(|path| path.is_file());
    journals.ok_or_else(|| "there is no journal".into())
}

/// The generator's processes: those of the lab that run in this home as `__load`.
fn generators(home: &Path) -> Vec<u32> {
    let is_load = |id: &u32| {
        let proc = PathBuf::from(format!("/proc/{id}"));
        let words = fs::read(proc.join("cmdline")).unwrap_or_default();
        let here = fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(home));
        here && words.split(|byte| *byte == 0).any(|word| word == b"__load")
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(is_load)
        .collect()
}

/// Resident memory of a process in MiB.
fn resident(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}
