//! `/metrics` in Prometheus' text format (version 0.0.4): Toxiproxy's own two counters, what each
//! toxic did, and figures of the process.

use super::{ApiOptions, answer};
use crate::observe::{LinkSnapshot, Snapshot, Witness};
use crate::proxy::Proxy;
use axum::http::StatusCode;
use axum::response::Response;
use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write as _;
use std::fs;

/// `GET /metrics`
pub(super) async fn show(proxy: Proxy, options: ApiOptions) -> Response {
    let mut page = Page::default();
    if options.proxy_metrics {
        match proxy.observe().await {
            Ok(snapshot) => page.proxies(&snapshot),
            Err(error) => return answer::error(&error),
        }
    }
    if options.runtime_metrics {
        page.process();
        match proxy.tasks().await {
            Ok(tasks) => {
                page.head("lab_proxy_tasks", "Tasks that run now.", "gauge");
                page.line("lab_proxy_tasks", &[], tasks);
            }
            Err(error) => return answer::error(&error),
        }
    }
    answer::typed(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        page.text,
    )
}

#[derive(Default)]
struct Page {
    text: String,
}

/// A counter of both directions, downstream first: its name, its help, and where it is.
type TrafficCounter = (&'static str, &'static str, fn(&LinkSnapshot) -> [u64; 2]);

/// A counter of a toxic: its name, its help, and where it is.
type ToxicCounter = (&'static str, &'static str, fn(&Witness) -> u64);

const TOXIC_COUNTERS: [ToxicCounter; 5] = [
    (
        "connections",
        "Connections the toxic acted on.",
        |witness| witness.connections,
    ),
    (
        "requests",
        "Requests in flight while the toxic acted.",
        |witness| witness.requests,
    ),
    ("bytes", "Bytes the toxic acted on.", |witness| {
        witness.bytes
    }),
    ("dropped_bytes", "Bytes the toxic dropped.", |witness| {
        witness.dropped_bytes
    }),
    ("resets", "Connections the toxic reset.", |witness| {
        witness.resets
    }),
];

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.text.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let text = text
                .replace('\\', r"\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(self.text, "{before}{label}=\"{text}\"");
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{after} {value}");
    }

    fn proxies(&mut self, snapshot: &Snapshot) {
        let sides: [TrafficCounter; 2] = [
            ("received", "Bytes received from the source.", |link| {
                [
                    link.traffic.received_downstream,
                    link.traffic.received_upstream,
                ]
            }),
            ("sent", "Bytes sent to the destination.", |link| {
                [link.traffic.sent_downstream, link.traffic.sent_upstream]
            }),
        ];
        for (side, help, read) in sides {
            let name = format!("toxiproxy_proxy_{side}_bytes_total");
            self.head(&name, help, "counter");
            for (proxy, link) in &snapshot.links {
                for (direction, bytes) in ["downstream", "upstream"].into_iter().zip(read(link)) {
                    let labels = [
                        ("direction", direction),
                        ("listener", &link.listen),
                        ("proxy", proxy),
                        ("upstream", &link.upstream),
                    ];
                    self.line(&name, &labels, bytes);
                }
            }
        }
        for (counter, help, read) in TOXIC_COUNTERS {
            let name = format!("lab_proxy_toxic_{counter}_total");
            self.head(&name, help, "counter");
            for (proxy, link) in &snapshot.links {
                for toxic in link.toxics.iter().filter(|toxic| !toxic.removed) {
                    let labels = [
                        ("proxy", proxy.as_str()),
                        ("stream", toxic.stream.as_str()),
                        ("toxic", &toxic.name),
                        ("type", &toxic.kind),
                    ];
                    self.line(&name, &labels, read(&toxic.witness));
                }
            }
        }
    }

    /// Figures under the names that Prometheus' clients use, where the system tells them.
    fn process(&mut self) {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        if let Ok(time) = std::time::Duration::try_from(time) {
            let name = "process_cpu_seconds_total";
            let help = "Total user and system CPU time spent in seconds.";
            self.head(name, help, "counter");
            self.line(name, &[], time.as_secs_f64());
        }
        let pages = fs::read_to_string("/proc/self/statm")
            .ok()
            .and_then(|text| {
                let resident = text.split(' ').nth(1)?;
                resident.parse::<usize>().ok()
            });
        if let Some(pages) = pages {
            let name = "process_resident_memory_bytes";
            self.head(name, "Resident memory size in bytes.", "gauge");
            self.line(name, &[], pages * page_size());
        }
        if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
            let name = "process_open_fds";
            self.head(name, "Number of open file descriptors.", "gauge");
            self.line(name, &[], descriptors.count());
        }
    }
}
