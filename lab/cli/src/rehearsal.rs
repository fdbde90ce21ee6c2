//! What runs with somebody in the seat share, a runbook or a person: the system's driver, the records
//! that are listened to, what blocks are given (variables, endpoints).

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab_drivers::Authority;
use lab_drivers::containers::Containers;
use lab_drivers::containers::image::Substitutes;
use lab_drivers::gateways::Access;
use lab_drivers::processes::Processes;
use lab_engine::Failure;
use lab_engine::rehearsal::{Equipment, Masks};
use lab_engine::seam::{EnvironmentDriver, Sink};
use lab_model::container::Runtime;
use lab_model::event::ServiceState;
use lab_model::{Event, Name, Record};
use lab_runbooks::{Diagnostics, Header, Plan, Reading, Runbook, Source, plan, read};

use tokio::sync::mpsc::UnboundedSender;

use crate::arguments::Color;
use crate::diagnostics::render;
use crate::text;

/// A runbook that can be executed.
pub(crate) struct Loaded {
    pub(crate) runbook: Runbook,
    pub(crate) plan: Plan,
    /// The folder in which its blocks run.
    pub(crate) folder: PathBuf,
    /// SHA-256 of its text.
    pub(crate) digest: String,
}

/// Why there is nothing to read.
pub(crate) enum Trouble {
    /// The file cannot be opened.
    Unreadable(String),
    /// It is no text.
    Refused(Diagnostics),
}

impl Trouble {
    pub(crate) fn tell(&self, color: Color) {
        match self {
            Self::Unreadable(reason) => text::error(reason, ""),
            Self::Refused(found) => text::note_all(&render(found, color, &std::io::stderr())),
        }
    }
}

/// Reads a runbook, with whatever is wrong with it.
pub(crate) fn open(path: &str) -> Result<Reading, Trouble> {
    source(path).map(|source| read(&source))
}

fn source(path: &str) -> Result<Arc<Source>, Trouble> {
    let unreadable = |error| Trouble::Unreadable(format!("{path}: {error}"));
    let file = fs::File::open(path).map_err(unreadable)?;
    let source = Source::read(path, file).map_err(unreadable)?;
    let source = source.map_err(|refused| Trouble::Refused(refused.into()))?;
    Ok(Arc::new(source))
}

/// Reads a runbook to execute it. Everything that is wrong with it is shown; `None` on a mistake.
pub(crate) fn load(path: &str, color: Color) -> Option<Loaded> {
    let stderr = std::io::stderr();
    let source = source(path).map_err(|trouble| trouble.tell(color)).ok()?;
    let (runbook, warnings) = match read(&source).into_runbook() {
        Ok(read) => read,
        Err(found) => {
            text::note_all(&render(&found, color, &stderr));
            text::error(
                "a runbook with mistakes is not executed",
                "correct what stands above",
            );
            return None;
        }
    };
    text::note_all(&render(&warnings, color, &stderr));
    let folder = Path::new(path).canonicalize().ok();
    let folder = folder.and_then(|path| Some(path.parent()?.to_owned()));
    Some(Loaded {
        plan: plan(&runbook),
        runbook,
        folder: folder.unwrap_or_else(|| PathBuf::from(".")),
        digest: lab_drivers::folder::digest(source.text().as_bytes()),
    })
}

/// The variables of a runbook as the command line gives them, over those of its file.
pub(crate) struct Given(Vec<(String, String)>);

impl Given {
    /// Reads `NAME=VALUE`s.
    pub(crate) fn read(texts: &[String]) -> Result<Self, String> {
        let pair = |text: &String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let pairs = texts
            .iter()
            .map(|text| pair(text).ok_or_else(|| text.clone()));
        let pairs: Result<_, String> = pairs.collect();
        pairs
            .map(Self)
            .map_err(|text| format!("`{text}` gives nothing a value: write NAME=VALUE"))
    }

    fn of(&self, name: &str) -> Option<String> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}

/// The environment of blocks: the endpoints, then the runbook's own variables. All that is missing
/// is named at once.
pub(crate) fn equip(
    header: Option<&Header>,
    given: &Given,
    endpoints: Vec<(String, String)>,
    mut secrets: Vec<String>,
) -> Result<Equipment, Failure> {
    let mut variables = endpoints;
    let mut missing = Vec::new();
    for variable in header.into_iter().flat_map(|header| &header.vars) {
        let from = variable.from.as_deref().unwrap_or(&variable.name);
        let endpoint = variables.iter().find(|(name, _)| name == from);
        let found = given
            .of(&variable.name)
            .or_else(|| endpoint.map(|(_, value)| value.clone()))
            .or_else(|| std::env::var(from).ok())
            .or_else(|| variable.value.clone());
        match found {
            Some(value) => {
                if variable.secret {
                    secrets.push(value.clone());
                }
                variables.push((variable.name.clone(), value));
            }
            None => missing.push(format!("{} (from {from})", variable.name)),
        }
    }
    if missing.is_empty() {
        Ok((variables, Masks::new(secrets)))
    } else {
        let reason = format!(
            "no value for {}: set it, or give --var NAME=VALUE",
            missing.join(", ")
        );
        Err(Failure::new("variables", reason))
    }
}

/// A name as variables have it.
fn variable(name: &Name) -> String {
    name.as_str().to_uppercase().replace(['-', '.'], "_")
}

/// Variables, and the secrets among their values and the files that they name.
type Endpoints = (Vec<(String, String)>, Vec<String>);

/// Where the parts of a running system are reached, and the secrets among it. The fault API, the
/// load and the monitor are not among them.
pub(crate) fn endpoints(
    folder: &Path,
    runbook: &str,
    records: &[Record],
) -> Result<Endpoints, Failure> {
    let failed = |error: std::io::Error| Failure::new("gateway", error);
    let mut endpoints = Vec::new();
    let mut secrets = Vec::new();
    let mut add = |name: String, value: String| {
        endpoints.retain(|(known, _)| *known != name);
        endpoints.push((name, value));
    };
    for record in records {
        match &record.event {
            Event::LinkOpened { link, listen, .. } if link.is_entry() => {
                add("LAB_ENTRY".to_owned(), format!("http://{listen}"));
            }
            // What a caller is told that the service behind it listens on.
            Event::LinkOpened { link, listen, .. } => {
                let (from, to) = (variable(&link.from), variable(&link.to));
                add(format!("LAB_LINK_{from}_{to}"), listen.clone());
            }
            Event::Service {
                name,
                state: ServiceState::Started { address },
            } => {
                let name = variable(name);
                add(format!("LAB_SERVICE_{name}"), format!("http://{address}"));
            }
            _ => {}
        }
    }
    // Audit trails and the like: what outlives a block, and stays with the run.
    let kept = folder.join("kept");
    fs::create_dir_all(&kept).map_err(|error| Failure::new("kept", error))?;
    add("LAB_KEPT".to_owned(), kept.display().to_string());
    if let Ok(access) = Access::read(folder) {
        // A file of headers, as `curl -H @FILE` takes it: the token stands in no argument.
        let path = folder.join("blocks").join("gateway.headers");
        let mut options = OpenOptions::new();
        let options = options.create(true).write(true).truncate(true).mode(0o600);
        let by: String = runbook.chars().filter(char::is_ascii_graphic).collect();
        let headers = format!("authorization: Bearer {}\nx-lab-by: {by}\n", access.token);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(headers.as_bytes()))
            .map_err(failed)?;
        add(
            "LAB_GATEWAY_ADMIN".to_owned(),
            format!("http://{}", access.admin),
        );
        add("LAB_GATEWAY_HEADERS".to_owned(), path.display().to_string());
        secrets.push(access.token);
    }
    Ok((endpoints, secrets))
}

/// Hands records to whoever conducts or attends the run.
pub(crate) struct Watch(pub(crate) UnboundedSender<Record>);

impl Sink for Watch {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        // One that is done hears no more.
        let _ = self.0.send(record.clone());
        Ok(())
    }
}

/// What services run as. A system that runs already is nobody's to break for practice.
pub(crate) fn driver(
    runtime: Runtime,
    plan: &lab_model::Plan,
    program: &Path,
    authority: &Authority,
) -> Result<Box<dyn EnvironmentDriver>, Failure> {
    Ok(match runtime {
        Runtime::Processes => Box::new(Processes {
            program: program.to_owned(),
            authority: authority.clone(),
        }),
        Runtime::Attached => {
            let reason = "it starts the system that it breaks; this one runs already";
            return Err(Failure::new("a rehearsal", reason));
        }
        Runtime::Containers => Box::new(Containers {
            program: program.to_owned(),
            system: plan.system.clone(),
            substitutes: Substitutes::default().into(),
            progress: Box::new(text::note),
        }),
    })
}
