//! A system that is kept up in one terminal and acted upon from another.

use std::time::Duration;

use libtest_mimic::{Failed, Trial};

use crate::endings::check_nothing_runs;
use crate::lab::{Lab, Outcome, ensure, eventually, trial};
use crate::terminal::Terminal;

/// How long a system may take to be up, or to go down.
const START: Duration = Duration::from_secs(30);
/// How long a change may take to be seen in the figures of the last ten seconds.
const SEEN: Duration = Duration::from_secs(40);
/// Ctrl-C.
const INTERRUPT: &[u8] = &[3];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("sandbox::a_system_is_kept_up_and_acted_upon", acted_upon),
        trial("sandbox::a_link_is_followed_and_the_rate_changed", followed),
        trial(
            "sandbox::what_is_said_inside_tls_is_read_and_broken",
            sealed,
        ),
        trial("sandbox::mistakes_are_explained", mistakes),
        trial(
            "sandbox::kill_9_of_the_first_terminal_leaves_nothing",
            first_killed,
        ),
        trial(
            "sandbox::kill_9_of_the_second_terminal_changes_nothing",
            second_killed,
        ),
        trial("sandbox::a_closed_window_ends_it_in_order", closed),
        trial(
            "sandbox::a_shell_completes_names_of_the_running_system",
            completed,
        ),
    ]
}

fn up(lab: &Lab, columns: u16) -> Result<Terminal, Failed> {
    let terminal = Terminal::start(lab, columns, &["up", "shop"])?;
    terminal.shows("sandbox", START)?;
    Ok(terminal)
}

/// Waits until `lab status` says something.
fn status_says(lab: &Lab, text: &str) -> Outcome {
    let says = || {
        lab.call(&["status"])
            .is_ok_and(|ended| ended.out.contains(text))
    };
    let said = eventually(SEEN, says);
    ensure!(
        said,
        "lab status never said {text:?}: {:#?}",
        lab.call(&["status"])?
    );
    Ok(())
}

fn acted_upon() -> Outcome {
    let lab = Lab::new()?;
    let mut terminal = up(&lab, 80)?;
    status_says(&lab, "holds")?;
    lab.call(&["inject", "orders -> payments", "latency", "delay=2s"])?
        .expect(0)?
        .says("injected latency 2s on orders -> payments · lab heal 0 takes it back")?;
    terminal.shows("latency 2 s", SEEN)?;
    status_says(&lab, "BREAKS")?;
    status_says(&lab, "fault 0")?;
    // The way back into the monolith: its own path does not pass the slow link.
    lab.call(&["route", "orders", "service=0"])?
        .expect(0)?
        .says("monolith 100%, service 0%")?;
    let holds = eventually(SEEN, || {
        lab.call(&["status"])
            .is_ok_and(|ended| !ended.out.contains("BREAKS"))
    });
    ensure!(
        holds,
        "the way back does not help: {:#?}",
        lab.call(&["status"])?
    );
    lab.call(&["flag", "compact-pages", "on"])?
        .expect(0)?
        .says("on (was off)")?;
    lab.call(&["flag", "compact-pages"])?
        .expect(0)?
        .says("on\n")?;
    lab.call(&["inject", "monolith-to-payments", "down", "for=1s"])?
        .expect(0)?;
    lab.call(&["logs", "monolith"])?
        .expect(0)?
        .says("started")?;
    lab.call(&["heal"])?.expect(0)?.says("healed latency 2s")?;
    status_says(&lab, "nothing is injected")?;
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    terminal.shows("2 faults injected, 2 changes at the gateway", START)?;
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    for event in [
        "injected",
        "heal_asked",
        "fault_healed",
        "\"by\":",
        "route orders",
        "closed",
    ] {
        ensure!(journal.contains(event), "no {event} in the journal");
    }
    lab.call(&["report", "last"])?
        .expect(2)?
        .says("latency 2")?
        .says("a sandbox proves nothing")?;
    check_nothing_runs(&lab)
}

fn followed() -> Outcome {
    let lab = Lab::new()?;
    let mut terminal = up(&lab, 100)?;
    let tap = |arguments: &[&str]| lab.call(&[&["tap", "orders-to-payments"], arguments].concat());
    let text = tap(&["--count", "2"])?.expect(0)?;
    let text = text.says("time (UTC)")?.says("POST")?;
    ensure!(text.out.lines().count() == 3, "{}", text.out);
    lab.call(&["rate", "30/s"])?.expect(0)?.says("30/s (was ")?;
    lab.call(&["inject", "orders -> payments", "http_status", "status=503"])?
        .expect(0)?;
    let mut failed = false;
    for _ in 0..20 {
        for line in tap(&["--count", "5", "--format", "json"])?
            .expect(0)?
            .out
            .lines()
        {
            let told: serde_json::Value = serde_json::from_str(line)?;
            ensure!(told["event"] == "request", "{line}");
            let took = told["took_us"].as_u64();
            ensure!(told["first_byte_us"].as_u64() <= took, "{line}");
            ensure!(told["bytes_up"].as_u64() > Some(0), "{line}");
            failed |= told["status"] == 503 && told["attempt"].is_u64();
        }
        if failed {
            break;
        }
    }
    ensure!(failed, "no reply of the fault was followed");
    // A reader that goes, and Ctrl-C in another terminal: neither is noticed by the run.
    let mut piped = lab.command(&["tap", "orders-to-payments"]);
    piped.stdout(std::process::Stdio::piped());
    let mut piped = piped.spawn()?;
    drop(piped.stdout.take());
    let piped = std::cell::RefCell::new(piped);
    let ended = || matches!(piped.borrow_mut().try_wait(), Ok(Some(_)));
    let over = eventually(SEEN, ended);
    ensure!(over, "a closed pipe does not end it");
    let code = piped.borrow_mut().wait()?.code();
    ensure!(code == Some(0), "a closed pipe is an error");
    let mut second = Terminal::start(&lab, 100, &["tap", "client -> gateway"])?;
    second.shows("GET", START)?;
    second.press(INTERRUPT)?;
    second.ended(START)?;
    // And one that the end of the run ends.
    let mut last = Terminal::start(&lab, 100, &["tap", "client -> gateway"])?;
    last.shows("GET", START)?;
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    ensure!(last.ended(START)? == 0, "{}", last.screen());
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    for event in ["rate_asked", "load_changed"] {
        ensure!(journal.contains(event), "no {event} in the journal");
    }
    lab.call(&["report", "last"])?
        .expect(2)?
        .says("asked for 30/s")?;
    check_nothing_runs(&lab)
}

fn sealed() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["plan", "sealed-answers"])?
        .expect(0)?
        .says("TLS ends in the proxy and begins again: orders → payments")?;
    let mut terminal = Terminal::start(&lab, 100, &["up", "sealed-answers"])?;
    terminal.shows("sandbox", START)?;
    let tapped = || -> Result<String, Failed> {
        let tap = [
            "tap",
            "orders-to-payments",
            "--count",
            "4",
            "--format",
            "json",
        ];
        Ok(lab.call(&tap)?.expect(0)?.out)
    };
    let good = tapped()?;
    ensure!(good.contains("\"path\":\"/charges\""), "{good}");
    ensure!(!good.contains("\"event\":\"connection\""), "{good}");
    let inject = |fault: &[&str]| lab.call(&[&["inject", "orders-to-payments"], fault].concat());
    inject(&["http_status", "status=503"])?.expect(0)?;
    inject(&["postgres_read_only"])?
        .expect(3)?
        .says("needs PostgreSQL")?;
    let answered = || tapped().is_ok_and(|told| told.contains("\"status\":503"));
    ensure!(eventually(SEEN, answered), "{}", tapped()?);
    // Who shakes hands now is shown another certificate, and has no request to tell of.
    inject(&["tls_expired"])?.expect(0)?;
    status_says(&lab, "fault 1")?;
    lab.call(&["heal"])?.expect(0)?;
    let healed = || tapped().is_ok_and(|told| !told.contains("\"status\":503"));
    ensure!(eventually(SEEN, healed), "{}", tapped()?);
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    check_nothing_runs(&lab)
}

fn mistakes() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["status"])?
        .expect(3)?
        .says("no system is running")?
        .says("lab up shop")?;
    lab.call(&["up", "shopp"])?.expect(3)?;
    lab.call(&["up", "shop", "--with", "orders.timeot=1s"])?
        .expect(3)?
        .says("orders.timeout")?;
    let mut terminal = up(&lab, 120)?;
    let inject = |arguments: &[&str]| lab.call(&[&["inject"], arguments].concat())?.expect(3);
    inject(&["orders -> paymets", "latency", "delay=2s"])?.says("orders -> payments")?;
    inject(&["orders -> payments", "latncy", "delay=2s"])?.says("latency")?;
    inject(&["orders -> payments", "latency", "delay=soon"])?.says("spec::bad-value")?;
    inject(&["orders -> payments", "latency"])?.says("adds nothing")?;
    inject(&["orders -> payments", "latency", "delay"])?.says("write NAME=VALUE")?;
    lab.call(&["heal", "7"])?
        .expect(3)?
        .says("no fault 7 is injected")?;
    lab.call(&["route", "order", "service=5"])?
        .expect(3)?
        .says("did you mean `orders`?")?;
    lab.call(&["route", "orders", "service=many"])?
        .expect(3)?
        .says("UPSTREAM=PERCENT")?;
    lab.call(&["flag", "compact-page", "on"])?
        .expect(3)?
        .says("compact-pages")?;
    lab.call(&["tap", "orders -> paymets"])?
        .expect(3)?
        .says("orders -> payments")?;
    lab.call(&["tap", "orders"])?
        .expect(3)?
        .says("is no link")?;
    lab.call(&["rate", "fast"])?.expect(3)?.says("150/s")?;
    lab.call(&["logs", "nobody"])?.expect(3)?.says("there is")?;
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    check_nothing_runs(&lab)
}

fn first_killed() -> Outcome {
    let lab = Lab::new()?;
    let mut terminal = up(&lab, 80)?;
    lab.call(&["inject", "orders -> payments", "latency", "delay=1s"])?
        .expect(0)?;
    terminal.kill()?;
    check_nothing_runs(&lab)?;
    lab.call(&["status"])?
        .expect(3)?
        .says("no system is running")?;
    Ok(())
}

fn second_killed() -> Outcome {
    let lab = Lab::new()?;
    let mut terminal = up(&lab, 80)?;
    let mut second = Terminal::start(&lab, 80, &["logs", "--follow"])?;
    second.shows("started", START)?;
    second.kill()?;
    status_says(&lab, "holds")?;
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    check_nothing_runs(&lab)
}

fn closed() -> Outcome {
    let lab = Lab::new()?;
    let mut terminal = up(&lab, 80)?;
    terminal.close();
    terminal.ended(START)?;
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    ensure!(journal.contains("\"closed\""), "the journal was not closed");
    check_nothing_runs(&lab)
}

fn completed() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["completions", "bash"])?
        .expect(0)?
        .says("COMPLETE")?;
    let mut terminal = up(&lab, 80)?;
    lab.call(&["inject", "orders -> payments", "latency", "delay=1s"])?
        .expect(0)?;
    let check = |words: &[&str], expected: &str| {
        let mut command = lab.command(&[]);
        command.arg("--").args(words).env("COMPLETE", "bash");
        command.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
        command
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_COMP_TYPE", "9");
        let ended: crate::lab::Ended = command.output()?.into();
        ended.says(expected).map(drop)
    };
    check(&["lab", "inject", "orders-to-p"], "orders-to-payments")?;
    check(&["lab", "inject", "orders-to-payments", "lat"], "latency")?;
    check(&["lab", "heal", ""], "0")?;
    check(&["lab", "route", "ord"], "orders")?;
    check(&["lab", "route", "orders", "ser"], "service=")?;
    check(&["lab", "tap", "orders-to-p"], "orders-to-payments")?;
    check(&["lab", "flag", ""], "compact-pages")?;
    check(&["lab", "logs", "pay"], "payments")?;
    terminal.press(INTERRUPT)?;
    ensure!(terminal.ended(START)? == 0, "{}", terminal.screen());
    check_nothing_runs(&lab)
}
