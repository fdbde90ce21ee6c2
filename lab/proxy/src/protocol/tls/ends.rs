//! Both ends of a connection whose TLS ends here and begins again: a server to the caller, a client
//! to the upstream, and what they say in clear between them. No socket: bytes in, bytes out.

use super::PIECE;
use super::authority::{Authority, Flaw};
use super::inside::Inside;
use crate::spec::Stream;
use crate::tap::Fault;
use crate::toxics::End;
use crate::toxics::Toxic;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConfig,
    ServerConnection, SignatureScheme,
};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

/// The protocol that is spoken above where the caller knows it (RFC 7301).
const HTTP_1: &[u8] = b"http/1.1";

/// See the file.
pub(super) struct Ends {
    server: ServerConnection,
    client: ClientConnection,
    /// What stands between them, where HTTP is read inside.
    inside: Option<Box<Inside>>,
    /// Whether each of them was told that the other says no more.
    told: [bool; 2],
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Fine,
    /// The caller would have none of the certificate, or breaks the protocol.
    CallerRefuses,
    /// The upstream would have none of this, or breaks the protocol.
    UpstreamRefuses,
}

impl Ends {
    /// With a certificate for these names, with something wrong where a flaw is given, for a caller
    /// that would speak these protocols.
    pub(super) fn new(
        authority: &Authority,
        flaw: Option<Flaw>,
        names: &[String],
        protocols: &[Vec<u8>],
        inside: Option<Box<Inside>>,
    ) -> Result<Self, String> {
        // Both ends speak the same: HTTP/1.1, or what the caller likes best.
        let common = protocols.iter().find(|protocol| *protocol == HTTP_1);
        let common: Vec<_> = common.or(protocols.first()).cloned().into_iter().collect();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let text = |error: Error| error.to_string();
        let shown = authority.shown(flaw, names)?;
        let chain = vec![CertificateDer::from(shown.certificate)];
        let key = PrivatePkcs8KeyDer::from(shown.key).into();
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(text)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(text)?;
        server.alpn_protocols.clone_from(&common);
        // Each handshake is one of its own, so that each is seen to fail.
        server.send_tls13_tickets = 0;
        server.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(text)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        client.alpn_protocols = common;
        let name = names.first().map_or("localhost", String::as_str);
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        let mut ends = Self {
            server: ServerConnection::new(Arc::new(server)).map_err(text)?,
            client: ClientConnection::new(Arc::new(client), name).map_err(text)?,
            inside,
            told: [false; 2],
        };
        // What waits is bounded by what is taken in.
        ends.server.set_buffer_limit(None);
        ends.client.set_buffer_limit(None);
        Ok(ends)
    }

    /// Whether the caller took the certificate.
    pub(super) fn is_accepted(&self) -> bool {
        !self.server.is_handshaking()
    }

    /// What stands between them.
    pub(super) fn inside(&self) -> Option<&Inside> {
        self.inside.as_deref()
    }

    /// Nobody gets anything more: whose doing it is.
    pub(super) fn cut(&mut self, by: Fault, now: Instant) {
        if let Some(inside) = &mut self.inside {
            inside.cut(by, now);
        }
    }

    /// Takes over the faults of the link as they are now.
    pub(super) fn adopt(&mut self, toxics: &[Arc<Toxic>]) {
        if let Some(inside) = &mut self.inside {
            inside.adopt(toxics);
        }
    }

    /// Whether more of that stream's source may be taken.
    pub(super) fn has_room(&self, stream: Stream) -> bool {
        let inside = self.inside.as_ref();
        inside.is_none_or(|inside| inside.room(stream) > 0)
    }

    /// Data from the caller.
    pub(super) fn asked(&mut self, mut data: &[u8], now: Instant) -> Outcome {
        while !data.is_empty() {
            let read = self.server.read_tls(&mut data).is_ok_and(|read| read > 0);
            if !read || self.server.process_new_packets().is_err() {
                return Outcome::CallerRefuses;
            }
            match &mut self.inside {
                Some(inside) => hear(&mut self.server.reader(), inside, Stream::Upstream, now),
                None => pass(&mut self.server.reader(), &mut self.client.writer()),
            }
        }
        Outcome::Fine
    }

    /// Data from the upstream.
    pub(super) fn answered(&mut self, mut data: &[u8], now: Instant) -> Outcome {
        while !data.is_empty() {
            let read = self.client.read_tls(&mut data).is_ok_and(|read| read > 0);
            match self.client.process_new_packets() {
                Ok(_) if read => {}
                Err(Error::AlertReceived(AlertDescription::CloseNotify)) => {}
                _ => return Outcome::UpstreamRefuses,
            }
            match &mut self.inside {
                Some(inside) => hear(&mut self.client.reader(), inside, Stream::Downstream, now),
                None => pass(&mut self.client.reader(), &mut self.server.writer()),
            }
        }
        Outcome::Fine
    }

    /// The source of that stream says no more.
    pub(super) fn source_ends(&mut self, stream: Stream, end: End, now: Instant) {
        let told = &mut self.told[usize::from(stream == Stream::Downstream)];
        if std::mem::replace(told, true) {
            return;
        }
        match (&mut self.inside, stream) {
            (Some(inside), _) => inside.ended(stream, end, now),
            (None, Stream::Upstream) => self.client.send_close_notify(),
            (None, Stream::Downstream) => self.server.send_close_notify(),
        }
    }

    /// What was said in clear goes on past what stands between, as far as the queues to both have
    /// room. How it ends for the destination of each stream.
    pub(super) fn exchange(&mut self, room: [bool; 2], now: Instant) -> [Option<End>; 2] {
        let Some(inside) = &mut self.inside else {
            return [None, None];
        };
        inside.advance(now);
        let mut ends = [None, None];
        let streams = [Stream::Upstream, Stream::Downstream];
        for ((stream, room), over) in streams.into_iter().zip(room).zip(&mut ends) {
            if !room {
                continue;
            }
            let mut taken = 0;
            while taken < PIECE
                && let Some(data) = inside.take(stream, now)
            {
                taken += data.len();
                let written = match stream {
                    Stream::Upstream => self.client.writer().write_all(&data),
                    Stream::Downstream => self.server.writer().write_all(&data),
                };
                if written.is_err() {
                    break;
                }
            }
            *over = inside.end(stream);
            match (*over, stream) {
                (Some(End::Finished), Stream::Upstream) => self.client.send_close_notify(),
                (Some(End::Finished), Stream::Downstream) => self.server.send_close_notify(),
                _ => {}
            }
        }
        if let Some(end) = ends[1] {
            inside.over(end, now);
        }
        ends
    }

    /// What the caller gets.
    pub(super) fn for_caller(&mut self) -> Vec<u8> {
        let mut data = Vec::new();
        while self.server.wants_write() && self.server.write_tls(&mut data).is_ok() {}
        data
    }

    /// What the upstream gets: nothing before the caller took the certificate.
    pub(super) fn for_upstream(&mut self) -> Vec<u8> {
        let mut data = Vec::new();
        if self.is_accepted() {
            while self.client.wants_write() && self.client.write_tls(&mut data).is_ok() {}
        }
        data
    }
}

/// What was said in clear goes on. An end is no error: it is told by the sockets.
fn pass(from: &mut dyn Read, to: &mut dyn Write) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let Some(data) = buffer.get(..count) else {
            return;
        };
        if to.write_all(data).is_err() {
            return;
        }
    }
}

/// What was said in clear is heard by what stands between.
fn hear(from: &mut dyn Read, inside: &mut Inside, stream: Stream, now: Instant) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let Some(data) = buffer.get(..count) else {
            return;
        };
        inside.received(stream, data, now);
    }
}

/// Takes whoever answers for the upstream: the fault is about what the caller checks.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
