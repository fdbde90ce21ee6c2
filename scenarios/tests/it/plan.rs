//! What a good file becomes.

use lab_model::plan::PhaseKind;
use lab_model::traffic::Executor;
use lab_model::{Name, Ratio, Span};
use lab_scenarios::{Overrides, catalog, plan};

use crate::text::{GOOD, try_plan, with};

fn overrides(settings: &[&str], seed: Option<u64>) -> Overrides {
    let settings = settings.iter().map(|text| (*text).to_owned()).collect();
    Overrides::new(settings, seed)
}

#[test]
fn every_phase_can_last_a_part_of_its_time() {
    let part = Ratio::new(0.6).unwrap();
    let overrides = Overrides::default().with_lengths(Some(part));
    let plan = plan(catalog::load("slow-payments").unwrap(), &overrides)
        .unwrap()
        .plan;
    let lengths: Vec<Span> = plan.phases.iter().map(|phase| phase.length).collect();
    assert_eq!(lengths, [3, 9, 18, 15].map(Span::from_secs));
    assert!(plan.replay.contains(&"--lengths=60%".to_owned()));
    let (fault, phase) = (&plan.faults[0], &plan.phases[2]);
    assert_eq!(fault.windows[0].from, phase.start);
}

#[test]
fn slow_payments_is_planned_as_designed() {
    let source = catalog::load("slow-payments").unwrap();
    let planned = plan(source, &Overrides::default()).unwrap();
    assert!(planned.warnings.is_empty(), "{:?}", planned.warnings);
    let plan = planned.plan;
    assert_eq!(plan.seed, 7);
    assert_eq!(plan.length(), Span::from_secs(75));
    let kinds: Vec<_> = plan.phases.iter().map(|phase| phase.kind).collect();
    assert_eq!(
        kinds,
        [
            PhaseKind::WarmUp,
            PhaseKind::Baseline,
            PhaseKind::Fault,
            PhaseKind::Recovery
        ]
    );
    let arrivals = |phase: usize| {
        let phase = &plan.phases[phase];
        let all = plan.load.arrivals.count_between(phase.start, phase.end());
        let checkout = all.unwrap() as f64 * plan.load.share(&Name::new("checkout").unwrap());
        format!("{checkout:.1}")
    };
    assert_eq!([1, 2, 3].map(arrivals), ["750.0", "1500.0", "1250.0"]);
    insta::assert_json_snapshot!("slow-payments-faults", plan.faults);
    insta::assert_json_snapshot!("slow-payments-objectives", plan.objectives);
    assert_eq!(plan.replay, ["run", "slow-payments", "--seed", "7"]);
    assert_eq!(
        plan.remedy,
        ["orders.timeout=400ms", "orders.fallback=deferred"]
    );
    let started: Vec<_> = plan
        .system
        .services
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(started.len(), 3);
    assert_eq!(started[0], "payments", "callees start first");
}

#[test]
fn a_load_says_who_runs_it() {
    let load = |words: &str| {
        let text = with("load:\n", &format!("load:\n  {words}\n"));
        try_plan(&text).unwrap().plan.load
    };
    let native = load("executor: native\n  processes: 3");
    assert_eq!(native.executor, Executor::Native);
    assert_eq!(native.processes.get(), 3);
    let left_out = load("executor: goose");
    assert_eq!(left_out.executor, Executor::Goose);
    assert_eq!(left_out.processes.get(), 1);
}

#[test]
fn the_command_line_sets_and_is_repeated() {
    let source = catalog::load("slow-payments").unwrap();
    let changed = overrides(&["orders.timeout=1s", "orders.timeout=400ms"], Some(11));
    let plan = plan(source, &changed).unwrap().plan;
    assert_eq!(plan.seed, 11);
    let orders = plan.system.service(&Name::new("orders").unwrap()).unwrap();
    assert_eq!(orders.env["SHOP_TIMEOUT"], "400ms");
    assert_eq!(
        orders.env["SHOP_RETRY"], "naive",
        "defaults are set as well"
    );
    let timeout = &plan.system.settings[&Name::new("orders.timeout").unwrap()];
    assert_eq!(timeout, "400ms");
    assert_eq!(plan.replay[2..4], ["--seed", "11"]);
    assert_eq!(
        plan.replay[4..],
        [
            "--with",
            "orders.timeout=1s",
            "--with",
            "orders.timeout=400ms"
        ]
    );
    assert_eq!(
        plan.remedy,
        ["orders.fallback=deferred"],
        "what is set already is not proposed"
    );
}

#[test]
fn a_wrong_override_says_what_there_is() {
    let source = catalog::load("slow-payments").unwrap();
    let wrong = overrides(
        &["orders.timeuot=1s", "orders.timeout=soon", "orders.retry"],
        None,
    );
    let found = plan(source, &wrong).unwrap_err();
    insta::assert_snapshot!(found, @r###"
    --with:1:1: error[scenario::unknown-setting]: no setting `orders.timeuot`
        did you mean `orders.timeout`?
    --with:1:16: error[scenario::bad-setting]: orders.timeout cannot be `soon`: it takes a duration such as `400ms`, or `none`
        help: How long orders waits for an answer, all attempts together.
    --with:1:1: error[scenario::bad-setting]: `orders.retry` sets nothing
        help: write `--with NAME=VALUE`, as in `--with orders.timeout=400ms`
    "###);
}

#[test]
fn settings_of_the_file_come_before_those_of_the_command_line() {
    let text = format!("{GOOD}settings: {{ orders.timeout: 400ms, orders.breaker: on }}\n");
    let plan = try_plan(&text).unwrap().plan;
    let orders = plan.system.service(&Name::new("orders").unwrap()).unwrap();
    assert_eq!(orders.env["SHOP_TIMEOUT"], "400ms");
    assert_eq!(orders.env["SHOP_BREAKER"], "on");
}

#[test]
fn a_flapping_fault_has_many_windows() {
    let text = with(
        "          fault:",
        "          after: 5s\n          for: 12s\n          flap: { on: 3s, off: 2s }\n          fault:",
    );
    let plan = try_plan(&text).unwrap().plan;
    let windows: Vec<_> = plan.faults[0]
        .windows
        .iter()
        .map(|w| (w.from.to_string(), w.to.to_string()))
        .collect();
    let expected = [("20s", "23s"), ("25s", "28s"), ("30s", "32s")];
    let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(windows, expected);
}

#[test]
fn checks_are_made_where_they_say() {
    let during = |words: &str| {
        let text = with("at_least: 99% }", &format!("at_least: 99%{words} }}"));
        try_plan(&text).unwrap().plan.objectives[0].during.clone()
    };
    assert_eq!(during(""), [1], "the fault phases");
    assert_eq!(during(", during: [recovery, baseline, baseline]"), [0, 2]);
    let text = GOOD.replace(
        "  - recovery",
        "  - recovery: 10s\n  - fault: { for: 20s, inject: [ { on: client -> gateway, fault: { down: {} } } ] }\n  - recovery",
    );
    let plan = try_plan(&text).unwrap().plan;
    assert_eq!(plan.objectives[0].during, [1, 3]);
    let names: Vec<_> = plan
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["baseline", "fault", "recovery", "fault-2", "recovery-2"]
    );
}
