//! A running system at one moment, as text.

use lab_model::status::{JourneyStatus, LinkStatus, Status};
use lab_model::{Link, Span};

use crate::format;
use crate::line::{Line, width};
use crate::page::Page;
use crate::style::{Style, Tone};
use crate::table::{Align, Column, Table};

/// The room of the words at the left.
const LABEL: usize = 6;

/// The text; `gateway` has a line for each route and flag: its name and how it stands.
pub fn text(status: &Status, gateway: &[(String, String)], style: &Style) -> String {
    let mut page = Page::new(*style);
    let head = Line::of(Tone::Strong, status.system.as_str()).then(
        Tone::Plain,
        format!(
            "  up for {} · figures of the last {} · {}",
            whole(status.since),
            whole(status.window),
            status.run
        ),
    );
    page.line(0, &head);
    page.blank();
    journeys(&mut page, &status.journeys, style);
    page.blank();
    for objective in &status.objectives {
        let (tone, word) = match objective.holds {
            Some(true) => (Tone::Quiet, "holds"),
            Some(false) => (Tone::Bad, "BREAKS"),
            None => (Tone::Quiet, "–"),
        };
        let text = Line::plain(objective.text.as_str());
        page.labelled(2, &Line::of(tone, word), LABEL + 2, &text);
    }
    page.blank();
    links(&mut page, &status.links, style);
    page.blank();
    if status.seat.is_some() {
        // What is broken is for whoever has the seat to find out.
        let stands = crate::brief::prompt(status, style.unicode);
        page.line(2, &Line::of(Tone::Strong, stands));
    } else if status.faults.is_empty() {
        page.line(2, &Line::of(Tone::Quiet, "nothing is injected"));
    }
    for fault in &status.faults {
        let touched = match fault.touched.requests {
            0 => format::counted(fault.touched.connections, "connection"),
            requests => format::counted(requests, "request"),
        };
        let text = format!(
            "{} on {}, since {}: touched {touched}",
            fault.summary,
            format::link(&fault.link),
            whole(fault.since)
        );
        let label = Line::of(Tone::Bad, format!("fault {}", fault.number));
        page.labelled(2, &label, LABEL + 3, &Line::plain(text));
    }
    if !gateway.is_empty() {
        page.blank();
    }
    let room = gateway
        .iter()
        .map(|(name, _)| width(name))
        .max()
        .unwrap_or(0);
    for (name, stands) in gateway {
        page.labelled(
            2,
            &Line::plain(name.as_str()),
            room + 2,
            &Line::plain(stands.as_str()),
        );
    }
    page.finish()
}

/// A time in whole seconds.
fn whole(span: Span) -> String {
    format::planned(Span::from_secs(span.as_micros() / 1_000_000))
}

fn latency(time: Option<Span>) -> Line {
    time.map_or_else(
        || Line::of(Tone::Quiet, "–"),
        |time| Line::plain(format::span(time)),
    )
}

fn journeys(page: &mut Page, journeys: &[JourneyStatus], style: &Style) {
    let names = journeys.iter().map(|journey| width(journey.name.as_str()));
    let columns = vec![
        Column::new("journey", names.max().unwrap_or(0), Align::Left, style),
        Column::new("ended", 7, Align::Right, style),
        Column::new("bad", 7, Align::Right, style),
        Column::new("p50", 7, Align::Right, style),
        Column::new("p99", 7, Align::Right, style),
    ];
    let table = Table::new(2, columns, style);
    table.head(page);
    for journey in journeys {
        let share = journey.bad as f64 / journey.ended.max(1) as f64;
        let tone = if journey.bad > 0 {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let cells = [
            Line::plain(journey.name.as_str()),
            Line::plain(format::count(journey.ended)),
            Line::of(tone, format::percent(share)),
            latency(journey.p50),
            latency(journey.p99),
        ];
        table.row(page, &Line::default(), &cells);
    }
}

fn links(page: &mut Page, links: &[LinkStatus], style: &Style) {
    let shown = |link: &Link| format::link(link);
    let names = links.iter().map(|status| width(&shown(&status.link)));
    let columns = vec![
        Column::new("link", names.max().unwrap_or(0), Align::Left, style),
        Column::new("requests", 8, Align::Right, style),
        Column::new("failed", 7, Align::Right, style),
        Column::new("attempts", 8, Align::Right, style),
        Column::new("p99", 7, Align::Right, style),
    ];
    let table = Table::new(2, columns, style);
    table.head(page);
    for status in links {
        let attempts = match status.first_attempts {
            0 => Line::of(Tone::Quiet, "–"),
            first => Line::plain(format!("{:.1}", status.requests as f64 / first as f64)),
        };
        let tone = if status.failed > 0 {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let cells = [
            Line::plain(shown(&status.link)),
            Line::plain(format::count(status.requests)),
            Line::of(tone, format::count(status.failed)),
            attempts,
            latency(status.p99),
        ];
        table.row(page, &Line::default(), &cells);
    }
}
