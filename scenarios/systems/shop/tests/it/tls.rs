//! TLS between orders and payments: spoken where it is asked for, believed where it is vouched for,
//! and beside it HTTP in clear for everybody else.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::shop::{Settings, Shop, get};

/// An authority with the certificate of a service at 127.0.0.1, as files.
struct Authority {
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = parameters.self_signed(&key).unwrap();
        fs::write(folder.path().join("authority"), own.pem()).unwrap();
        let issuer = Issuer::new(parameters, key);
        let key = KeyPair::generate().unwrap();
        let service = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let service = service.signed_by(&key, &issuer).unwrap();
        fs::write(folder.path().join("certificate"), service.pem()).unwrap();
        fs::write(folder.path().join("key"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }
}

/// A shop whose payments has the certificate of the first, and whose orders trusts the second.
async fn shop(shown: &Authority, trusted: &Authority, orders: Settings<'_>) -> Shop {
    let (certificate, key) = (shown.file("certificate"), shown.file("key"));
    let payments = [
        ("SHOP_CERTIFICATE", certificate.as_str()),
        ("SHOP_KEY", &key),
    ];
    let authority = trusted.file("authority");
    let orders = [orders, &[("SHOP_AUTHORITY", authority.as_str())]].concat();
    Shop::start(&[], &orders, &payments).await
}

#[tokio::test]
async fn tls_is_spoken_where_it_is_asked_for() {
    let authority = Authority::new();
    for (setting, spoken) in [("on", true), ("off", false)] {
        for keepalive in ["on", "off"] {
            let orders = [("SHOP_TLS", setting), ("SHOP_KEEPALIVE", keepalive)];
            let shop = shop(&authority, &authority, &orders).await;
            assert_eq!(shop.checkout("k").await.status, 201, "{orders:?}");
            let in_clear = shop.to_payments.heard().contains("POST /charges");
            assert_eq!(in_clear, !spoken, "{orders:?}");
            let health = get(&shop.payments, "/health").await;
            assert_eq!(health.status, 200, "others speak in clear: {orders:?}");
        }
    }
}

#[tokio::test]
async fn who_cannot_be_believed_is_not_charged_at() {
    let (shown, trusted) = (Authority::new(), Authority::new());
    let secure = ("SHOP_TLS", "on");
    let bare = shop(&shown, &trusted, &[secure]).await;
    assert_eq!(bare.checkout("k").await.status, 502);
    let deferred = [secure, ("SHOP_FALLBACK", "deferred")];
    let deferred = shop(&shown, &trusted, &deferred).await;
    assert_eq!(deferred.checkout("k").await.status, 201);
}
