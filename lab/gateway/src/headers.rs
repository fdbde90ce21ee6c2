//! What a proxy takes out of a message and what it adds (RFC 9110, sections 7.6 and 7.8).

use http::header::{
    CONNECTION, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderMap, Method, Version};

/// What stands in `via`.
const PSEUDONYM: &str = "gateway";
/// The flags of the moment, `name=value,name=value`.
pub(crate) const FLAGS: HeaderName = HeaderName::from_static("x-flags");
/// Who served a request: `route/upstream`, in every reply.
pub(crate) const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");

/// Takes out what is meant for this connection alone. An upgrade that is asked for or granted stays.
pub(crate) fn end_to_end(headers: &mut HeaderMap) {
    let upgrade = upgrade(headers);
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    let others = [
        CONNECTION,
        TE,
        TRANSFER_ENCODING,
        UPGRADE,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
    ];
    for name in others {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

/// The protocol that a message wants to go on with.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get_all(CONNECTION).iter().any(|value| {
        let mut tokens = value.to_str().unwrap_or_default().split(',');
        tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
    });
    headers.get(UPGRADE).filter(|_| asked).cloned()
}

/// Notes that the message came this way.
pub(crate) fn via(headers: &mut HeaderMap, version: Version) {
    let version = if version == Version::HTTP_10 {
        "1.0"
    } else {
        "1.1"
    };
    if let Ok(value) = HeaderValue::try_from(format!("{version} {PSEUDONYM}")) {
        headers.append(VIA, value);
    }
}

/// Whether a request has a target that a reverse proxy serves.
pub(crate) fn is_served(method: &Method) -> bool {
    method != Method::CONNECT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let value = |text| HeaderValue::from_static(text);
        pairs
            .iter()
            .map(|(name, text)| (HeaderName::from_static(name), value(text)))
            .collect()
    }

    #[test]
    fn what_is_for_one_connection_ends_here() {
        let mut given = headers(&[
            ("connection", "keep-alive, X-Private"),
            ("keep-alive", "timeout=5"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-public", "1"),
        ]);
        end_to_end(&mut given);
        assert_eq!(given, headers(&[("x-public", "1")]));
    }

    #[test]
    fn an_upgrade_goes_through() {
        let mut given = headers(&[("connection", "Upgrade"), ("upgrade", "websocket")]);
        end_to_end(&mut given);
        assert_eq!(
            given,
            headers(&[("connection", "upgrade"), ("upgrade", "websocket")])
        );
    }
}
