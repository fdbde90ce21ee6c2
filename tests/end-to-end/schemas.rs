//! Reports against the schemas that others publish, fetched from package registries when the test
//! runs: JUnit's from pytest's sources, SARIF 2.1.0 from the crate serde-sarif, in-toto by its own
//! Python library.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::lab::{Lab, Outcome, ensure, repository, trial};
use crate::verdicts::scenario;

/// What ships JUnit's schema, and where in it.
const JUNIT: (&str, &str) = ("pytest==8.3.4", "testing/example_scripts/junit-10.xsd");
/// What reads the others' formats.
const READERS: [&str; 3] = [
    "jsonschema==4.23.0",
    "xmlschema==3.4.3",
    "in-toto-attestation==0.9.3",
];
/// The project by which cargo fetches SARIF's schema.
const SARIF: &str = "\
[package]
name = \"fetched\"
version = \"0.0.0\"
edition = \"2024\"
[lib]
path = \"lib.rs\"
[dependencies]
serde-sarif = \"=0.8.0\"
[workspace]
";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("schemas::reports_fit_what_others_publish", fitting)
            .with_ignored_flag(!is_reachable()),
    ]
}

/// Whether a package can be fetched at all.
fn is_reachable() -> bool {
    let Ok(folder) = tempfile::tempdir() else {
        return false;
    };
    let fetch = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--retries",
        "0",
        "--timeout",
        "5",
    ];
    let mut pip = Command::new("python3");
    pip.args(fetch)
        .arg("--dest")
        .arg(folder.path())
        .arg(READERS[2]);
    succeeds(&mut pip)
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Calls a program; a failure shows what it said.
fn call(folder: &Path, program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String, Failed> {
    let mut command = Command::new(program);
    let output = command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {said}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An interpreter that has the readers.
fn python(folder: &Path) -> Result<PathBuf, Failed> {
    call(folder, "python3", &["-m", "venv", "readers"])?;
    let python = folder.join("readers/bin/python");
    let install = ["-m", "pip", "install", "--quiet"];
    call(folder, &python, &[&install[..], &READERS[..]].concat())?;
    Ok(python)
}

/// JUnit's schema.
fn junit_schema(folder: &Path) -> Result<PathBuf, Failed> {
    let (package, within) = JUNIT;
    let fetch = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        package,
    ];
    call(folder, "python3", &fetch)?;
    let name = package.replace("==", "-");
    call(folder, "tar", &["xzf", &format!("{name}.tar.gz")])?;
    Ok(folder.join(name).join(within))
}

/// SARIF's schema.
fn sarif_schema(folder: &Path) -> Result<PathBuf, Failed> {
    let project = folder.join("fetched");
    fs::create_dir_all(&project)?;
    fs::write(project.join("Cargo.toml"), SARIF)?;
    fs::write(project.join("lib.rs"), "")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let about = call(
        &project,
        cargo,
        &["metadata", "--quiet", "--format-version", "1"],
    )?;
    let about: serde_json::Value = serde_json::from_str(&about)?;
    let packages = about["packages"].as_array().ok_or("no packages")?;
    let found = packages.iter().find(|one| one["name"] == "serde-sarif");
    let manifest = found.and_then(|one| one["manifest_path"].as_str());
    let manifest = Path::new(manifest.ok_or("no serde-sarif")?);
    Ok(manifest.with_file_name("src").join("schema.json"))
}

fn fitting() -> Outcome {
    let lab = Lab::new()?;
    let (python, xsd, schema) = (
        python(lab.home())?,
        junit_schema(lab.home())?,
        sarif_schema(lab.home())?,
    );
    let key = ["genpkey", "-algorithm", "ed25519", "-out", "key.pem"];
    call(lab.home(), "openssl", &key)?;
    // It fails, so that JUnit has a failure to show.
    lab.call(&["run", &scenario("short.yaml")])?.expect(1)?;
    let junit = lab
        .call(&["report", "last", "--format", "junit"])?
        .expect(1)?;
    lab.file("junit.xml", &junit.out)?;
    lab.file("wrong file.yaml", "scenario: a\nsystem: shpo\nunknown: 1\n")?;
    let log = lab
        .call(&["check", "wrong file.yaml", "--format", "sarif"])?
        .expect(3)?;
    lab.file("sarif.json", &log.out)?;
    let commit = "0123456789012345678901234567890123456789";
    let signed = lab
        .call(&["attest", "sign", "--key", "key.pem", "--commit", commit])?
        .expect(0)?;
    lab.file("signed.json", &signed.out)?;
    let script = repository().join("tests/end-to-end/schemas.py");
    let files = [
        xsd.as_path(),
        Path::new("junit.xml"),
        &schema,
        Path::new("sarif.json"),
        Path::new("signed.json"),
    ];
    let paths: Vec<String> = std::iter::once(script.as_path())
        .chain(files)
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    call(lab.home(), python, &paths).map(drop)
}
