//! Scenarios that could not fail, or could not show anything, are refused.

use crate::text::{GOOD, check, found, with};

#[test]
fn the_sample_is_fine() {
    check(GOOD, &[]);
}

#[test]
fn an_objective_needs_traffic() {
    check(
        &with("checkout: 1 }", "checkout: 0 }"),
        &["objective::no-traffic checkout"],
    );
    check(
        &with("of: checkout", "of: chekout"),
        &["objective::no-traffic chekout"],
    );
    check(
        &with("{ browse: 2, checkout: 1 }", "{ browse: 0, checkout: 0 }"),
        &[
            "load::nothing { browse: 0, checkout: 0 }",
            "objective::no-traffic checkout",
        ],
    );
}

#[test]
fn a_fault_needs_a_link_that_is_used() {
    check(
        &with("orders -> payments", "payments -> orders"),
        &["scenario::unknown-link payments -> orders"],
    );
    let inline = GOOD
        .replace(
            "system: shop\n",
            "\
services:
  a: { command: [serve, \"{port}\", \"{link:b}\"] }
  b: { command: [serve, \"{port}\"] }
  c: { command: [serve, \"{port}\", \"{link:d}\"] }
  d: { command: [serve, \"{port}\"] }
links: [client -> a, a -> b, c -> d]
",
        )
        .replace("{ browse: 2, checkout: 1 }", "{ checkout: [ { get: / } ] }");
    let on = |link: &str| inline.replace("orders -> payments", link);
    check(&on("client -> a"), &[]);
    check(&on("a -> b"), &[]);
    check(&on("c -> d"), &["fault::unused-link c -> d"]);
}

#[test]
fn a_phase_is_longer_than_its_delays() {
    let timed = |words: &str| {
        with(
            "          fault:",
            &format!("          {words}\n          fault:"),
        )
    };
    check(&timed("for: 2s"), &["phase::too-short 2s"]);
    check(&timed("after: 28s"), &["phase::too-short 28s"]);
    check(
        &timed("flap: { on: 1s, off: 5s }"),
        &["phase::too-short 1s"],
    );
    check(
        &with("for: 30s", "for: 6s"),
        &["phase::too-short 6s", "objective::cannot-pass 99%"],
    );
    check(&with("delay: 2s", "delay: 10s"), &["phase::too-short 30s"]);
}

#[test]
fn a_check_must_be_made() {
    check(
        &with("99% }", "99%, during: [] }"),
        &["objective::never-judged []"],
    );
    check(
        &with("99% }", "99%, during: [fault-3] }"),
        &["scenario::unknown-phase fault-3"],
    );
    let warm = with("  - baseline: 15s", "  - warm_up: 5s\n  - baseline: 15s");
    check(
        &warm.replace("99% }", "99%, during: [warm_up] }"),
        &["objective::never-judged warm_up"],
    );
    check(
        &with(
            "  - availability: { of: checkout, at_least: 99% }\n",
            "  []\n",
        ),
        &["objective::none []"],
    );
}

#[test]
fn a_verdict_must_be_possible() {
    check(
        &with("99% }", "99.99% }"),
        &["objective::cannot-pass 99.99%"],
    );
    check(&with("99% }", "0% }"), &["objective::cannot-fail 0%"]);
    check(&with("99% }", "100% }"), &[]);
    check(&with("150/s", "3/min"), &["objective::cannot-pass 99%"]);
    let latency = "  - latency: { of: browse, p99.9: 300ms, during: [baseline] }\n";
    check(
        &format!("{GOOD}{latency}"),
        &["objective::cannot-pass 300ms"],
    );
}

#[test]
fn faults_stay_inside_their_phase() {
    let timed = |words: &str| {
        with(
            "          fault:",
            &format!("          {words}\n          fault:"),
        )
    };
    check(&timed("after: 30s"), &["fault::outside-phase 30s"]);
    check(&timed("for: 31s"), &["fault::outside-phase 31s"]);
    check(&timed("for: 0s"), &["fault::no-effect 0s"]);
    check(&timed("toxicity: 0%"), &["fault::no-effect 0%"]);
    check(
        &timed("flap: { on: 1ms, off: 1s }"),
        &["fault::bad-flap 1ms"],
    );
    check(
        &timed("flap: { on: 30s, off: 1s }"),
        &["fault::bad-flap 30s"],
    );
    check(
        &timed("flap: { on: 1s }"),
        &["spec::missing-key { on: 1s }"],
    );
}

#[test]
fn faults_that_hide_one_another_are_refused() {
    let second = |words: &str| {
        let second = format!("        - {words}\n  - recovery");
        GOOD.replace("  - recovery", &second)
    };
    let again = "{ on: orders -> payments, after: 5s, fault: { latency: { delay: 1s } } }";
    check(&second(again), &[&format!("fault::overlap {again}")]);
    check(
        &second(&again.replace("after", "direction: upstream, after")),
        &[],
    );
    check(
        &second("{ on: orders -> payments, for: 9s, fault: { down: {} } }"),
        &[],
    );
    check(
        &second("{ on: orders -> payments, fault: { down: {} } }"),
        &["fault::no-effect on: orders -> payments"],
    );
}

#[test]
fn faults_of_two_protocols_do_not_meet_on_a_link() {
    let both = |words: &str| {
        let first = "{ on: orders -> payments, for: 10s, fault: { http_stale: {} } }";
        let faults = format!("        - {first}\n        - {words}\n  - recovery");
        GOOD.replace("  - recovery", &faults)
    };
    let second = "{ on: orders -> payments, fault: { postgres_read_only: {} } }";
    check(&both(second), &[&format!("fault::two-protocols {second}")]);
    let third = "{ on: orders -> payments, after: 9s, fault: { tls_expired: {} } }";
    check(&both(third), &[&format!("fault::two-protocols {third}")]);
    check(&both(&third.replace("9s", "10s")), &[]);
    // Where TLS ends in the proxy, what is said inside is read as well.
    let inside = |text: String| format!("{text}\ntls: [orders -> payments]\n");
    check(&inside(both(third)), &[]);
    let database = format!("fault::two-protocols {second}");
    check(&inside(both(second)), &[&database]);
    let unknown = format!("{GOOD}\ntls: [orders -> nobody]\n");
    check(&unknown, &["scenario::unknown-link orders -> nobody"]);
    let same = "{ on: orders -> payments, fault: { http_reset: {} } }";
    check(&both(same), &[]);
}

#[test]
fn attributes_are_judged_at_their_place() {
    let fault = |words: &str| with("{ latency: { delay: 2s, jitter: 200ms } }", words);
    check(
        &fault("{ latency: { delay: 1s, jitter: 2s } }"),
        &["fault::bad-attribute 2s"],
    );
    check(
        &fault("{ bandwidth: { rate: 1500B/s } }"),
        &["fault::bad-attribute 1500B/s"],
    );
    check(&fault("{ bandwidth: {} }"), &["spec::missing-key {}"]);
    check(&fault("down"), &["spec::wrong-type down"]);
    let down = fault("{ down: {} }\n          toxicity: 50%\n          direction: upstream");
    check(
        &down,
        &["fault::whole-link 50%", "fault::whole-link upstream"],
    );
}

#[test]
fn phases_have_an_order() {
    check(
        &with("  - baseline: 15s\n", ""),
        &["phase::no-baseline fault:"],
    );
    check(
        &with("  - recovery: 25s\n", ""),
        &["phase::no-recovery fault:"],
    );
    check(
        &with(
            "  - recovery: 25s\n",
            "  - recovery: 25s\n  - warm_up: 1s\n  - baseline: 0s\n",
        ),
        &[
            "phase::order warm_up: 1s",
            "phase::order baseline: 0s",
            "phase::empty 0s",
        ],
    );
    check(&with("25s", "25h"), &["phase::empty - baseline: 15s"]);
}

#[test]
fn a_run_without_a_fault_is_judged_all_over() {
    let healthy = GOOD.find("  - fault").unwrap()..GOOD.find("objectives").unwrap();
    let mut text = GOOD.to_owned();
    text.replace_range(healthy, "");
    check(&text, &[]);
}

#[test]
fn ends_and_remedies_make_sense() {
    let more = |words: &str| format!("{GOOD}{words}\n");
    check(
        &more("abort: [ { availability: { of: checkout, below: 50%, lasting: 5s } } ]"),
        &[],
    );
    check(
        &more("abort: [ { availability: { of: chekout, below: 0%, lasting: 1.5s } } ]"),
        &[
            "objective::no-traffic chekout",
            "abort::bad-condition 0%",
            "abort::bad-condition 1.5s",
        ],
    );
    check(
        &more("abort: [ { availability: { of: checkout, below: 50%, lasting: 70s } } ]"),
        &["abort::bad-condition 70s"],
    );
    check(
        &more("remedy: { orders.timeout: none, orders.fallback: later }"),
        &["remedy::no-change none", "scenario::bad-setting later"],
    );
}

#[test]
fn generators_are_a_few_and_known() {
    let load = |words: &str| with("load:\n", &format!("load:\n  {words}\n"));
    check(&load("processes: 0"), &["spec::bad-value 0"]);
    check(&load("processes: 17"), &["spec::bad-value 17"]);
    let closed = "{ closed: { users: 2 } }";
    let closed = load("processes: 3").replace("{ constant: { rate: 150/s } }", closed);
    assert!(found(&closed).contains("each has a user at least: at most 2"));
}

#[test]
fn a_system_is_named_in_one_way() {
    let more = |words: &str| format!("{GOOD}{words}\n");
    check(
        &more("attach: { orders: { address: 127.0.0.1:8080 } }"),
        &["scenario::no-system attach"],
    );
    check(
        &with("system: shop", "compose: compose.yaml"),
        &["compose::unread compose.yaml"],
    );
}
