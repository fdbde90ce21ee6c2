//! The system's links as measured: a drawing with the faults on it, and a table.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::link::Traffic;
use lab_model::plan::PhaseKind;
use lab_model::{Link, Name};
use lab_verdict::outcome::Call;
use lab_verdict::tally::{PhaseTally, attempts_per_request};
use maud::{Markup, html};

use super::text::{number, raw};
use super::{Section, scrolling};
use crate::deeds;
use crate::format;
use crate::run::Run;

/// Nodes and the room between them.
const NODE: (f64, f64) = (118.0, 40.0);
const GAP: (f64, f64) = (118.0, 34.0);

pub(super) fn section(run: &Run<'_>) -> Option<Section> {
    let links = &run.plan().system.links;
    if links.is_empty() || !run.reached() {
        return None;
    }
    Some(Section {
        id: "links",
        title: "Links as measured",
        lead: "Every link passes a proxy of the lab, which counts both sides. Beside each arrow: \
               requests and their 99th percentile while faults were armed."
            .to_owned(),
        body: html! {
            div.scroll role="region" aria-label="Drawing of the links" tabindex="0" { (drawing(run)) }
            (scrolling("Links by phase", &table(run)))
        },
    })
}

/// The traffic of a link over the phases that matter: the fault's, or all measured ones.
fn traffic<'a>(run: &'a Run<'_>, link: &Link) -> Vec<&'a Traffic> {
    let phases = || run.plan().phases.iter().zip(&run.tally.phases);
    let of = |wanted: fn(PhaseKind) -> bool| -> Vec<&Traffic> {
        phases()
            .filter(|(phase, _)| wanted(phase.kind))
            .filter_map(|(_, tally)| tally.links.iter().find(|one| &one.link == link))
            .map(|tally| &tally.traffic)
            .collect()
    };
    let faulty = of(|kind| kind == PhaseKind::Fault);
    if faulty.is_empty() {
        of(PhaseKind::is_measured)
    } else {
        faulty
    }
}

/// In which column a service stands: one right of its last caller. A call back to where one came
/// from counts for nothing, so that a circle has a beginning.
fn columns(links: &[Link]) -> BTreeMap<&Name, usize> {
    let callers: BTreeSet<&Name> = links.iter().map(|link| &link.from).collect();
    let called: BTreeSet<&Name> = links.iter().map(|link| &link.to).collect();
    let mut walk = Walk {
        links,
        columns: BTreeMap::new(),
        path: Vec::new(),
    };
    // Those whom nobody calls first; a circle that nobody enters begins anywhere.
    for start in callers.difference(&called).chain(&callers) {
        if !walk.columns.contains_key(*start) {
            walk.to(start, 0);
        }
    }
    walk.columns
}

/// The longest way to each service.
struct Walk<'a> {
    links: &'a [Link],
    columns: BTreeMap<&'a Name, usize>,
    path: Vec<&'a Name>,
}

impl<'a> Walk<'a> {
    fn to(&mut self, name: &'a Name, column: usize) {
        if self.columns.get(name).is_some_and(|known| *known >= column) {
            return;
        }
        self.columns.insert(name, column);
        self.path.push(name);
        let links = self.links;
        for link in links.iter().filter(|link| &link.from == name) {
            if !self.path.contains(&&link.to) {
                self.to(&link.to, column + 1);
            }
        }
        self.path.pop();
    }
}

/// Where everything stands.
struct Places<'a> {
    /// The left upper corner of each node, and its column.
    nodes: BTreeMap<&'a Name, (f64, f64, usize)>,
    width: f64,
    height: f64,
}

impl<'a> Places<'a> {
    fn of(links: &'a [Link]) -> Self {
        let columns = columns(links);
        // In the order in which links name them.
        let named = |name: &Name| links.iter().position(|link| &link.to == name);
        let mut ordered: Vec<(&Name, usize)> = columns.into_iter().collect();
        ordered.sort_by_key(|(name, column)| (*column, named(name)));
        // Room for the highest arc above the first row and for the lowest below the last.
        let column_of = |name: &Name| {
            ordered
                .iter()
                .find(|(one, _)| *one == name)
                .map_or(0, |(_, column)| *column)
        };
        let reach = |wanted: fn(usize, usize) -> bool| {
            let arcs = links
                .iter()
                .map(|link| (column_of(&link.from), column_of(&link.to)));
            let arcs = arcs.filter(|(from, to)| wanted(*from, *to));
            arcs.map(|(from, to)| arc(from.abs_diff(to)))
                .fold(0.0, f64::max)
        };
        let above = reach(|from, to| to > from + 1).max(14.0) + 22.0;
        let below = reach(|from, to| to <= from).max(2.0) + 22.0;
        let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
        let mut nodes = BTreeMap::new();
        for (name, column) in ordered {
            let row = rows.entry(column).or_default();
            let x = 1.0 + column as f64 * (NODE.0 + GAP.0);
            let y = above + *row as f64 * (NODE.1 + GAP.1);
            nodes.insert(name, (x, y, column));
            *row += 1;
        }
        let last = rows.keys().last().map_or(0, |column| *column);
        let most = rows.values().copied().max().unwrap_or(1);
        Self {
            nodes,
            width: (last + 1) as f64 * (NODE.0 + GAP.0) - GAP.0 + 2.0,
            height: above + most as f64 * (NODE.1 + GAP.1) - GAP.1 + below,
        }
    }

    /// The line of a link, and where its label stands.
    fn line(&self, link: &Link) -> Option<(String, f64, f64)> {
        let (from, to) = (self.nodes.get(&link.from)?, self.nodes.get(&link.to)?);
        let (half, middle) = (NODE.0 / 2.0, NODE.1 / 2.0);
        if to.2 == from.2 + 1 {
            let (x1, y1) = (from.0 + NODE.0, from.1 + middle);
            let (x2, y2) = (to.0 - 2.0, to.1 + middle);
            let bend = number(x1.midpoint(x2));
            let path = format!(
                "M{} {}C{bend} {} {bend} {} {} {}",
                number(x1),
                number(y1),
                number(y1),
                number(y2),
                number(x2),
                number(y2)
            );
            return Some((path, x1.midpoint(x2), y1.midpoint(y2)));
        }
        // Over the others to the right, under them back to the left.
        let onward = to.2 > from.2;
        let height = arc(from.2.abs_diff(to.2));
        let (edge, lift, shift) = if onward {
            (0.0, -height, 12.0)
        } else {
            (NODE.1, height, -12.0)
        };
        let (x1, x2) = (from.0 + half + shift, to.0 + half - shift);
        let (y1, y2) = (from.1 + edge, to.1 + edge + if onward { -2.0 } else { 2.0 });
        let top = if onward { y1.min(y2) } else { y1.max(y2) } + lift;
        let path = format!(
            "M{} {}C{} {} {} {} {} {}",
            number(x1),
            number(y1),
            number(x1),
            number(top),
            number(x2),
            number(top),
            number(x2),
            number(y2)
        );
        // A cubic curve comes three quarters of the way to its handles.
        let y = y1.midpoint(y2) + 0.75 * (top - y1.midpoint(y2));
        Some((path, x1.midpoint(x2), y))
    }
}

/// How far an arc over so many columns bends away.
fn arc(columns: usize) -> f64 {
    28.0 + 20.0 * columns as f64
}

fn drawing(run: &Run<'_>) -> Markup {
    let links = &run.plan().system.links;
    let places = Places::of(links);
    let (width, height) = (places.width, places.height);
    let label = format!(
        "{} links between {} services",
        links.len(),
        places.nodes.len()
    );
    html! {
        svg.topology role="img" aria-label=(label) viewBox={ "0 0 " (number(width)) " " (number(height)) }
            style={ "min-width:" (number(width * 0.82)) "px;max-width:" (number(width * 1.25)) "px" } {
            (raw(ARROWS.to_owned()))
            @for link in links { (edge(run, link, &places)) }
            @for (name, (x, y, _)) in &places.nodes {
                @let own = if name.as_str() == lab_model::name::CLIENT { "node client" } else { "node" };
                g class=(own) {
                    rect x=(number(*x)) y=(number(*y)) width=(number(NODE.0)) height=(number(NODE.1)) rx="9" {}
                    text x=(number(x + NODE.0 / 2.0)) y=(number(y + NODE.1 / 2.0 + 4.5)) { (shortened(name.as_str(), 15)) }
                }
            }
        }
    }
}

const ARROWS: &str = "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
    markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\"/></marker>\
    <marker id=\"arrow-bad\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" \
    markerHeight=\"6\" orient=\"auto\"><path class=\"bad\" d=\"M0 0 8 4 0 8z\"/></marker></defs>";

fn edge(run: &Run<'_>, link: &Link, places: &Places<'_>) -> Markup {
    let Some((path, x, y)) = places.line(link) else {
        return html! {};
    };
    let faults = run.plan().faults.iter().enumerate();
    let faults: Vec<_> = faults.filter(|(_, fault)| &fault.link == link).collect();
    let broken = !faults.is_empty();
    let seen = |index: usize| {
        let mut witnesses = run.verdict.witnesses.iter();
        witnesses.any(|witness| witness.fault == index && witness.call == Call::Pass)
    };
    let observed = traffic(run, link);
    let requests = observed
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(one.requests));
    let slowest = observed
        .iter()
        .filter_map(|one| one.caller_time.quantile(0.99))
        .max();
    let mut figures = vec![format::count(requests)];
    figures.extend(slowest.map(format::span));
    html! {
        g.edge.broken[broken].idle[requests == 0] {
            path d=(path) marker-end=(if broken { "url(#arrow-bad)" } else { "url(#arrow)" }) {}
            @for (order, (index, fault)) in faults.iter().take(2).enumerate() {
                text.fault x=(number(x)) y=(number(y - 8.0 - order as f64 * 13.0)) {
                    (shortened(&deeds::label(fault), 18)) @if !seen(*index) { " (not seen)" }
                }
            }
            @if requests > 0 { text.figures x=(number(x)) y=(number(y + 15.0)) { (figures.join(" · ")) } }
        }
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let short: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{short}…")
}

fn table(run: &Run<'_>) -> Markup {
    html! {
        table.small {
            caption.hidden { "Links by phase" }
            thead { tr {
                th scope="col" { "Link" }
                th scope="col" { "Phase" }
                th.right scope="col" { "Requests" }
                th.right scope="col" { "Attempts each" }
                th.right scope="col" { "5xx" }
                th.right scope="col" { "Given up" }
                th.right scope="col" { "Broken" }
                th.right scope="col" { "Caller p50" }
                th.right scope="col" { "p99" }
                th.right scope="col" { "Callee p99" }
            } }
            @for link in &run.plan().system.links {
                tbody { @for (phase, tally) in run.plan().phases.iter().zip(&run.tally.phases) {
                    @if phase.kind.is_measured() && tally.started.is_some() {
                        (row(link, phase.name.as_str(), tally))
                    }
                } }
            }
        }
    }
}

fn row(link: &Link, phase: &str, tally: &PhaseTally) -> Markup {
    let Some(found) = tally.links.iter().find(|one| &one.link == link) else {
        return html! {};
    };
    let traffic = &found.traffic;
    let time = |histogram: &lab_model::Histogram, quantile| {
        histogram
            .quantile(quantile)
            .map_or_else(|| "–".to_owned(), format::span)
    };
    html! {
        tr {
            th scope="row" { (format::link(link)) }
            td { (phase) }
            td.right.number { (format::count(traffic.requests)) }
            td.right.number {
                (attempts_per_request(traffic).map_or_else(|| "–".to_owned(), |attempts| format!("{attempts:.2}")))
            }
            td.right.number { (format::count(traffic.replies[4])) }
            td.right.number { (format::count(traffic.abandoned)) }
            td.right.number { (format::count(traffic.broken.saturating_add(traffic.refused))) }
            td.right.number { (time(&traffic.caller_time, 0.5)) }
            td.right.number { (time(&traffic.caller_time, 0.99)) }
            td.right.number { (time(&traffic.callee_time, 0.99)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_stand_left_of_their_callees() {
        let check = |links: &[&str], expected: &[(&str, usize)]| {
            let links: Vec<Link> = links.iter().map(|link| link.parse().unwrap()).collect();
            let found = columns(&links);
            let found: Vec<(&str, usize)> = found
                .iter()
                .map(|(name, column)| (name.as_str(), *column))
                .collect();
            assert_eq!(found, expected);
        };
        check(
            &["client -> a", "a -> b", "a -> c", "b -> c", "c -> a"],
            &[("a", 1), ("b", 2), ("c", 3), ("client", 0)],
        );
        check(&["a -> b", "b -> a"], &[("a", 0), ("b", 1)]);
        check(&[], &[]);
    }
}
