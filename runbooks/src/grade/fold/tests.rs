//! A journal written by hand, and what is read from it.

use lab_model::event::{Opened, ServiceState};
use lab_model::exercise::Saying;
use lab_model::ledger::LedgerReport;
use lab_model::load::{LoadReport, Slot};
use lab_model::objective::{Objective, Promise};
use lab_model::plan::{Effect, Fault, Phase, PhaseKind, Window};
use lab_model::rehearsal::{Answer, BlockEnd, RehearsalEvent, Target};
use lab_model::system::System;
use lab_model::toxic::Direction;
use lab_model::traffic::{Arrivals, Journey, Load, Step};
use lab_model::{Event, Histogram, Link, Name, Plan, Rate, Ratio, Record, Span};

use super::*;
use crate::grade::{GateName, GateState, Grade, Verdict, grade};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn percent(text: &str) -> Ratio {
    text.parse().unwrap()
}

/// 50 visits a second of which 99 % must succeed; a route that leads to `new` and can lead to `old`.
fn plan() -> Plan {
    let gateway: lab_model::gateway::Gateway = serde_json::from_value(serde_json::json!({
        "name": "gateway", "keepalive": true,
        "routes": [{ "name": "shop", "path": "/", "upstreams": [
            { "name": "old", "to": "old", "share": "0%" }, { "name": "new", "to": "new", "share": "100%" },
        ]}],
    }))
    .unwrap();
    let step = Step::new(name("get"), name("gateway"), "GET", "/", Span::from_secs(1));
    let phase = |text: &str, kind, start, length| Phase {
        name: name(text),
        kind,
        start: Span::from_secs(start),
        length: Span::from_secs(length),
    };
    let link: Link = "gateway -> new".parse().unwrap();
    Plan {
        scenario: name("broken"),
        hypothesis: String::new(),
        lesson: String::new(),
        tags: vec![],
        seed: 1,
        system: System {
            name: name("shop"),
            services: vec![],
            links: vec![link.clone()],
            tls: Vec::new(),
            gateway: Some(gateway),
            settings: [].into(),
        },
        load: Load::new(
            vec![Journey::new(name("visit"), 1, vec![step])],
            Arrivals::Constant {
                rate: Rate::per_second(50.0).unwrap(),
            },
        ),
        toxiproxy: None,
        phases: vec![
            phase("baseline", PhaseKind::Baseline, 0, 2),
            phase("incident", PhaseKind::Open, 2, 600),
        ],
        faults: vec![Fault {
            kind: name("refuse"),
            summary: "refuse".to_owned(),
            link,
            direction: Direction::default(),
            toxicity: percent("100%"),
            phase: 1,
            windows: vec![Window {
                from: Span::ZERO,
                to: Span::from_secs(600),
            }],
            primitives: vec![],
            effect: Effect::Refuse,
            undo: String::new(),
        }],
        objectives: vec![Objective {
            of: name("visit"),
            promise: Promise::Availability {
                at_least: percent("99%"),
            },
            during: vec![0, 1],
        }],
        comparisons: vec![],
        indicators: vec![],
        patterns: vec![],
        ledgers: vec![],
        abort: vec![],
        early_stop: None,
        replay: vec![],
        remedy: vec![],
    }
}

/// A journal in the making; times in milliseconds on its clock, on which the load starts at 1 s.
struct Story(Vec<Record>);

impl Story {
    /// The fault is armed at 4.01 s: in the second of load that begins at 3 s, the incident's
    /// second 1, from which seconds count.
    fn begun() -> Self {
        Self::begun_with(|_| {})
    }

    fn begun_with(change: impl FnOnce(&mut Rehearsal)) -> Self {
        let mut rehearsal = Rehearsal {
            runbook: name("back"),
            digest: String::new(),
            situation: Situation::OwnFault,
            touches: vec![name("shop")],
            protects: vec![],
            targets: vec![Target {
                what: "route shop".to_owned(),
                value: "new 0%".to_owned(),
            }],
            forbids: vec![],
            answer: Answer {
                components: vec!["new".to_owned()],
                symptoms: vec!["errors".to_owned()],
            },
            order: vec![("look".to_owned(), "act".to_owned())],
            messages: vec![],
            mitigated: Span::from_secs(5),
            recovered: Span::from_secs(10),
            seat: None,
        };
        change(&mut rehearsal);
        let mut story = Self(vec![]);
        story.at(1_000, Event::LoadStarted);
        story.at(3_000, Event::PhaseStarted { phase: 1 });
        story.tell(3_010, RehearsalEvent::Opened(Box::new(rehearsal)));
        story.at(4_010, Event::FaultArmed { fault: 0 });
        story
    }

    fn at(&mut self, millis: u64, event: Event) {
        let at = Span::from_millis(millis);
        self.0.push(Record { at, event });
        self.0.sort_by_key(|record| record.at);
    }

    fn tell(&mut self, millis: u64, event: RehearsalEvent) {
        self.at(millis, Event::Rehearsal(event));
    }

    /// Seconds from t0's on: `.` good, `x` all bad. Reported when they are over.
    fn seconds(&mut self, seconds: &str) {
        for (number, second) in (1_u32..).zip(seconds.chars()) {
            let bad = if second == 'x' { 50 } else { 0 };
            let slot = Slot {
                phase: 1,
                second: number,
                journey: name("visit"),
                due: 50,
                good: 50 - bad,
                bad,
                unsent: 0,
                over: vec![],
                from_intended: Histogram::new(),
                from_sent: Histogram::new(),
                lag: Histogram::new(),
            };
            let report = LoadReport {
                slots: vec![slot],
                steps: vec![],
                in_flight: 0,
            };
            self.at(4_000 + 1_000 * u64::from(number), Event::Load(report));
        }
    }

    fn block(&mut self, millis: u64, id: &str, kind: &str, end: BlockEnd, output: &str) {
        let (id, kind, attempt) = (id.to_owned(), kind.to_owned(), 1);
        self.tell(
            millis,
            RehearsalEvent::Block {
                id: id.clone(),
                kind: kind.clone(),
                attempt,
            },
        );
        let output = output.to_owned();
        self.tell(
            millis + 100,
            RehearsalEvent::BlockEnded {
                id,
                kind,
                attempt,
                end,
                output,
            },
        );
    }

    fn route(&mut self, millis: u64, share: &str) {
        let change = lab_model::gateway::GatewayChange {
            by: "back".to_owned(),
            what: "route shop".to_owned(),
            before: String::new(),
            after: share.to_owned(),
        };
        self.at(millis, Event::Gateway(Box::new(change)));
    }

    /// Good handling: routes moved at 7 s, healed at 13 s, again at 15 s, over at 27 s.
    fn handled() -> Self {
        Self::handled_with(|_| {})
    }

    fn handled_with(change: impl FnOnce(&mut Rehearsal)) -> Self {
        let mut story = Self::begun_with(change);
        story.seconds("xxx......................");
        let pass = Pass::First;
        story.tell(6_000, RehearsalEvent::Begun { pass });
        let said = "component: new, symptom: errors";
        story.block(6_100, "look", "diagnose", BlockEnd::Exited(0), said);
        story.block(6_300, "act", "step", BlockEnd::Exited(0), "");
        story.route(6_350, "old 100%, new 0%");
        story.tell(6_500, RehearsalEvent::Ended { pass, failed: None });
        story.at(13_000, Event::FaultHealed { fault: 0 });
        story.tell(15_000, RehearsalEvent::Replayed);
        story.at(15_010, Event::FaultArmed { fault: 1 });
        story.tell(27_000, RehearsalEvent::Judged);
        story
    }

    fn closed(mut self) -> Self {
        self.at(90_000, Event::Closed);
        self
    }

    fn grade(&self) -> Grade {
        let plan = plan();
        let folded = Folded::new(&plan, &self.0).unwrap();
        grade(&folded.evidence().unwrap(), None)
    }
}

#[track_caller]
fn broken(grade: &Grade, gate: GateName) {
    let found = grade.gates.iter().find(|one| one.name == gate).unwrap();
    assert!(
        matches!(found.state, GateState::Broken { .. }),
        "{grade:#?}"
    );
    assert_eq!((grade.verdict, grade.score.total), (Verdict::Fail, 0.0));
}

#[test]
fn a_good_handling_is_read_off_its_journal() {
    let grade = Story::handled().closed().grade();
    assert_eq!(grade.verdict, Verdict::Pass, "{grade:#?}");
    let clocks = grade.clocks;
    let seconds = |at| Some(Span::from_secs(at));
    assert_eq!(clocks.impact, seconds(0));
    assert_eq!(clocks.mitigate, seconds(3));
    assert_eq!(clocks.detect, Some(Span::from_millis(2_190)));
    assert_eq!(clocks.recover, seconds(12));
    assert!((clocks.excess - 3.0 * 49.0).abs() < 1e-9);
}

#[test]
fn the_same_journal_gives_the_same_grade() {
    assert_eq!(
        Story::handled().closed().grade(),
        Story::handled().closed().grade()
    );
}

#[test]
fn a_run_without_an_end_is_not_judged() {
    assert_eq!(Story::handled().grade().verdict, Verdict::Unknown);
}

#[test]
fn nobody_served_is_a_broken_gate() {
    let mut story = Story::begun();
    story.seconds("xxxxxxxxxxxxxxx");
    story.tell(19_000, RehearsalEvent::Judged);
    broken(&story.closed().grade(), GateName::Cause);
}

#[test]
fn what_was_tampered_with_is_found() {
    let check = |change: &dyn Fn(&mut Story), gate| {
        let mut story = Story::handled();
        change(&mut story);
        broken(&story.closed().grade(), gate);
    };
    let lost = |found: &str| Event::FaultLost {
        fault: 0,
        found: found.to_owned(),
    };
    check(
        &|story| story.at(8_000, lost("nothing")),
        GateName::Untouched,
    );
    let asked = || Event::HealAsked {
        fault: 0,
        by: "mallory".to_owned(),
    };
    check(&|story| story.at(8_000, asked()), GateName::Untouched);
    let rate = Rate::per_second(1.0).unwrap();
    let from = Span::from_secs(5);
    check(
        &|story| story.at(8_000, Event::LoadChanged { from, rate }),
        GateName::Untouched,
    );
    let failed = || Event::Failed {
        part: "load".to_owned(),
        reason: "the generator ended without its last report".to_owned(),
    };
    check(&|story| story.at(8_000, failed()), GateName::Untouched);
    let tampered = || LedgerReport {
        tampered: true,
        ..LedgerReport::default()
    };
    check(
        &|story| story.at(80_000, Event::Ledger(tampered())),
        GateName::Untouched,
    );
    let gone = || Event::Service {
        name: name("new"),
        state: ServiceState::Exited {
            status: "signal: 9".to_owned(),
        },
    };
    check(&|story| story.at(8_000, gone()), GateName::Load);
}

#[test]
fn undoing_and_running_again_are_told_by_state() {
    let run = |again: &str, undo: &str| {
        let mut story = Story::handled();
        for (at, pass, share) in [(30_000, Pass::Again, again), (40_000, Pass::Undo, undo)] {
            story.tell(at, RehearsalEvent::Begun { pass });
            story.route(at + 10, share);
            story.tell(at + 20, RehearsalEvent::Ended { pass, failed: None });
        }
        let story = story.closed();
        let plan = plan();
        let evidence = Folded::new(&plan, &story.0).unwrap().evidence().unwrap();
        (evidence.changes.rerun_clean, evidence.changes.undo_restores)
    };
    let (moved, before) = ("old 100%, new 0%", "old 0%, new 100%");
    assert_eq!(run(moved, before), (Some(true), Some(true)));
    assert_eq!(run(moved, moved), (Some(true), Some(false)));
    assert_eq!(run(before, before), (Some(false), Some(true)));
}

#[test]
fn opened_journals_read_back() {
    let opened = Opened {
        journal: 1,
        lab: String::new(),
        run: "a".parse().unwrap(),
        wall: String::new(),
        driver: name("processes"),
        plan: plan(),
    };
    let mut text = lab_model::journal::line(&Record {
        at: Span::ZERO,
        event: Event::Opened(Box::new(opened)),
    });
    let story = Story::handled().closed();
    text.extend(story.0.iter().map(lab_model::journal::line));
    let journal = lab_model::Journal::read(text.as_bytes()).unwrap();
    assert_eq!(
        (journal.damage.as_slice(), &journal.records),
        (&[][..], &story.0)
    );
}

/// The same plan with a fault on the service `new` itself, injected twice.
fn inside() -> Plan {
    let mut plan = plan();
    let primitive = serde_json::json!({ "service": { "service": "new", "action": { "kill": { "signal": "KILL" } } } });
    plan.faults[0].primitives = vec![serde_json::from_value(primitive).unwrap()];
    plan.faults.push(plan.faults[0].clone());
    plan
}

/// A killed service that was started again at once, each time that it was killed: `seconds` of the
/// incident, and when the fault was found gone.
fn restarted(seconds: &str, gone: &[(u64, usize)]) -> Grade {
    let mut story = Story::begun_with(|rehearsal| {
        rehearsal.targets.clear();
        rehearsal.touches.push(name("new"));
    });
    story.seconds(seconds);
    for (at, pass) in [(6_000, Pass::First), (17_000, Pass::Replay)] {
        story.tell(at, RehearsalEvent::Begun { pass });
        let restarted = Event::Restarted {
            service: name("new"),
            by: "back".to_owned(),
            problem: None,
        };
        story.at(at + 100, restarted);
        story.tell(at + 500, RehearsalEvent::Ended { pass, failed: None });
    }
    for (at, fault) in gone {
        let found = "it runs".to_owned();
        story.at(
            *at,
            Event::FaultLost {
                fault: *fault,
                found,
            },
        );
    }
    story.tell(15_000, RehearsalEvent::Replayed);
    story.at(15_010, Event::FaultArmed { fault: 1 });
    story.tell(29_000, RehearsalEvent::Judged);
    let (plan, story) = (inside(), story.closed());
    let folded = Folded::new(&plan, &story.0).unwrap();
    grade(&folded.evidence().unwrap(), None)
}

#[test]
fn what_lies_in_the_system_must_be_gone_each_time() {
    let served = "xxx........xxx............";
    let both = [(6_500, 0), (17_500, 1)];
    let handled = restarted(served, &both);
    assert_eq!(handled.verdict, Verdict::Pass, "{handled:#?}");
    assert_eq!(handled.clocks.recover, Some(Span::from_secs(14)));
    // It was gone once, and came back for good.
    broken(&restarted(served, &both[..1]), GateName::Cause);
    // Nobody was served again after it had come back.
    broken(
        &restarted("xxx........xxxxxxxxxxxxxxx", &both),
        GateName::Cause,
    );
}

#[test]
fn a_store_that_lacks_something_never_settles() {
    let check = |missing, problem: Option<&str>, expected| {
        let target = Target {
            what: "ledger orders".to_owned(),
            value: "old".to_owned(),
        };
        let wanted = target.clone();
        let mut story = Story::handled_with(|rehearsal| rehearsal.targets.push(wanted));
        story.tell(
            26_990,
            RehearsalEvent::Books {
                target,
                acknowledged: 500,
                missing,
                problem: problem.map(str::to_owned),
            },
        );
        let grade = story.closed().grade();
        assert_eq!(grade.verdict, expected, "{grade:#?}");
    };
    check(0, None, Verdict::Pass);
    check(1, None, Verdict::Fail);
    check(0, Some("nobody answers"), Verdict::Fail);
}

#[test]
fn what_nobody_may_do_is_found_in_the_history() {
    let forbidden = Target {
        what: "route shop".to_owned(),
        value: "old 50%".to_owned(),
    };
    let mut story = Story::handled_with(|rehearsal| rehearsal.forbids.push(forbidden));
    assert_eq!(
        Story(story.0.clone()).closed().grade().verdict,
        Verdict::Pass
    );
    story.route(6_320, "old 50%, new 50%");
    broken(&story.closed().grade(), GateName::Permitted);
    let mut story = Story::handled();
    let restarted = Event::Restarted {
        service: name("old"),
        by: "back".to_owned(),
        problem: None,
    };
    story.at(8_000, restarted);
    broken(&story.closed().grade(), GateName::Permitted);
}

#[test]
fn what_is_said_in_the_seat_counts_and_pauses_do_not() {
    let mut story = Story::begun();
    story.seconds("xxx......................");
    let mut say = |millis: u64, saying: Saying| {
        let by = "ada".to_owned();
        story.tell(millis, RehearsalEvent::Said { by, saying });
    };
    let declare = |component: &str| Saying::Declare {
        component: component.to_owned(),
        symptom: "errors".to_owned(),
    };
    say(3_500, declare("new"));
    say(5_000, Saying::Pause);
    say(6_000, declare("old"));
    say(7_000, Saying::Resume);
    say(8_000, declare("new"));
    say(9_000, Saying::Hint);
    story.route(9_500, "old 100%, new 0%");
    story.at(13_000, Event::FaultHealed { fault: 0 });
    story.tell(15_000, RehearsalEvent::Replayed);
    story.at(15_010, Event::FaultArmed { fault: 1 });
    story.tell(27_000, RehearsalEvent::Judged);
    let story = story.closed();
    let plan = plan();
    let folded = Folded::new(&plan, &story.0).unwrap();
    let evidence = folded.evidence().unwrap();
    let right: Vec<bool> = evidence
        .declarations
        .iter()
        .map(|one| one.correct)
        .collect();
    // What is declared before it happens is a guess.
    assert_eq!(right, [false, false, true]);
    assert_eq!((evidence.hints, evidence.solution_used), (1, false));
    let clocks = crate::grade::Clocks::of(&evidence);
    let seconds = |at| Some(Span::from_secs(at));
    assert_eq!((clocks.impact, clocks.mitigate), (seconds(0), seconds(1)));
    assert_eq!(clocks.detect, Some(Span::from_millis(1_990)));
    assert_eq!(clocks.recover, seconds(10));
    let load = folded.evidence().unwrap().load;
    assert_eq!(load.completed_after, Some(1.0), "figures know no pause");
    assert_eq!(folded.paged(), None);
}

#[test]
fn a_fast_burn_pages() {
    let mut story = Story::begun();
    story.seconds("xxxxxxxxxxxxxxxxxxxx");
    story.tell(24_000, RehearsalEvent::Judged);
    let story = story.closed();
    let plan = plan();
    let folded = Folded::new(&plan, &story.0).unwrap();
    // 14.4 times 1 % of the 3,000 visits of a minute, at 50 a second.
    assert_eq!(folded.paged(), Some(Span::from_secs(9)));
}
