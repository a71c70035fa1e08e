//! Certificates: of a private authority, unknown ones, and our own.

use std::sync::Arc;

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, Client, ClientIdentity, ClientOptions, Secret};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        self.issue_as(name, IsCa::NoCa)
    }

    fn issue_as(&self, name: &str, is_ca: IsCa) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = is_ca;
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// A server for 127.0.0.1 that, if `demanding`, wants a certificate of the same authority.
async fn server(authority: &Authority, demanding: bool) -> Url {
    serve(authority, demanding, authority.issue("127.0.0.1")).await
}

async fn serve(authority: &Authority, demanding: bool, (certificate, key): (rcgen::Certificate, KeyPair)) -> Url {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder();
    let config = match demanding {
        true => {
            let mut roots = RootCertStore::empty();
            let pem = authority.pem.clone();
            roots.add(dex_upstream_client::certificates(&[pem]).unwrap().remove(0)).unwrap();
            config.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        }
        false => config.with_no_client_auth(),
    };
    let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

async fn ask(url: &Url, change: impl FnOnce(&mut ClientOptions)) -> Result<Value, UpstreamError> {
    let mut options = ClientOptions::new("up");
    change(&mut options);
    Ok(Client::open(options)?.get_json(url, Auth::None).await?)
}

#[tokio::test]
async fn a_private_authority_is_trusted_if_it_is_named() {
    let authority = Authority::new();
    let url = server(&authority, false).await;
    let error = ask(&url, |_| {}).await.unwrap_err();
    assert!(
        matches!(&error, UpstreamError::Unreachable(cause) if cause.to_string().contains("certificate")),
        "{error}"
    );
    let pem = authority.pem.clone();
    ask(&url, |options| options.root_cas = vec![String::new(), pem]).await.unwrap();
    let other = Authority::new().pem;
    assert!(ask(&url, |options| options.root_cas = vec![other]).await.is_err());
    ask(&url, |options| options.insecure_skip_verify = true).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_a_broken_one_told_at_opening() {
    let authority = Authority::new();
    let url = server(&authority, true).await;
    let pem = authority.pem.clone();
    assert!(ask(&url, |options| options.root_cas = vec![pem.clone()]).await.is_err());
    let (certificate, key) = authority.issue("dex");
    let identity = ClientIdentity { certificates: certificate.pem(), key: Secret::new(key.serialize_pem()) };
    ask(&url, |options| {
        options.root_cas = vec![pem.clone()];
        options.identity = Some(identity);
    })
    .await
    .unwrap();
    let broken = ClientIdentity { certificates: certificate.pem(), key: Secret::new("no key") };
    let error = ask(&url, |options| options.identity = Some(broken)).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Misconfigured(text) if !text.contains("no key")), "{error}");
}

#[tokio::test]
async fn a_server_with_the_certificate_of_an_authority_is_told_what_to_do() {
    let authority = Authority::new();
    let wrong = authority.issue_as("127.0.0.1", IsCa::Ca(BasicConstraints::Unconstrained));
    let url = serve(&authority, false, wrong).await;
    let pem = authority.pem.clone();
    let error = ask(&url, |options| options.root_cas = vec![pem]).await.unwrap_err();
    assert!(error.to_string().contains("issue one for the server, without CA:TRUE"), "{error}");
}
