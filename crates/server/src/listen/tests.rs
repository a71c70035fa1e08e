use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::lifecycle::{Reload, Stop};
use crate::peer::PeerAddr;

/// How long anything here may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.expect("it happens in time")
}

/// A listener at work.
struct Running {
    address: String,
    app: App,
    stop: watch::Sender<bool>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start(app: Router, change: impl FnOnce(&mut Serve)) -> Self {
        let app: App = Arc::new(ArcSwap::from_pointee(app));
        let mut how = Serve { app: app.clone(), certificates: None, cleartext_http2: false, limits: Limits::default() };
        change(&mut how);
        let listener = bind("http", "127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = Stop::new();
        let task = tokio::spawn(serve(listener, how, stopped));
        Self { address, app, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }
}

/// Sends one request and reads to the end of the connection.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(stream).await
}

async fn rest(mut stream: impl AsyncRead + Unpin) -> String {
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = soon(stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: dex\r\nconnection: close\r\n\r\n")
}

/// `/wait` says when it is entered and answers when it may leave.
fn waiting(entered: &Arc<Notify>, leave: &Arc<Notify>) -> Router {
    let (entered, leave) = (entered.clone(), leave.clone());
    let wait = move || async move {
        entered.notify_one();
        leave.notified().await;
        "done"
    };
    Router::new().route("/wait", get(wait))
}

#[tokio::test]
async fn the_peer_is_known_on_tcp_and_the_router_can_be_swapped() {
    let whoami = |Extension(PeerAddr(peer)): Extension<PeerAddr>| async move {
        peer.map_or("nobody".to_owned(), |peer| peer.to_string())
    };
    let running = Running::start(Router::new().route("/", get(whoami)), |_| {}).await;
    let stream = running.connect().await;
    let own = stream.local_addr().unwrap().to_string();
    let answer = exchange(stream, &request("/")).await;
    assert!(answer.ends_with(&own), "{answer}");
    running.app.store(Arc::new(Router::new().route("/", get("swapped"))));
    let answer = exchange(running.connect().await, &request("/")).await;
    assert!(answer.ends_with("swapped"), "{answer}");
}

#[tokio::test]
async fn a_unix_socket_serves_and_has_no_peer_address() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dex.sock");
    let listener = bind("http", &format!("unix:{}", path.display())).await.unwrap();
    let whoami = |Extension(PeerAddr(peer)): Extension<PeerAddr>| async move { format!("{peer:?}") };
    let how = Serve {
        app: Arc::new(ArcSwap::from_pointee(Router::new().route("/", get(whoami)))),
        certificates: None,
        cleartext_http2: false,
        limits: Limits::default(),
    };
    let (stop, stopped) = Stop::new();
    let serving = tokio::spawn(serve(listener, how, stopped));
    let answer = exchange(UnixStream::connect(&path).await.unwrap(), &request("/")).await;
    assert!(answer.ends_with("None"), "{answer}");
    stop.send_replace(true);
    soon(serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_panic_and_a_hanging_handler_are_answered() {
    let boom = || async {
        if true {
            panic!("on purpose")
        }
    };
    let app = Router::new().route("/boom", get(boom)).route("/hang", get(std::future::pending::<()>));
    let running = Running::start(app, |how| how.limits.request_time = Duration::from_millis(50)).await;
    let answer = exchange(running.connect().await, &request("/boom")).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    let answer = exchange(running.connect().await, &request("/hang")).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_has_closed_its_side_is_answered() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let running = Running::start(waiting(&entered, &leave), |_| {}).await;
    let mut stream = running.connect().await;
    stream.write_all(request("/wait").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    soon(entered.notified()).await;
    let early = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(early.is_err(), "nothing comes before the answer, not even the end");
    leave.notify_one();
    assert!(rest(stream).await.ends_with("done"));
}

#[tokio::test]
async fn slow_and_silent_clients_are_let_go() {
    let short = Duration::from_millis(50);
    let app = || Router::new().route("/", get("ok"));
    let first = Running::start(app(), |how| {
        how.limits.first_request_time = short;
        how.limits.closing_time = short;
    });
    let first = first.await;
    for sent in ["", "GET / HTTP/1.1\r\nhost: de"] {
        assert_eq!(exchange(first.connect().await, sent).await, "", "{sent:?}");
    }
    let idle = Running::start(app(), |how| how.limits.idle_time = short).await;
    let answer = exchange(idle.connect().await, "GET / HTTP/1.1\r\nhost: dex\r\n\r\n").await;
    assert!(answer.ends_with("ok"), "a kept connection is closed when idle: {answer}");
}

#[tokio::test]
async fn headers_and_bodies_have_their_limits() {
    let length = |body: axum::body::Bytes| async move { body.len().to_string() };
    let app = Router::new().route("/", post(length)).layer(axum::extract::DefaultBodyLimit::disable());
    let running = Running::start(app, |how| how.limits.header_bytes = 16 * 1024).await;
    let post = |header: usize, body: usize| {
        format!(
            "POST / HTTP/1.1\r\nhost: dex\r\nconnection: close\r\nx: {}\r\ncontent-length: {body}\r\n\r\n{}",
            "h".repeat(header),
            "b".repeat(body)
        )
    };
    let cases = [
        (100, REQUEST_BODY_BYTES_MAX, "HTTP/1.1 200 "),
        (100, REQUEST_BODY_BYTES_MAX + 1, "HTTP/1.1 413 "),
        (20 * 1024, 0, "HTTP/1.1 431 "),
    ];
    for (header, body, expected) in cases {
        let stream = running.connect().await;
        let (mut reader, mut writer) = stream.into_split();
        let sending = tokio::spawn(async move { writer.write_all(post(header, body).as_bytes()).await });
        let mut status = vec![0; expected.len()];
        soon(reader.read_exact(&mut status)).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&status), expected);
        sending.abort();
    }
}

#[tokio::test]
async fn the_next_connection_waits_for_a_place() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let app = waiting(&entered, &leave);
    let running = Running::start(app.route("/", get("ok")), |how| how.limits.connections = 1).await;
    let first = tokio::spawn(exchange(running.connect().await, &*request("/wait").leak()));
    soon(entered.notified()).await;
    let mut second = running.connect().await;
    second.write_all(request("/").as_bytes()).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), second.read_u8()).await;
    assert!(early.is_err(), "the only place is taken");
    leave.notify_one();
    assert!(soon(first).await.unwrap().ends_with("done"));
    assert!(rest(second).await.ends_with("ok"));
}

#[tokio::test]
async fn stopping_refuses_newcomers_and_waits_for_requests_begun() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let running = Running::start(waiting(&entered, &leave), |_| {}).await;
    let mut idle = running.connect().await;
    let begun = running.connect().await;
    let begun = tokio::spawn(exchange(begun, "GET /wait HTTP/1.1\r\nhost: dex\r\n\r\n"));
    soon(entered.notified()).await;
    running.stop.send_replace(true);
    assert_eq!(soon(idle.read(&mut [0])).await.unwrap(), 0, "an idle connection is closed");
    assert!(TcpStream::connect(&running.address).await.is_err(), "nobody new");
    assert!(!running.task.is_finished());
    leave.notify_one();
    let answer = soon(begun).await.unwrap();
    assert!(answer.contains("connection: close") && answer.ends_with("done"), "{answer}");
    soon(running.task).await.unwrap().unwrap();
}

/// A CA and what it issued last.
struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { ca }
    }

    /// A pair for the server, as PEM, and the certificate itself.
    fn issue(&self) -> (String, String, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.ca).unwrap();
        (certificate.pem(), key.serialize_pem(), certificate.der().clone())
    }

    /// Issues a pair into `tls.crt` and `tls.key` of `directory`.
    fn issue_into(&self, directory: &Path) -> CertificateDer<'static> {
        let (certificate, key, der) = self.issue();
        std::fs::write(directory.join("tls.crt"), certificate).unwrap();
        std::fs::write(directory.join("tls.key"), key).unwrap();
        der
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).unwrap();
        roots
    }
}

fn settings(directory: &Path) -> TlsSettings {
    TlsSettings {
        certificate: directory.join("tls.crt"),
        key: directory.join("tls.key"),
        client_ca: None,
        min_version: TlsVersion::Tls12,
        max_version: TlsVersion::Tls13,
    }
}

type ClientPair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A client that trusts one authority.
#[derive(Clone)]
struct Client {
    roots: RootCertStore,
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
    name: &'static str,
}

impl Client {
    fn of(authority: &Authority) -> Self {
        let versions = vec![&version::TLS12, &version::TLS13];
        Self { roots: authority.roots(), versions, alpn: Vec::new(), name: "localhost" }
    }

    async fn connect(&self, to: &Running, pair: Option<ClientPair>) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone());
        let mut config = match pair {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn.clone();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(self.name).unwrap();
        soon(connector.connect(name, to.connect().await)).await
    }

    /// The certificate the server shows now.
    async fn shown(&self, to: &Running) -> CertificateDer<'static> {
        let stream = self.connect(to, None).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// Waits until the server shows `certificate`.
    async fn sees(&self, to: &Running, certificate: &CertificateDer<'static>) {
        soon(async {
            while self.shown(to).await != *certificate {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

async fn start_tls(settings: TlsSettings) -> (Running, Arc<Certificates>) {
    let certificates = Arc::new(Certificates::open(settings).unwrap());
    let app = Router::new().route("/", get("ok"));
    let running = Running::start(app, |how| how.certificates = Some(certificates.clone())).await;
    (running, certificates)
}

#[tokio::test]
async fn both_http_versions_are_offered_by_alpn() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue_into(directory.path());
    let (running, _) = start_tls(settings(directory.path())).await;
    let client = Client::of(&authority);

    let stream = client.connect(&running, None).await.unwrap();
    assert!(exchange(stream, &request("/")).await.starts_with("HTTP/1.1 200 "));

    let client = Client { alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()], ..client };
    let stream = client.connect(&running, None).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/").body(axum::body::Body::empty()).unwrap();
    let response = soon(sender.send_request(request)).await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
}

#[tokio::test]
async fn only_the_configured_versions_are_spoken() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue_into(directory.path());
    let both = [TlsVersion::Tls12, TlsVersion::Tls13];
    for (min, max) in [(both[0], both[1]), (both[1], both[1]), (both[0], both[0])] {
        let settings = TlsSettings { min_version: min, max_version: max, ..settings(directory.path()) };
        let (running, _) = start_tls(settings).await;
        for (spoken, version) in [(both[0], &version::TLS12), (both[1], &version::TLS13)] {
            let client = Client { versions: vec![version], ..Client::of(&authority) };
            let connected = client.connect(&running, None).await.is_ok();
            assert_eq!(connected, min <= spoken && spoken <= max, "{spoken:?} of {min:?}-{max:?}");
        }
    }
    let none = TlsSettings { min_version: both[1], max_version: both[0], ..settings(directory.path()) };
    assert!(matches!(none.load(), Err(TlsError::Versions(_))));
}

#[tokio::test]
async fn a_client_ca_demands_a_certificate_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new(), Authority::new());
    authority.issue_into(directory.path());
    let ca = directory.path().join("ca.crt");
    std::fs::write(&ca, authority.ca.pem()).unwrap();
    let (running, _) = start_tls(TlsSettings { client_ca: Some(ca), ..settings(directory.path()) }).await;
    let pair_of = |authority: &Authority| {
        let (_, key, certificate) = authority.issue();
        (vec![certificate], rustls_pki_types::pem::PemObject::from_pem_slice(key.as_bytes()).unwrap())
    };
    let cases = [(None, false), (Some(pair_of(&stranger)), false), (Some(pair_of(&authority)), true)];
    for (pair, welcome) in cases {
        let answer = match Client::of(&authority).connect(&running, pair).await {
            Ok(stream) => exchange(stream, &request("/")).await,
            Err(_) => String::new(),
        };
        assert_eq!(answer.starts_with("HTTP/1.1 200 "), welcome, "{answer}");
    }
}

#[tokio::test]
async fn new_certificates_are_shown_however_they_come_and_broken_ones_never() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let first = authority.issue_into(directory.path());
    let (running, certificates) = start_tls(settings(directory.path())).await;
    let (hang_up, reload) = Reload::new();
    let (_trigger, stop) = Stop::new();
    let kept = certificates.clone();
    tokio::spawn(async move { kept.keep_fresh("https", reload, stop).await });
    let client = Client::of(&authority);
    client.sees(&running, &first).await;

    let second = authority.issue_into(directory.path());
    client.sees(&running, &second).await;

    // A key that does not belong to the certificate, told by signal: the reload is awaited by the
    // good one after it.
    std::fs::write(directory.path().join("tls.key"), authority.issue().1).unwrap();
    hang_up.send_modify(|count| *count += 1);
    assert!(settings(directory.path()).load().is_err());
    assert_eq!(client.shown(&running).await, second);

    let third = authority.issue_into(directory.path());
    let without_sni = Client { name: "127.0.0.1", ..client.clone() };
    without_sni.sees(&running, &third).await;
    assert_eq!(client.shown(&running).await, third);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_once_it_shall_stop() {
    let endless =
        || async { axum::body::Body::from_stream(futures_util::stream::pending::<std::io::Result<Vec<u8>>>()) };
    let running = Running::start(Router::new().route("/", get(endless)), |how| {
        how.cleartext_http2 = true;
        how.limits.ending_time = Duration::from_millis(50);
        how.limits.closing_time = Duration::from_millis(10);
    });
    let running = running.await;
    let io = hyper_util::rt::TokioIo::new(running.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let ended = tokio::spawn(connection);
    let request = http::Request::get("http://localhost/").body(axum::body::Body::empty()).unwrap();
    let response = soon(sender.send_request(request)).await.unwrap();
    assert_eq!(response.status(), 200);
    running.stop.send_replace(true);
    soon(running.task).await.unwrap().unwrap();
    // However the connection ended, it did.
    let _ = soon(ended).await.unwrap();
}

#[tokio::test]
async fn a_broken_pair_is_refused_and_the_old_one_stays() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let first = authority.issue_into(directory.path());
    let (running, certificates) = start_tls(settings(directory.path())).await;
    for broken in [authority.issue().1, "not PEM".to_owned()] {
        std::fs::write(directory.path().join("tls.key"), broken).unwrap();
        assert!(!certificates.read_again("https").await);
        assert_eq!(Client::of(&authority).shown(&running).await, first);
    }
    let second = authority.issue_into(directory.path());
    assert!(certificates.read_again("https").await);
    assert_eq!(Client::of(&authority).shown(&running).await, second);
}

#[tokio::test]
async fn a_kubernetes_volume_that_is_swapped_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let authority = Authority::new();
    let issued = ["v1", "v2", "v3"].map(|version| {
        std::fs::create_dir(path(version)).unwrap();
        authority.issue_into(&path(version))
    });
    std::os::unix::fs::symlink("v1", path("..data")).unwrap();
    for file in ["tls.crt", "tls.key"] {
        std::os::unix::fs::symlink(Path::new("..data").join(file), path(file)).unwrap();
    }
    let (running, certificates) = start_tls(settings(directory.path())).await;
    let (_hang_up, reload) = Reload::new();
    let (_trigger, stop) = Stop::new();
    tokio::spawn(async move { certificates.keep_fresh("https", reload, stop).await });
    let client = Client::of(&authority);
    client.sees(&running, &issued[0]).await;
    for (version, certificate) in [("v2", &issued[1]), ("v3", &issued[2])] {
        std::os::unix::fs::symlink(version, path("..data_tmp")).unwrap();
        std::fs::rename(path("..data_tmp"), path("..data")).unwrap();
        client.sees(&running, certificate).await;
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    Authority::new().issue_into(directory.path());
    let certificates = Arc::new(Certificates::open(settings(directory.path())).unwrap());
    let running = Running::start(Router::new(), |how| {
        how.certificates = Some(certificates);
        how.limits.handshake_time = Duration::from_millis(50);
    });
    let running = running.await;
    // The first bytes of a handshake record, and no more.
    assert_eq!(exchange(running.connect().await, "\u{16}\u{3}\u{1}").await, "");
}

#[test]
fn what_is_wrong_with_the_files_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let text = |settings: TlsSettings| settings.load().unwrap_err().to_string();
    let missing = text(settings(directory.path()));
    assert!(missing.starts_with("loading TLS keypair: reading "), "{missing}");
    authority.issue_into(directory.path());
    std::fs::write(directory.path().join("tls.crt"), "").unwrap();
    let empty = text(settings(directory.path()));
    assert!(empty.ends_with("tls.crt holds no certificate"), "{empty}");
    authority.issue_into(directory.path());
    let ca = directory.path().join("ca.crt");
    std::fs::write(&ca, "").unwrap();
    let no_ca = text(TlsSettings { client_ca: Some(ca), ..settings(directory.path()) });
    assert!(no_ca.starts_with("failed to parse client CA: "), "{no_ca}");
}

#[test]
fn a_ca_certificate_as_leaf_is_served_as_go_serves_it() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    std::fs::write(directory.path().join("tls.crt"), authority.ca.pem()).unwrap();
    std::fs::write(directory.path().join("tls.key"), authority.ca.key().serialize_pem()).unwrap();
    let loaded = settings(directory.path()).load();
    assert!(loaded.is_ok(), "{loaded:?}");
}
