//! What a server in trouble says, in the form of PostgreSQL's `ErrorResponse`.

use super::message::{body, message, text};
use bytes::Bytes;

/// An error as a server tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    pub(super) severity: &'static str,
    /// The `SQLSTATE`.
    pub(super) code: &'static str,
    pub(super) text: String,
    /// Where in the server it arises: file, line, routine.
    pub(super) place: (&'static str, &'static str, &'static str),
}

impl Error {
    /// No place is left for the session.
    pub(super) fn too_many() -> Self {
        Self {
            severity: "FATAL",
            code: "53300",
            text: "sorry, too many clients already".to_owned(),
            place: ("proc.c", "357", "InitProcess"),
        }
    }

    /// The server is not there yet.
    pub(super) fn starting_up() -> Self {
        Self {
            severity: "FATAL",
            code: "57P03",
            text: "the database system is starting up".to_owned(),
            place: ("postmaster.c", "2347", "ProcessStartupPacket"),
        }
    }

    /// The server goes.
    pub(super) fn terminated() -> Self {
        Self {
            severity: "FATAL",
            code: "57P01",
            text: "terminating connection due to administrator command".to_owned(),
            place: ("postgres.c", "3263", "ProcessInterrupts"),
        }
    }

    /// The transaction may not write.
    pub(super) fn read_only(command: &str) -> Self {
        Self {
            severity: "ERROR",
            code: "25006",
            text: format!("cannot execute {command} in a read-only transaction"),
            place: ("utility.c", "414", "PreventCommandIfReadOnly"),
        }
    }

    /// As it goes on the wire.
    pub(super) fn written(&self) -> Bytes {
        let (file, line, routine) = self.place;
        let fields = [
            (b'S', self.severity),
            (b'V', self.severity),
            (b'C', self.code),
            (b'M', &self.text),
            (b'F', file),
            (b'L', line),
            (b'R', routine),
        ];
        let mut body = Vec::new();
        for (name, value) in fields {
            body.push(name);
            body.extend_from_slice(value.as_bytes());
            body.push(0);
        }
        body.push(0);
        message(b'E', &body)
    }
}

/// A field of an `ErrorResponse`.
pub(super) fn field(raw: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = body(raw);
    while let Some((name, after)) = rest.split_first()
        && *name != 0
    {
        let (value, following) = text(after)?;
        if *name == wanted {
            return Some(value);
        }
        rest = following;
    }
    None
}

/// What stands in the place of a statement that is refused: something that the server is sure to
/// refuse on its own, so that its transaction and what it says of it are as they would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StandIn {
    /// The fault's id and the command it refuses.
    pub(super) toxic: u64,
    pub(super) command: String,
}

/// How the name begins that no statement and no portal has.
const NAME: &str = "failure lab refuses";

impl StandIn {
    fn name(&self) -> String {
        // Servers cut identifiers at 63 bytes.
        let command: String = self.command.chars().take(24).collect();
        format!("{NAME} {} {command}", self.toxic)
    }

    /// Instead of a query whose first bytes, up to what is refused, are left as they are.
    pub(super) fn query(&self, before: &[u8]) -> Bytes {
        let mut body = before.to_vec();
        body.extend_from_slice(format!("EXECUTE \"{}\"\0", self.name()).as_bytes());
        message(b'Q', &body)
    }

    /// Instead of an `Execute`.
    pub(super) fn execute(&self) -> Bytes {
        let mut body = self.name().into_bytes();
        body.extend_from_slice(&[0; 5]);
        message(b'E', &body)
    }

    /// Whose doing an `ErrorResponse` is, where it is that of a stand-in.
    pub(super) fn of(raw: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(field(raw, b'M')?).into_owned();
        let (_, rest) = text.split_once(NAME)?;
        let (name, _) = rest.trim_start().split_once('"')?;
        let (toxic, command) = name.split_once(' ')?;
        Some(Self {
            toxic: toxic.parse().ok()?,
            command: command.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_back() {
        let raw = Error::too_many().written();
        assert_eq!(field(&raw, b'C'), Some(&b"53300"[..]));
        assert_eq!(
            field(&raw, b'M'),
            Some(&b"sorry, too many clients already"[..])
        );
        assert_eq!(field(&raw, b'?'), None);
        assert_eq!(field(b"E\0\0\0\x08SFAT", b'S'), None);
    }

    #[test]
    fn a_stand_in_is_known_by_what_the_server_says_of_it() {
        let stand_in = StandIn {
            toxic: 12,
            command: "CREATE TABLE".to_owned(),
        };
        let query = stand_in.query(b"BEGIN; ");
        let query = String::from_utf8_lossy(body(&query)).into_owned();
        let name = query.split('"').nth(1).unwrap();
        let said = Error {
            text: format!("prepared statement \"{name}\" does not exist"),
            ..Error::too_many()
        };
        assert_eq!(StandIn::of(&said.written()), Some(stand_in));
        assert_eq!(StandIn::of(&Error::too_many().written()), None);
    }
}
