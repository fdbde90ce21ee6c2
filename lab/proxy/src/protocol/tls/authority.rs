//! The authority of a run: it signs the certificates of the run's services, and those that have
//! something wrong with them. It is made when it is first asked for something, kept in memory, and
//! installed nowhere.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::sync::{Arc, OnceLock};
use time::{Duration, OffsetDateTime};

/// How long what is good is valid, before and after the moment it is made.
const DAYS: i64 = 7;
/// The name of a server that nobody means.
const ELSEWHERE: &str = "elsewhere.invalid";

/// An authority that clients of a run may be told to trust. Clones are the same authority.
#[derive(Debug, Clone, Default)]
pub struct Authority(Arc<OnceLock<Result<Made, String>>>);

#[derive(Debug)]
struct Made {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// Nobody is told to trust this one.
    stranger: Issuer<'static, KeyPair>,
    /// The key of every certificate that the proxy itself shows.
    key: KeyPair,
}

/// A certificate with its key, both as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: String,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Expired,
    NotYetValid,
    WrongName,
    UnknownAuthority,
}

/// A certificate with its key, both as DER.
pub(super) struct Shown {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl Authority {
    fn made(&self) -> Result<&Made, String> {
        self.0.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// Its own certificate as PEM: what clients trust.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn pem(&self) -> Result<String, String> {
        self.made().map(|made| made.pem.clone())
    }

    /// A certificate for a server that is called by these names or addresses.
    ///
    /// # Errors
    /// A name cannot stand in a certificate.
    pub fn issue(&self, names: &[String]) -> Result<Certificate, String> {
        let key = KeyPair::generate().map_err(|error| text(&error))?;
        let now = OffsetDateTime::now_utc();
        let whole = Duration::days(DAYS);
        let parameters = leaf(names, now - whole, now + whole)?;
        let signed = parameters
            .signed_by(&key, &self.made()?.issuer)
            .map_err(|error| text(&error))?;
        Ok(Certificate {
            certificate: signed.pem(),
            key: key.serialize_pem(),
        })
    }

    /// A certificate for these names, with something wrong where a flaw is given.
    pub(super) fn shown(&self, flaw: Option<Flaw>, names: &[String]) -> Result<Shown, String> {
        let made = self.made()?;
        let now = OffsetDateTime::now_utc();
        let (day, hour) = (Duration::days(1), Duration::hours(1));
        let elsewhere = [ELSEWHERE.to_owned()];
        let (from, to, names, issuer) = match flaw {
            None => (now - day, now + day, names, &made.issuer),
            Some(Flaw::Expired) => (now - day, now - hour, names, &made.issuer),
            Some(Flaw::NotYetValid) => (now + hour, now + day, names, &made.issuer),
            Some(Flaw::WrongName) => (now - day, now + day, &elsewhere[..], &made.issuer),
            Some(Flaw::UnknownAuthority) => (now - day, now + day, names, &made.stranger),
        };
        let signed = leaf(names, from, to)?
            .signed_by(&made.key, issuer)
            .map_err(|error| text(&error))?;
        Ok(Shown {
            certificate: signed.der().to_vec(),
            key: made.key.serialize_der(),
        })
    }
}

fn make() -> Result<Made, String> {
    let (pem, issuer) = authority("Failure Lab, authority of one run")?;
    let (_, stranger) = authority("Failure Lab, an authority that nobody knows")?;
    Ok(Made {
        pem,
        issuer,
        stranger,
        key: KeyPair::generate().map_err(|error| text(&error))?,
    })
}

fn authority(name: &str) -> Result<(String, Issuer<'static, KeyPair>), String> {
    let now = OffsetDateTime::now_utc();
    let mut parameters = leaf(&[], now - Duration::days(DAYS), now + Duration::days(DAYS))?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.extended_key_usages = Vec::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().map_err(|error| text(&error))?;
    let signed = parameters.self_signed(&key).map_err(|error| text(&error))?;
    Ok((signed.pem(), Issuer::new(parameters, key)))
}

fn leaf(
    names: &[String],
    from: OffsetDateTime,
    to: OffsetDateTime,
) -> Result<CertificateParams, String> {
    let mut parameters = CertificateParams::new(names).map_err(|error| text(&error))?;
    parameters.not_before = from;
    parameters.not_after = to;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = names.first() {
        parameters
            .distinguished_name
            .push(DnType::CommonName, name.as_str());
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn text(error: &rcgen::Error) -> String {
    error.to_string()
}
