//! How much a service may take: `mem_limit`, `cpus`, and the limits under `deploy`.

use lab_diagnostic::Finding;
use lab_model::ByteSize;

use super::{keys, words};
use crate::code::Code;
use crate::tree::{Node, Report};

/// Engines refuse less, in bytes.
const LEAST_MEMORY: u64 = 6 << 20;

/// The most that a service may take; without a limit where nothing is said.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Limits {
    pub(super) memory: Option<ByteSize>,
    pub(super) cpus: Option<f64>,
}

/// The limits of a service. Those under `deploy` are what is meant where both stand.
pub(super) fn read(service: &Node, report: &Report) -> Limits {
    let resources = service.get("deploy").and_then(|deploy| {
        keys::check(deploy, &["resources"], "`deploy`", report);
        let resources = deploy.get("resources")?;
        keys::check(resources, &["limits"], "`resources`", report);
        resources.get("limits")
    });
    if let Some(limits) = resources {
        keys::check(limits, &["memory", "cpus"], "`limits`", report);
    }
    let limit = |own: &str, deployed: &str| {
        let deployed = resources.and_then(|limits| limits.get(deployed));
        deployed.or_else(|| service.get(own))
    };
    Limits {
        memory: limit("mem_limit", "memory").and_then(|node| {
            let known = bytes(&words::text(node, report)?).filter(|bytes| *bytes >= LEAST_MEMORY);
            checked(known, "a size of 6m at least, such as `512m`", node, report).map(ByteSize)
        }),
        cpus: limit("cpus", "cpus").and_then(|node| {
            let text = words::text(node, report)?;
            let known = text.trim().parse().ok();
            let known = known.filter(|cpus: &f64| (0.01..=1_024.0).contains(cpus));
            checked(known, "a number of processors, such as `0.5`", node, report)
        }),
    }
}

fn checked<T>(known: Option<T>, needed: &str, node: &Node, report: &Report) -> Option<T> {
    if known.is_none() {
        let message = format!("{needed} is needed here");
        report.add(Finding::new(Code::BadValue, node.place, message));
    }
    known
}

/// Compose's sizes: bytes, or a number with `b`, `k`, `m` or `g` (a `b` may follow), in powers of
/// 1,024.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("1GB"), Some(1 << 30));
        assert_eq!(bytes("7"), Some(7));
        assert_eq!(bytes("64 k"), None);
        assert_eq!(bytes("1.5g"), None);
        assert_eq!(bytes("99999999999999999999"), None);
        assert_eq!(bytes("18446744073709551615g"), None);
        assert_eq!(bytes(""), None);
    }
}
