//! Files that are no scenarios at all: a clear error, quickly, in bounded memory.

use std::fmt::Write as _;

use lab_scenarios::Source;

use crate::text::{GOOD, codes, found, try_plan};

fn first_code(text: &str) -> String {
    let found = try_plan(text).expect_err("it should be refused");
    let first = found.iter().next().unwrap();
    first.code().to_string()
}

#[test]
fn bombs_are_counted_before_they_go_off() {
    let mut bomb = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for (this, before) in ('b'..='z').zip('a'..) {
        writeln!(
            bomb,
            "{this}: &{this} [{}*{before}]",
            format!("*{before}, ").repeat(8)
        )
        .unwrap();
    }
    assert_eq!(first_code(&bomb), "file::too-many-values");
    assert_eq!(first_code("a: &a [*a]\n"), "file::unsupported");
    assert_eq!(first_code(&"a: [".repeat(10_000)), "file::too-deep");
    assert_eq!(first_code(&"- ".repeat(10_000)), "file::too-deep");
    assert_eq!(first_code(&"[1],".repeat(20_000)), "file::syntax");
    assert_eq!(
        first_code(&format!("[{}]", "1,".repeat(200_000))),
        "file::too-many-values"
    );
}

#[test]
fn other_files_are_refused() {
    assert_eq!(first_code("# only a comment\n"), "file::empty");
    assert_eq!(first_code("---\n---\n"), "file::unsupported");
    assert_eq!(first_code("a: !include b\n"), "file::unsupported");
    assert_eq!(first_code("[a]: b\n"), "file::unsupported");
    assert_eq!(first_code("a: *nobody\n"), "file::syntax");
    let binary = Source::new("a.out", vec![0x7f, b'E', b'L', b'F', 0]).unwrap_err();
    assert_eq!(
        binary.plain(),
        "a.out:1:1: error[file::not-text]: byte 0 of the file is the control character U+007F"
    );
}

#[test]
fn thousands_of_mistakes_are_not_all_kept() {
    let mut text = GOOD.to_owned();
    for number in 0..4_000 {
        writeln!(text, "unknown-{number}: 1").unwrap();
    }
    assert_eq!(codes(&text).len(), 200);
    let long = GOOD.replace("150/s", &"9".repeat(100_000));
    assert!(found(&long).len() < 2_000);
}

#[test]
fn large_lists_are_bounded() {
    let many = |count: usize, item: &str| item.repeat(count);
    let phases = GOOD.replace("  - recovery: 25s\n", &many(2_000, "  - recovery: 1s\n"));
    assert!(
        codes(&phases)
            .iter()
            .any(|code| code.starts_with("file::too-many-values"))
    );
    let objective = "  - availability: { of: checkout, at_least: 99% }\n";
    let objectives = GOOD.replace(objective, &many(1_000, objective));
    assert!(
        codes(&objectives)
            .iter()
            .any(|code| code.starts_with("file::too-many-values"))
    );
    let fault = "        - { on: orders -> payments, fault: { latency: { delay: 1s } }, flap: { on: 50ms, off: 50ms } }\n";
    let faults = GOOD.replace("  - recovery", &format!("{}  - recovery", many(500, fault)));
    assert!(
        codes(&faults)
            .iter()
            .any(|code| code.starts_with("file::too-many-values"))
    );
}

#[test]
fn aliases_may_repeat_a_little() {
    let text = GOOD.replace(
        "- availability: { of: checkout, at_least: 99% }",
        "- availability: &limits { of: checkout, at_least: 99% }",
    ) + "abort: [ { availability: { of: checkout, below: &half 50%, lasting: 5s } } ]\n";
    assert_eq!(codes(&text), Vec::<String>::new());
}
