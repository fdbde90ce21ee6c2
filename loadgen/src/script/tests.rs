//! Scripts: what is refused, and what requests look like.

use std::collections::HashMap;

use super::*;
use crate::keys::Keys;
use crate::schedule::tests::{load, name, phases};
use serde_json::json;

/// A step from its JSON, with the required fields filled in.
pub(crate) fn step(fields: Value) -> Step {
    let mut all = json!({
        "name": "place", "service": "shop", "method": "GET", "path": "/", "timeout": "1s"
    });
    let (Some(all_fields), Value::Object(fields)) = (all.as_object_mut(), fields) else {
        panic!("fields are an object");
    };
    all_fields.extend(fields);
    serde_json::from_value(all).unwrap()
}

/// An assignment with one journey of these steps.
pub(crate) fn assignment(steps: Vec<Step>) -> Assignment {
    let mut load = load(10.0, &[1]);
    load.journeys[0].steps = steps;
    Assignment {
        version: lab_wire::VERSION,
        seed: 7,
        load,
        phases: phases(&[1_000]),
        limits: BTreeMap::new(),
        targets: BTreeMap::from([(name("shop"), "127.0.0.1:80".to_owned())]),
        part: lab_wire::Part::WHOLE,
    }
}

fn refused(fields: Value, expected: &str) {
    let error = prepare(&assignment(vec![step(fields)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("journey journey-0, step place: {expected}")
    );
}

#[test]
fn mistakes() {
    refused(
        json!({ "service": "nobody" }),
        "no address for service nobody",
    );
    refused(json!({ "method": "G T" }), "`G T` is not an HTTP method");
    refused(
        json!({ "path": "orders" }),
        "the path `orders` does not start with `/`",
    );
    refused(
        json!({ "path": "/{order}" }),
        "no earlier step saves `order`",
    );
    refused(
        json!({ "body": { "a": ["{order}"] } }),
        "no earlier step saves `order`",
    );
    refused(
        json!({ "headers": { "a b": "c" } }),
        "`a b: c` is not an HTTP header",
    );
    refused(
        json!({ "headers": { "a": "b\nc" } }),
        "`a: b\nc` is not an HTTP header",
    );
    refused(
        json!({ "headers": { "Idempotency-Key": "1" } }),
        "the header idempotency-key is set by the generator itself",
    );
    refused(
        json!({ "save": { "order": { "pointer": "id" } } }),
        "`id` is not a JSON pointer: it is empty or starts with `/`",
    );
    refused(
        json!({ "save": { "an order": { "pointer": "/id" } } }),
        "`an order` cannot name a saved value: use a letter, then letters, digits, `_`, `-`, `.`",
    );
    refused(
        json!({ "path": "/{random:9..1}" }),
        "`{random:9..1}` is not a range: write `{random:1..20}`, the smaller number first",
    );
    refused(json!({ "timeout": "0s" }), "the timeout is zero");
    for address in ["", "a b", "host:port", "h/path", "u@h\n"] {
        let mut assignment = assignment(vec![step(json!({}))]);
        assignment.targets.insert(name("shop"), address.to_owned());
        assert!(prepare(&assignment).is_err(), "{address:?}");
    }
}

fn request(fields: Value, saved: &[(&str, Value)]) -> Result<Request<Bytes>, Unusable> {
    let first = step(json!({
        "name": "first", "save": saved.iter().map(|(name, _)| ((*name).to_owned(), json!({ "pointer": "" })))
            .collect::<serde_json::Map<_, _>>()
    }));
    let (journeys, data) = prepare(&assignment(vec![first, step(fields)])).unwrap();
    let saved: HashMap<String, Value> = saved
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let keys = Keys::new(7).arrival(5);
    journeys[0].steps[1].request(&mut Scope::new(&saved, &data, keys, 1), keys, 1, 2)
}

#[test]
fn a_request_carries_its_values_and_keys() {
    let request = request(
        json!({
            "method": "POST", "path": "/orders/{order}?a=b c", "headers": { "x-n": "n{order}" },
            "body": { "order": "{order}", "n": "{random:3..3}" }
        }),
        &[("order", json!(17))],
    )
    .unwrap();
    let keys = Keys::new(7).arrival(5);
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "http://127.0.0.1:80/orders/17?a=b%20c");
    assert_eq!(request.body().as_ref(), br#"{"order":17,"n":3}"#);
    assert_eq!(header("x-n"), "n17");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("traceparent"), keys.traceparent(1, 2));
    assert_eq!(header("x-attempt"), "2");
    assert_eq!(header("x-correlation-id"), keys.unique());
    assert_eq!(header("idempotency-key"), keys.idempotency("place"));
}

#[test]
fn a_text_is_sent_as_it_stands() {
    let request = request(json!({ "body": "{\"a\": {x}}" }), &[("x", json!([1]))]).unwrap();
    assert_eq!(request.body().as_ref(), br#"{"a": [1]}"#);
    assert_eq!(
        request.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
}

#[test]
fn values_that_do_not_fit_are_no_request() {
    let broken = request(
        json!({ "headers": { "x-a": "{x}" } }),
        &[("x", json!("a\nb"))],
    );
    assert_eq!(broken.unwrap_err(), Unusable::Invalid);
    let path = request(json!({ "path": "/{x}" }), &[("x", json!("a b\n#é"))]).unwrap();
    assert_eq!(path.uri(), "http://127.0.0.1:80/a%20b%0A%23%C3%A9");
}

#[test]
fn statuses() {
    let scripts = |fields| prepare(&assignment(vec![step(fields)])).unwrap().0;
    let any = &scripts(json!({}))[0].steps[0];
    let created = &scripts(json!({ "expect": 201 }))[0].steps[0];
    for (status, expected) in [
        (199, false),
        (200, true),
        (302, true),
        (399, true),
        (404, false),
    ] {
        assert_eq!(any.accepts(status), expected, "{status}");
    }
    assert!(created.accepts(201) && !created.accepts(200));
}
