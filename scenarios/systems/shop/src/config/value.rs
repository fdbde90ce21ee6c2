//! What a variable may hold: durations, limits, shares, switches, addresses.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

/// Something that a variable's text can be read as.
pub(super) trait Value: Sized {
    /// Completes "`x` is not …".
    const EXPECTED: &'static str;

    /// `None` where the text is something else.
    fn parse(text: &str) -> Option<Self>;
}

/// No setting of the shop is sensible beyond a day; the bound keeps sums far from overflow.
const LONGEST: f64 = 86_400.0;

impl Value for Duration {
    const EXPECTED: &'static str =
        "a duration of at most a day, such as `400ms`, `1.5s` or `1m30s`";

    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let unit_at = rest.find(|c: char| c.is_alphabetic())?;
            let (number, tail) = rest.split_at(unit_at);
            let end = tail
                .find(|c: char| !c.is_alphabetic())
                .unwrap_or(tail.len());
            let (unit, next) = tail.split_at(end);
            let scale = match unit {
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3_600.0,
                _ => return None,
            };
            let number: f64 = number.trim().replace('_', "").parse().ok()?;
            let part = number * scale;
            if !(0.0..=LONGEST).contains(&part) {
                return None;
            }
            seconds += part;
            rest = next.trim_start();
        }
        (!text.trim().is_empty() && seconds <= LONGEST).then(|| Self::from_secs_f64(seconds))
    }
}

impl Value for Option<Duration> {
    const EXPECTED: &'static str = "`none` or a duration above zero, such as `400ms` or `1.5s`";

    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "none" {
            return Some(None);
        }
        Duration::parse(text)
            .filter(|duration| !duration.is_zero())
            .map(Some)
    }
}

impl Value for Option<PathBuf> {
    const EXPECTED: &'static str = "a file";

    fn parse(text: &str) -> Option<Self> {
        Some(Some(PathBuf::from(text)))
    }
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number from 1 to 1000000";

    fn parse(text: &str) -> Option<Self> {
        text.trim()
            .parse()
            .ok()
            .filter(|number| (1..=1_000_000).contains(number))
    }
}

impl Value for Option<usize> {
    const EXPECTED: &'static str = "`none` or a whole number from 1 to 1000000";

    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "none" {
            return Some(None);
        }
        text.trim()
            .parse()
            .ok()
            .filter(|number| (1..=1_000_000).contains(number))
            .map(Some)
    }
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl Value for Share {
    const EXPECTED: &'static str = "a share from 0% to 100%, such as `20%`";

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim_end().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        };
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "`on` or `off`";

    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "on" | "true" => Some(true),
            "off" | "false" => Some(false),
            _ => None,
        }
    }
}

impl Value for u16 {
    const EXPECTED: &'static str = "a port from 0 to 65535";

    fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl Value for IpAddr {
    const EXPECTED: &'static str = "an IP address, such as `127.0.0.1`";

    fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl Value for String {
    const EXPECTED: &'static str = "a path or an address";

    fn parse(text: &str) -> Option<Self> {
        (!text.contains('\0')).then(|| text.to_owned())
    }
}

impl Value for Uri {
    const EXPECTED: &'static str = "an address such as `http://127.0.0.1:8081`";

    fn parse(text: &str) -> Option<Self> {
        let uri: Self = text.trim().parse().ok()?;
        let plain = uri.scheme_str() == Some("http")
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.path_and_query().is_none_or(|path| path == "/");
        plain.then_some(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(
                Duration::parse(text),
                expected.map(Duration::from_millis),
                "{text}"
            );
        };
        check("400ms", Some(400));
        check("1.5s", Some(1_500));
        check("1m30s", Some(90_000));
        check("0s", Some(0));
        check("2min", Some(120_000));
        check("1_500 ms", Some(1_500));
        check("1000µs", Some(1));
        check("100000ms", Some(100_000));
        for bad in [
            "", "5", "s", "-1s", "1d", "1e9s", "nans", "infs", "99999h", "1s!",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn limits_that_may_be_absent() {
        assert_eq!(<Option<Duration>>::parse("none"), Some(None));
        assert_eq!(<Option<Duration>>::parse("0s"), None);
        assert_eq!(<Option<usize>>::parse("none"), Some(None));
        assert_eq!(<Option<usize>>::parse("12"), Some(Some(12)));
        assert_eq!(<Option<usize>>::parse("0"), None);
        assert_eq!(<Option<usize>>::parse("-3"), None);
    }

    #[test]
    fn shares() {
        assert_eq!(Share::parse("20%"), Some(Share(0.2)));
        assert_eq!(Share::parse("0.2"), Some(Share(0.2)));
        for bad in ["101%", "-1%", "NaN", "", "%"] {
            assert_eq!(Share::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses() {
        assert!(Uri::parse("http://127.0.0.1:8081").is_some());
        assert!(Uri::parse("http://orders:8081/").is_some());
        for bad in [
            "127.0.0.1:8081",
            "https://orders",
            "http://orders/path",
            "http://",
            "",
        ] {
            assert!(Uri::parse(bad).is_none(), "{bad}");
        }
    }
}
