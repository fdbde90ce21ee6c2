//! Which route a path belongs to, what the path becomes on the way, and what keeps a user with one
//! upstream. Pure.

use http::HeaderMap;
use http::header::COOKIE;
use lab_model::gateway::Sticky;

use crate::choice;

/// How far a route's path goes into a request's: its length where it fits in whole segments.
fn fit(route: &str, path: &str) -> Option<usize> {
    if route == "/" {
        return Some(0);
    }
    let rest = path.strip_prefix(route)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(route.len())
}

/// The index of the route that serves a path: the longest that fits.
pub(crate) fn route<'a>(routes: impl Iterator<Item = &'a str>, path: &str) -> Option<usize> {
    let fitting = routes
        .enumerate()
        .filter_map(|(index, route)| Some((fit(route, path)?, index)));
    fitting
        .max_by_key(|(length, _)| *length)
        .map(|(_, index)| index)
}

/// The path and query on the way: the route's path replaced by the upstream's, where it has one.
pub(crate) fn rewritten(route: &str, upstream: Option<&str>, path_and_query: &str) -> String {
    let Some(upstream) = upstream else {
        return path_and_query.to_owned();
    };
    let rest = if route == "/" {
        path_and_query
    } else {
        &path_and_query[route.len()..]
    };
    match (upstream, rest) {
        ("/", rest) if rest.starts_with('/') => rest.to_owned(),
        ("/", rest) => format!("/{rest}"),
        (upstream, "/") if route == "/" => upstream.to_owned(),
        (upstream, rest) => format!("{upstream}{rest}"),
    }
}

/// The hash of what a request is kept by; `None` where it has no such thing.
pub(crate) fn key(sticky: &Sticky, headers: &HeaderMap, path: &str) -> Option<u64> {
    let bytes = match sticky {
        Sticky::Header(name) => headers.get(name)?.as_bytes(),
        Sticky::Cookie(name) => cookie(headers, name)?,
        Sticky::Path(number) => {
            let index = usize::try_from(*number).ok()?;
            path.split('/').nth(index)?.as_bytes()
        }
    };
    (!bytes.is_empty()).then(|| choice::hash(bytes))
}

/// The value of a cookie, as the client sent it (RFC 6265, section 4.2.1).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.map(<[u8]>::trim_ascii).find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        (&pair[..at] == name.as_bytes()).then(|| &pair[at + 1..])
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_path_of_whole_segments_serves() {
        let routes = ["/", "/orders", "/orders/v2", "/checkout"];
        let check = |path: &str, expected: Option<usize>| {
            assert_eq!(route(routes.iter().copied(), path), expected, "{path}");
        };
        check("/", Some(0));
        check("/products/3", Some(0));
        check("/orders", Some(1));
        check("/orders/7", Some(1));
        check("/ordersxyz", Some(0));
        check("/orders/v2/7", Some(2));
        assert_eq!(route(["/a"].into_iter(), "/b"), None);
    }

    #[test]
    fn paths_get_their_version_on_the_way() {
        let check = |route, upstream, path, expected| {
            assert_eq!(rewritten(route, upstream, path), expected);
        };
        check("/checkout", None, "/checkout?x=1", "/checkout?x=1");
        check(
            "/checkout",
            Some("/v1/checkout"),
            "/checkout",
            "/v1/checkout",
        );
        check(
            "/orders",
            Some("/v2/orders"),
            "/orders/7?full=1",
            "/v2/orders/7?full=1",
        );
        check("/", Some("/v2"), "/products", "/v2/products");
        check("/", Some("/v2"), "/", "/v2");
        check("/v1", Some("/"), "/v1/products", "/products");
        check("/v1", Some("/"), "/v1", "/");
        check("/v1", Some("/"), "/v1?x", "/?x");
    }

    #[test]
    fn keys() {
        let mut headers = HeaderMap::new();
        headers.insert("x-user", HeaderValue::from_static("ada"));
        headers.insert(COOKIE, HeaderValue::from_static("a=1; session=ada; b=2"));
        let ada = Some(choice::hash(b"ada"));
        let check = |sticky, path, expected| assert_eq!(key(&sticky, &headers, path), expected);
        check(Sticky::Header("x-user".into()), "/", ada);
        check(Sticky::Header("x-other".into()), "/", None);
        check(Sticky::Cookie("session".into()), "/", ada);
        check(Sticky::Cookie("ession".into()), "/", None);
        check(Sticky::Path(2), "/carts/ada/items", ada);
        check(Sticky::Path(2), "/carts", None);
        check(Sticky::Path(2), "/carts//items", None);
    }

    proptest! {
        #[test]
        fn a_path_on_its_way_begins_as_it_should(path in "(/[a-z0-9]{0,5}){0,4}(\\?[a-z=]{0,5})?") {
            let path = if path.starts_with('/') { path } else { format!("/{path}") };
            for (of, to) in [("/", "/v2"), ("/a", "/b/c"), ("/a", "/")] {
                if route([of].into_iter(), path.split('?').next().unwrap_or_default()).is_some() {
                    prop_assert!(rewritten(of, Some(to), &path).starts_with(to));
                }
            }
        }
    }
}
