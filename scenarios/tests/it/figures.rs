//! Objectives on figures of the system: what they need, and what cannot be meant.

use crate::text::{check, found, try_plan, with};

/// The sample with this as its second objective.
fn figure(text: &str) -> String {
    let objective = "  - availability: { of: checkout, at_least: 99% }\n";
    with(objective, &format!("{objective}  - {text}\n"))
}

const READ: &str = "read: { prometheus: { service: orders, metric: queue_length } }";

#[test]
fn each_kind_is_planned() {
    let read = READ;
    let http = |service| format!("{{ http: {{ service: {service}, path: /x, value: $.v }} }}");
    let (primary, candidate) = (http("orders"), http("monolith"));
    for (text, shown) in [
        (
            "throughput: { of: browse, at_least: 50/s, share: 80% }".to_owned(),
            "browse throughput ≥ 50/s in 80 % of seconds",
        ),
        (
            format!("saturation: {{ {read}, at_most: 0.8, share: 80% }}"),
            "saturation saturation ≤ 0.8 in 80 % of readings",
        ),
        (
            format!("freshness: {{ name: copy, {read}, at_most: 5s, share: 80%, every: 500ms }}"),
            "copy no older than 5s in 80 % of readings",
        ),
        (
            "invariant: { name: paid, read: { sql: { url: \"postgres://a@{service:orders}/b\", query: select 0 } }, equals: 0 }"
                .to_owned(),
            "paid always 0.0",
        ),
        (
            format!("business: {{ {read}, keeps: 80% }}"),
            "business keeps 80 % of the baseline's rate",
        ),
        (
            format!(
                "parity: {{ primary: {primary}, secondary: {primary}, candidate: {candidate} }}"
            ),
            "parity parity (× 1.5)",
        ),
    ] {
        let planned = try_plan(&figure(&text)).unwrap_or_else(|_| panic!("{}", found(&figure(&text))));
        let indicator = &planned.plan.indicators[0];
        assert_eq!(indicator.to_string(), shown);
        assert_eq!(indicator.during, [1], "the fault phase");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let read = READ;
    let cases = [
        (
            "throughput: { of: browse, at_least: 500/s }".to_owned(),
            &["objective::bad-indicator 500/s", "objective::cannot-pass 500/s"][..],
        ),
        (
            "throughput: { of: brows, at_least: 5/s, share: 80% }".to_owned(),
            &["objective::no-traffic brows"],
        ),
        (
            format!("saturation: {{ {read}, at_most: 1, share: 100% }}"),
            &["objective::bad-indicator 100%"],
        ),
        (
            format!("saturation: {{ {read}, at_most: 1, share: 99% }}"),
            &["objective::cannot-pass 1"],
        ),
        (
            format!("saturation: {{ {read}, at_most: 1, share: 80%, every: 10ms }}"),
            &["objective::bad-indicator 10ms"],
        ),
        (
            "saturation: { read: { prometheus: { service: order, metric: \"a{b}\" } }, at_most: 1, share: 80% }"
                .to_owned(),
            &["scenario::unknown-service order", "objective::bad-indicator \"a{b}\""],
        ),
        (
            "freshness: { read: { http: { service: orders, path: x } }, at_most: 0s, share: 80% }"
                .to_owned(),
            &["objective::bad-indicator x", "objective::bad-indicator 0s"],
        ),
        (
            format!("business: {{ {read}, keeps: 0% }}"),
            &["objective::bad-indicator 0%"],
        ),
        (
            "invariant: { read: { sql: { url: mysql://x, query: select 1 } }, equals: 1 }"
                .to_owned(),
            &["objective::bad-indicator mysql://x"],
        ),
    ];
    for (text, expected) in cases {
        let found = crate::text::codes(&figure(&text));
        for code in expected {
            assert!(found.iter().any(|found| found == code), "{text}: {found:?}");
        }
        assert!(!found.is_empty(), "{text}");
    }
    let twice = figure(&format!(
        "business: {{ {read}, keeps: 80% }}\n  - business: {{ {read}, keeps: 90% }}"
    ));
    assert!(
        found(&twice).contains("a second indicator `business`"),
        "{}",
        found(&twice)
    );
    let both = figure(&format!("invariant: {{ {read}, equals: 0, at_most: 5 }}"));
    assert!(
        found(&both).contains("an invariant says one thing"),
        "{}",
        found(&both)
    );
}

#[test]
fn a_run_may_end_early_or_be_stopped_by_its_burn() {
    let text = |last: &str| with("objectives:", &format!("{last}\nobjectives:"));
    let planned = try_plan(&text("early_stop: 20s")).unwrap();
    assert_eq!(planned.plan.early_stop, Some("20s".parse().unwrap()));
    check(&text("early_stop: 2h"), &["abort::bad-condition 2h"]);
    let burn = |of: &str| text(&format!("abort: [ burn: {{ of: checkout, {of} }} ]"));
    let planned = try_plan(&burn("objective: 99%, above: 14.4, over: 10s")).unwrap();
    assert_eq!(
        planned.plan.abort[0].to_string(),
        "checkout burns the error budget of 99% 14.4 times too fast over 10s"
    );
    for (of, place) in [
        ("objective: 100%, above: 14.4, over: 10s", "14.4"),
        ("objective: 90%, above: 14.4, over: 10s", "14.4"),
        ("objective: 99%, above: -1, over: 10s", "-1"),
        ("objective: 99%, above: 14.4, over: 1500ms", "1500ms"),
        ("objective: 99%, above: 14.4, over: 10m", "10m"),
    ] {
        check(&burn(of), &[&format!("abort::bad-condition {place}")]);
    }
}

#[test]
fn trials_are_phases_a_fixed_number_of_times() {
    let trials = |times: &str| {
        let text = crate::text::GOOD;
        let phases = text.find("  - fault:").unwrap()..text.find("objectives:").unwrap();
        let entry = format!(
            "  - trials:\n      times: {times}\n      fault: {{ for: 30s, inject: [{{ on: orders -> payments, fault: {{ down: {{}} }} }}] }}\n      recovery: 10s\n"
        );
        let mut text = text.to_owned();
        text.replace_range(phases, &entry);
        format!("{text}patterns:\n  - recovers: {{ within: 5s, proves: 80% }}\n")
    };
    let planned = try_plan(&trials("3")).unwrap_or_else(|_| panic!("{}", found(&trials("3"))));
    let plan = planned.plan;
    let names: Vec<&str> = plan
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    let expected = [
        "baseline",
        "fault",
        "recovery",
        "fault-2",
        "recovery-2",
        "fault-3",
        "recovery-3",
    ];
    assert_eq!(names, expected);
    assert_eq!(plan.faults.len(), 3);
    assert_eq!(plan.patterns[0].during, [2, 4, 6]);
    assert_eq!(crate::text::codes(&trials("0"))[0], "spec::bad-value 0");
}
