//! The binary alone, without a system: what it answers before anything is started.

use std::io;
use std::process::{Command, Output};

fn lab(arguments: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn help_names_the_commands_of_a_first_day() -> io::Result<()> {
    let help = lab(&["--help"])?;
    assert_eq!(help.status.code(), Some(0));
    for command in ["run", "plan", "check", "list", "report", "up", "doctor"] {
        let named = out(&help)
            .lines()
            .any(|line| line.split_whitespace().next() == Some(command));
        assert!(named, "{command} is not in\n{}", out(&help));
    }
    Ok(())
}

#[test]
fn every_listed_command_has_help_of_its_own() -> io::Result<()> {
    let help = out(&lab(&["--help"])?);
    let commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help");
    let mut counted = 0;
    for command in commands {
        let own = lab(&[command, "--help"])?;
        assert_eq!(own.status.code(), Some(0), "lab {command} --help");
        assert!(out(&own).contains("Usage:"), "lab {command} --help");
        counted += 1;
    }
    assert!(counted > 10, "only {counted} commands in\n{help}");
    Ok(())
}

#[test]
fn data_goes_to_standard_output_and_mistakes_to_standard_error() -> io::Result<()> {
    let listed = lab(&["list"])?;
    assert!(out(&listed).contains("slow-payments") && listed.stderr.is_empty());
    let wrong = lab(&["rum"])?;
    assert_eq!(wrong.status.code(), Some(3));
    assert!(wrong.stdout.is_empty());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("run"));
    Ok(())
}
