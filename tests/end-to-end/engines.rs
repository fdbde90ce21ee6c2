//! Which container engine is meant, and who says so. The engine here is a socket that answers each
//! question with a version.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::lab::{Ended, Lab, Outcome, ensure, trial};

/// The socket that is looked at first where nobody says anything.
const DEFAULT: &str = "/var/run/docker.sock";
const VERSION: &str = r#"{"Version":"9.9.9","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("engines::a_context_is_honoured_and_named", context),
        trial("engines::docker_host_comes_first", docker_host),
        trial("engines::podmans_socket_is_found", podman)
            .with_ignored_flag(UnixStream::connect(DEFAULT).is_ok()),
    ]
}

/// Answers at a socket as long as the tests run.
fn engine(socket: &Path) -> Result<(), Failed> {
    let listener = UnixListener::bind(socket)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            std::thread::spawn(move || answer(&stream));
        }
    });
    Ok(())
}

fn answer(stream: &UnixStream) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        // Its questions have no body.
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        let body = if first.contains("/version") {
            VERSION
        } else {
            "{}"
        };
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// `lab doctor`, with nothing of the surroundings but what is given.
fn doctor(lab: &Lab, set: &[(&str, PathBuf)]) -> Result<Ended, Failed> {
    let mut command = lab.command(&["doctor"]);
    for name in [
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "XDG_RUNTIME_DIR",
    ] {
        command.env_remove(name);
    }
    command.env("HOME", lab.home());
    for (name, value) in set {
        command.env(name, value);
    }
    Ended::from(command.output()?).expect(0)
}

/// Docker's configuration with a current context.
fn configured(lab: &Lab, socket: &Path) -> Result<PathBuf, Failed> {
    let config = lab.home().join("docker");
    let meta = config.join("contexts/meta/0123");
    fs::create_dir_all(&meta)?;
    let host = format!("unix://{}", socket.display());
    let about = serde_json::json!({ "Name": "far", "Endpoints": { "docker": { "Host": host } } });
    fs::write(meta.join("meta.json"), about.to_string())?;
    fs::write(config.join("config.json"), r#"{"currentContext":"far"}"#)?;
    Ok(config)
}

fn context() -> Outcome {
    let lab = Lab::new()?;
    let socket = lab.home().join("far.sock");
    engine(&socket)?;
    let config = configured(&lab, &socket)?;
    let said = doctor(&lab, &[("DOCKER_CONFIG", config)])?;
    let said = said.says("9.9.9")?.says("far.sock")?;
    said.says("the context `far`").map(drop)
}

fn docker_host() -> Outcome {
    let lab = Lab::new()?;
    let (far, near) = (lab.home().join("far.sock"), lab.home().join("near.sock"));
    engine(&near)?;
    let config = configured(&lab, &far)?;
    let host = PathBuf::from(format!("unix://{}", near.display()));
    let said = doctor(
        &lab,
        &[("DOCKER_CONFIG", config.clone()), ("DOCKER_HOST", host)],
    )?;
    let said = said
        .says("9.9.9")?
        .says("near.sock")?
        .says("(DOCKER_HOST)")?;
    ensure!(!said.out.contains("far.sock"), "{said:#?}");
    // An engine that does not answer is named with who said so, and is no hindrance.
    let said = doctor(&lab, &[("DOCKER_CONFIG", config)])?;
    let said = said.says("no engine answers")?.says("the context `far`")?;
    said.says("not needed where systems run as processes")
        .map(drop)
}

fn podman() -> Outcome {
    let lab = Lab::new()?;
    let runtime = lab.home().join("runtime");
    fs::create_dir_all(runtime.join("podman"))?;
    engine(&runtime.join("podman/podman.sock"))?;
    let said = doctor(&lab, &[("XDG_RUNTIME_DIR", runtime)])?;
    said.says("9.9.9")?.says("podman's socket").map(drop)
}
