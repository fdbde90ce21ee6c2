//! What people read when a file is wrong: all of it, in order, at its place, with a way out.

use crate::text::{found, with};

/// Seven different mistakes in one file.
const MISTAKEN: &str = "\
scenario: slow-payments
about: Checkout keeps its promises while payments answers late.
system: shop
load:
  journeys: { browse: 2, chekout: 1, checkout: 1 }
  arrivals: { constant: { rate: 50/s } }
fases:
  - baseline: 15s
phases:
  - warm_up: 5
  - baseline: 15s
  - fault:
      for: 30s
      inject:
        - on: orders -> paymets
          toxicity: [half]
          fault: { latncy: { delay: 2s, jitter: 200ms } }
        - on: orders -> payments
          fault: { latency: { delay: 2s, jiter: 200ms } }
  - recovery: 25s
objectives:
  - availability: { of: checkout, at_least: 99.9% }
  - latency: { of: browse, p99: 300ms, during: [basline] }
settings: { orders.timout: 400ms }
";

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    insta::assert_snapshot!(found(MISTAKEN), @r###"
    sample.yaml:5:26: error[scenario::unknown-journey]: no journey `chekout`
        did you mean `checkout`?
    sample.yaml:7:1: error[spec::unknown-key]: unknown key `fases`
        help: there is `hypothesis`, `lesson`, `tags`, `seed`, `services`, `links`, `tls`, `gateway`, `compose`, `attach`, `toxiproxy`, `driver`, `ledgers`, `patterns`, `rehearsal`, `abort`, `early_stop`, `remedy`
    sample.yaml:10:14: error[spec::bad-value]: `5` is not a duration such as `200ms`, `1.5s`, `2m` or `1m30s`
    sample.yaml:15:15: error[scenario::unknown-link]: no link from orders to paymets
        did you mean `orders -> payments`?
    sample.yaml:16:21: error[spec::wrong-type]: expected a text, found a list
    sample.yaml:17:20: error[spec::unknown-kind]: `latncy` is no kind known here
        did you mean `latency`?
    sample.yaml:19:42: error[spec::unknown-key]: unknown key `jiter`
        did you mean `jitter`?
    sample.yaml:22:45: error[objective::cannot-pass]: 99.9 % cannot pass in 30 s at 12.5/s, even without one failure
        375 arrivals in fault
        help: it needs 3,995 arrivals: lengthen the phase to 320 s, raise the rate to 533/s, or ask for 98 %
    sample.yaml:23:49: error[scenario::unknown-phase]: no phase `basline`
        did you mean `baseline`?
    sample.yaml:24:13: error[scenario::unknown-setting]: no setting `orders.timout`
        did you mean `orders.timeout`?
    "###);
}

#[test]
fn an_impossible_objective_says_what_it_needs() {
    let text = with("99% }", "99.9% }")
        .replace("browse: 2, ", "")
        .replace("150/s", "50/s");
    insta::assert_snapshot!(found(&text), @r###"
    sample.yaml:16:45: error[objective::cannot-pass]: 99.9 % cannot pass in 30 s at 50/s, even without one failure
        1,500 arrivals in fault
        help: it needs 3,995 arrivals: lengthen the phase to 80 s, raise the rate to 134/s, or ask for 99.5 %
    "###);
}

#[test]
fn missing_parts_are_told_at_once() {
    insta::assert_snapshot!(found("scenario: empty\n"), @r###"
    sample.yaml:1:1: error[spec::missing-key]: `about` is missing
    sample.yaml:1:1: error[scenario::no-system]: there is no system to run against
        help: add `system: shop`, or `services` and `links` of your own
    sample.yaml:1:1: error[spec::missing-key]: `load` is missing
    sample.yaml:1:1: error[spec::missing-key]: `phases` is missing
    sample.yaml:1:1: error[spec::missing-key]: `objectives` is missing
    "###);
    insta::assert_snapshot!(found("tags: [a]\nobjectives:\n  - availability: {}\n  - latency:\n"), @r###"
    sample.yaml:1:1: error[spec::missing-key]: `scenario` is missing
    sample.yaml:1:1: error[spec::missing-key]: `about` is missing
    sample.yaml:1:1: error[scenario::no-system]: there is no system to run against
        help: add `system: shop`, or `services` and `links` of your own
    sample.yaml:1:1: error[spec::missing-key]: `load` is missing
    sample.yaml:1:1: error[spec::missing-key]: `phases` is missing
    sample.yaml:3:19: error[spec::missing-key]: `at_least` is missing
    sample.yaml:3:19: error[spec::missing-key]: `of` is missing
    sample.yaml:4:5: error[spec::missing-key]: `of` is missing
    "###);
}

#[test]
fn another_shape_is_named() {
    insta::assert_snapshot!(found("just words\n"), @r###"
    sample.yaml:1:1: error[spec::wrong-type]: expected a mapping, found a single value
        help: its keys are `scenario`, `about`, `hypothesis`, `lesson`, `tags`, `seed`, `system`, `services`, `links`, `tls`, `gateway`, `compose`, `attach`, `toxiproxy`, `driver`, `settings`, `load`, `phases`, `objectives`, `ledgers`, …
    "###);
    insta::assert_snapshot!(found("- a\n- b\n"), @r###"
    sample.yaml:1:1: error[spec::wrong-type]: expected a mapping, found a list
        help: its keys are `scenario`, `about`, `hypothesis`, `lesson`, `tags`, `seed`, `system`, `services`, `links`, `tls`, `gateway`, `compose`, `attach`, `toxiproxy`, `driver`, `settings`, `load`, `phases`, `objectives`, `ledgers`, …
    "###);
    let text = with(
        "  - baseline: 15s\n",
        "  - baseline: 15s\n    recovery: 2s\n  - wait: 3s\n  - baseline\n",
    );
    insta::assert_snapshot!(found(&text), @r###"
    sample.yaml:9:5: error[spec::wrong-type]: `recovery` is a second kind in one place
        help: one kind stands here with its own keys indented below it
    sample.yaml:10:5: error[spec::unknown-kind]: `wait` is no kind known here
        help: there is `warm_up`, `baseline`, `fault`, `recovery`, `trials`
    sample.yaml:11:5: error[spec::wrong-type]: `baseline` stands alone
        help: write `baseline:` with its value behind it, `baseline: {}` where there is nothing to say
    "###);
}

#[test]
fn an_empty_item_is_not_left_out() {
    let text = with("  - recovery: 25s\n", "  -\n  - recovery: 25s\n");
    insta::assert_snapshot!(found(&text), @r###"
    sample.yaml:14:4: error[spec::wrong-type]: an item with nothing in it
    "###);
}

#[test]
fn what_is_no_yaml_is_shown_where_it_ends() {
    let text = with("{ browse: 2, checkout: 1 }", "{ browse: 2, checkout: 1");
    insta::assert_snapshot!(found(&text), @r###"
    sample.yaml:6:11: error[file::syntax]: not YAML from here on: while parsing a flow mapping, did not find expected ',' or '}'
        help: check the indentation (spaces, no tabs), quotes and brackets of this line and the one above
    "###);
    let text = with("  - baseline", "\t- baseline");
    insta::assert_snapshot!(found(&text), @r###"
    sample.yaml:8:2: error[file::syntax]: not YAML from here on: tabs disallowed within this context (block indentation)
        help: check the indentation (spaces, no tabs), quotes and brackets of this line and the one above
    "###);
}
