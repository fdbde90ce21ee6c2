//! The generator from outside: a child process, a local server, and nothing but the protocol.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is the report"
)]

mod child;
mod server;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use child::{Generator, Said, assignment, get, step};
use lab_model::ledger::WriteEnd;
use lab_model::load::Outcome;
use lab_model::traffic::Executor;
use lab_wire::{Assignment, FromGenerator, ToGenerator};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use server::Server;
use sha2::{Digest, Sha256};

/// Far above what a stop takes, far below what the target would make it take.
const SOON: Duration = Duration::from_secs(2);

/// The trials: each is made with every executor.
macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        const TRIALS: &[(&str, fn(Executor))] = &[$((stringify!($name), $name)),*];
    };
}

trials! {
    every_arrival_is_sent_and_counted_in_its_phase,
    requests_carry_keys_and_values_and_writes_are_kept,
    a_change_of_the_rate_appends_a_segment,
    a_change_that_comes_too_late_is_a_failure,
    closed_users_wait_for_their_replies,
    two_parts_send_what_one_would,
    parts_share_closed_users,
    what_it_cannot_send_in_time_it_says,
    a_seed_repeats_its_requests,
    a_slow_reply_is_good_and_over_its_limit,
    time_counts_to_the_last_byte,
    what_hangs_times_out,
    what_breaks_is_bad,
    nobody_at_home,
    replies_of_every_shape_are_read_to_their_end,
    the_system_sees_the_same_client,
    a_stop_ends_it_at_once_and_leaves_nothing_unresolved,
    the_end_of_its_input_ends_it,
    a_pipe_that_nobody_empties_does_not_keep_it_alive,
    it_can_be_stopped_before_it_starts,
    nonsense_is_answered_with_a_reason,
    a_start_on_another_clock_is_refused,
}

fn main() -> ExitCode {
    let executors = [("goose", Executor::Goose), ("native", Executor::Native)];
    let trials = executors.into_iter().flat_map(|(word, executor)| {
        let trial = move |(name, run): &(&str, fn(Executor))| {
            let run = *run;
            Trial::test(format!("{word}::{name}"), move || {
                run(executor);
                Ok(())
            })
        };
        TRIALS.iter().map(trial)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Runs an assignment to its own end.
fn run(assignment: Assignment) -> Said {
    let mut generator = Generator::ready(assignment);
    generator.start();
    let said = generator.listen();
    assert_eq!(said.last, Some(FromGenerator::Ended));
    assert!(generator.wait().0.success());
    let [due, good, bad, unsent] = said.total();
    assert_eq!(due, good + bad);
    assert_eq!(said.timed, [due - unsent; 3]);
    said
}

/// Browse twice for each checkout, which carries a value from reply to request and writes.
fn shop() -> Value {
    let mut cart = step("cart", "POST", "/carts", "2s");
    cart["save"] = json!({ "cart": { "pointer": "/number" } });
    let mut pay = step("pay", "POST", "/carts/{cart}/pay?n={random:1..20}", "2s");
    pay["body"] = json!({ "cart": "{cart}", "order": "{unique}" });
    pay["write"] = json!(true);
    json!([
        { "name": "browse", "weight": 2, "steps": [step("list", "GET", "/products", "2s")] },
        { "name": "checkout", "weight": 1, "steps": [cart, pay] },
    ])
}

fn every_arrival_is_sent_and_counted_in_its_phase(executor: Executor) {
    let server = Server::start();
    let said = run(assignment(
        executor,
        server.address,
        "150/s",
        &["1s", "600ms"],
        &shop(),
    ));
    let counts: Vec<(String, usize, u64, u64)> = said
        .counts
        .iter()
        .map(|((journey, phase), [due, good, ..])| (journey.clone(), *phase, *due, *good))
        .collect();
    assert_eq!(
        counts,
        [
            ("browse".to_owned(), 0, 100, 100),
            ("browse".to_owned(), 1, 60, 60),
            ("checkout".to_owned(), 0, 50, 50),
            ("checkout".to_owned(), 1, 30, 30),
        ]
    );
    // 160 browses of one request, 80 checkouts of two.
    assert_eq!(server.seen().len(), 320);
    assert_eq!(said.outcome("pay", Outcome::Good), 80);
    assert!(said.reports >= 2, "one a second and one at the end");
}

fn requests_carry_keys_and_values_and_writes_are_kept(executor: Executor) {
    let server = Server::start();
    let said = run(assignment(
        executor,
        server.address,
        "60/s",
        &["500ms"],
        &shop(),
    ));
    let seen = server.seen();
    let keys: BTreeSet<&str> = seen
        .iter()
        .map(|request| request.headers["idempotency-key"].as_str())
        .collect();
    assert_eq!(keys.len(), seen.len(), "one key a request");
    let traces: BTreeSet<&str> = seen
        .iter()
        .map(|request| &request.headers["traceparent"][..36])
        .collect();
    assert_eq!(traces.len(), 30, "one trace an arrival");
    let payments: Vec<_> = seen
        .iter()
        .enumerate()
        .filter(|(_, request)| request.path.contains("/pay"))
        .collect();
    assert_eq!(payments.len(), 10);
    assert_eq!(said.writes.len(), 10);
    for (index, request) in payments {
        let key = &request.headers["idempotency-key"];
        assert!(!request.headers["x-correlation-id"].is_empty());
        assert_eq!(request.method, "POST");
        // The cart's number is that of the request of the same trace that made it.
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let cart = body["cart"].as_u64().unwrap();
        let trace = |number: usize| &seen[number].headers["traceparent"][..36];
        assert_eq!(trace(usize::try_from(cart).unwrap() - 1), trace(index));
        assert!(request.path.starts_with(&format!("/carts/{cart}/pay?n=")));
        // The ledger holds the digest of exactly the bytes that were answered.
        let reply = format!("{{\"path\":\"{}\",\"number\":{}}}", request.path, index + 1);
        let mut digest = String::new();
        for byte in Sha256::digest(reply.as_bytes()) {
            write!(digest, "{byte:02x}").unwrap();
        }
        let write = said.writes.iter().find(|write| &write.key == key).unwrap();
        assert_eq!(write.step.as_str(), "pay");
        assert_eq!(write.end, WriteEnd::Acknowledged(digest));
    }
}

fn a_change_of_the_rate_appends_a_segment(executor: Executor) {
    let server = Server::start();
    let assignment = assignment(
        executor,
        server.address,
        "20/s",
        &["1s", "1s"],
        &get("/", "2s"),
    );
    let mut generator = Generator::ready(assignment);
    generator.start();
    std::thread::sleep(Duration::from_millis(500));
    let (rate, from) = ("200/s".parse().unwrap(), "1s".parse().unwrap());
    generator.say(&ToGenerator::Change { rate, from });
    assert_eq!(
        generator.hear(),
        Some(FromGenerator::Changed { from, rate })
    );
    let said = generator.listen();
    let by_phase: Vec<u64> = said.counts.values().map(|[due, ..]| *due).collect();
    assert_eq!(by_phase, [20, 200]);
    assert_eq!(said.total(), [220, 220, 0, 0]);
    assert_eq!(server.seen().len(), 220);
}

fn a_change_that_comes_too_late_is_a_failure(executor: Executor) {
    let server = Server::start();
    let assignment = assignment(executor, server.address, "20/s", &["30s"], &get("/", "2s"));
    let mut generator = Generator::ready(assignment);
    generator.start();
    std::thread::sleep(Duration::from_millis(500));
    let (rate, from) = ("200/s".parse().unwrap(), "100ms".parse().unwrap());
    generator.say(&ToGenerator::Change { rate, from });
    let said = generator.listen();
    assert!(matches!(
        said.last,
        Some(FromGenerator::Failed { reason }) if reason.contains("too late")
    ));
}

fn closed_users_wait_for_their_replies(executor: Executor) {
    let server = Server::start();
    let mut assignment = assignment(
        executor,
        server.address,
        "1/s",
        &["2s"],
        &get("/slow", "2s"),
    );
    assignment.load.arrivals =
        serde_json::from_value(json!({ "closed": { "users": 4, "think": "200ms" } })).unwrap();
    let said = run(assignment);
    let [due, good, bad, unsent] = said.total();
    // Each user needs half a second a journey: four times in two seconds, the last may be late.
    assert!((12..=16).contains(&due), "{due}");
    assert_eq!((good, bad, unsent), (due, 0, 0));
    assert_eq!(server.seen().len() as u64, due);
}

fn two_parts_send_what_one_would(executor: Executor) {
    let keys = |parts: u32| {
        let server = Server::start();
        let generators: Vec<Generator> = (0..parts)
            .map(|index| {
                let mut assignment =
                    assignment(executor, server.address, "100/s", &["500ms"], &shop());
                let of = parts.try_into().unwrap();
                assignment.part = lab_wire::Part { index, of };
                let mut generator = Generator::ready(assignment);
                generator.start();
                generator
            })
            .collect();
        let due: u64 = generators
            .into_iter()
            .map(|mut generator| generator.listen().total()[0])
            .sum();
        assert_eq!(due, 50);
        let seen = server.seen().into_iter();
        seen.map(|request| request.headers["idempotency-key"].clone())
            .collect::<BTreeSet<String>>()
    };
    let whole = keys(1);
    assert_eq!(whole, keys(2));
    assert_eq!(whole, keys(3));
}

fn parts_share_closed_users(executor: Executor) {
    let server = Server::start();
    let arrivals = json!({ "closed": { "users": 5, "think": "30s" } });
    let started = |index| {
        let mut assignment = assignment(executor, server.address, "1/s", &["300ms"], &shop());
        assignment.load.arrivals = serde_json::from_value(arrivals.clone()).unwrap();
        let of = 3.try_into().unwrap();
        assignment.part = lab_wire::Part { index, of };
        let mut generator = Generator::ready(assignment);
        generator.start();
        generator
    };
    let generators: Vec<Generator> = (0..3).map(started).collect();
    let due = generators.into_iter().map(|mut it| it.listen().total()[0]);
    assert_eq!(due.collect::<Vec<u64>>(), [2, 2, 1]);
}

/// A generator that is the bottleneck: all its arrivals are on record, late or unsent.
fn what_it_cannot_send_in_time_it_says(executor: Executor) {
    let server = Server::start();
    let journeys = get("/", "1s");
    let said = run(assignment(
        executor,
        server.address,
        "200000/s",
        &["200ms"],
        &journeys,
    ));
    let [due, good, bad, unsent] = said.total();
    assert_eq!((due, good + bad), (40_000, 40_000));
    let late = said
        .lag
        .quantile(0.99)
        .is_some_and(|lag| lag > "25ms".parse().unwrap());
    assert!(late || unsent > 0, "{said:?}");
}

fn a_seed_repeats_its_requests(executor: Executor) {
    let requests = |seed| {
        let server = Server::start();
        let mut assignment = assignment(executor, server.address, "100/s", &["200ms"], &shop());
        assignment.seed = seed;
        run(assignment);
        server
            .seen()
            .into_iter()
            .map(|request| request.headers["idempotency-key"].clone())
            .collect::<BTreeSet<String>>()
    };
    let first = requests(7);
    assert_eq!(first, requests(7));
    assert!(first.is_disjoint(&requests(8)));
}

/// Runs `GET path` and expects every arrival to end in one way.
fn check(executor: Executor, path: &str, timeout: &str, expected: Outcome) {
    let server = Server::start();
    let mut assignment = assignment(
        executor,
        server.address,
        "50/s",
        &["400ms"],
        &get(path, timeout),
    );
    let name = "visit".parse().unwrap();
    let limits = ["100ms".parse().unwrap(), "30s".parse().unwrap()];
    assignment.limits.insert(name, limits.to_vec());
    let said = run(assignment);
    let [due, good, bad, unsent] = said.total();
    assert_eq!((due, unsent), (20, 0), "{path}");
    assert_eq!(said.outcome("get", expected), 20, "{path}: {said:?}");
    let (expected_good, over) = match expected {
        // Good after 300 ms: over the first limit alone.
        Outcome::Good => (20, 20),
        _ => (0, 40),
    };
    assert_eq!((good, bad), (expected_good, 20 - expected_good), "{path}");
    assert_eq!(said.over, over, "{path}");
}

fn a_slow_reply_is_good_and_over_its_limit(executor: Executor) {
    check(executor, "/slow", "5s", Outcome::Good);
}

fn time_counts_to_the_last_byte(executor: Executor) {
    check(executor, "/trickle", "5s", Outcome::Good);
    check(executor, "/trickle", "150ms", Outcome::Timeout);
}

fn what_hangs_times_out(executor: Executor) {
    check(executor, "/hang", "150ms", Outcome::Timeout);
}

fn what_breaks_is_bad(executor: Executor) {
    check(executor, "/cut", "5s", Outcome::Broken);
    check(executor, "/missing", "5s", Outcome::Status(404));
}

fn nobody_at_home(executor: Executor) {
    // Bound and let go of: nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let said = run(assignment(
        executor,
        address,
        "50/s",
        &["200ms"],
        &get("/", "2s"),
    ));
    assert_eq!(said.outcome("get", Outcome::Connect), 10);
}

fn replies_of_every_shape_are_read_to_their_end(executor: Executor) {
    // Megabytes in chunks, no length but the end of the connection, and connections that are closed
    // behind their reply without a word.
    for path in ["/chunked", "/endless", "/once"] {
        let server = Server::start();
        let journeys = get(path, "5s");
        let said = run(assignment(
            executor,
            server.address,
            "50/s",
            &["400ms"],
            &journeys,
        ));
        assert_eq!(said.total(), [20, 20, 0, 0], "{path}: {said:?}");
        assert_eq!(server.seen().len(), 20, "{path}");
    }
}

fn the_system_sees_the_same_client(executor: Executor) {
    let server = Server::start();
    run(assignment(
        executor,
        server.address,
        "60/s",
        &["300ms"],
        &shop(),
    ));
    let seen = server.seen();
    let names = |path: &str| {
        let request = seen.iter().find(|request| request.path.contains(path));
        let names: BTreeSet<String> = request.unwrap().headers.keys().cloned().collect();
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    let all = "accept host idempotency-key traceparent user-agent x-attempt x-correlation-id";
    assert_eq!(names("/products"), all);
    let with_body = format!(
        "accept content-length content-type {}",
        &all["accept ".len()..]
    );
    assert_eq!(names("/pay"), with_body);
    let headers = &seen[0].headers;
    assert_eq!(headers["host"], server.address.to_string());
    assert_eq!(headers["accept"], "*/*");
    assert!(headers["user-agent"].starts_with("failure-lab/"));
    assert!(seen.iter().all(|request| request.path.starts_with('/')));
}

/// A generator with requests in flight that will never be answered.
fn hanging(executor: Executor) -> (Generator, Instant) {
    let server = Server::start();
    let journeys = get("/hang", "5m");
    let mut generator = Generator::ready(assignment(
        executor,
        server.address,
        "100/s",
        &["5m"],
        &journeys,
    ));
    generator.start();
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.seen().len() < 20 {
        assert!(Instant::now() < deadline, "requests do not come");
        std::thread::sleep(Duration::from_millis(5));
    }
    (generator, Instant::now())
}

fn a_stop_ends_it_at_once_and_leaves_nothing_unresolved(executor: Executor) {
    let (mut generator, began) = hanging(executor);
    generator.say(&ToGenerator::Stop);
    let said = generator.listen();
    assert!(generator.wait().0.success());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(said.last, Some(FromGenerator::Ended));
    let [due, good, bad, unsent] = said.total();
    assert!(due >= 20);
    assert_eq!((good, bad), (0, due));
    assert_eq!(said.timed, [due - unsent; 3]);
    assert!(said.outcome("get", Outcome::Cancelled) >= 20 - unsent);
}

fn the_end_of_its_input_ends_it(executor: Executor) {
    let (mut generator, began) = hanging(executor);
    generator.hang_up();
    generator.wait();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

fn a_pipe_that_nobody_empties_does_not_keep_it_alive(executor: Executor) {
    let server = Server::start();
    let journeys = get("/", "2s");
    let mut generator = Generator::ready(assignment(
        executor,
        server.address,
        "500/s",
        &["5m"],
        &journeys,
    ));
    // A report of a second holds more numbers than that.
    generator.shrink_output(4_096);
    generator.start();
    std::thread::sleep(Duration::from_secs(3));
    generator.hang_up();
    let (status, took) = generator.wait();
    assert!(took < SOON, "{took:?}");
    assert_eq!(status.code(), Some(1), "it could not say how it ended");
}

fn it_can_be_stopped_before_it_starts(executor: Executor) {
    let server = Server::start();
    let assignment = assignment(executor, server.address, "10/s", &["1s"], &get("/", "1s"));
    for before in [None, Some(assignment)] {
        let mut generator = before.map_or_else(Generator::spawn, Generator::ready);
        generator.say(&ToGenerator::Stop);
        assert_eq!(generator.hear(), Some(FromGenerator::Ended));
        assert!(generator.wait().0.success());
    }
    assert!(server.seen().is_empty());
}

/// Says something wrong and expects a reason that contains a text.
fn refused(say: impl FnOnce(&mut Generator), expected: &str) {
    let mut generator = Generator::spawn();
    say(&mut generator);
    match generator.hear() {
        Some(FromGenerator::Failed { reason }) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(generator.hear(), None);
    assert!(!generator.wait().0.success());
}

fn nonsense_is_answered_with_a_reason(executor: Executor) {
    refused(|g| g.write("nonsense\n"), "a line that is no message");
    refused(|g| g.write("\n"), "a line that is no message");
    refused(Generator::start, "expected prepare, got start");
    let prepare = |change: fn(&mut Assignment)| {
        move |generator: &mut Generator| {
            let mut assignment = assignment(
                executor,
                ([127, 0, 0, 1], 9).into(),
                "10/s",
                &["1s"],
                &get("/", "1s"),
            );
            change(&mut assignment);
            generator.say(&ToGenerator::Prepare(Box::new(assignment)));
        }
    };
    refused(prepare(|a| a.version = 99), "version 99");
    refused(
        prepare(|a| a.targets.clear()),
        "no address for service shop",
    );
    refused(prepare(|a| a.phases.clear()), "no phases");
    refused(prepare(|a| a.load.journeys.clear()), "no journey");
}

fn a_start_on_another_clock_is_refused(executor: Executor) {
    let server = Server::start();
    let journeys = get("/", "1s");
    let mut generator = Generator::ready(assignment(
        executor,
        server.address,
        "10/s",
        &["1s"],
        &journeys,
    ));
    generator.say(&ToGenerator::Start {
        monotonic_nanos: 1 << 60,
    });
    assert!(matches!(
        generator.hear(),
        Some(FromGenerator::Failed { reason }) if reason.contains("monotonic clock")
    ));
}
