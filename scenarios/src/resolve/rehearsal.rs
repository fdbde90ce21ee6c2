//! A rehearsal: parts that the system has, routes and flags that can stand so.

use lab_model::exercise::{Aims, Exercise, Solution};
use lab_model::rehearsal::Target;
use lab_model::{Name, Plan};

use crate::code::Code;
use crate::spec::RehearsalSpec;
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place};

/// Resolves the section against the plan of its scenario.
pub(crate) fn resolve(
    (spec, within): (&RehearsalSpec, Place),
    plan: &Plan,
    report: &Report,
) -> Option<Exercise> {
    let (situation, _) = spec.situation.need("situation", within, report)?;
    let aims = spec.aims.as_ref().and_then(At::value);
    let aim = |given: Option<&Option<At<_>>>, usual| {
        let given = given.and_then(Option::as_ref).and_then(At::value);
        given.copied().unwrap_or(usual)
    };
    let usual = Aims::default();
    let aims = Aims {
        detect: aim(aims.map(|aims| &aims.detect), usual.detect),
        mitigate: aim(aims.map(|aims| &aims.mitigate), usual.mitigate),
        recover: aim(aims.map(|aims| &aims.recover), usual.recover),
    };
    let solutions = spec.solutions.as_ref().and_then(At::value);
    let solutions = solutions.into_iter().flat_map(Entries::iter);
    let solutions = solutions.filter_map(|(name, place, commands)| {
        let (commands, _) = commands.need(name.as_str(), place, report)?;
        Some(Solution {
            name: name.clone(),
            commands: commands.clone(),
        })
    });
    Some(Exercise {
        situation: situation.trim().to_owned(),
        starts: targets(spec.starts.as_ref(), plan, report),
        touches: parts(spec.touches.as_ref(), plan, report),
        protects: parts(spec.protects.as_ref(), plan, report),
        targets: targets(spec.oracles.as_ref(), plan, report),
        aims,
        hints: texts(spec.hints.as_ref()),
        solutions: solutions.collect(),
        practise: super::text(spec.practise.as_ref()).unwrap_or_default(),
    })
}

fn texts(list: Option<&At<Vec<At<String>>>>) -> Vec<String> {
    let list = list.and_then(At::value).into_iter().flatten();
    let line = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    list.filter_map(At::value).map(line).collect()
}

fn bad(place: Place, message: impl Into<String>) -> Finding {
    Finding::new(Code::BadRehearsal, place, message.into())
}

/// Routes and flags with values that they can have.
fn targets(list: Option<&At<Vec<At<String>>>>, plan: &Plan, report: &Report) -> Vec<Target> {
    let list = list.and_then(At::value).into_iter().flatten();
    let target = |(text, place): (&String, Place)| match text.parse::<Target>() {
        Ok(target) => {
            let gateway = plan.system.gateway.clone();
            let can = gateway.is_some_and(|mut gateway| gateway.set(&target));
            if !can {
                let message = format!("nothing can stand as `{text}` says");
                report.add(
                    bad(place, message)
                        .help("the gateway of the system has no such route, upstream or flag"),
                );
            }
            can.then_some(target)
        }
        Err(error) => {
            report.add(
                bad(place, format!("`{text}` is no place of a route")).help(error.to_string()),
            );
            None
        }
    };
    list.filter_map(At::located).filter_map(target).collect()
}

/// Parts that there are.
fn parts(list: Option<&At<Vec<At<Name>>>>, plan: &Plan, report: &Report) -> Vec<Name> {
    let gateway = plan.system.gateway.as_ref();
    let routes = gateway.into_iter().flat_map(|gateway| &gateway.routes);
    let flags = gateway.into_iter().flat_map(|gateway| &gateway.flags);
    let known: Vec<&str> = (plan.system.services.iter().map(|one| &one.name))
        .chain(plan.load.journeys.iter().map(|one| &one.name))
        .chain(routes.map(|one| &one.name))
        .chain(flags.map(|one| &one.name))
        .chain(gateway.map(|one| &one.name))
        .map(Name::as_str)
        .collect();
    let list = list.and_then(At::value).into_iter().flatten();
    let part = |(name, place): (&Name, Place)| {
        let is_known = known.contains(&name.as_str());
        if !is_known {
            let finding = bad(place, format!("the system has no part `{name}`"));
            report.add(finding.among(name.as_str(), known.iter().copied()));
        }
        is_known.then(|| name.clone())
    };
    list.filter_map(At::located).filter_map(part).collect()
}
