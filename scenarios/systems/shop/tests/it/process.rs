//! The program: settings from the environment, an orderly end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

fn shop(role: &str, settings: &[(&str, &str)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_shop"))
        .arg(role)
        .env_clear()
        .envs(settings.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn check_refused(role: &str, settings: &[(&str, &str)], expected: &str) {
    let output = shop(role, settings).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(expected), "{said}");
}

#[test]
fn what_it_cannot_use_it_refuses() {
    check_refused("", &[], "not a role");
    check_refused("shipping", &[], "not a role");
    check_refused("orders", &[("SHOP_RETRY", "often")], "SHOP_RETRY");
}

#[test]
fn a_store_that_cannot_be_opened_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = shop("payments", &[("PORT", "0"), ("DATABASE", path)])
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains(path));
}

#[test]
fn a_signal_ends_it_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("data/payments.db");
    let settings = [("PORT", "0"), ("DATABASE", database.to_str().unwrap())];
    let mut child = shop("payments", &settings);
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains(r#""event":"started""#), "{line}");
    assert!(database.exists());

    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.contains(r#""event":"stopped""#), "{rest}");
}
