//! Requests to what the rehearsal hears, and back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use lab_engine::desk::{Answer, Command, Counter, Order, Refusal};
use lab_engine::rehearsal::Masks;
use lab_engine::seam::{Script, Shell as _};
use lab_model::Span;
use lab_model::exercise::Saying;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::operations::{
    Commands, Declaration, Operation, Ran, Said, Step, TABLE, Task, Telemetry, Transcript, Words,
};
use super::{Access, describe};
use crate::folder::{LOGS, last_lines};
use crate::shell::Bash;

/// The largest body, in bytes.
const LARGEST: usize = 256 << 10;
/// The lines of a log that are shown.
const LINES: usize = 40;
/// What commands may take where nothing is said, and at most, in seconds.
const USUAL: u64 = 30;
const LONGEST: u64 = 120;
/// Who acts, in the journal.
const PROGRAM: &str = "program";

/// What a program in the seat works with.
pub struct Desk {
    /// What is to be done.
    pub task: Task,
    /// The run's folder.
    pub folder: PathBuf,
    /// Where the rehearsal hears.
    pub counter: Counter,
    /// Runs commands.
    pub bash: Bash,
    /// Their environment.
    pub variables: Vec<(String, String)>,
    /// What is never shown.
    pub masks: Masks,
}

struct Served {
    desk: Desk,
    token: String,
    begun: Instant,
    steps: Mutex<Vec<Step>>,
    /// One program's commands run one after the other.
    turn: tokio::sync::Mutex<u32>,
}

/// Listens on an address of loopback; `ready` is told where, and the file that says how.
///
/// Serves until it is dropped.
pub async fn serve(
    address: SocketAddr,
    desk: Desk,
    ready: impl FnOnce(&Access, &std::path::Path),
) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let (access, path) = Access::write(&desk.folder, listener.local_addr()?)?;
    let served = Arc::new(Served {
        token: access.token.clone(),
        desk,
        begun: Instant::now(),
        steps: Mutex::default(),
        turn: tokio::sync::Mutex::default(),
    });
    ready(&access, &path);
    let router = Router::new().fallback(answer).with_state(served);
    axum::serve(listener, router).await
}

type Refused = (StatusCode, String, String);

fn bad(message: &(impl ToString + ?Sized), help: &str) -> Refused {
    (
        StatusCode::BAD_REQUEST,
        message.to_string(),
        help.to_owned(),
    )
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    match served.answer(request).await {
        Ok(value) => Json(value).into_response(),
        Err((status, message, help)) => {
            let error = json!({ "error": { "message": message, "help": help } });
            (status, Json(error)).into_response()
        }
    }
}

impl Served {
    async fn answer(&self, request: Request) -> Result<Value, Refused> {
        let (head, body) = request.into_parts();
        let (method, path) = (head.method.as_str().to_ascii_lowercase(), head.uri.path());
        let row = TABLE
            .iter()
            .find(|row| row.path == path && row.method == method);
        let row = row.ok_or_else(|| {
            let message = format!("nothing is served at {} {path}", head.method);
            (
                StatusCode::NOT_FOUND,
                message,
                "GET /openapi.json".to_owned(),
            )
        })?;
        if row.operation == Operation::Description {
            return Ok(describe());
        }
        // A page in a browser could send a request here, but no header of its own.
        if !is_allowed(&head.headers, &self.token) {
            let message = "the token is missing or wrong".to_owned();
            let help = "send `authorization: Bearer TOKEN`, as in api.json of the run's folder";
            return Err((StatusCode::UNAUTHORIZED, message, help.to_owned()));
        }
        let sent = read(body).await?;
        let outcome = self.operate(row.operation, &sent).await;
        if row.method == "post" {
            let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
            let sent = self.desk.masks.apply(&sent.to_string());
            steps.push(Step {
                at: self.begun.elapsed().as_secs_f64(),
                path: path.to_owned(),
                sent: serde_json::from_str(&sent).unwrap_or_default(),
                done: outcome.is_ok(),
            });
        }
        outcome
    }

    async fn operate(&self, operation: Operation, sent: &Value) -> Result<Value, Refused> {
        let saying = match operation {
            Operation::Description => return Ok(describe()),
            Operation::Task => return Ok(json!(self.desk.task)),
            Operation::Status => return self.status().await,
            Operation::Telemetry => return Ok(json!(self.telemetry())),
            Operation::Transcript => {
                let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
                return Ok(json!(Transcript {
                    steps: steps.clone()
                }));
            }
            Operation::Exec => return self.exec(take(sent)?).await,
            Operation::Declare => {
                let Declaration { component, symptom } = take(sent)?;
                Saying::Declare { component, symptom }
            }
            Operation::Message => {
                let Words { text } = take(sent)?;
                Saying::Message { text }
            }
            Operation::Note => {
                let Words { text } = take(sent)?;
                Saying::Note { text }
            }
            Operation::Hint => Saying::Hint,
            Operation::Solution => Saying::Solution,
            Operation::Submit => Saying::Done,
            Operation::GiveUp => Saying::GiveUp,
        };
        match self.ask(Command::Say(saying)).await? {
            Answer::Said(said) => Ok(json!(Said { said })),
            other => Err(bad(&format!("{other:?}"), "")),
        }
    }

    async fn status(&self) -> Result<Value, Refused> {
        match self.ask(Command::Status).await? {
            Answer::Status(status) => Ok(json!(status)),
            other => Err(bad(&format!("{other:?}"), "")),
        }
    }

    fn telemetry(&self) -> Telemetry {
        let entries = std::fs::read_dir(self.desk.folder.join(LOGS));
        let paths = entries.into_iter().flatten();
        let paths = paths.filter_map(|entry| Some(entry.ok()?.path()));
        let log = |path: PathBuf| {
            let name = path.file_stem()?.to_string_lossy().into_owned();
            let lines = last_lines(&path, LINES).into_iter();
            let lines = lines.map(|line| self.desk.masks.apply(&line)).collect();
            Some((name, lines))
        };
        let logs: BTreeMap<String, Vec<String>> = paths.filter_map(log).collect();
        Telemetry { logs }
    }

    async fn exec(&self, commands: Commands) -> Result<Value, Refused> {
        let seconds = commands.seconds.unwrap_or(USUAL);
        if !(1..=LONGEST).contains(&seconds) {
            return Err(bad("seconds are 1 to 120", ""));
        }
        let mut turn = self.turn.lock().await;
        *turn += 1;
        let name = format!("exec-{turn}");
        let text = self.desk.masks.apply(&commands.command);
        // For the record; a rehearsal that is over hears no more, and runs no more either.
        let text: String = format!("$ {text}").chars().take(1_500).collect();
        self.ask(Command::Say(Saying::Note { text })).await?;
        let script = Script {
            name,
            text: commands.command,
            variables: self.desk.variables.clone(),
            folder: self.desk.folder.join("blocks"),
            limit: Span::from_secs(seconds),
            ..Script::default()
        };
        let ran = self.desk.bash.run(&script).await;
        let ran = ran.map_err(|failure| bad(&failure, ""))?;
        Ok(json!(Ran {
            end: ran.end.to_string(),
            success: ran.end.is_success(),
            output: self.desk.masks.shorten(&ran.output),
        }))
    }

    async fn ask(&self, command: Command) -> Result<Answer, Refused> {
        let (reply, answer) = oneshot::channel();
        let over = || {
            let message = "the rehearsal is over".to_owned();
            (StatusCode::GONE, message, String::new())
        };
        let by = PROGRAM.to_owned();
        let sent = self.desk.counter.send(Order { by, command, reply });
        sent.map_err(|_| over())?;
        let answer = answer.await.map_err(|_| over())?;
        answer.map_err(|Refusal { message, help }| (StatusCode::CONFLICT, message, help))
    }
}

fn take<T: DeserializeOwned>(sent: &Value) -> Result<T, Refused> {
    T::deserialize(sent).map_err(|error| bad(&error, "GET /openapi.json has what it takes"))
}

async fn read(body: Body) -> Result<Value, Refused> {
    let bytes = to_bytes(body, LARGEST).await;
    let bytes = bytes.map_err(|error| bad(&error, "at most 256 KiB"))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| bad(&error, "send JSON"))
}

/// Compares without telling by its time how much of the token was right.
fn is_allowed(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|given| given.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| {
        let pairs = given.iter().zip(token.as_bytes());
        let differences = pairs.fold(0, |all, (a, b)| all | (a ^ b));
        given.len() == token.len() && differences == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let check = |given: Option<&str>, expected: bool| {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(header::AUTHORIZATION, given.parse().unwrap());
            }
            assert_eq!(is_allowed(&headers, "abc"), expected, "{given:?}");
        };
        check(None, false);
        check(Some("Bearer abc"), true);
        check(Some("Bearer ab"), false);
        check(Some("Bearer abcd"), false);
        check(Some("Bearer "), false);
        check(Some("abc"), false);
    }
}
