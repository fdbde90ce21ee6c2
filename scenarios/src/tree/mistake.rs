//! Serde's errors as findings: what was expected, what was found, what may have been meant.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use crate::code::Code;
use lab_diagnostic::{Finding, Place};

/// An error on the way from a tree to a type; becomes a finding once its place is known.
#[derive(Debug)]
pub(crate) struct Mistake(Box<Finding>);

impl Mistake {
    pub(super) fn new(finding: Finding) -> Self {
        Self(Box::new(finding))
    }

    /// Gives it a place, unless an inner value has one already.
    pub(super) fn at(mut self, place: Place) -> Self {
        self.0.place.get_or_insert(place);
        self
    }

    pub(super) fn into_finding(self) -> Finding {
        *self.0
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Mistake {}

/// A kind that is not among the known ones.
pub(super) fn unknown_kind(found: &str, known: &[&str]) -> Finding {
    Finding::anywhere(
        Code::UnknownKind,
        format!("`{found}` is no kind known here"),
    )
    .among(found, known.iter().copied())
}

impl Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Finding::anywhere(Code::BadValue, message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = format!("expected {expected}, found {found}");
        Self::new(Finding::anywhere(Code::WrongType, message))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = format!("expected {expected}, found {found}");
        Self::new(Finding::anywhere(Code::BadValue, message))
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::new(unknown_kind(found, known))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Finding::anywhere(
            Code::MissingKey,
            format!("`{field}` is missing"),
        ))
    }
}
