//! What scenarios break and ask for, link by link, and what none of them does.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::Plan;
use serde::Serialize;

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::{Style, Tone};

/// The links of one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The system.
    pub system: String,
    /// Every link, as systems declare them.
    pub links: Vec<LinkCoverage>,
}

/// What is done to a link and asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkCoverage {
    /// The link.
    pub link: String,
    /// Kinds of fault, each with the scenarios that inject it.
    pub faults: BTreeMap<String, BTreeSet<String>>,
    /// Kinds of pattern, each with the scenarios that ask for it.
    pub patterns: BTreeMap<String, BTreeSet<String>>,
    /// Kinds of fault that no scenario injects there.
    pub faults_missing: Vec<String>,
    /// Kinds of pattern that no scenario asks for there.
    pub patterns_missing: Vec<String>,
}

/// The coverage of plans, a system each; `kinds` and `patterns` are all that there are.
pub fn of(plans: &[Plan], kinds: &[&str], patterns: &[&str]) -> Vec<Coverage> {
    let mut systems: BTreeMap<String, Vec<LinkCoverage>> = BTreeMap::new();
    for plan in plans {
        let links = systems.entry(plan.system.name.to_string()).or_default();
        let scenario = plan.scenario.to_string();
        for link in &plan.system.links {
            let name = link.to_string();
            let known = links
                .iter()
                .position(|one| one.link == name)
                .unwrap_or_else(|| {
                    links.push(LinkCoverage {
                        link: name,
                        faults: BTreeMap::new(),
                        patterns: BTreeMap::new(),
                        faults_missing: Vec::new(),
                        patterns_missing: Vec::new(),
                    });
                    links.len() - 1
                });
            let Some(covered) = links.get_mut(known) else {
                continue;
            };
            for fault in plan.faults.iter().filter(|fault| &fault.link == link) {
                covered
                    .faults
                    .entry(fault.kind.to_string())
                    .or_default()
                    .insert(scenario.clone());
            }
            for pattern in plan
                .patterns
                .iter()
                .filter(|pattern| pattern.on.as_ref() == Some(link))
            {
                covered
                    .patterns
                    .entry(pattern.kind.to_string())
                    .or_default()
                    .insert(scenario.clone());
            }
        }
    }
    let missing = |all: &[&str], known: &BTreeMap<String, BTreeSet<String>>| -> Vec<String> {
        let absent = all.iter().filter(|kind| !known.contains_key(**kind));
        absent.map(|kind| (*kind).to_owned()).collect()
    };
    let filled = systems.into_iter().map(|(system, mut links)| {
        for link in &mut links {
            link.faults_missing = missing(kinds, &link.faults);
            link.patterns_missing = missing(patterns, &link.patterns);
        }
        Coverage { system, links }
    });
    filled.collect()
}

/// For people.
pub fn text(coverage: &[Coverage], style: &Style) -> String {
    let mut page = Page::new(*style);
    for system in coverage {
        page.line(0, &Line::of(Tone::Strong, system.system.as_str()));
        for link in &system.links {
            let kinds = link.faults.len() + link.faults_missing.len();
            let (tone, word) = if link.faults.is_empty() {
                (Tone::Doubt, "never broken".to_owned())
            } else {
                (
                    Tone::Good,
                    format!("{} of {kinds} kinds of fault", link.faults.len()),
                )
            };
            let head = Line::plain(format!("  {}  ", link.link.replace("->", "→")));
            page.line(0, &head.then(tone, word));
            let mut list = |label: &str, names: Vec<String>| {
                if !names.is_empty() {
                    let label = Line::of(Tone::Quiet, label);
                    page.labelled(4, &label, 14, &Line::plain(names.join(", ")));
                }
            };
            list("tested", link.faults.keys().cloned().collect());
            // Of a link that nothing breaks the head says it all.
            if !link.faults.is_empty() {
                list("not tested", link.faults_missing.clone());
            }
            list("patterns", link.patterns.keys().cloned().collect());
            if link.patterns.is_empty() {
                list("patterns", vec!["none asked".to_owned()]);
            } else {
                list("not asked", link.patterns_missing.clone());
            }
        }
        page.blank();
        let never = system
            .links
            .iter()
            .filter(|link| link.faults.is_empty())
            .count();
        let never = format::counted(never as u64, "link");
        let all = format::counted(system.links.len() as u64, "link");
        page.line(0, &Line::plain(format!("{never} of {all} never broken")));
        page.blank();
    }
    page.finish()
}

/// For programs.
pub fn json(coverage: &[Coverage]) -> String {
    let mut text = serde_json::to_string_pretty(coverage).unwrap_or_default();
    text.push('\n');
    text
}
