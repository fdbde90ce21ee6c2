//! What people read: diagnostics, the reasons of manual blocks, plans.

use std::fmt::Write;

use lab_runbooks::{plan, show};

use crate::{file, files};

#[test]
fn diagnostics_as_people_read_them() {
    let mut text = String::new();
    for name in files() {
        let found = file(&name).diagnostics().to_string();
        if !found.is_empty() {
            writeln!(text, "{found}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn manual_blocks_say_why() {
    let mut text = String::new();
    for name in files() {
        let manual = show::manual(file(&name).blocks());
        if !manual.is_empty() {
            writeln!(text, "{name}\n{manual}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

fn shown(name: &str) -> String {
    let (runbook, _) = file(name).into_runbook().unwrap();
    show::text(&runbook, &plan(&runbook))
}

#[test]
fn plans_as_people_read_them() {
    insta::assert_snapshot!(
        "plan_rollback_orders_service",
        shown("rollback-orders-service")
    );
    insta::assert_snapshot!("plan_of_people", shown("comms-and-people"));
    insta::assert_snapshot!("plan_of_a_foreign_file", shown("other-languages"));
    insta::assert_snapshot!("plan_of_toml", shown("toml-front-matter"));
    insta::assert_snapshot!("plan_of_runme_blocks", shown("runme-typed"));
}

#[test]
fn a_plan_as_programs_read_it() {
    let (runbook, _) = file("prompts-typed").into_runbook().unwrap();
    insta::assert_snapshot!(show::json(&runbook, &plan(&runbook)).unwrap());
}

#[test]
fn the_value_of_a_secret_is_shown_nowhere() {
    let reading = file("front-matter-mistakes");
    assert!(!format!("{reading:?}").contains("hunter2"));
}

#[test]
fn files_of_others_have_no_errors() {
    for name in [
        "foreign-attributes",
        "front-matter-broken-foreign",
        "runme",
        "html",
        "tildes",
    ] {
        assert!(!file(name).diagnostics().has_errors(), "{name}");
    }
}
