//! What acts on a running system from a second terminal: `lab inject`, `heal`, `rate`, `status`
//! through its control socket, `lab route` and `flag` through its gateway's admin API, `lab logs`
//! from its folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_drivers::control;
use lab_drivers::folder::LOGS;
use lab_drivers::gateways::Access;
use lab_drivers::lease;
use lab_engine::desk::{Answer, Command, Refusal};
use lab_model::{Exit, Link, Plan, Rate, Ratio};
use lab_scenarios::sandbox::injection;
use serde_json::{Value, json};

use crate::arguments::{Color, Flag, Heal, Inject, Logs, RateOf, Route, Running, Status};
use crate::scenario::{Trouble, shown};
use crate::{runs, text};

/// How often a log is looked at while it is followed.
const PULSE: Duration = Duration::from_millis(100);

/// Why nothing was done.
pub(super) enum Failed {
    /// Said already.
    Shown(Exit),
    /// To be said, with what to try.
    Said(Exit, String, String),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Said(Exit::Usage, refusal.message, refusal.help)
    }
}

pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Failed {
    Failed::Said(Exit::Usage, message.into(), help.into())
}

pub(super) fn finish(outcome: Result<String, Failed>) -> Exit {
    match outcome {
        Ok(words) => {
            text::out(&words);
            Exit::Pass
        }
        Err(Failed::Shown(exit)) => exit,
        Err(Failed::Said(exit, message, help)) => {
            text::error(&message, &help);
            exit
        }
    }
}

/// The folder of the running system that is meant; `file` is what must stand in it.
pub(crate) fn find(running: &Running, file: &str) -> Result<PathBuf, (String, String)> {
    let lives = |folder: &PathBuf| lease::is_running(folder) && folder.join(file).exists();
    if let Some(wanted) = &running.run {
        let folder = runs::find(&running.kept.out, wanted);
        let folder = folder.map_err(|e| (e.to_string(), "lab list --runs".to_owned()))?;
        return if lives(&folder) {
            Ok(folder)
        } else {
            Err((
                format!("{wanted} is not running"),
                "lab up shop starts one".to_owned(),
            ))
        };
    }
    // Whoever is in the seat of a rehearsal means that one.
    let own = std::env::var_os("LAB_REHEARSAL").map(PathBuf::from);
    if let Some(own) = own.filter(lives) {
        return Ok(own);
    }
    let mut found: Vec<PathBuf> = runs::folders(&running.kept.out);
    found.retain(lives);
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err((
            "no system is running".to_owned(),
            "lab up shop, in another terminal".to_owned(),
        )),
        several => {
            let names: Vec<String> = several.iter().map(|folder| name(folder)).collect();
            let message = format!("{} systems are running: {}", names.len(), names.join(", "));
            Err((message, format!("say which: --run {}", names[0])))
        }
    }
}

fn name(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

pub(super) fn found(running: &Running, file: &str) -> Result<PathBuf, Failed> {
    find(running, file).map_err(|(message, help)| usage(message, help))
}

/// The plan of a running system.
pub(crate) fn plan(folder: &Path) -> Option<Plan> {
    runs::journal(folder)
        .ok()
        .map(|journal| journal.opened.plan)
}

/// Who acts, for the journal.
pub(crate) fn me() -> String {
    let names = ["USER", "LOGNAME"]
        .iter()
        .filter_map(|name| std::env::var(name).ok());
    names
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "someone".to_owned())
}

fn ask(folder: &Path, command: Command) -> Result<Answer, Failed> {
    let answered = control::ask(folder, &me(), command);
    Ok(answered.map_err(|error| gone(folder, &error))??)
}

/// The run of a folder does not answer.
pub(super) fn gone(folder: &Path, error: &std::io::Error) -> Failed {
    let message = format!("{} does not answer: {error}", name(folder));
    Failed::Said(
        Exit::Environment,
        message,
        "lab clean removes what dead runs left".to_owned(),
    )
}

/// `orders -> payments` or `orders-to-payments`, which needs no quotes in a shell.
pub(super) fn link(given: &str, plan: &Plan) -> String {
    let of_slug = plan.system.links.iter().find(|link| link.slug() == given);
    of_slug.map_or_else(|| given.to_owned(), Link::to_string)
}

/// An injection in the words of a scenario.
fn words(options: &Inject, plan: &Plan) -> Result<String, Failed> {
    let (mut keys, mut attributes) = (Vec::new(), Vec::new());
    // `match.path=/a` is an attribute in an attribute.
    let mut nested: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for setting in &options.settings {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(usage(
                format!("`{setting}` sets nothing"),
                "write NAME=VALUE, as in delay=2s",
            ));
        };
        let plain = |text: &str| {
            text.chars()
                .all(|c| c.is_alphanumeric() || "._%/+-µ".contains(c))
        };
        let value = if plain(value) && !value.is_empty() {
            value.to_owned()
        } else {
            json!(value).to_string()
        };
        match key {
            "for" | "after" | "toxicity" | "direction" => keys.push(format!("{key}: {value}\n")),
            _ if let Some((outer, inner)) = key.split_once('.') => {
                let inner = format!("{}: {value}", json!(inner));
                nested.entry(outer).or_default().push(inner);
            }
            _ => attributes.push(format!("{}: {value}", json!(key))),
        }
    }
    for (outer, inner) in nested {
        attributes.push(format!("{}: {{ {} }}", json!(outer), inner.join(", ")));
    }
    let on = link(&options.link, plan);
    let on = if on.parse::<Link>().is_ok() {
        on
    } else {
        json!(on).to_string()
    };
    let (kind, attributes) = (json!(options.fault), attributes.join(", "));
    Ok(format!(
        "on: {on}\n{}fault: {{ {kind}: {{ {attributes} }} }}\n",
        keys.concat()
    ))
}

pub(crate) fn inject(options: &Inject, color: Color) -> Exit {
    let work = || {
        let folder = found(&options.running, control::FILE)?;
        let plan = plan(&folder).ok_or_else(|| usage("the run has no plan yet", ""))?;
        let fault = injection(&plan, &words(options, &plan)?).map_err(Trouble::Diagnostics);
        let fault = shown(fault, color).map_err(Failed::Shown)?;
        let (on, summary) = (fault.link.clone(), fault.summary.clone());
        match ask(&folder, Command::Inject(Box::new(fault)))? {
            Answer::Injected(number) => Ok(format!(
                "injected {summary} on {on} · lab heal {number} takes it back\n"
            )),
            other => Err(surprised(&other)),
        }
    };
    finish(work())
}

fn surprised(answer: &Answer) -> Failed {
    let message = format!("an answer of another kind: {answer:?}");
    Failed::Said(
        Exit::Environment,
        message,
        "use the same lab in both terminals".to_owned(),
    )
}

pub(crate) fn heal(options: &Heal) -> Exit {
    let work = || {
        let folder = found(&options.running, control::FILE)?;
        match ask(&folder, Command::Heal(options.fault))? {
            Answer::Healed(healed) if healed.is_empty() => Ok("nothing is injected\n".to_owned()),
            Answer::Healed(healed) => {
                let line =
                    |(_, summary, on): &(usize, String, Link)| format!("healed {summary} on {on}");
                Ok(healed.iter().map(line).collect::<Vec<_>>().join("\n") + "\n")
            }
            other => Err(surprised(&other)),
        }
    };
    finish(work())
}

pub(crate) fn rate(options: &RateOf) -> Exit {
    let work = || {
        let folder = found(&options.running, control::FILE)?;
        match ask(&folder, Command::Rate(options.rate))? {
            Answer::Rated { before } => {
                let was = before.and_then(Rate::per_second);
                let was = was.map_or(String::new(), |was| format!(" (was {was})"));
                Ok(format!("{}{was}\n", options.rate))
            }
            other => Err(surprised(&other)),
        }
    };
    finish(work())
}

pub(crate) fn status(options: &Status, color: Color) -> Exit {
    let work = || {
        let folder = found(&options.running, control::FILE)?;
        let status = match ask(&folder, Command::Status)? {
            Answer::Status(status) => status,
            other => return Err(surprised(&other)),
        };
        let gateway = Access::read(&folder).ok();
        let read = |path: &str| {
            let access = gateway.as_ref()?;
            access.call("GET", path, &me(), None).ok()?.ok()
        };
        let (routes, flags) = (read("/routes"), read("/flags"));
        if options.json {
            let all = json!({ "status": status, "routes": routes, "flags": flags });
            return Ok(format!("{all:#}\n"));
        }
        let style = text::style(color, &std::io::stdout());
        let gateway = [routes_shown(routes.as_ref()), flags_shown(flags.as_ref())].concat();
        Ok(lab_report::status::text(&status, &gateway, &style))
    };
    finish(work())
}

/// `orders  monolith 75%  service 25%`, for each route.
fn routes_shown(routes: Option<&Value>) -> Vec<(String, String)> {
    let routes = routes.and_then(Value::as_array).into_iter().flatten();
    let upstream = |upstream: &Value| {
        let alone = if upstream["up"] == false {
            " (left alone)"
        } else {
            ""
        };
        format!(
            "{} {}{alone}",
            word(&upstream["name"]),
            word(&upstream["share"])
        )
    };
    let line = |route: &Value| {
        let upstreams = route["upstreams"].as_array().into_iter().flatten();
        let upstreams: Vec<String> = upstreams.map(upstream).collect();
        (
            format!("route {}", word(&route["name"])),
            upstreams.join(", "),
        )
    };
    routes.map(line).collect()
}

fn flags_shown(flags: Option<&Value>) -> Vec<(String, String)> {
    let flags = flags.and_then(Value::as_array).into_iter().flatten();
    let line = |flag: &Value| {
        let until = flag["expires"]
            .as_str()
            .map_or(String::new(), |day| format!(", until {day}"));
        let value = format!(
            "{} (of {}{until})",
            word(&flag["value"]),
            word(&flag["owner"])
        );
        (format!("flag {}", word(&flag["name"])), value)
    };
    flags.map(line).collect()
}

/// One line each.
fn listed(lines: &[(String, String)]) -> String {
    let lines = lines
        .iter()
        .map(|(name, stands)| format!("{name}: {stands}"));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Calls the gateway's admin API.
fn admin(folder: &Path, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failed> {
    let gone = |error: std::io::Error| {
        let message = format!("the gateway of {} does not answer: {error}", name(folder));
        Failed::Said(Exit::Environment, message, String::new())
    };
    let access = Access::read(folder).map_err(gone)?;
    let answer = access.call(method, path, &me(), body).map_err(gone)?;
    answer.map_err(|(message, help)| usage(message, help))
}

fn changed(change: &Value) -> String {
    let (what, after) = (word(&change["what"]), word(&change["after"]));
    format!("{what}: {after} (was {})\n", word(&change["before"]))
}

pub(crate) fn route(options: &Route) -> Exit {
    let work = || {
        let folder = found(&options.running, lab_drivers::gateways::FILE)?;
        let Some(route) = &options.name else {
            let lines = routes_shown(Some(&admin(&folder, "GET", "/routes", None)?));
            return Ok(listed(&lines));
        };
        let path = format!("/routes/{}", segment(route)?);
        if options.shares.is_empty() {
            let route = admin(&folder, "GET", &path, None)?;
            let lines = routes_shown(Some(&json!([route])));
            return Ok(listed(&lines));
        }
        let mut shares = BTreeMap::new();
        for given in &options.shares {
            let parsed = given.split_once('=').and_then(|(upstream, share)| {
                let percent = format!("{}%", share.trim_end_matches('%'));
                Some((upstream.to_owned(), percent.parse::<Ratio>().ok()?))
            });
            let (upstream, share) = parsed.ok_or_else(|| {
                usage(
                    format!("`{given}` is no share"),
                    "write UPSTREAM=PERCENT, as in service=5",
                )
            })?;
            shares.insert(upstream, share);
        }
        let body = json!({ "shares": shares });
        Ok(changed(&admin(&folder, "PATCH", &path, Some(&body))?))
    };
    finish(work())
}

pub(crate) fn flag(options: &Flag) -> Exit {
    let work = || {
        let folder = found(&options.running, lab_drivers::gateways::FILE)?;
        match (&options.name, &options.value) {
            (Some(flag), Some(value)) => {
                let path = format!("/flags/{}", segment(flag)?);
                let body = json!({ "value": value });
                Ok(changed(&admin(&folder, "PUT", &path, Some(&body))?))
            }
            (Some(flag), None) => {
                let flag = admin(&folder, "GET", &format!("/flags/{}", segment(flag)?), None)?;
                Ok(format!("{}\n", word(&flag["value"])))
            }
            (None, _) => {
                let lines = flags_shown(Some(&admin(&folder, "GET", "/flags", None)?));
                Ok(listed(&lines))
            }
        }
    };
    finish(work())
}

/// A name as a part of a path.
fn segment(name: &str) -> Result<&str, Failed> {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if plain && !name.is_empty() {
        Ok(name)
    } else {
        Err(usage(
            format!("`{name}` is not a name"),
            "lab status shows the names",
        ))
    }
}

pub(crate) fn logs(options: &Logs) -> Exit {
    let work = || {
        let folder = match &options.running.run {
            Some(wanted) => runs::find(&options.running.kept.out, wanted)
                .map_err(|error| usage(error.to_string(), "lab list --runs"))?,
            None => found(&options.running, control::FILE)?,
        };
        let mut logs = Vec::new();
        let entries = std::fs::read_dir(folder.join(LOGS)).into_iter().flatten();
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if let Some(service) = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
            {
                logs.push((service, path));
            }
        }
        logs.sort();
        if let Some(wanted) = &options.service {
            let known: Vec<&str> = logs.iter().map(|(service, _)| service.as_str()).collect();
            if !known.contains(&wanted.as_str()) {
                return Err(usage(
                    format!("no log of `{wanted}`"),
                    format!("there is {}", known.join(", ")),
                ));
            }
            logs.retain(|(service, _)| service == wanted);
        }
        follow(&folder, &logs, options.follow);
        Ok(String::new())
    };
    finish(work())
}

/// Prints logs, and what is added to them as long as their run goes on.
fn follow(folder: &Path, logs: &[(String, PathBuf)], follow: bool) {
    let width = logs
        .iter()
        .map(|(service, _)| service.len())
        .max()
        .unwrap_or(0);
    let mut read = vec![0_u64; logs.len()];
    loop {
        let goes_on = follow && lease::is_running(folder);
        for ((service, path), from) in logs.iter().zip(&mut read) {
            for line in news(path, from) {
                if logs.len() > 1 {
                    text::out(&format!("{service:width$}  {line}\n"));
                } else {
                    text::out(&format!("{line}\n"));
                }
            }
        }
        if !goes_on {
            return;
        }
        std::thread::sleep(PULSE);
    }
}

/// The whole lines of a file behind `from`, which moves behind them.
fn news(path: &Path, from: &mut u64) -> Vec<String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(*from))?;
        file.take(1 << 20).read_to_end(&mut bytes)
    });
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    if read.is_err() || whole == 0 {
        return Vec::new();
    }
    *from += whole as u64;
    String::from_utf8_lossy(&bytes[..whole])
        .lines()
        .map(str::to_owned)
        .collect()
}
