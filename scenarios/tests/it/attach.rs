//! Scenarios against what runs already.

use std::net::SocketAddr;
use std::sync::Arc;

use lab_model::Name;
use lab_model::container::Runtime;
use lab_scenarios::{Source, sandbox, systems};

use crate::text::{GOOD, check, found, try_plan};

const SERVICES: &str = "  web: { address: 127.0.0.1:8080, ready: { http: /health } }
  payments: { address: localhost:9001, proxies: { web: 127.0.0.1:19001 } }
";

fn attached(services: &str, links: &str) -> String {
    let system = format!("attach:\n{services}links: {links}\n");
    GOOD.replace("system: shop\n", &system)
        .replace("{ browse: 2, checkout: 1 }", "{ checkout: [{ get: / }] }")
        .replace("orders -> payments", "web -> payments")
}

#[test]
fn what_runs_already_has_addresses_only() {
    let planned = try_plan(&attached(SERVICES, "[client -> web, web -> payments]"));
    let planned = planned.unwrap_or_else(|found| panic!("{found}"));
    assert!(planned.warnings.is_empty(), "{:?}", planned.warnings);
    assert_eq!(planned.runtime, Runtime::Attached);
    let system = planned.plan.system;
    assert!(system.is_attached());
    let name = |text| Name::new(text).unwrap();
    let web = system.service(&name("web")).unwrap();
    assert_eq!(web.attached.as_ref().unwrap().address, "127.0.0.1:8080");
    assert!(web.command.is_empty());
    let payments = system.service(&name("payments")).unwrap();
    let listen: SocketAddr = "127.0.0.1:19001".parse().unwrap();
    assert_eq!(
        payments.attached.as_ref().unwrap().proxies[&name("web")],
        listen
    );
}

#[test]
fn a_link_inside_needs_somebody_who_rewired_it() {
    check(
        &attached(
            "  web: { address: 127.0.0.1:1 }\n  payments: { address: 127.0.0.1:2 }\n",
            "[client -> web, web -> payments]",
        ),
        &["attach::not-rewired web -> payments"],
    );
    check(
        &attached(SERVICES, "[client -> web]").replace("web -> payments", "client -> web"),
        &["scenario::unknown-link web"],
    );
    check(
        &attached(
            &SERVICES.replace("127.0.0.1:19001", "127.0.0.1:8080"),
            "[client -> web, web -> payments]",
        ),
        &["attach::bad-address 127.0.0.1:8080"],
    );
    check(
        &attached(
            &SERVICES.replace("127.0.0.1:19001", "0.0.0.0:19001"),
            "[client -> web, web -> payments]",
        ),
        &["attach::open-proxy 0.0.0.0:19001"],
    );
}

#[test]
fn addresses_are_hosts_with_ports() {
    let links = "[client -> web, web -> payments]";
    for bad in ["127.0.0.1", "http://a:80", "a:0", ":80"] {
        let text = attached(
            &SERVICES.replace("127.0.0.1:8080", &format!("{bad:?}")),
            links,
        );
        let said = found(&text);
        assert!(said.contains("attach::bad-address"), "{bad}: {said}");
    }
    for bad in ["somewhere:80", "127.0.0.1:0", "80"] {
        let text = attached(
            &SERVICES.replace("127.0.0.1:19001", &format!("{bad:?}")),
            links,
        );
        let said = found(&text);
        assert!(said.contains("nothing can listen"), "{bad}: {said}");
    }
}

#[test]
fn what_is_not_started_has_no_faults_of_its_own() {
    let text = attached(SERVICES, "[client -> web, web -> payments]");
    let killed = text
        .replace("on: web -> payments", "on: payments")
        .replace("latency: { delay: 2s, jitter: 200ms }", "kill: {}");
    check(&killed, &["attach::not-started payments"]);
}

#[test]
fn one_way_to_name_a_system_is_enough() {
    let links = "[client -> web, web -> payments]";
    let text = attached(SERVICES, links);
    let both = text.replace(
        "attach:",
        "services: { a: { command: [a, \"{port}\"] } }\nattach:",
    );
    let said = found(&both);
    assert!(said.contains("scenario::no-system"), "{said}");
    let driver = text.replace("attach:", "driver: containers\nattach:");
    check(&driver, &["scenario::wrong-driver containers"]);
}

#[test]
fn a_system_file_names_what_runs_already() {
    let text = format!(
        "system: staging\nattach:\n{SERVICES}links: [client -> web, web -> payments]\n\
         journeys: {{ look: {{ steps: [{{ get: / }}] }} }}\n\
         sandbox:\n  load: {{ journeys: {{ look: 1 }}, arrivals: {{ constant: {{ rate: 50/s }} }} }}\n  \
         objectives: [{{ availability: {{ of: look, at_least: 99% }} }}]\n"
    );
    let source = Source::new("staging.yaml", text.into()).unwrap();
    let definition = systems::read(Arc::new(source)).unwrap_or_else(|found| panic!("{found}"));
    let overrides = lab_scenarios::Overrides::default().on(Some(Runtime::Containers));
    let planned = sandbox::of_system(&definition, "staging.yaml", &overrides)
        .unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(planned.runtime, Runtime::Attached);
    let error = sandbox::injection(&planned.plan, "{ on: payments, fault: { kill: {} } }");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("runs already"), "{error}");
}
