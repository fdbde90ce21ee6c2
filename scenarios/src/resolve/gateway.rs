//! The gateway: routes that lead somewhere, shares that sum to 100 %, flags that fit a header.

use lab_model::gateway::{Flag, Gateway, Health, Route, Sticky, Upstream};
use lab_model::{Link, Name, Ratio, Span};

use crate::code::Code;
use crate::spec::{FlagSpec, GatewaySpec, HealthSpec, RouteSpec, StickySpec, UpstreamSpec};
use crate::tree::{At, Entries, Report};
use lab_diagnostic::{Finding, Place};

const MOST_ROUTES: usize = 100;
const MOST_UPSTREAMS: usize = 50;
const MOST_FLAGS: usize = 100;
/// The longest value of a flag, in bytes.
const LONGEST_VALUE: usize = 200;
/// How often a path of health is asked for at most.
const SHORTEST: Span = Span::from_millis(50);

fn bad(place: Place, message: impl Into<String>) -> Finding {
    Finding::new(Code::BadGateway, place, message.into())
}

/// Resolves a gateway against the links of its system.
pub(super) fn resolve(
    (spec, within): (&GatewaySpec, Place),
    links: &[Link],
    report: &Report,
) -> Option<Gateway> {
    let (specs, place) = spec.routes.need("routes", within, report)?;
    let mut routes: Vec<Route> = Vec::new();
    for (name, key, spec) in specs.iter().take(MOST_ROUTES) {
        let Some(spec) = spec.need(name.as_str(), key, report) else {
            continue;
        };
        let Some(route) = route(name, spec, links, report) else {
            continue;
        };
        if let Some(other) = routes.iter().find(|other| other.path == route.path) {
            let place = spec.0.path.place().unwrap_or(key);
            let message = format!("`{}` is the path of {} already", route.path, other.name);
            report.add(bad(place, message));
        }
        routes.push(route);
    }
    match specs.iter().count() {
        0 => report.add(bad(place, "a gateway without a route serves nothing")),
        count if count > MOST_ROUTES => {
            let message = format!("{count} routes, more than {MOST_ROUTES}");
            report.add(Finding::new(Code::TooMany, place, message));
        }
        _ => {}
    }
    let flags = spec.flags.as_ref().and_then(At::located);
    let flags = flags.map_or_else(Vec::new, |flags| self::flags(flags, report));
    let keepalive = spec.keepalive.as_ref().and_then(At::value);
    Some(Gateway {
        name: Name::new(Gateway::NAME).ok()?,
        keepalive: keepalive.copied().unwrap_or(true),
        routes,
        flags,
    })
}

fn route(
    name: &Name,
    (spec, within): (&RouteSpec, Place),
    links: &[Link],
    report: &Report,
) -> Option<Route> {
    let path = spec.path.need("path", within, report);
    if let Some((path, place)) = path {
        check_path(path, place, report);
    }
    let upstreams = spec.upstreams.need("upstreams", within, report);
    let upstreams = upstreams.and_then(|found| self::upstreams(found, links, report));
    let timeout = spec.timeout.as_ref().and_then(At::located);
    if let Some((&Span::ZERO, place)) = timeout {
        report.add(bad(place, "nothing answers within 0s"));
    }
    let health = spec.health.as_ref().and_then(At::located);
    let sticky = spec.sticky.as_ref().and_then(At::located);
    Some(Route {
        name: name.clone(),
        path: path?.0.clone(),
        sticky: sticky.and_then(|sticky| self::sticky(sticky, report)),
        timeout: timeout.map(|(timeout, _)| *timeout),
        health: health.map(|health| self::health(health, report)),
        upstreams: upstreams?,
    })
}

/// A path that others begin with: no query, and no slash at its end but for the root.
fn check_path(path: &str, place: Place, report: &Report) {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#');
    if !path.starts_with('/') || !path.chars().all(plain) {
        report.add(bad(place, format!("`{path}` is not a path")).help("it starts with `/`"));
    } else if path.len() > 1 && path.ends_with('/') {
        let message = format!("`{path}` ends with a slash");
        report.add(bad(place, message).help("paths are compared by whole segments"));
    }
}

fn upstreams(
    (specs, place): (&Entries<Name, UpstreamSpec>, Place),
    links: &[Link],
    report: &Report,
) -> Option<Vec<Upstream>> {
    let count = specs.iter().count();
    if count == 0 || count > MOST_UPSTREAMS {
        let message = format!("{count} upstreams; a route has 1 to {MOST_UPSTREAMS}");
        report.add(bad(place, message));
        return None;
    }
    let mut found = Vec::new();
    let mut shares = Vec::new();
    for (name, key, spec) in specs.iter() {
        let (spec, _) = spec.need(name.as_str(), key, report)?;
        let to = spec.to.as_ref().and_then(At::located);
        let (to, to_place) = to.map_or((name, key), |(to, place)| (to, place));
        let leads = |link: &&Link| link.from.as_str() == Gateway::NAME && &link.to == to;
        if !links.iter().any(|link| leads(&link)) {
            let message = format!("no link from {} to {to}", Gateway::NAME);
            let callees = links
                .iter()
                .filter(|link| link.from.as_str() == Gateway::NAME);
            report.add(
                Finding::new(Code::UnknownLink, to_place, message)
                    .meant(to.as_str(), callees.map(|link| link.to.as_str()))
                    .help(format!("add `- {} -> {to}` to the links", Gateway::NAME)),
            );
        }
        let path = spec.path.as_ref().and_then(At::located);
        if let Some((path, place)) = path {
            check_path(path, place, report);
        }
        shares.push(
            spec.share
                .as_ref()
                .and_then(At::value)
                .map(|share| share.get()),
        );
        found.push(Upstream {
            name: name.clone(),
            to: to.clone(),
            path: path.map(|(path, _)| path.clone()),
            share: Ratio::ONE,
        });
    }
    let shares = divided(&shares).or_else(|| {
        let sum: f64 = shares.iter().flatten().sum();
        let message = format!("the shares sum to {}%", (sum * 1e8).round() / 1e6);
        report.add(bad(place, message).help("leave one out: it gets what is left of 100%"));
        None
    })?;
    for (upstream, share) in found.iter_mut().zip(shares) {
        upstream.share = Ratio::new(share)?;
    }
    Some(found)
}

/// Shares as they are given; those left out divide what is left. `None` where the sum is not 1.
fn divided(shares: &[Option<f64>]) -> Option<Vec<f64>> {
    let sum: f64 = shares.iter().flatten().sum();
    let open = shares.iter().filter(|share| share.is_none()).count();
    let fits = if open == 0 {
        (sum - 1.0).abs() < 1e-9
    } else {
        sum <= 1.0 + 1e-9
    };
    let rest = ((1.0 - sum).max(0.0) / open.max(1) as f64 * 1e12).round() / 1e12;
    fits.then(|| shares.iter().map(|share| share.unwrap_or(rest)).collect())
}

fn sticky((spec, place): (&StickySpec, Place), report: &Report) -> Option<Sticky> {
    let named = |name: &At<String>, what: &str| {
        let (name, at) = name.need(what, place, report)?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            report.add(bad(at, format!("`{name}` is not the name of a {what}")));
        }
        Some(name.clone())
    };
    match spec {
        StickySpec::Header(name) => named(name, "header").map(Sticky::Header),
        StickySpec::Cookie(name) => named(name, "cookie").map(Sticky::Cookie),
        StickySpec::Path(number) => {
            let (number, at) = number.need("path", place, report)?;
            if *number == 0 {
                report.add(bad(at, "segments of a path are counted from 1"));
            }
            Some(Sticky::Path(*number))
        }
    }
}

fn health((spec, place): (&HealthSpec, Place), report: &Report) -> Health {
    let path = spec.path.as_ref().and_then(At::located);
    if let Some((path, place)) = path {
        check_path(path, place, report);
    }
    let every = spec.every.as_ref().and_then(At::value).copied();
    let every = every.unwrap_or(Span::from_secs(1));
    let failures = spec.failures.as_ref().and_then(At::value).copied();
    let failures = failures.unwrap_or(3);
    if every < SHORTEST {
        let message = format!("{every} is shorter than {SHORTEST}");
        report.add(bad(
            spec.every.as_ref().and_then(At::place).unwrap_or(place),
            message,
        ));
    }
    if failures == 0 {
        let at = spec.failures.as_ref().and_then(At::place).unwrap_or(place);
        report.add(bad(at, "0 failures would leave every upstream alone"));
    }
    Health {
        path: path.map(|(path, _)| path.clone()),
        every,
        failures,
        out: spec
            .out
            .as_ref()
            .and_then(At::value)
            .copied()
            .unwrap_or(Span::from_secs(5)),
    }
}

fn flags((specs, place): (&Entries<Name, FlagSpec>, Place), report: &Report) -> Vec<Flag> {
    if specs.iter().count() > MOST_FLAGS {
        let message = format!("more than {MOST_FLAGS} flags");
        report.add(Finding::new(Code::TooMany, place, message));
    }
    let flag = |(name, key, spec): (&Name, Place, &At<FlagSpec>)| {
        let (spec, within) = spec.need(name.as_str(), key, report)?;
        let value = spec.value.need("value", within, report);
        let about = spec.about.need("about", within, report);
        let owner = spec.owner.need("owner", within, report);
        if let Some((value, place)) = value
            && !fits_header(value)
        {
            let message = format!("`{value}` does not fit a header");
            report.add(bad(place, message).help("visible ASCII without `,` and `;`, 200 at most"));
        }
        let expires = spec.expires.as_ref().and_then(At::located);
        if let Some((day, place)) = expires
            && !is_day(day)
        {
            report.add(bad(place, format!("`{day}` is not a day")).help("write `2027-03-01`"));
        }
        Some(Flag {
            name: name.clone(),
            value: value?.0.clone(),
            about: about?.0.clone(),
            owner: owner?.0.clone(),
            expires: expires.map(|(day, _)| day.clone()),
        })
    };
    specs.iter().take(MOST_FLAGS).filter_map(flag).collect()
}

/// Whether a flag can have this value: it travels in a header beside others.
fn fits_header(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | ';');
    (1..=LONGEST_VALUE).contains(&value.len()) && value.chars().all(plain)
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize| {
        let all = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| part.parse::<u32>().ok()).flatten()
    };
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_left_out_divide_the_rest() {
        let check = |given: &[Option<f64>], expected: Option<&[f64]>| {
            assert_eq!(divided(given).as_deref(), expected, "{given:?}");
        };
        check(&[None], Some(&[1.0]));
        check(&[Some(0.25), None], Some(&[0.25, 0.75]));
        check(&[Some(0.5), None, None], Some(&[0.5, 0.25, 0.25]));
        check(&[Some(0.25), Some(0.5)], None);
        check(&[Some(0.75), Some(0.5), None], None);
        check(&[Some(0.0), Some(1.0)], Some(&[0.0, 1.0]));
    }

    #[test]
    fn days() {
        for (text, good) in [
            ("2027-03-01", true),
            ("2027-3-1", false),
            ("2027-13-01", false),
        ] {
            assert_eq!(is_day(text), good, "{text}");
        }
    }
}
