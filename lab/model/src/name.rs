//! Names: of services, journeys, scenarios; links as `caller -> callee`; run ids.

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty or longer than [`Name::MAX_LENGTH`].
    #[error("a name has 1 to {} characters", Name::MAX_LENGTH)]
    Length,
    /// A character outside `a-z 0-9 - _ .`, or one of `- _ .` in first place.
    #[error(
        "`{0}` is not a name: use lowercase letters, digits, `-`, `_` and `.`, a letter or digit first"
    )]
    Character(String),
    /// A link without an arrow.
    #[error("`{0}` is not a link: write `caller -> callee`")]
    Link(String),
}

/// A name of a service, journey, scenario or setting: lowercase letters, digits, `-`, `_`, `.`.
///
/// Names become file names, environment values and labels, hence the narrow alphabet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The most characters a name may have.
    pub const MAX_LENGTH: usize = 64;

    /// Checks a text and makes it a name.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.chars().count() > Self::MAX_LENGTH {
            return Err(NameError::Length);
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let first = text.chars().next().is_some_and(plain);
        if first
            && text
                .chars()
                .all(|c| plain(c) || matches!(c, '-' | '_' | '.'))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Character(text.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

/// The caller of the first link: whoever uses the system from outside (the load).
pub const CLIENT: &str = "client";

/// A directed link between two parts of a system, written `caller -> callee`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// Who opens connections; [`CLIENT`] for the load.
    pub from: Name,
    /// Who accepts them.
    pub to: Name,
}

impl Link {
    /// A link between two names.
    pub fn new(from: Name, to: Name) -> Self {
        Self { from, to }
    }

    /// Whether the load itself is the caller.
    pub fn is_entry(&self) -> bool {
        self.from.as_str() == CLIENT
    }

    /// The link as one word, for proxies and file names: `orders-to-payments`.
    pub fn slug(&self) -> String {
        format!("{}-to-{}", self.from, self.to)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} -> {}", self.from, self.to))
    }
}

impl FromStr for Link {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (from, to) = text
            .split_once("->")
            .or_else(|| text.split_once('→'))
            .ok_or_else(|| NameError::Link(text.to_owned()))?;
        Ok(Self::new(Name::new(from.trim())?, Name::new(to.trim())?))
    }
}

/// What a fault acts on, as a scenario's `on` names it: a link or a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// `orders -> payments`
    Link(Link),
    /// `payments`
    Service(Name),
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(link) => link.fmt(f),
            Self::Service(name) => name.fmt(f),
        }
    }
}

impl FromStr for Site {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains("->") || text.contains('→') {
            text.parse().map(Self::Link)
        } else {
            Name::new(text.trim()).map(Self::Service)
        }
    }
}

/// The id of a run and the name of its folder: `2026-11-22-slow-payments-7`, with a number behind
/// it where that exists already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Takes a folder name as a run id; the same alphabet as [`Name`], up to 128 characters.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 128 {
            Err(NameError::Length)
        } else if text.starts_with('.') || !text.chars().all(fine) {
            Err(NameError::Character(text.to_owned()))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RunId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

as_text!(Name, "name", "^[a-z0-9][a-z0-9._-]{0,63}$", "orders");
as_text!(
    Link,
    "link: caller -> callee",
    "^ *[a-z0-9][a-z0-9._-]* *(->|→) *[a-z0-9][a-z0-9._-]* *$",
    "orders -> payments"
);
as_text!(
    Site,
    "link or service: caller -> callee, or a name",
    "^ *[a-z0-9][a-z0-9._-]*( *(->|→) *[a-z0-9][a-z0-9._-]*)? *$",
    "orders -> payments"
);
as_text!(
    RunId,
    "run",
    "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$",
    "2026-11-22-slow-payments-7"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_narrow_alphabet() {
        for good in ["a", "orders", "orders.timeout", "p99-2", "0x_1"] {
            assert_eq!(Name::new(good).map(|n| n.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-a", "A", "a b", "é", "a/b", &"a".repeat(65)] {
            assert!(Name::new(bad).is_err(), "{bad:?} should be refused");
        }
    }

    #[test]
    fn links_read_both_arrows() {
        for text in [
            "orders -> payments",
            "orders->payments",
            "orders → payments",
        ] {
            let link: Link = text.parse().unwrap();
            assert_eq!(link.to_string(), "orders -> payments");
            assert_eq!(link.slug(), "orders-to-payments");
        }
        assert!("orders payments".parse::<Link>().is_err());
        assert!("orders -> ".parse::<Link>().is_err());
    }

    #[test]
    fn a_site_is_a_link_or_a_service() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                text.parse::<Site>().map(|s| s.to_string()).as_deref(),
                Ok(expected)
            );
        };
        check("a->b", "a -> b");
        check("payments", "payments");
        assert!("a b".parse::<Site>().is_err());
    }

    #[test]
    fn run_ids_never_leave_their_folder() {
        for bad in ["", "..", "a/b", ".hidden", "a\0"] {
            assert!(RunId::new(bad).is_err(), "{bad:?} should be refused");
        }
        assert!(RunId::new("2026-11-22-slow-payments-7.2").is_ok());
    }
}
