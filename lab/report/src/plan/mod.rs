//! A plan, before anything is touched: what will happen when, and what it takes to pass or fail.

mod faults;
mod needs;
mod timeline;
pub(crate) mod when;

use lab_model::plan::{Phase, Plan};
use lab_model::system::{ReadyCheck, Service};
use lab_model::traffic::{Executor, Load};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::{Style, Tone};
use crate::table::{Align, Column, Table};

/// The room of the words at the left.
const LABEL: usize = 12;

/// A plan for people.
pub fn text(plan: &Plan, style: &Style) -> String {
    let mut page = Page::new(*style);
    header(&mut page, plan);
    page.blank();
    timeline::write(&mut page, plan);
    page.blank();
    arrivals(&mut page, plan);
    page.blank();
    faults::write(&mut page, plan);
    page.blank();
    needs::write(&mut page, plan);
    needs::indicators(&mut page, plan);
    page.blank();
    patterns(&mut page, plan);
    page.blank();
    environment(&mut page, plan);
    page.blank();
    page.command("Run", LABEL, &plan.replay);
    page.finish()
}

/// A plan for programs: the plan itself, as it stands at the head of a journal.
pub fn json(plan: &Plan) -> String {
    // Cannot fail: every map of the language has text keys.
    let mut text = serde_json::to_string_pretty(plan).unwrap_or_default();
    text.push('\n');
    text
}

fn header(page: &mut Page, plan: &Plan) {
    let title = Line::of(Tone::Strong, plan.scenario.as_str()).then(
        Tone::Plain,
        format!(
            "  seed {} · {} · {}",
            plan.seed,
            plan.system.name,
            format::planned(plan.length())
        ),
    );
    page.line(0, &title);
    note(page, "hypothesis", &plan.hypothesis);
    note(page, "lesson", &plan.lesson);
    note(page, "verdict", &when::all(plan));
}

/// A labelled sentence; nothing where there is none.
fn note(page: &mut Page, label: &str, text: &str) {
    if !text.trim().is_empty() {
        let label = Line::of(Tone::Quiet, label);
        page.labelled(0, &label, LABEL, &Line::plain(text.trim()));
    }
}

/// How many arrivals of each journey fall into each phase.
fn arrivals(page: &mut Page, plan: &Plan) {
    let style = page.style();
    let name = |phase: &Phase| phase.name.as_str().len();
    let mut columns = vec![
        Column::new(
            "phase",
            plan.phases.iter().map(name).max().unwrap_or(0),
            Align::Left,
            &style,
        ),
        Column::new("when", 12, Align::Left, &style),
    ];
    for journey in &plan.load.journeys {
        columns.push(Column::new(journey.name.as_str(), 9, Align::Right, &style));
    }
    let table = Table::new(2, columns, &style);
    table.head(page);
    for phase in &plan.phases {
        let mut cells = vec![
            Line::plain(phase.name.as_str()),
            Line::plain(timeline::of_phase(phase)),
        ];
        for journey in &plan.load.journeys {
            let expected = needs::expected(plan, phase, &journey.name);
            let expected = expected.map_or_else(|| "?".to_owned(), format::count);
            cells.push(Line::plain(expected));
        }
        table.row(page, &Line::default(), &cells);
    }
}

/// What must show on the wire, and in which phases.
fn patterns(page: &mut Page, plan: &Plan) {
    let mut label = "patterns";
    for pattern in &plan.patterns {
        let phases = pattern
            .during
            .iter()
            .filter_map(|index| plan.phases.get(*index));
        let phases: Vec<&str> = phases.map(|phase| phase.name.as_str()).collect();
        note(
            page,
            label,
            &format!("{} ({})", pattern.summary, phases.join(", ")),
        );
        label = " ";
    }
}

/// What will be started, and with which settings.
fn environment(page: &mut Page, plan: &Plan) {
    note(page, "load", &generator(&plan.load));
    let mut label = if plan.system.is_attached() {
        "attached"
    } else {
        "starts"
    };
    for service in &plan.system.services {
        note(page, label, &started(service));
        label = " ";
    }
    let links: Vec<String> = plan.system.links.iter().map(format::link).collect();
    note(page, "links", &links.join(", "));
    let ends: Vec<String> = plan.system.tls.iter().map(format::link).collect();
    if !ends.is_empty() {
        let text = format!(
            "TLS ends in the proxy and begins again: {}",
            ends.join(", ")
        );
        note(page, " ", &text);
    }
    note(page, " ", &unseen(plan));
    let settings: Vec<String> = plan
        .system
        .settings
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    note(page, "settings", &settings.join("  "));
    for abort in &plan.abort {
        note(page, "stops if", &abort.to_string());
    }
    if let Some(least) = plan.early_stop {
        let least = format::planned(least);
        let text = format!(
            "its verdict is decided in slices: a fail at once, a pass not before {least} of the last phase that is judged"
        );
        note(page, "stops if", &text);
    }
}

/// `goose in 1 process`: who runs the journeys.
fn generator(load: &Load) -> String {
    let executor = match load.executor {
        Executor::Goose => "goose",
        Executor::Native => "native users",
    };
    let plural = if load.processes.get() == 1 { "" } else { "es" };
    format!("{executor} in {} process{plural}", load.processes)
}

/// `orders: lab shop orders · ready when GET /health answers, within 10 s`.
fn started(service: &Service) -> String {
    let ready = match &service.ready.check {
        ReadyCheck::Http(path) => format!("when GET {path} answers"),
        ReadyCheck::Tcp => "when its port accepts".to_owned(),
    };
    let within = format::planned(service.ready.within);
    if let Some(attached) = &service.attached {
        let proxies = attached.proxies.iter();
        let proxies = proxies.map(|(caller, listen)| format!(" · {caller} finds it at {listen}"));
        let (name, address) = (&service.name, &attached.address);
        let proxies: String = proxies.collect();
        return format!(
            "{name}: runs already at {address} · ready {ready}, within {within}{proxies}"
        );
    }
    let what = match (&service.image, service.command.as_slice()) {
        (Some(image), []) => format!("image {image}"),
        // The program's own name stands in for the place it is started from.
        (_, command) => command.join(" ").replace("{lab}", "lab"),
    };
    let fixtures = service.fixtures.iter();
    let fixtures: Vec<String> = fixtures
        .map(|fixture| format!(" · then {}", fixture.summary()))
        .collect();
    let fixtures = fixtures.concat();
    format!(
        "{}: {what} · ready {ready}, within {within}{fixtures}",
        service.name
    )
}

/// What no proxy sees of a system that runs already; empty of others.
fn unseen(plan: &Plan) -> String {
    if plan.system.is_attached() {
        "no other call between its services passes the lab: nothing inside is rewired".to_owned()
    } else {
        String::new()
    }
}
