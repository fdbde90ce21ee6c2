//! What is kept of a reply while it streams in: little, whatever its size.

use http::HeaderMap;
use lab_wire::hexadecimal;
use sha2::{Digest, Sha256};

/// What a step needs of its reply beside the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keep {
    /// The body, for values that later steps need.
    pub(crate) body: bool,
    /// The body's digest, for the ledger of writes.
    pub(crate) digest: bool,
    /// The headers, for values, checks and cookies.
    pub(crate) headers: bool,
}

/// A reply, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body; `None` where it was not kept or is longer than [`Intake::LONGEST_BODY`].
    pub(crate) body: Option<Vec<u8>>,
    /// SHA-256 of the body in hexadecimal, where it was asked for.
    pub(crate) digest: Option<String>,
    /// The headers, where they were asked for.
    pub(crate) headers: Option<HeaderMap>,
}

/// Takes a body in, piece by piece.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    body: Option<Vec<u8>>,
    digest: Option<Sha256>,
    headers: bool,
}

impl Intake {
    /// The longest body from which values are saved, in bytes. A longer one counts as a reply
    /// without them; thousands of users may hold one at a time.
    pub(crate) const LONGEST_BODY: usize = 1 << 20;

    /// Ready for the first piece.
    pub(crate) fn new(keep: Keep) -> Self {
        Self {
            body: keep.body.then(Vec::new),
            digest: keep.digest.then(Sha256::new),
            headers: keep.headers,
        }
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.update(piece);
        }
        if let Some(body) = &mut self.body {
            if body.len() + piece.len() > Self::LONGEST_BODY {
                self.body = None;
            } else {
                body.extend_from_slice(piece);
            }
        }
    }

    /// The reply, after the last piece.
    pub(crate) fn finish(self, status: u16, headers: &HeaderMap) -> Reply {
        Reply {
            headers: self.headers.then(|| headers.clone()),
            status,
            body: self.body,
            digest: self.digest.map(|digest| hexadecimal(&digest.finalize())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn pieces_make_one_body_and_one_digest() {
        let mut intake = Intake::new(Keep {
            body: true,
            digest: true,
            headers: false,
        });
        intake.take(b"a");
        intake.take(b"bc");
        let reply = intake.finish(201, &HeaderMap::new());
        assert_eq!(reply.status, 201);
        assert_eq!(reply.body.as_deref(), Some(b"abc".as_slice()));
        assert_eq!(reply.digest.as_deref(), Some(ABC), "FIPS 180-4, example 1");
    }

    #[test]
    fn a_body_beyond_the_limit_is_let_go_but_digested() {
        let mut intake = Intake::new(Keep {
            body: true,
            digest: true,
            headers: false,
        });
        for _ in 0..3 {
            intake.take(&vec![0; Intake::LONGEST_BODY / 2]);
        }
        let reply = intake.finish(200, &HeaderMap::new());
        assert_eq!(reply.body, None);
        assert!(reply.digest.is_some());
    }

    #[test]
    fn nothing_is_kept_unasked() {
        let mut intake = Intake::new(Keep::default());
        intake.take(b"abc");
        assert_eq!(
            intake.finish(200, &HeaderMap::new()),
            Reply {
                status: 200,
                body: None,
                digest: None,
                headers: None,
            }
        );
    }
}
