//! The cookies of one arrival: what replies set goes with the requests that follow.
//!
//! As much of RFC 6265 as a journey of a few seconds needs: names, values, paths, removal. A cookie
//! stays with the service that set it.

use std::collections::BTreeMap;

use http::{HeaderMap, header};

/// Cookies by service, path and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Jar(BTreeMap<(String, String, String), String>);

impl Jar {
    /// Takes what a reply sets.
    pub(crate) fn take(&mut self, origin: &str, headers: &HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE) {
            let Ok(text) = value.to_str() else { continue };
            let mut parts = text.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let (mut path, mut gone) = ("/", false);
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                if key.eq_ignore_ascii_case("path") && value.starts_with('/') {
                    path = value;
                } else if key.eq_ignore_ascii_case("max-age") {
                    gone = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0);
                }
            }
            let key = (origin.to_owned(), path.to_owned(), name.trim().to_owned());
            if gone {
                self.0.remove(&key);
            } else {
                self.0.insert(key, value.trim().to_owned());
            }
        }
    }

    /// The header for a request; `None` where there is nothing to send.
    pub(crate) fn header(&self, origin: &str, path: &str) -> Option<String> {
        let inside = |cookie: &str| {
            path.strip_prefix(cookie).is_some_and(|rest| {
                rest.is_empty() || cookie.ends_with('/') || rest.starts_with(['/', '?'])
            })
        };
        let cookies = self.0.iter();
        let sent: Vec<String> = cookies
            .filter(|((of, cookie, _), _)| of == origin && inside(cookie))
            .map(|((_, _, name), value)| format!("{name}={value}"))
            .collect();
        (!sent.is_empty()).then(|| sent.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &[&str], path: &str, expected: Option<&str>) {
        let mut jar = Jar::default();
        for value in set {
            let mut headers = HeaderMap::new();
            headers.append(header::SET_COOKIE, value.parse().unwrap());
            jar.take("http://a", &headers);
        }
        assert_eq!(jar.header("http://a", path).as_deref(), expected, "{set:?}");
        assert_eq!(jar.header("http://b", path), None);
    }

    #[test]
    fn cookies_come_back() {
        check(&[], "/", None);
        check(
            &["a=1; HttpOnly", "b=x=y; Secure"],
            "/any",
            Some("a=1; b=x=y"),
        );
        check(&["a=1", "a=2"], "/", Some("a=2"));
        check(&["a=1", "a=; Max-Age=0"], "/", None);
        check(&["a=1; Path=/cart"], "/cart/items?x=1", Some("a=1"));
        check(&["a=1; path=/cart"], "/cartoon", None);
        check(&["nothing", "=; ;"], "/", Some("="));
    }
}
