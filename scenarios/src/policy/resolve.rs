//! From what a policy's file holds to a policy that cannot be wrong.

use std::collections::BTreeSet;

use lab_diagnostic::{Finding, Place};
use lab_model::policy::{
    Advisory, Approval, BudgetRule, Exception, External, Given, MOST_DAYS, Policy, Regression,
    Rehearsal,
};
use lab_verdict::patterns::PATTERNS;

use super::spec::{
    AdvisorySpec, ApprovalSpec, BudgetSpec, ExceptionSpec, ExternalSpec, GivenSpec, PolicySpec,
    RehearsalSpec,
};
use crate::code::Code;
use crate::tree::{At, Report};

/// The most entries of a section.
const MOST: usize = 200;
/// How many days an approval holds where the file does not say.
const APPROVED_FOR: u32 = 14;

/// `None` where something is missing; errors may stand in the report even where there is one.
pub(super) fn policy(spec: &PolicySpec, within: Place, report: &Report) -> Option<Policy> {
    let name = spec.policy.need("policy", within, report);
    let advisory = each(&spec.advisory, "advisory promises", report, advisory);
    let budgets = each(&spec.error_budgets, "error budgets", report, budget);
    let rehearsals = each(&spec.rehearsals, "rehearsals", report, rehearsal);
    let approvals = each(&spec.approvals, "approvals", report, approval);
    let external = each(&spec.external, "external results", report, external);
    twice(&spec.error_budgets, report, |spec| &spec.of);
    twice(&spec.external, report, |spec| &spec.name);
    twice(&spec.rehearsals, report, |spec| &spec.scenario);
    let regression = spec.regression.located().and_then(|(regression, place)| {
        let (latency, _) = regression.latency.need("latency", place, report)?;
        Some(Regression {
            latency: 1.0 + latency.get(),
        })
    });
    Some(Policy {
        name: name?.0.clone(),
        strength: spec.strength.value().copied().unwrap_or_default(),
        inconclusive: spec.inconclusive.value().copied().unwrap_or_default(),
        advisory,
        budgets,
        rehearsals,
        regression,
        approvals,
        external,
    })
}

/// Every entry of a section that could be read.
fn each<S, T>(
    section: &At<Vec<At<S>>>,
    what: &str,
    report: &Report,
    read: impl Fn(&S, Place, &Report) -> Option<T>,
) -> Vec<T> {
    let Some((specs, place)) = section.located() else {
        return Vec::new();
    };
    let specs = report.bounded(specs, MOST, what, place).iter();
    for missing in specs.clone().filter(|spec| matches!(spec, At::Missing)) {
        let _ = missing;
        report.add(Finding::new(
            Code::WrongType,
            place,
            "an entry holds nothing",
        ));
    }
    specs
        .filter_map(At::located)
        .filter_map(|(spec, place)| read(spec, place, report))
        .collect()
}

/// Reports names that stand in two entries of a section.
fn twice<S>(section: &At<Vec<At<S>>>, report: &Report, name: impl Fn(&S) -> &At<lab_model::Name>) {
    let mut known = BTreeSet::new();
    for (spec, _) in section
        .value()
        .into_iter()
        .flatten()
        .filter_map(At::located)
    {
        if let Some((name, place)) = name(spec).located()
            && !known.insert(name)
        {
            report.add(Finding::new(
                Code::DuplicateName,
                place,
                format!("`{name}` stands here twice"),
            ));
        }
    }
}

/// A text that says something, or a mistake.
fn said(text: &At<String>, key: &str, within: Place, report: &Report) -> Option<String> {
    let (text, place) = text.need(key, within, report)?;
    if text.trim().is_empty() {
        report.add(Finding::new(
            Code::BadValue,
            place,
            format!("`{key}` is empty"),
        ));
        return None;
    }
    Some(text.trim().to_owned())
}

/// A number of days from 1 on.
fn days(days: &At<u32>, report: &Report) -> Option<u32> {
    let (days, place) = days.located()?;
    if (1..=MOST_DAYS).contains(days) {
        return Some(*days);
    }
    let message = format!("{days} days; it takes 1 to {MOST_DAYS}");
    report.add(Finding::new(Code::BadValue, place, message));
    None
}

fn advisory(spec: &AdvisorySpec, place: Place, report: &Report) -> Option<Advisory> {
    if let Some((pattern, place)) = spec.pattern.located() {
        let names = PATTERNS.iter().map(|pattern| pattern.name);
        if !names.clone().any(|name| name == pattern.as_str()) {
            let message = format!("no pattern is called `{pattern}`");
            report.add(
                Finding::new(Code::UnknownKind, place, message).among(pattern.as_str(), names),
            );
        }
        if spec.journey.value().is_some() {
            let message = "a promise is about a journey or a pattern, not both";
            report.add(Finding::new(Code::ContradictingPolicy, place, message));
        }
    }
    let given = [&spec.scenario, &spec.journey, &spec.pattern];
    if given.iter().all(|name| matches!(name, At::Missing)) {
        let finding = Finding::new(
            Code::ContradictingPolicy,
            place,
            "this would make everything advisory",
        );
        report.add(finding.help("name a scenario, a journey or a pattern"));
        return None;
    }
    Some(Advisory {
        scenario: spec.scenario.value().cloned(),
        journey: spec.journey.value().cloned(),
        pattern: spec.pattern.value().cloned(),
    })
}

fn budget(spec: &BudgetSpec, place: Place, report: &Report) -> Option<BudgetRule> {
    let of = spec.of.need("of", place, report);
    let most = spec.spent_at_most.need("spent_at_most", place, report);
    let exceptions = each(&spec.exceptions, "exceptions", report, exception);
    Some(BudgetRule {
        of: of?.0.clone(),
        spent_at_most: *most?.0,
        exceptions,
    })
}

fn exception(spec: &ExceptionSpec, place: Place, report: &Report) -> Option<Exception> {
    let owner = said(&spec.owner, "owner", place, report);
    let until = spec.until.need("until", place, report);
    let why = said(&spec.why, "why", place, report);
    Some(Exception {
        owner: owner?,
        until: *until?.0,
        why: why?,
    })
}

fn rehearsal(spec: &RehearsalSpec, place: Place, report: &Report) -> Option<Rehearsal> {
    let scenario = spec.scenario.need("scenario", place, report);
    spec.within_days.need("within_days", place, report)?;
    Some(Rehearsal {
        scenario: scenario?.0.clone(),
        within_days: days(&spec.within_days, report)?,
    })
}

fn approval(spec: &ApprovalSpec, place: Place, report: &Report) -> Option<Approval> {
    let what = said(&spec.what, "what", place, report);
    let by = spec.by.need("by", place, report);
    let by = by.map(|(names, place)| {
        let names: Vec<String> = names
            .iter()
            .filter_map(|name| said(name, "by", place, report))
            .collect();
        if names.is_empty() {
            report.add(Finding::new(
                Code::BadValue,
                place,
                "nobody could give this approval",
            ));
        }
        names
    });
    let within_days = match spec.within_days {
        At::Missing => Some(APPROVED_FOR),
        _ => days(&spec.within_days, report),
    };
    let given = spec
        .given
        .located()
        .map(|(spec, place)| given(spec, place, report));
    let (what, by) = (what?, by?);
    if let Some(Some(given)) = &given
        && !by.contains(&given.by)
    {
        let place = spec.given.place().unwrap_or(place);
        let message = format!("{} gave it and may not", given.by);
        report.add(
            Finding::new(Code::ContradictingPolicy, place, message)
                .meant(&given.by, by.iter().map(String::as_str)),
        );
    }
    Some(Approval {
        what,
        by,
        given: given.flatten(),
        within_days: within_days?,
    })
}

fn given(spec: &GivenSpec, place: Place, report: &Report) -> Option<Given> {
    let by = said(&spec.by, "by", place, report);
    let on = spec.on.need("on", place, report);
    Some(Given {
        by: by?,
        on: *on?.0,
    })
}

fn external(spec: &ExternalSpec, place: Place, report: &Report) -> Option<External> {
    let name = spec.name.need("name", place, report);
    let file = said(&spec.file, "file", place, report);
    let at = spec.at.need("at", place, report);
    if let Some((pointer, place)) = at
        && !pointer.is_empty()
        && !pointer.starts_with('/')
    {
        let message = format!("`{pointer}` is no JSON pointer");
        report.add(
            Finding::new(Code::BadValue, place, message)
                .help("it begins with a slash: `/vulnerabilities/high`"),
        );
    }
    let most = spec.at_most.need("at_most", place, report);
    Some(External {
        name: name?.0.clone(),
        file: file?,
        at: at?.0.clone(),
        at_most: *most?.0 as f64,
    })
}
