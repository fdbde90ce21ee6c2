//! What a service holds before anybody calls it, and what is put into its container.

use lab_model::fixture::Fixture;

use crate::text::{GOOD, check, try_plan};

fn with(service: &str) -> String {
    let system = format!(
        "services:\n  a:\n    command: [serve, \"{{port}}\"]\n{service}links: [client -> a]\n"
    );
    GOOD.replace("system: shop\n", &system)
        .replace("{ browse: 2, checkout: 1 }", "{ checkout: [{ get: / }] }")
        .replace("orders -> payments", "client -> a")
}

#[test]
fn fixtures_are_sql_or_commands_in_order() {
    let text = with(
        "    fixtures:\n      - command: [load, \"{port}\", \"{seed}\"]\n      \
         - sql: { url: \"postgres://u@{service:a}/d\", statements: select 1 }\n",
    );
    let planned = try_plan(&text).unwrap_or_else(|found| panic!("{found}"));
    let fixtures = &planned.plan.system.services[0].fixtures;
    assert_eq!(
        fixtures[0],
        Fixture::Command(["load", "{port}", "{seed}"].map(str::to_owned).to_vec())
    );
    assert_eq!(fixtures[1].summary(), "SQL");
}

#[test]
fn broken_fixtures_are_named() {
    let fixture = |text: &str| with(&format!("    fixtures: [ {text} ]\n"));
    check(&fixture("{ command: [] }"), &["system::bad-fixture []"]);
    check(
        &fixture("{ command: [load, \"{adress}\"] }"),
        &["system::bad-service \"{adress}\""],
    );
    let sql = |text: &str| fixture(&format!("{{ sql: {{ {text} }} }}"));
    check(
        &sql("url: \"postgres://{service:b}/d\", statements: x"),
        &["system::bad-fixture \"postgres://{service:b}/d\""],
    );
    check(
        &sql("url: \"mysql://{service:a}/d\", statements: x"),
        &["system::bad-fixture \"mysql://{service:a}/d\""],
    );
    check(
        &sql("url: \"postgres://{service:a}/d\""),
        &["system::bad-fixture { url: \"postgres://{service:a}/d\" }"],
    );
    check(
        &sql("url: \"postgres://{service:a}/d\", file: seed.sql"),
        &["load::unreadable-file seed.sql"],
    );
}

#[test]
fn a_container_has_files_and_limits() {
    let container = |text: &str| with(&format!("    containers: {{ {text} }}\n"));
    let planned = try_plan(&container("memory: 64MB, cpus: 0.5"));
    let planned = planned.unwrap_or_else(|found| panic!("{found}"));
    let container_of = &planned.plan.system.services[0].container;
    assert_eq!(container_of.memory.map(|memory| memory.0), Some(64_000_000));
    assert_eq!(container_of.cpus, Some(0.5));
    check(&container("memory: 1KB"), &["spec::bad-value 1KB"]);
    check(&container("cpus: 0"), &["spec::bad-value 0"]);
    check(
        &container("files: { etc/a: a.conf }"),
        &["spec::bad-value etc/a", "load::unreadable-file a.conf"],
    );
}
