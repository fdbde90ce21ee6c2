//! Objectives by tag: promised of each journey that carries it.

use crate::text::{GOOD, check, try_plan};

fn tagged(objective: &str) -> String {
    GOOD.replace(
        "{ browse: 2, checkout: 1 }",
        "{ browse: { weight: 2, tags: [shop] }, checkout: { tags: [shop, money] } }",
    )
    .replace("{ of: checkout, at_least: 99% }", objective)
}

#[test]
fn an_objective_is_promised_of_each_journey_with_the_tag() {
    let of = |objective: &str| {
        let plan = try_plan(&tagged(objective)).unwrap().plan;
        let of = plan.objectives.into_iter().map(|one| one.of.to_string());
        of.collect::<Vec<_>>()
    };
    assert_eq!(of("{ tag: shop, at_least: 99% }"), ["browse", "checkout"]);
    assert_eq!(of("{ tag: money, at_least: 99% }"), ["checkout"]);
}

#[test]
fn a_tag_is_carried_by_somebody_and_stands_alone() {
    check(
        &tagged("{ tag: monny, at_least: 99% }"),
        &["objective::unknown-tag monny"],
    );
    check(
        &tagged("{ of: browse, tag: money, at_least: 99% }"),
        &["objective::bad-objective browse"],
    );
    check(
        &tagged("{ at_least: 99% }"),
        &["spec::missing-key { at_least: 99% }"],
    );
    // What is promised of a journey twice is told, whichever way it was named.
    let twice =
        tagged("{ tag: money, at_least: 99% }\n  - availability: { of: checkout, at_least: 98% }");
    let said = crate::text::found(&twice);
    assert!(said.contains("objective::duplicate"), "{said}");
}
