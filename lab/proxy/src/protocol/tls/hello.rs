//! The first thing a caller of TLS says (RFC 8446, section 4.1.2), in whatever pieces it comes.

/// The longest message that is waited for; servers take no more.
const LONGEST: usize = 64 << 10;
/// The longest record (RFC 8446, section 5.1; older versions allow some more).
const LONGEST_RECORD: usize = (16 << 10) + 2_048;

/// What a `ClientHello` says of whom the caller means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The name (RFC 6066, section 3); none where the caller knows but an address.
    pub(super) server_name: Option<String>,
    /// The protocols it would speak (RFC 7301), in its order.
    pub(super) protocols: Vec<Vec<u8>>,
}

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A whole `ClientHello`.
    Hello(Hello),
    /// It may become one.
    Needs,
    /// Something else.
    Other,
}

/// Reads the first bytes of a connection.
pub(crate) fn read(data: &[u8]) -> Beginning {
    let mut message = Vec::new();
    let mut rest = data;
    loop {
        if let [kind, lengths @ ..] = &message[..] {
            let length = match lengths {
                [a, b, c, ..] => number(&[*a, *b, *c]),
                _ => 0,
            };
            if *kind != 1 || length > LONGEST {
                return Beginning::Other;
            }
            if let Some(body) = message.get(4..4 + length)
                && lengths.len() >= 3
            {
                return Beginning::Hello(hello(body).unwrap_or_default());
            }
        }
        // A record: its type, a version, its length.
        match rest {
            [22, 3, minor, high, low, after @ ..] if *minor <= 4 => {
                let length = number(&[*high, *low]);
                if length == 0 || length > LONGEST_RECORD {
                    return Beginning::Other;
                }
                let (fragment, following) = after.split_at(length.min(after.len()));
                message.extend_from_slice(fragment);
                rest = following;
                if fragment.len() < length && !complete(&message) {
                    return early(&message);
                }
            }
            [] | [22] | [22, 3] | [22, 3, 0..=4] | [22, 3, 0..=4, _] => return Beginning::Needs,
            _ => return Beginning::Other,
        }
    }
}

/// Whether the message is there, whatever its record still holds.
fn complete(message: &[u8]) -> bool {
    matches!(message, [_, a, b, c, body @ ..] if body.len() >= number(&[*a, *b, *c]))
}

/// Part of a message: it may become a `ClientHello`, or cannot any more.
fn early(message: &[u8]) -> Beginning {
    match message {
        [kind, ..] if *kind != 1 => Beginning::Other,
        [_, a, b, c, ..] if number(&[*a, *b, *c]) > LONGEST => Beginning::Other,
        _ => Beginning::Needs,
    }
}

fn number(bytes: &[u8]) -> usize {
    let digit = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
    bytes.iter().fold(0, digit)
}

/// Takes a vector whose length stands before it in so many bytes; it, and what follows.
fn vector(data: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (head, rest) = data.split_at_checked(length)?;
    rest.split_at_checked(number(head))
}

fn hello(body: &[u8]) -> Option<Hello> {
    // The version and the random bytes come first.
    let rest = body.get(2 + 32..)?;
    let (_session, rest) = vector(rest, 1)?;
    let (_suites, rest) = vector(rest, 2)?;
    let (_compression, rest) = vector(rest, 1)?;
    let (mut extensions, _) = vector(rest, 2)?;
    let mut hello = Hello::default();
    while let Some((kind, rest)) = extensions.split_at_checked(2) {
        let (extension, following) = vector(rest, 2)?;
        match number(kind) {
            0 => hello.server_name = server_name(extension),
            16 => hello.protocols = protocols(extension).unwrap_or_default(),
            _ => {}
        }
        extensions = following;
    }
    Some(hello)
}

fn server_name(extension: &[u8]) -> Option<String> {
    let (names, _) = vector(extension, 2)?;
    let (kind, rest) = names.split_first()?;
    let (name, _) = vector(rest, 2)?;
    let name = std::str::from_utf8(name).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let fits = *kind == 0 && !name.is_empty() && name.len() <= 253 && name.chars().all(plain);
    fits.then(|| name.to_owned())
}

fn protocols(extension: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut rest, _) = vector(extension, 2)?;
    let mut protocols = Vec::new();
    while !rest.is_empty() {
        let (protocol, following) = vector(rest, 1)?;
        protocols.push(protocol.to_vec());
        rest = following;
    }
    Some(protocols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A `ClientHello` in records of that length.
    fn wire(name: Option<&str>, record: usize) -> Vec<u8> {
        let sized = |data: &[u8]| {
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            [&length[..], data].concat()
        };
        let alpn = sized(&sized(b"\x02h2"));
        let mut extensions = [&[0, 43][..], &sized(&[2, 3, 4]), &[0, 16], &alpn].concat();
        if let Some(name) = name {
            let list = [&[0][..], &sized(name.as_bytes())].concat();
            extensions.extend([&[0, 0][..], &sized(&sized(&list))].concat());
        }
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 19, 1, 1, 0]);
        body.extend(sized(&extensions));
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let message = [&[1][..], &length[1..], &body].concat();
        let framed = |part: &[u8]| [&[22, 3, 1][..], &sized(part)].concat();
        message.chunks(record).flat_map(framed).collect()
    }

    fn named(name: &str) -> Beginning {
        Beginning::Hello(Hello {
            server_name: Some(name.to_owned()),
            protocols: vec![b"h2".to_vec()],
        })
    }

    #[test]
    fn the_name_is_found_in_whatever_records_it_comes() {
        for record in [1, 3, 5, 40, 1_000] {
            let whole = wire(Some("payments"), record);
            assert_eq!(read(&whole), named("payments"), "{record}");
            for length in 0..whole.len() {
                assert_eq!(
                    read(&whole[..length]),
                    Beginning::Needs,
                    "{length} of {record}"
                );
            }
            let more = [&whole[..], b"whatever follows"].concat();
            assert_eq!(read(&more), named("payments"));
        }
        let nameless = Hello {
            protocols: vec![b"h2".to_vec()],
            ..Hello::default()
        };
        assert_eq!(read(&wire(None, 1_000)), Beginning::Hello(nameless.clone()));
        assert_eq!(read(&wire(Some("a b"), 1_000)), Beginning::Hello(nameless));
    }

    #[test]
    fn what_is_not_tls_is_said_to_be_so() {
        for other in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\0\0\0\x08\x04\xd2\x16\x2f",
            &[22, 3, 1, 0, 0],
            &[22, 3, 1, 0, 4, 2, 0, 0, 0],
            &[21, 3, 1, 0, 2],
        ] {
            assert_eq!(read(other), Beginning::Other, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(data in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..100, byte in any::<u8>()) {
            read(&data);
            let mut changed = wire(Some("payments"), 40);
            let at = at % changed.len();
            changed[at] = byte;
            read(&changed);
        }
    }
}
