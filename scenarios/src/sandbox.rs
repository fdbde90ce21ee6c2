//! A system kept running under its load, and what is injected into it by hand.

use std::sync::Arc;

use lab_model::Plan;
use lab_model::container::Runtime;
use lab_model::plan::Fault;

use crate::code::Code;
use crate::overrides::Overrides;
use crate::resolve::{self, Definition};
use crate::spec::InjectSpec;
use crate::tree::{self, At, Report};
use crate::{Planned, plan};
use lab_diagnostic::{Diagnostic, Diagnostics, Finding, Source};

/// Plans the sandbox of a system; `reference` is how the command line names it.
pub fn of_system(
    definition: &Definition,
    reference: &str,
    overrides: &Overrides,
) -> Result<Planned, Diagnostics> {
    let asked = overrides.runtime().filter(|_| !definition.is_attached());
    let runtime = asked.unwrap_or_else(|| definition.preference());
    let definition = &definition.clone().on(runtime);
    let (found, mut wrong) = resolve::sandbox::of_system(definition, reference, overrides);
    if found.is_none() {
        let source = Arc::new(Source::embedded(reference, reference, ""));
        let message = format!("the system {} does not say how it is used", definition.name);
        let help =
            "give it a `sandbox` with `load` and `objectives`, or name a scenario that uses it";
        let finding = Finding::anywhere(Code::MissingKey, message).help(help);
        wrong.push(finding.into_diagnostic(&source));
    }
    finished(found, runtime, wrong)
}

/// Plans a scenario as a sandbox: its system, load and objectives without its faults.
pub fn of_scenario(source: Arc<Source>, overrides: &Overrides) -> Result<Planned, Diagnostics> {
    let planned = plan(source, overrides)?;
    finished(
        resolve::sandbox::of_scenario(planned.plan),
        planned.runtime,
        planned.warnings,
    )
}

/// A scenario as a rehearsal: its system and load, a short warm-up and baseline, then one phase
/// without a planned end, and its faults, to be injected by hand without an end either.
///
/// What its users promise is all user-facing: every objective is watched in all phases. Where the
/// scenario compares no ledger, those of its system are compared.
pub fn rehearsal(
    source: Arc<Source>,
    overrides: &Overrides,
) -> Result<(Planned, Vec<Fault>), Diagnostics> {
    let mut planned = plan(source, overrides)?;
    if planned.plan.ledgers.is_empty()
        && let Some(definition) = crate::systems::load(planned.plan.system.name.as_str())
    {
        planned.plan.ledgers = definition?.ledgers;
    }
    let plan = &mut planned.plan;
    let writes = |check: &lab_model::ledger::LedgerCheck| {
        let journey = plan.load.journeys.iter().find(|one| one.name == check.of);
        journey.is_some_and(|journey| journey.steps.iter().any(|step| step.write))
    };
    let ledgers = plan.ledgers.iter().filter(|check| writes(check)).cloned();
    plan.ledgers = ledgers.collect();
    let (plan, faults) = resolve::sandbox::rehearsal(planned.plan);
    Ok((Planned { plan, ..planned }, faults))
}

/// Reads an injection, `{ on: LINK, fault: { KIND: … } }` in the words of a scenario's `inject`,
/// against the plan of a sandbox. The fault's windows count from the moment of its injection.
pub fn injection(plan: &Plan, text: &str) -> Result<Fault, Diagnostics> {
    let report = Report::new(Arc::new(Source::embedded("lab inject", "lab inject", text)));
    let fault = tree::parse(&report).and_then(|tree| {
        let spec: At<InjectSpec> = tree::interpret(&tree, &report);
        let spec = resolve::sandbox::read(&spec, &tree, &report)?;
        resolve::sandbox::injection(spec, &tree, plan, &report)
    });
    match fault.filter(|_| !report.has_errors()) {
        Some(fault) => Ok(fault),
        None => Err(Diagnostics::new(report.into_diagnostics())),
    }
}

fn finished(
    found: Option<Plan>,
    runtime: Runtime,
    diagnostics: Vec<Diagnostic>,
) -> Result<Planned, Diagnostics> {
    match found {
        Some(plan) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(Planned {
            plan,
            runtime,
            exercise: None,
            warnings: diagnostics,
        }),
        _ => Err(Diagnostics::new(diagnostics)),
    }
}
