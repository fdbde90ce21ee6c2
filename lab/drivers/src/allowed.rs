//! Which hosts load and faults may reach: this one, and those that somebody named on purpose.
//!
//! What counts are addresses: a name is resolved, and all that it stands for is looked at. Who
//! connects then takes an address that was looked at, and no name.

use std::net::SocketAddr;

use lab_engine::Failure;
use lab_model::Plan;
use tokio::net::lookup_host;

/// The part that a failure names when a host was not allowed.
pub const NOT_ALLOWED: &str = "not allowed";

/// Refuses a plan that reaches out to a host which is neither this one nor among `allowed`. What
/// the run itself starts listens on this host, or in networks of the run.
pub async fn check(plan: &Plan, allowed: &[String]) -> Result<(), Failure> {
    let mut refused = Vec::new();
    for service in &plan.system.services {
        if let Some(attached) = &service.attached {
            let found = addresses(&attached.address, allowed).await;
            let of = |reason| format!("service {}: {reason}", service.name);
            refused.extend(found.err().map(of));
        }
    }
    if let Some(server) = &plan.toxiproxy {
        let found = addresses(server, allowed).await;
        refused.extend(found.err().map(|reason| format!("toxiproxy: {reason}")));
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(NOT_ALLOWED, refused.join("\n")))
    }
}

/// What `HOST:PORT` stands for, where all of it is allowed.
pub(crate) async fn addresses(
    address: &str,
    allowed: &[String],
) -> Result<Vec<SocketAddr>, String> {
    let found = lookup_host(address).await;
    let found: Vec<SocketAddr> = found
        .map_err(|error| format!("{address} stands for no address: {error}"))?
        .collect();
    permitted(address, &found, allowed)?;
    Ok(found)
}

/// Whether a host may be reached that resolved to these addresses.
fn permitted(address: &str, found: &[SocketAddr], allowed: &[String]) -> Result<(), String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let named = allowed.iter().any(|one| one.eq_ignore_ascii_case(host));
    let strange = found
        .iter()
        .map(|found| found.ip().to_canonical())
        .find(|ip| {
            let listed = allowed.iter().any(|one| one.parse() == Ok(*ip));
            !(ip.is_loopback() || named || listed)
        });
    match strange {
        None if found.is_empty() => Err(format!("{address} stands for no address")),
        None => Ok(()),
        Some(ip) => {
            let what = if host.parse() == Ok(ip) {
                format!("{address} is not this host")
            } else {
                format!("{address} stands for {ip}, which is not this host")
            };
            Err(format!(
                "{what}, and load and faults go nowhere else unless you say so: --allow {host}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, found: &[&str], allowed: &[&str]) -> Result<(), String> {
        let found: Vec<SocketAddr> = found
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), 80))
            .collect();
        let allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
        permitted(address, &found, &allowed)
    }

    #[test]
    fn this_host_needs_no_leave() {
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(check("a:80", &[ip], &[]), Ok(()), "{ip}");
        }
    }

    #[test]
    fn what_a_name_stands_for_counts_and_not_the_name() {
        let error = check("localhost:80", &["127.0.0.1", "192.0.2.7"], &[]).unwrap_err();
        assert!(
            error.contains("192.0.2.7") && error.contains("--allow localhost"),
            "{error}"
        );
        for ip in [
            "0.0.0.0",
            "10.0.0.1",
            "169.254.169.254",
            "::",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(check("a:80", &[ip], &["b", "10.0.0.2"]).is_err(), "{ip}");
        }
        assert!(check("a:80", &[], &["a"]).is_err());
    }

    #[test]
    fn leave_is_given_to_a_name_or_an_address() {
        assert_eq!(
            check("Staging.Example.:80", &["192.0.2.7"], &["staging.example"]),
            Ok(())
        );
        assert_eq!(check("staging:80", &["192.0.2.7"], &["192.0.2.7"]), Ok(()));
        assert_eq!(
            check("[2001:db8::7]:80", &["2001:db8::7"], &["2001:db8::7"]),
            Ok(())
        );
        assert!(check("staging:80", &["192.0.2.7", "192.0.2.8"], &["192.0.2.7"]).is_err());
    }

    #[tokio::test]
    async fn names_are_resolved() {
        let found = addresses("localhost:80", &[]).await.unwrap();
        assert!(found.iter().all(|found| found.ip().is_loopback()));
        let error = addresses("192.0.2.7:80", &[]).await.unwrap_err();
        assert!(error.contains("192.0.2.7:80 is not this host"), "{error}");
    }
}
