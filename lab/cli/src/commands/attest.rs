//! `lab attest`: signs what a run showed, and checks such a signature.

use std::fs;
use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_model::{Exit, Journal};
use lab_report::{Run, attestation};
use lab_verdict::judge;
use serde_json::{Value, json};

use crate::arguments::{Attest, AttestSign, AttestVerify};
use crate::{runs, text};

/// The environment value that may hold the private key instead of a file.
const KEY: &str = "LAB_ATTEST_KEY";
/// What stands before the 32 bytes of a public key (RFC 8410 § 4).
const PUBLIC_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

pub(crate) fn run(command: &Attest) -> Exit {
    let done = match command {
        Attest::Sign(options) => sign(options).map(|envelope| format!("{envelope}\n")),
        Attest::Verify(options) => verify(options),
    };
    match done {
        Ok(said) => {
            text::out(&said);
            Exit::Pass
        }
        Err((exit, reason)) => {
            let help = "keys are PEM: openssl genpkey -algorithm ed25519, openssl pkey -pubout";
            text::error(&reason, if exit == Exit::Usage { help } else { "" });
            exit
        }
    }
}

type Refused = (Exit, String);

fn usage(reason: impl std::fmt::Display) -> Refused {
    (Exit::Usage, reason.to_string())
}

fn sign(options: &AttestSign) -> Result<String, Refused> {
    let pem = match &options.key {
        Some(path) => read(path)?,
        None => std::env::var(KEY).map_err(|_| usage(format!("no key: --key FILE, or {KEY}")))?,
    };
    let der =
        decoded(&pem, "PRIVATE KEY").ok_or_else(|| usage("the key is no private key in PEM"))?;
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
        .map_err(|error| usage(format!("the key is no Ed25519 key: {error}")))?;
    let folder = runs::find(&options.kept.out, &options.run).map_err(usage)?;
    let bytes = fs::read(folder.join("journal.jsonl")).map_err(usage)?;
    let journal = Journal::read(&bytes).map_err(usage)?;
    let verdict = judge(&journal);
    let run = Run::new(&journal, &verdict, None);
    if let Some(commit) = &options.commit
        && !(commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(usage(format!("`{commit}` is no full commit id")));
    }
    let payload = attestation::statement(&run, &bytes, options.commit.as_deref());
    let signature = pair.sign(&attestation::signed_bytes(payload.as_bytes()));
    let public = STANDARD.encode(pair.public_key().as_ref());
    let envelope = json!({
        "payloadType": attestation::PAYLOAD_TYPE,
        "payload": STANDARD.encode(payload.as_bytes()),
        "signatures": [{ "keyid": public, "sig": STANDARD.encode(signature.as_ref()) }],
    });
    Ok(envelope.to_string())
}

fn verify(options: &AttestVerify) -> Result<String, Refused> {
    let pem = read(&options.public)?;
    let der =
        decoded(&pem, "PUBLIC KEY").ok_or_else(|| usage("the key is no public key in PEM"))?;
    let key = der
        .strip_prefix(&PUBLIC_HEAD[..])
        .filter(|key| key.len() == 32);
    let key = key.ok_or_else(|| usage("the key is no Ed25519 key"))?;
    let envelope = read(&options.file)?;
    let envelope: Value = serde_json::from_str(&envelope)
        .map_err(|error| usage(format!("{}: {error}", options.file.display())))?;
    let wrong = |what: &str| usage(format!("{}: {what}", options.file.display()));
    if envelope["payloadType"] != attestation::PAYLOAD_TYPE {
        return Err(wrong("it is no envelope of an in-toto statement"));
    }
    let bytes = |value: &Value| value.as_str().and_then(|text| STANDARD.decode(text).ok());
    let payload = bytes(&envelope["payload"]).ok_or_else(|| wrong("it has no payload"))?;
    let signatures = envelope["signatures"]
        .as_array()
        .ok_or_else(|| wrong("it has no signatures"))?;
    let signed = attestation::signed_bytes(&payload);
    let key = UnparsedPublicKey::new(&ED25519, key);
    let good =
        |one: &Value| bytes(&one["sig"]).is_some_and(|sig| key.verify(&signed, &sig).is_ok());
    if !signatures.iter().any(good) {
        return Err((
            Exit::Fail,
            "the signature is not of this key, or the statement was changed".to_owned(),
        ));
    }
    let statement: Value =
        serde_json::from_slice(&payload).map_err(|error| wrong(&error.to_string()))?;
    if let Some(run) = &options.run {
        let folder = runs::find(&options.kept.out, run).map_err(usage)?;
        let journal = fs::read(folder.join("journal.jsonl")).map_err(usage)?;
        if !attestation::speaks_of(&statement, &journal) {
            return Err((
                Exit::Fail,
                format!("the statement is not about the journal of {run}"),
            ));
        }
    }
    let text = serde_json::to_string_pretty(&statement).unwrap_or_default();
    Ok(format!("{text}\n"))
}

fn read(path: &Path) -> Result<String, Refused> {
    fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))
}

/// The bytes between the lines of a PEM file (RFC 7468).
fn decoded(pem: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}
