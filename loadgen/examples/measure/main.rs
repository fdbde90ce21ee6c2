//! Measures the generator against servers whose latency is known. Results are kept in
//! `loadgen/BENCHMARKS.md`.
//!
//! ```text
//! cargo run --release -p lab-loadgen --example measure -- all
//! ```
//!
//! or one of `stall`, `steady`, `stop`, `cost`, followed by the number of rounds (5); or `memory`,
//! followed by the number of minutes (10). Each prints its rounds and what they come to, for both
//! executors. Nothing else should run meanwhile. `cost` needs wrk.

mod child;
mod cost;
mod plain;
mod server;
mod table;

use std::error::Error;
use std::num::NonZeroU64;
use std::process::ExitCode;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use child::{Generator, Sum, memory_kib};
use lab_model::traffic::Executor;
use lab_model::{Histogram, Span};
use lab_wire::ToGenerator;
use server::{Behaviour, Server};
use table::{Column, largest, median, print, smallest};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = arguments.get(1).and_then(|text| text.parse().ok());
    let (rounds, minutes) = (number.unwrap_or(5), number.unwrap_or(10));
    let result = match arguments.as_slice() {
        ["generator"] => return lab_loadgen::run(),
        ["plain", host, users, rate, seconds] => plain(host, users, rate, seconds),
        ["stall", ..] => both(|executor| stall(executor, rounds)),
        ["steady", ..] => both(|executor| steady(executor, rounds)),
        ["stop", ..] => both(|executor| stop(executor, rounds)),
        ["cost", ..] => cost::measure(rounds),
        ["memory", ..] => both(|executor| memory(executor, minutes)),
        ["all", ..] => both(|executor| {
            stall(executor, rounds)?;
            steady(executor, rounds)?;
            stop(executor, rounds)
        })
        .and_then(|()| cost::measure(rounds)),
        _ => Err("say what to measure: all, stall, steady, stop, cost or memory".into()),
    };
    if let Err(error) = result {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn plain(host: &str, users: &str, rate: &str, seconds: &str) -> Outcome {
    plain::run(host, users.parse()?, rate.parse()?, seconds.parse()?)
}

/// One executor after the other.
fn both(measure: impl Fn(Executor) -> Outcome) -> Outcome {
    measure(Executor::Goose)?;
    measure(Executor::Native)
}

fn word(executor: Executor) -> &'static str {
    match executor {
        Executor::Goose => "goose",
        Executor::Native => "native",
    }
}

fn quantile_ms(histogram: &Histogram, q: f64) -> f64 {
    histogram
        .quantile(q)
        .map_or(f64::NAN, |span| span.as_secs_f64() * 1e3)
}

/// Percent of the arrivals due that reached the server.
fn delivered(sum: &Sum, server: &Server) -> f64 {
    server.seen().requests as f64 / sum.due as f64 * 100.0
}

/// The stall test: everything that arrives in `[4 s, 6 s)` of ten seconds is answered at 6 s.
fn stall(executor: Executor, rounds: usize) -> Outcome {
    const RATE: u32 = 200;
    let service = Duration::from_millis(1);
    let (from, until) = (Duration::from_secs(4), Duration::from_secs(6));
    let length = Duration::from_secs(10);

    let mut truth = Histogram::new();
    let mut arrival = Duration::ZERO;
    while arrival < length {
        let wait = if from <= arrival {
            until.saturating_sub(arrival)
        } else {
            Duration::ZERO
        };
        truth.record(Span::from(wait + service));
        arrival += Duration::from_secs(1) / RATE;
    }

    let mut columns: [Column; 5] = [
        ("error p90 %", median, Vec::new()),
        ("error p95 %", median, Vec::new()),
        ("error p99 %", median, Vec::new()),
        ("delivered %", smallest, Vec::new()),
        ("lag p99 ms", median, Vec::new()),
    ];
    for _ in 0..rounds {
        let server = Server::start(Behaviour::Serves(service))?;
        let timeout = Duration::from_secs(10);
        let mut generator = Generator::ready(executor, server.address, RATE, length, timeout)?;
        let zero = generator.start()?;
        server.behave(Behaviour::Stalls {
            service,
            from: zero + from,
            until: zero + until,
        });
        let sum = generator.listen()?;
        generator.child.wait()?;
        for (column, q) in columns.iter_mut().zip([0.90, 0.95, 0.99]) {
            let expected = quantile_ms(&truth, q);
            let got = quantile_ms(&sum.from_intended, q);
            column.2.push((got - expected).abs() / expected * 100.0);
        }
        columns[3].2.push(delivered(&sum, &server));
        columns[4].2.push(quantile_ms(&sum.lag, 0.99));
    }
    print(
        &format!(
            "{}: stall, {RATE}/s for 10 s, stalled from 4 s to 6 s; truth p90 {:.1}, p95 {:.1}, p99 {:.1} ms",
            word(executor),
            quantile_ms(&truth, 0.90),
            quantile_ms(&truth, 0.95),
            quantile_ms(&truth, 0.99)
        ),
        &columns,
    );
    Ok(())
}

/// A server of 5 ms at 500/s: how far the generator's figures are from 5 ms, and its lag.
fn steady(executor: Executor, rounds: usize) -> Outcome {
    const RATE: u32 = 500;
    let service = Duration::from_millis(5);
    let mut columns: [Column; 8] = [
        ("lag p50 ms", median, Vec::new()),
        ("lag p99 ms", median, Vec::new()),
        ("bare thread p99 ms", median, Vec::new()),
        ("intended p50 -5 ms", median, Vec::new()),
        ("intended p99 -5 ms", median, Vec::new()),
        ("p99 -server's p99 ms", median, Vec::new()),
        ("sent p99 -5 ms", median, Vec::new()),
        ("delivered %", smallest, Vec::new()),
    ];
    for _ in 0..rounds {
        let server = Server::start(Behaviour::Serves(service))?;
        let (length, timeout) = (Duration::from_secs(10), Duration::from_secs(2));
        let mut generator = Generator::ready(executor, server.address, RATE, length, timeout)?;
        let zero = generator.start()?;
        let bare = thread::spawn(move || lateness(zero, RATE, length));
        let sum = generator.listen()?;
        generator.child.wait()?;
        let bare = bare.join().map_err(|_| "the bare thread panicked")?;
        let truth = quantile_ms(&server.seen().service, 0.99);
        let values = [
            quantile_ms(&sum.lag, 0.50),
            quantile_ms(&sum.lag, 0.99),
            quantile_ms(&bare, 0.99),
            quantile_ms(&sum.from_intended, 0.50) - 5.0,
            quantile_ms(&sum.from_intended, 0.99) - 5.0,
            quantile_ms(&sum.from_intended, 0.99) - truth,
            quantile_ms(&sum.from_sent, 0.99) - 5.0,
            delivered(&sum, &server),
        ];
        for (column, value) in columns.iter_mut().zip(values) {
            column.2.push(value);
        }
    }
    print(
        &format!(
            "{}: steady, {RATE}/s for 10 s, a server of 5 ms",
            word(executor)
        ),
        &columns,
    );
    Ok(())
}

/// How late a thread is that does nothing but sleep to the same instants, half a period apart from
/// them: what the machine makes possible at the moment.
fn lateness(zero: Instant, rate: u32, length: Duration) -> Histogram {
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let period = Duration::from_secs(1) / rate;
    let mut late = Histogram::new();
    let mut due = period / 2;
    while due < length {
        sleep((zero + due).saturating_duration_since(Instant::now()));
        late.record(Span::from(
            Instant::now().saturating_duration_since(zero + due),
        ));
        due += period;
    }
    late
}

/// How long the process takes to end after a stop, with 500 requests in flight that hang.
fn stop(executor: Executor, rounds: usize) -> Outcome {
    let mut columns: [Column; 2] = [
        ("in flight", median, Vec::new()),
        ("stop to exit ms", largest, Vec::new()),
    ];
    for _ in 0..rounds * 2 {
        let server = Server::start(Behaviour::Hangs)?;
        let minute = Duration::from_secs(60);
        let mut generator = Generator::ready(
            executor,
            server.address,
            500,
            minute,
            Duration::from_secs(2),
        )?;
        generator.start()?;
        sleep(Duration::from_millis(1_300));
        let stopped = Instant::now();
        generator.say(&ToGenerator::Stop)?;
        let sum = generator.listen()?;
        generator.child.wait()?;
        let took = stopped.elapsed();
        if sum.due != sum.good + sum.bad {
            return Err(format!("unresolved arrivals: {sum:?}").into());
        }
        columns[0].2.push((sum.due - sum.unsent) as f64);
        columns[1].2.push(took.as_secs_f64() * 1e3);
    }
    print(
        &format!("{}: stop, a server that hangs", word(executor)),
        &columns,
    );
    Ok(())
}

/// The generator's resident memory at each minute of a load of 2,000/s.
fn memory(executor: Executor, minutes: usize) -> Outcome {
    const RATE: u32 = 2_000;
    let server = Server::start(Behaviour::Serves(Duration::from_millis(5)))?;
    let length = Duration::from_secs(60 * minutes as u64 + 5);
    let mut generator = Generator::ready(
        executor,
        server.address,
        RATE,
        length,
        Duration::from_secs(2),
    )?;
    let process = generator.child.id();
    let zero = generator.start()?;
    let sampler = thread::spawn(move || {
        let minutes = (1..=minutes).map(|minute| zero + Duration::from_secs(60 * minute as u64));
        let samples = minutes.map(|at| {
            sleep(at.saturating_duration_since(Instant::now()));
            memory_kib(process).unwrap_or(f64::NAN) / 1_024.0
        });
        samples.collect::<Vec<f64>>()
    });
    let sum = generator.listen()?;
    generator.child.wait()?;
    let samples = sampler.join().map_err(|_| "the sampler panicked")?;
    let columns: [Column; 1] = [("resident MiB", largest, samples)];
    print(
        &format!(
            "{}: memory, {RATE}/s, a sample a minute; {} arrivals, {} bad",
            word(executor),
            sum.due,
            sum.bad
        ),
        &columns,
    );
    Ok(())
}
