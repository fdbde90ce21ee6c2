//! The scenarios that come with the lab.

use std::collections::BTreeSet;
use std::path::Path;

use lab_model::Span;
use lab_scenarios::{Overrides, catalog, plan};

#[test]
fn every_scenario_is_planned_without_a_warning() {
    for name in catalog::names() {
        let planned = plan(catalog::load(name).unwrap(), &Overrides::default())
            .unwrap_or_else(|found| panic!("{found}"));
        assert!(
            planned.warnings.is_empty(),
            "{name}: {:?}",
            planned.warnings
        );
        let plan = planned.plan;
        assert_eq!(plan.scenario.as_str(), name, "named like its file");
        assert!(
            plan.length() < Span::from_secs(90),
            "{name} takes {}",
            plan.length()
        );
        assert!(!plan.lesson.is_empty(), "{name} has a lesson");
        assert!(!plan.remedy.is_empty(), "{name} has a remedy");
        assert!(!plan.faults.is_empty(), "{name} breaks something");
    }
}

#[test]
fn every_remedy_can_be_set() {
    for name in catalog::names() {
        let remedy = plan(catalog::load(name).unwrap(), &Overrides::default())
            .unwrap()
            .plan
            .remedy;
        let planned = plan(catalog::load(name).unwrap(), &Overrides::new(remedy, None)).unwrap();
        assert!(
            planned.plan.remedy.is_empty(),
            "{name}: nothing is left to propose"
        );
    }
}

#[test]
fn the_catalog_is_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = catalog::names()
        .map(|name| format!("{name}.yaml"))
        .collect();
    assert_eq!(files, listed);
    assert!(listed.len() >= 6);
    assert_eq!(catalog::list().unwrap().len(), listed.len());
}

#[test]
fn an_unknown_name_is_answered_with_a_near_one() {
    let found = catalog::load("slow-paymets").unwrap_err();
    assert_eq!(found.label(), Some("did you mean `slow-payments`?"));
    assert!(catalog::is_path("./slow-payments"));
    assert!(catalog::is_path("mine.yaml"));
    assert!(!catalog::is_path("slow-payments"));
}
