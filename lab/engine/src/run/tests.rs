//! Whole runs on doubles, in paused time.

use std::time::Duration;

use lab_model::event::{Event, ServiceState};
use lab_model::{Journal, Plan};

use crate::desk::{Answer, Command, Counter, Order, Refusal, desk};
use crate::scripted::{Played, Script, open_plan, plan, plan_with_abort, play, play_with};
use crate::stop::Stop;

fn journal(played: &Played) -> Journal {
    let journal = Journal::read(&played.journal).unwrap();
    assert!(journal.is_complete(), "{:?}", journal.damage);
    journal
}

/// Plays a plan while someone asks for the end after each of these times.
async fn play_with_stops(plan: Plan, script: Script, after: &[u64]) -> Played {
    let stop = Stop::new();
    let asking = stop.clone();
    let mut times = after.to_vec();
    times.sort_unstable();
    let asker = tokio::spawn(async move {
        let begun = tokio::time::Instant::now();
        for millis in times {
            tokio::time::sleep_until(begun + Duration::from_millis(millis)).await;
            asking.ask(2);
        }
    });
    let played = play(plan, script, stop).await;
    asker.abort();
    played
}

fn has(played: &Played, entry: &str) -> bool {
    played.log.iter().any(|line| line == entry)
}

/// What was applied is healed, what was opened is stopped, and the journal is closed.
fn check_nothing_left(played: &Played) {
    let count = |start: &str| {
        played
            .log
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    };
    assert_eq!(count("apply"), count("heal"), "{:?}", played.log);
    assert_eq!(
        count("open environment"),
        count("stop environment"),
        "{:?}",
        played.log
    );
    assert_eq!(
        count("prepare load"),
        count("stop load"),
        "{:?}",
        played.log
    );
}

#[tokio::test(start_paused = true)]
async fn a_whole_run() {
    let played = play(plan(), Script::default(), Stop::new()).await;
    assert_eq!(played.outcome, Ok(()));
    let expected = [
        "open environment",
        "proxy on client -> web",
        "proxy on web -> store",
        "launch store calling []",
        "connect web -> store to store:80",
        "launch web calling [\"store\"]",
        "connect client -> web to web:80",
        "prepare load on [\"web\"]",
        "start load",
        "apply down",
        "heal 0",
        "stop load",
        "stop environment Orderly",
        "close proxies",
    ];
    assert_eq!(played.log, expected);
    let journal = journal(&played);
    let zero = journal
        .records
        .iter()
        .find(|r| r.event == Event::LoadStarted)
        .unwrap()
        .at;
    let since_zero = |wanted: &Event| -> Vec<u64> {
        let found = journal
            .records
            .iter()
            .filter(|record| &record.event == wanted);
        found
            .map(|record| record.at.minus(zero).as_micros())
            .collect()
    };
    assert_eq!(since_zero(&Event::FaultArmed { fault: 0 }), [4_000_000]);
    assert_eq!(since_zero(&Event::FaultHealed { fault: 0 }), [8_000_000]);
    assert_eq!(since_zero(&Event::PhaseStarted { phase: 3 }), [8_000_000]);
    assert!(
        journal
            .events()
            .any(|event| event == &Event::Gate { broken: vec![] })
    );
    let times: Vec<_> = journal.records.iter().map(|record| record.at).collect();
    assert!(times.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_baseline_injects_nothing() {
    let script = Script {
        bad: vec![0.0, 0.3],
        ..Script::default()
    };
    let played = play(plan(), script, Stop::new()).await;
    check_nothing_left(&played);
    assert!(!has(&played, "apply down"));
    let journal = journal(&played);
    assert!(
        journal
            .events()
            .any(|event| event == &Event::Gate { broken: vec![0] })
    );
    assert!(
        !journal
            .events()
            .any(|event| event == &Event::PhaseStarted { phase: 2 })
    );
}

#[tokio::test(start_paused = true)]
async fn a_fault_found_gone_is_said_once() {
    let removed_after = Some(Duration::from_millis(1_200));
    let played = play(
        plan(),
        Script {
            removed_after,
            ..Script::default()
        },
        Stop::new(),
    )
    .await;
    check_nothing_left(&played);
    let journal = journal(&played);
    let lost = journal
        .events()
        .filter(|event| matches!(event, Event::FaultLost { .. }));
    assert_eq!(lost.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_abort_condition_stops_heals_and_tears_down() {
    let script = Script {
        bad: vec![0.0, 0.0, 0.9],
        ..Script::default()
    };
    let played = play(plan_with_abort(), script, Stop::new()).await;
    check_nothing_left(&played);
    let journal = journal(&played);
    assert!(
        journal
            .events()
            .any(|event| event == &Event::Aborted { condition: 0 })
    );
    assert!(
        !journal
            .events()
            .any(|event| event == &Event::PhaseStarted { phase: 3 })
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_never_ready_is_named_with_its_last_lines() {
    let script = Script {
        never_ready: Some("web"),
        ..Script::default()
    };
    let played = play(plan(), script, Stop::new()).await;
    check_nothing_left(&played);
    let journal = journal(&played);
    let failed = journal.events().find_map(|event| match event {
        Event::Failed { part, reason } => Some((part.as_str(), reason.as_str())),
        _ => None,
    });
    let expected = "not ready within 2s (connection refused)\ncommand: web\nits last lines:\n  \
                    web says why";
    assert_eq!(failed, Some(("service web", expected)));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_exits_is_not_waited_for() {
    let script = Script {
        exits: Some("store"),
        ..Script::default()
    };
    let played = play(plan(), script, Stop::new()).await;
    check_nothing_left(&played);
    let journal = journal(&played);
    assert!(journal.records.last().unwrap().at.as_secs_f64() < 1.0);
    let status = "exit status: 1".to_owned();
    assert!(journal.events().any(|event| matches!(
        event,
        Event::Service { state: ServiceState::Exited { status: found }, .. } if *found == status
    )));
}

#[tokio::test(start_paused = true)]
async fn at_whatever_moment_the_end_is_asked_for_nothing_is_left() {
    for millis in (0..12_000).step_by(370) {
        let played = play_with_stops(plan(), Script::default(), &[millis]).await;
        check_nothing_left(&played);
        let journal = journal(&played);
        let interrupted = Event::Interrupted { signal: 2 };
        // The load starts 200 ms after the run.
        let ended_first = millis > 11_200;
        assert_eq!(
            journal.events().any(|event| event == &interrupted),
            !ended_first,
            "{millis}"
        );
        assert!(has(&played, "stop environment Orderly"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_request_makes_it_fast() {
    let played = play_with_stops(plan(), Script::default(), &[5_000, 5_100]).await;
    check_nothing_left(&played);
    assert!(has(&played, "stop environment Fast"));
    journal(&played);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_removed_is_named() {
    let script = Script {
        leftover: Some("process 7"),
        heal_fails: true,
        ..Script::default()
    };
    let played = play_with_stops(plan(), script, &[5_000]).await;
    let journal = journal(&played);
    let left = journal.events().find_map(|event| match event {
        Event::CleanedUp { left } => Some(left.clone()),
        _ => None,
    });
    let expected = ["fault on web -> store: proxy: does not answer", "process 7"];
    assert_eq!(left.unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_ends_the_run_and_still_cleans_up() {
    for entries in [1, 5, 20, 40] {
        let script = Script {
            disk_full_at: Some(entries),
            ..Script::default()
        };
        let played = play(plan(), script, Stop::new()).await;
        assert!(played.outcome.is_err());
        check_nothing_left(&played);
    }
}

/// Hands in an order and waits for its answer.
async fn ask(counter: &Counter, command: Command) -> Result<Answer, Refusal> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    let by = "ada".to_owned();
    counter.send(Order { by, command, reply }).unwrap();
    answer.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_takes_orders_and_ends_when_asked() {
    let (counter, orders) = desk();
    let stop = Stop::new();
    let asking = stop.clone();
    let mut fault = plan().faults[0].clone();
    let asker = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        fault.windows = vec![lab_model::plan::Window {
            from: lab_model::Span::ZERO,
            to: lab_model::Span::from_secs(5),
        }];
        let inject = || Command::Inject(Box::new(fault.clone()));
        assert_eq!(ask(&counter, inject()).await, Ok(Answer::Injected(0)));
        let refused = ask(&counter, inject()).await.unwrap_err();
        assert!(
            refused.message.contains("already, as fault 0"),
            "{refused:?}"
        );
        tokio::time::sleep(Duration::from_secs(10)).await;
        let Ok(Answer::Status(status)) = ask(&counter, Command::Status).await else {
            panic!("no status");
        };
        assert!(status.faults.is_empty(), "healed by itself after its time");
        assert_eq!(status.objectives[0].holds, Some(true));
        assert!(status.journeys[0].ended > 0 && status.links.iter().any(|link| link.requests > 0));
        assert_eq!(ask(&counter, inject()).await, Ok(Answer::Injected(1)));
        let Ok(Answer::Healed(healed)) = ask(&counter, Command::Heal(Some(1))).await else {
            panic!("not healed");
        };
        assert_eq!(healed[0].0, 1);
        assert!(
            ask(&counter, Command::Heal(Some(1))).await.is_err(),
            "healed once"
        );
        assert_eq!(
            ask(&counter, Command::Heal(None)).await,
            Ok(Answer::Healed(vec![]))
        );
        let rate = lab_model::Rate::per_second(7.0).unwrap();
        let rated = ask(&counter, Command::Rate(rate)).await;
        assert!(
            matches!(rated, Ok(Answer::Rated { before: Some(_) })),
            "{rated:?}"
        );
        // Left armed: the end heals it.
        assert_eq!(ask(&counter, inject()).await, Ok(Answer::Injected(2)));
        asking.ask(2);
    });
    let played = play_with(open_plan(), Script::default(), stop, Some(orders)).await;
    asker.await.unwrap();
    check_nothing_left(&played);
    let journal = journal(&played);
    assert_eq!(
        journal.opened.plan.faults.len(),
        3,
        "a journal's plan has what was injected"
    );
    let count = |of: fn(&Event) -> bool| journal.events().filter(|event| of(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Injected { .. })), 3);
    assert_eq!(count(|event| matches!(event, Event::FaultArmed { .. })), 3);
    assert_eq!(count(|event| matches!(event, Event::FaultHealed { .. })), 3);
    assert_eq!(
        count(|event| matches!(event, Event::HealAsked { fault: 1, .. })),
        1
    );
    let asked = |event: &Event| matches!(event, Event::RateAsked { by, .. } if by == "ada");
    let changed = |event: &Event| matches!(event, Event::LoadChanged { .. });
    let places = [
        journal.events().position(asked),
        journal.events().position(changed),
    ];
    assert!(places[0].is_some() && places[0] < places[1], "{places:?}");
    let verdict = lab_verdict::judge(&journal);
    assert_eq!(verdict.call, lab_verdict::outcome::Call::Inconclusive);
    assert!(
        verdict
            .reasons
            .iter()
            .any(|reason| reason.code == "run::open-ended")
    );
}

#[tokio::test(start_paused = true)]
async fn figures_are_read_while_the_load_runs() {
    let mut plan = plan();
    plan.indicators.push(lab_model::indicator::Indicator {
        name: plan.scenario.clone(),
        promise: lab_model::indicator::Promise::Invariant {
            must: lab_model::indicator::Must::AtMost(100.0),
        },
        sources: vec![],
        every: lab_model::Span::from_millis(500),
        during: vec![2],
    });
    let played = play(plan, Script::default(), Stop::new()).await;
    check_nothing_left(&played);
    assert!(has(&played, r#"read scripted of ["store", "web"]"#));
    let journal = journal(&played);
    let events = journal.events();
    let read = events.filter(|event| matches!(event, Event::Reading(_)));
    assert_eq!(read.count(), 22, "eleven seconds, two a second");
}

#[tokio::test(start_paused = true)]
async fn a_decided_verdict_ends_the_run() {
    let script = Script {
        bad: vec![0.0, 0.0, 0.9],
        ..Script::default()
    };
    let mut plan = plan();
    plan.phases[2].length = lab_model::Span::from_secs(40);
    plan.faults[0].windows[0].to = plan.phases[2].end();
    plan.phases[3].start = plan.phases[2].end();
    plan.early_stop = Some(lab_model::Span::from_secs(10));
    let played = play(plan, script, Stop::new()).await;
    check_nothing_left(&played);
    let journal = journal(&played);
    let decided = journal.events().find_map(|event| match event {
        Event::Decided { phase, seconds } => Some((*phase, *seconds)),
        _ => None,
    });
    let (phase, seconds) = decided.unwrap();
    assert!(phase == 2 && seconds < 40, "{seconds}");
    let begun = Event::PhaseStarted { phase: 3 };
    assert!(!journal.events().any(|event| event == &begun));
}
