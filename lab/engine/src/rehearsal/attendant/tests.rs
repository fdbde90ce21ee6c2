//! A run that obeys, a seat that speaks, and paused time.

use std::sync::{Arc, Mutex};

use lab_model::exercise::{Exercise, Solution};
use lab_model::load::{LoadReport, Slot};
use lab_model::rehearsal::{Answer as Right, Situation};
use lab_model::{Histogram, Name, Span};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{interval, sleep};

use super::*;
use crate::desk::desk;
use crate::scripted;

/// The run: it arms what is injected, and each second a hundred arrivals end, all of them bad while
/// something is armed and nobody has helped.
struct World {
    orders: Orders,
    records: UnboundedSender<Record>,
    log: Arc<Mutex<Vec<String>>>,
    /// From the first fault until somebody has helped.
    helped_after: Option<Duration>,
}

impl World {
    async fn run(mut self) {
        let begun = Instant::now();
        let mut ticks = interval(Duration::from_secs(1));
        let (mut armed, mut first, mut second) = (false, None, 0);
        self.send(begun, Event::LoadStarted);
        self.send(begun, Event::PhaseStarted { phase: 1 });
        loop {
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => {
                    let (word, event) = match &order.command {
                        Command::Inject(fault) => {
                            armed = true;
                            first.get_or_insert_with(Instant::now);
                            let what = fault.clone();
                            let by = GRADER.to_owned();
                            self.send(begun, Event::Injected { fault: 0, what, by });
                            ("injected".to_owned(), Some(Event::FaultArmed { fault: 0 }))
                        }
                        Command::Heal(_) => {
                            armed = false;
                            ("healed".to_owned(), Some(Event::FaultHealed { fault: 0 }))
                        }
                        Command::Note(RehearsalEvent::Said { saying, .. }) => {
                            let Command::Note(event) = &order.command else { return };
                            (format!("{saying:?}"), Some(Event::Rehearsal(event.clone())))
                        }
                        Command::Note(event) => {
                            let word = match event {
                                RehearsalEvent::Opened(_) => "opened",
                                RehearsalEvent::Seated => "seated",
                                RehearsalEvent::Replayed => "replayed",
                                RehearsalEvent::Judged => "judged",
                                _ => "?",
                            };
                            (word.to_owned(), Some(Event::Rehearsal(event.clone())))
                        }
                        other => (format!("{other:?}"), None),
                    };
                    self.log.lock().unwrap().push(word);
                    if let Some(event) = event {
                        self.send(begun, event);
                    }
                    let over = order.command == Command::Finish;
                    let _ = order.reply.send(Ok(Answer::Injected(0)));
                    if over {
                        return;
                    }
                }
                _ = ticks.tick() => {
                    let helped = first
                        .zip(self.helped_after)
                        .is_some_and(|(at, after)| at.elapsed() >= after);
                    let bad = if armed && !helped { 100 } else { 0 };
                    self.send(begun, Event::Load(report(second, bad)));
                    second += 1;
                }
            }
        }
    }

    fn send(&self, begun: Instant, event: Event) {
        let at = begun.elapsed().into();
        let _ = self.records.send(Record { at, event });
    }
}

fn report(second: u32, bad: u64) -> LoadReport {
    let slot = Slot {
        phase: 1,
        second,
        journey: Name::new("visit").unwrap(),
        due: 100,
        good: 100 - bad,
        bad,
        unsent: 0,
        over: vec![],
        from_intended: Histogram::new(),
        from_sent: Histogram::new(),
        lag: Histogram::new(),
    };
    LoadReport {
        slots: vec![slot],
        ..LoadReport::default()
    }
}

fn sitting(training: bool, limit: u64) -> Sitting {
    let faults = scripted::plan().faults;
    let solution = Solution {
        name: Name::new("help").unwrap(),
        commands: "help\n".to_owned(),
    };
    Sitting {
        rehearsal: Rehearsal {
            runbook: Name::new("scripted").unwrap(),
            digest: String::new(),
            situation: Situation::OwnFault,
            touches: vec![],
            protects: vec![],
            targets: vec![],
            forbids: vec![],
            answer: Right::default(),
            order: vec![],
            messages: vec![],
            mitigated: Span::from_secs(5),
            recovered: Span::from_secs(10),
            seat: Some(Box::new(Seat {
                exercise: Exercise {
                    hints: vec!["look".to_owned(), "look there".to_owned()],
                    solutions: vec![solution],
                    ..Exercise::default()
                },
                limit: Span::from_secs(limit),
                training,
                hidden: false,
                program: false,
            })),
        },
        faults,
        calm: Duration::from_secs(3),
    }
}

/// What somebody says, and what is answered.
#[derive(Clone)]
struct Voice(Counter);

impl Voice {
    async fn ask(&self, command: Command) -> Result<Answer, String> {
        let (reply, answer) = oneshot::channel();
        let by = "ada".to_owned();
        self.0.send(Order { by, command, reply }).unwrap();
        let answer = answer.await.map_err(|_| "over".to_owned())?;
        answer.map_err(|refusal| refusal.message)
    }

    async fn say(&self, saying: Saying) -> Result<String, String> {
        match self.ask(Command::Say(saying)).await? {
            Answer::Said(answer) => Ok(answer),
            other => Err(format!("{other:?}")),
        }
    }
}

/// Holds a sitting in which somebody does something; what the run heard.
async fn hold<F: Future<Output = ()>>(
    sitting: Sitting,
    helped_after: Option<u64>,
    person: impl FnOnce(Voice, oneshot::Sender<()>) -> F,
) -> (Vec<String>, Duration) {
    let (counter, orders) = desk();
    let (seat, asked) = desk();
    let (sender, records) = unbounded_channel();
    let log = Arc::new(Mutex::new(Vec::new()));
    let world = World {
        orders,
        records: sender,
        log: Arc::clone(&log),
        helped_after: helped_after.map(Duration::from_secs),
    };
    let (left, leaves) = oneshot::channel();
    let (ready, is_ready) = oneshot::channel();
    let (over, is_over) = oneshot::channel();
    let plan = scripted::open_plan();
    let attendant = Attendant::new(plan, sitting, counter, records, asked, leaves).unwrap();
    let begun = Instant::now();
    let (attended, (), ()) = tokio::join!(attendant.attend(ready, over), world.run(), async {
        assert!(!is_ready.await.unwrap().is_empty());
        person(Voice(seat), left).await;
        let _ = is_over.await;
    });
    attended.unwrap();
    let log = log.lock().unwrap().clone();
    (log, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_cause_comes_again_once_users_are_served() {
    let person = |voice: Voice, left| async move {
        sleep(Duration::from_secs(10)).await;
        let declare = |component: &str| Saying::Declare {
            component: component.to_owned(),
            symptom: "Errors".to_owned(),
        };
        assert!(voice.say(declare("stroe")).await.is_err());
        voice.say(declare("web-to-store")).await.unwrap();
        assert_eq!(
            voice.say(Saying::Done).await.unwrap(),
            "the lab looks for itself now"
        );
        assert!(voice.say(Saying::Hint).await.is_err());
        drop(left);
    };
    let (log, took) = hold(sitting(false, 300), Some(8), person).await;
    let said = "Declare { component: \"web -> store\", symptom: \"errors\" }";
    let expected = [
        "opened", "seated", "injected", said, "Done", "healed", "replayed", "injected", "judged",
        "Finish",
    ];
    assert_eq!(log, expected);
    assert!(
        took > Duration::from_secs(25) && took < Duration::from_secs(40),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_absent_is_not_waited_for_and_who_gives_up_neither() {
    let absent = |_: Voice, left: oneshot::Sender<()>| async move {
        sleep(Duration::from_secs(100)).await;
        drop(left);
    };
    let (log, took) = hold(sitting(false, 20), None, absent).await;
    assert_eq!(log[..3], ["opened", "seated", "injected"]);
    assert!(
        log[3].contains("time is up") && log[4..] == ["judged", "Finish"],
        "{log:?}"
    );
    assert!(
        took > Duration::from_secs(90),
        "the person is waited for, not the lab"
    );
    let quitter = |voice: Voice, left: oneshot::Sender<()>| async move {
        sleep(Duration::from_secs(9)).await;
        voice.say(Saying::GiveUp).await.unwrap();
        drop(left);
    };
    let (log, took) = hold(sitting(false, 300), None, quitter).await;
    assert_eq!(log[2..], ["injected", "GiveUp", "judged", "Finish"]);
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_run_itself_is_out_of_reach() {
    let fault = scripted::plan().faults.remove(0);
    let person = |voice: Voice, left: oneshot::Sender<()>| async move {
        for command in [
            Command::Inject(Box::new(fault)),
            Command::Heal(None),
            Command::Finish,
            Command::Note(RehearsalEvent::Judged),
        ] {
            let refused = voice.ask(command).await.unwrap_err();
            assert!(refused.contains("belong to the lab"), "{refused}");
        }
        drop(left);
    };
    let (log, _) = hold(sitting(false, 300), None, person).await;
    assert_eq!(log, ["opened", "seated", "Left", "judged", "Finish"]);
}

#[tokio::test(start_paused = true)]
async fn hints_run_out_and_the_clock_stands_in_a_training_alone() {
    let person = |voice: Voice, left: oneshot::Sender<()>| async move {
        assert!(
            voice
                .say(Saying::Pause)
                .await
                .unwrap_err()
                .contains("goes on")
        );
        assert_eq!(voice.say(Saying::Hint).await.unwrap(), "look");
        assert_eq!(voice.say(Saying::Hint).await.unwrap(), "look there");
        assert!(voice.say(Saying::Hint).await.is_err());
        assert_eq!(voice.say(Saying::Solution).await.unwrap(), "# help\nhelp");
        drop(left);
    };
    hold(sitting(false, 300), None, person).await;
    let person = |voice: Voice, left: oneshot::Sender<()>| async move {
        voice.say(Saying::Pause).await.unwrap();
        sleep(Duration::from_secs(60)).await;
        voice.say(Saying::Resume).await.unwrap();
        sleep(Duration::from_secs(10)).await;
        voice.say(Saying::GiveUp).await.unwrap();
        drop(left);
    };
    let (log, _) = hold(sitting(true, 20), None, person).await;
    assert!(
        log.contains(&"GiveUp".to_owned()),
        "the pause counted: {log:?}"
    );
}
