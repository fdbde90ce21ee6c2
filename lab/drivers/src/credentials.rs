//! Certificates that the run's authority gives to its services, as files of the run's folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lab_proxy::Authority;

/// The folder of these files in that of the run.
const FOLDER: &str = "tls";

/// The path of a service's `authority`, `certificate` or `key`; they are made with the first that is
/// asked for. The first name is the service's own.
pub(crate) fn file(
    authority: &Authority,
    run: &Path,
    names: &[&str],
    wanted: &str,
) -> Result<String, String> {
    let folder = run.join(FOLDER);
    let service = names.first().copied().unwrap_or_default();
    let paths = [
        folder.join("authority.pem"),
        folder.join(format!("{service}.pem")),
        folder.join(format!("{service}.key")),
    ];
    let [trusted, certificate, key] = &paths;
    let path = match wanted {
        "authority" => trusted,
        "certificate" => certificate,
        _ => key,
    };
    if !path.exists() {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if wanted == "authority" {
            write(trusted, &authority.pem()?, 0o644)?;
        } else {
            let issued = authority.issue(&names)?;
            write(certificate, &issued.certificate, 0o644)?;
            write(key, &issued.key, 0o600)?;
        }
    }
    let absolute = path.canonicalize();
    let absolute = absolute.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(absolute.to_string_lossy().into_owned())
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let written = fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_one_certificate_and_its_key_is_its_own() {
        let (authority, run) = (Authority::default(), tempfile::tempdir().unwrap());
        let get = |wanted| {
            let path = file(&authority, run.path(), &["payments", "127.0.0.1"], wanted).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            (
                text,
                fs::metadata(path).unwrap().permissions().mode() & 0o777,
            )
        };
        let certificate = get("certificate");
        assert!(certificate.0.contains("BEGIN CERTIFICATE"));
        let key = get("key");
        assert!(key.0.contains("PRIVATE KEY") && key.1 == 0o600);
        assert_eq!(get("certificate"), certificate, "asked twice, made once");
        assert_eq!(get("authority").0, authority.pem().unwrap());
    }
}
