//! Flags that come with a request, in the header `x-flags`: `name=value,name=value`. Whoever stands
//! before the service decides them, request by request.

use http::HeaderMap;

/// Whether a flag is on; a flag that nobody sent is off.
pub(crate) fn is_on(headers: &HeaderMap, flag: &str) -> bool {
    let values = headers.get_all("x-flags").iter();
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(name, value)| name == flag && value == "on")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_on_is_on() {
        let mut headers = HeaderMap::new();
        headers.insert("x-flags", HeaderValue::from_static("a=on, b=off,c"));
        let found = ["a", "b", "c", "d"].map(|flag| is_on(&headers, flag));
        assert_eq!(found, [true, false, false, false]);
    }
}
