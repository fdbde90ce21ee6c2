//! Kinds of mistake: a stable text, a severity, and what `lab explain` says of it.

use std::fmt;

/// Whether a finding forbids that the file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot be used.
    Error,
    /// It can, and may not do what its author hopes.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A kind of mistake of any crate. Its text is stable: scripts and documentation may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(&'static Entry);

/// A line of a registry; [`codes!`](crate::codes) alone writes them.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub text: &'static str,
    pub severity: Severity,
    pub explanation: &'static str,
}

impl Code {
    #[doc(hidden)]
    pub const fn registered(entry: &'static Entry) -> Self {
        Self(entry)
    }

    /// Its text: `scenario::unknown-link`.
    pub const fn as_str(self) -> &'static str {
        self.0.text
    }

    /// Whether it forbids that the file is used.
    pub const fn severity(self) -> Severity {
        self.0.severity
    }

    /// What it means and what to do, in a few sentences.
    pub const fn explanation(self) -> &'static str {
        self.0.explanation
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.text)
    }
}

/// Declares a crate's registry of codes: an enum, one line a code with its name in the program, its
/// severity, its text and its explanation.
///
/// ```
/// lab_diagnostic::codes! {
///     /// What can be wrong with a recipe.
///     RecipeCode {
///         NoSalt Warning "recipe::no-salt" "Most people miss it."
///     }
/// }
/// assert_eq!(RecipeCode::NoSalt.code().as_str(), "recipe::no-salt");
/// ```
#[macro_export]
macro_rules! codes {
    (
        $(#[$about:meta])*
        $registry:ident { $($name:ident $severity:ident $text:literal $explanation:literal)+ }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $registry {
            $(#[doc = $explanation] $name,)+
        }

        impl $registry {
            /// All of them, in the order in which they are declared.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// With its text, severity and explanation.
            pub const fn code(self) -> $crate::Code {
                match self {
                    $(Self::$name => $crate::Code::registered(&$crate::Entry {
                        text: $text,
                        severity: $crate::Severity::$severity,
                        explanation: $explanation,
                    }),)+
                }
            }
        }

        impl From<$registry> for $crate::Code {
            fn from(code: $registry) -> Self {
                code.code()
            }
        }

        impl PartialEq<$registry> for $crate::Code {
            fn eq(&self, other: &$registry) -> bool {
                *self == other.code()
            }
        }
    };
}

codes! {
    /// What can be wrong with any file, before anything of it is understood.
    FileCode {
        Empty Error "file::empty"
            "The file holds nothing."
        NotText Error "file::not-text"
            "The file is not UTF-8 text, or holds control characters, as pasted terminal colours are. It may be another file than the one meant, or saved in another encoding."
        TooLarge Error "file::too-large"
            "Files of more than 1 MiB are not read: what people write for the lab has some kilobytes, so this is another file."
    }
}
