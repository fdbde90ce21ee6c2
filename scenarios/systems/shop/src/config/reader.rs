//! Reads variables one by one and keeps every mistake for the end.

use std::fmt;

use super::value::Value;

/// Variables whose values cannot be used; says for each what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    name: &'static str,
    text: String,
    expected: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let Mistake {
                name,
                text,
                expected,
            } = mistake;
            write!(f, "{separator}{name}: `{text}` is not {expected}")?;
        }
        Ok(())
    }
}

/// One pass over the environment.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            mistakes: Vec::new(),
        }
    }

    /// The variable's value, or `default` where it is unset or empty. A mistake is kept and
    /// answered with the default, so that reading goes on and finds the others.
    pub(super) fn value<T: Value>(&mut self, name: &'static str, default: T) -> T {
        let Some(text) = (self.lookup)(name).filter(|text| !text.is_empty()) else {
            return default;
        };
        T::parse(&text).unwrap_or_else(|| {
            self.mistakes.push(Mistake {
                name,
                text,
                expected: T::EXPECTED,
            });
            default
        })
    }

    /// The value that was read, unless there were mistakes.
    pub(super) fn finish<T>(self, read: T) -> Result<T, ConfigError> {
        if self.mistakes.is_empty() {
            Ok(read)
        } else {
            Err(ConfigError {
                mistakes: self.mistakes,
            })
        }
    }
}
