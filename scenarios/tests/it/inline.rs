//! Scenarios that hold their services themselves.

use std::sync::Arc;

use lab_model::system::ReadyCheck;
use lab_model::{Name, Span};
use lab_scenarios::Source;
use lab_scenarios::systems;

use crate::text::{GOOD, check, try_plan};

const FILES: &str = include_str!("../../examples/files.yaml");

#[test]
fn two_commands_of_ones_own_fit_into_25_lines() {
    assert!(
        FILES.lines().count() <= 25,
        "{} lines",
        FILES.lines().count()
    );
    let planned = try_plan(FILES).unwrap_or_else(|found| panic!("{found}"));
    assert!(planned.warnings.is_empty(), "{:?}", planned.warnings);
    let plan = planned.plan;
    assert_eq!(plan.system.name.as_str(), "inline");
    assert_eq!(plan.system.services.len(), 2);
    for service in &plan.system.services {
        assert_eq!(service.ready.check, ReadyCheck::Tcp);
        assert_eq!(service.ready.within, Span::from_secs(10));
    }
    for step in plan.load.journeys.iter().flat_map(|journey| &journey.steps) {
        assert_eq!(step.timeout, Span::from_millis(1_500));
    }
}

fn services(services: &str, links: &str, journey: &str) -> String {
    let inline = format!("services:\n{services}links: {links}\n");
    GOOD.replace("system: shop\n", &inline)
        .replace(
            "{ browse: 2, checkout: 1 }",
            &format!("{{ checkout: {journey} }}"),
        )
        .replace("orders -> payments", "client -> a")
}

#[test]
fn steps_have_names_of_their_own() {
    let steps = "[ { get: / }, { get: / }, { post: /carts/7?x=1 }, { name: get-2, get: /a } ]";
    let text = services(
        "  a: { command: [serve, \"{port}\"] }\n",
        "[client -> a]",
        steps,
    );
    check(&text, &["scenario::duplicate-name get-2"]);
    let plan = try_plan(&text.replace("name: get-2", "name: other"))
        .unwrap()
        .plan;
    let steps = &plan.load.journeys[0].steps;
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["get", "get-2", "post-carts-7-x-1", "other"]);
    assert!(
        steps
            .iter()
            .all(|step| step.service == Name::new("a").unwrap())
    );
}

#[test]
fn steps_are_checked() {
    let check = |step: &str, expected: &[&str]| {
        let one = "  a: { command: [serve, \"{port}\"] }\n";
        check(
            &services(one, "[client -> a]", &format!("[ {step} ]")),
            expected,
        );
    };
    check("{ get: / }", &[]);
    check("", &["journey::no-steps checkout"]);
    check("{ timeout: 1s }", &["journey::bad-step { timeout: 1s }"]);
    check("{ get: /, post: /a }", &["journey::bad-step /a"]);
    check("{ get: products }", &["journey::bad-step products"]);
    check("{ get: /, timeout: 0s }", &["journey::bad-step 0s"]);
    check("{ get: /, expect: 700 }", &["journey::bad-step 700"]);
    check("{ get: /, expect: many }", &["spec::wrong-type many"]);
    check("{ get: /, save: { id: id } }", &["journey::bad-step id"]);
    check(
        "{ get: /, headers: { a b: c } }",
        &["journey::bad-step a b"],
    );
    check("{ get: /, service: b }", &["scenario::unknown-link b"]);
    check("{ get: \"/{id}\" }", &["journey::unknown-value \"/{id}\""]);
    check(
        "{ get: \"/{random:9..1}\" }",
        &["journey::unknown-value \"/{random:9..1}\""],
    );
    check(
        "{ get: /, save: { id: /id } }, { post: \"/{id}\", body: { a: [ \"{idd}\" ], b: \"{unique}\" } }",
        &["journey::unknown-value { a: [ \"{idd}\" ], b: \"{unique}\" }"],
    );
}

#[test]
fn services_and_links_are_checked() {
    let check = |all: &str, links: &str, expected: &[&str]| {
        check(&services(all, links, "[ { get: / } ]"), expected);
    };
    let one = "  a: { command: [serve, \"{port}\"] }\n";
    check(
        one,
        "[client -> a, client -> a]",
        &["scenario::duplicate-name client -> a"],
    );
    check(
        one,
        "[client -> a, a -> b]",
        &["scenario::unknown-service a -> b"],
    );
    check(one, "[client -> a, a -> a]", &["system::bad-link a -> a"]);
    check(
        one,
        "[client -> a, a -> client]",
        &["system::bad-link a -> client"],
    );
    check(one, "[client a]", &["spec::bad-value client a"]);
    check("  a: {}\n", "[client -> a]", &["system::bad-service a"]);
    check(
        "  a: { command: [serve] }\n",
        "[client -> a]",
        &["system::no-port a"],
    );
    check(
        "  a: { command: [serve, \"{port}\", \"{link:b}\", \"{prt}\"] }\n",
        "[client -> a]",
        &[
            "system::bad-link \"{link:b}\"",
            "system::bad-service \"{prt}\"",
        ],
    );
    check(
        "  a: { command: [serve, \"{port}\"] }\n  b: { command: [serve, \"{port}\"] }\n",
        "[client -> a, a -> b]",
        &["system::unused-link a -> b"],
    );
    check(
        "  a: { command: [serve, \"{port}\"], ready: { http: health, within: 0s } }\n",
        "[client -> a]",
        &["spec::bad-value health", "spec::bad-value 0s"],
    );
    check(
        "  client: { command: [serve, \"{port}\"] }\n  a: { image: nginx }\n",
        "[client -> a]",
        &["scenario::duplicate-name client"],
    );
}

#[test]
fn one_system_at_a_time() {
    let both = GOOD.replace("system: shop\n", "system: shop\nlinks: []\n");
    check(&both, &["scenario::no-system links"]);
    let none = GOOD.replace("system: shop\n", "");
    check(&none, &["scenario::no-system scenario: sample"]);
    let other = GOOD.replace("system: shop\n", "system: shpo\n");
    check(&other, &["scenario::unknown-system shpo"]);
}

#[test]
fn systems_that_come_with_the_lab_are_fine() {
    for name in systems::names() {
        let system = systems::load(name)
            .unwrap()
            .unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(system.name.as_str(), name);
        assert!(!system.journeys.is_empty());
    }
}

#[test]
fn a_system_file_is_checked_like_a_scenario() {
    let text = "\
system: mine
services:
  a: { command: [serve, \"{port}\"] }
links: [client -> a]
knobs:
  a.size: { service: b, env: SIZE, type: integer, default: many, about: How many. }
  a.mode: { service: a, env: MODE, type: mode }
journeys:
  visit: { steps: [] }
";
    let source = Source::new("mine/system.yaml", text.into()).unwrap();
    let found = systems::read(Arc::new(source)).unwrap_err();
    insta::assert_snapshot!(found, @r###"
    mine/system.yaml:6:22: error[scenario::unknown-service]: no service `b`
        did you mean `a`?
    mine/system.yaml:6:60: error[scenario::bad-setting]: the default `many` of a.size is not a whole number
    mine/system.yaml:7:11: error[spec::missing-key]: `default` is missing
    mine/system.yaml:7:11: error[spec::missing-key]: `about` is missing
    mine/system.yaml:7:42: error[spec::unknown-kind]: `mode` is no kind known here
        help: there is `duration`, `integer`, `ratio`, `size`, `rate`, `flag`, `choice`, `text`
    mine/system.yaml:9:3: error[journey::no-steps]: a journey without a step
    "###);
}
