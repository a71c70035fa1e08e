//! Which sockets there are by the configuration, and what answers on each.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use axum::Router;
use dex_admin::Health;
use dex_config::{Config, Grpc, ListenAddress, TlsFiles, TlsVersion, TlsVersions};

use crate::lifecycle::Lifecycle;
use crate::listen::{self, Certificates, Limits, TlsSettings};
use crate::telemetry::Health as Readiness;

/// What answers on a socket, exchanged when the configuration changes.
pub(crate) type Answering = Arc<ArcSwap<Router>>;

/// How often it is looked whether the server is still fit to serve, for those who ask the gRPC health service.
const READINESS_EVERY: Duration = Duration::from_secs(2);

/// How long calls may take to finish, and streams to notice, once the process shall end.
const CALLS_END_WITHIN: Duration = Duration::from_secs(5);

/// How long a stream of the management API may go on in silence, such as that of one who watches the health.
const STREAM_TIME: Duration = Duration::from_secs(3600);

/// Opens the telemetry port.
pub(crate) async fn telemetry(
    address: &ListenAddress,
    router: Router,
    lifecycle: &mut Lifecycle,
) -> anyhow::Result<()> {
    let listener = listen::bind("telemetry", &text_of(address)).await?;
    let router = Arc::new(ArcSwap::from_pointee(router));
    let serving = listen::serve(listener, doors(router, None), lifecycle.stop_last());
    lifecycle.run_last("telemetry", async { Ok(serving.await?) });
    Ok(())
}

/// Opens what browsers and clients come to.
pub(crate) async fn web(config: &Config, router: &Answering, lifecycle: &mut Lifecycle) -> anyhow::Result<()> {
    if let Some(address) = &config.web.http {
        let listener = listen::bind("http", &text_of(address)).await?;
        let serving = listen::serve(listener, doors(router.clone(), None), lifecycle.stop());
        lifecycle.run_beside("http", async { Ok(serving.await?) });
    }
    if let (Some(address), Some(files)) = (&config.web.https, &config.web.tls) {
        let listener = listen::bind("https", &text_of(address)).await?;
        let settings = tls_settings(files, None, config.web.tls_versions);
        let certificates = certificates("https", settings, lifecycle).context("invalid config: get HTTP TLS")?;
        let serving = listen::serve(listener, doors(router.clone(), Some(certificates)), lifecycle.stop());
        lifecycle.run_beside("https", async { Ok(serving.await?) });
    }
    Ok(())
}

/// Opens the management API.
pub(crate) async fn grpc(grpc: &Grpc, router: Answering, lifecycle: &mut Lifecycle) -> anyhow::Result<()> {
    let listener = listen::bind("grpc", &text_of(&grpc.addr)).await?;
    let certificates = match &grpc.tls {
        Some(files) => {
            let settings = tls_settings(files, grpc.tls_client_ca.as_deref(), grpc.tls_versions);
            Some(certificates("grpc", settings, lifecycle).context("invalid config: get gRPC TLS")?)
        }
        None => None,
    };
    if grpc.tls_client_ca.is_none() {
        tracing::warn!(
            tls = grpc.tls.is_some(),
            "grpc: API server has no client certificate authentication (grpc.tlsClientCA is unset); it exposes full \
             administrative access. Ensure the port is only reachable by an authenticated, trusted service, or set \
             grpc.tlsClientCA to require mutual TLS."
        );
    }
    if grpc.reflection {
        tracing::info!("enabling reflection in grpc service");
    }
    let limits = Limits { response_time: STREAM_TIME, ending_time: CALLS_END_WITHIN, ..Limits::default() };
    let how = listen::Serve { cleartext_http2: true, limits, ..doors(router, certificates) };
    let serving = listen::serve(listener, how, lifecycle.stop());
    lifecycle.run_beside("grpc", async { Ok(serving.await?) });
    Ok(())
}

/// Tells those who ask over gRPC whether the server is fit to serve.
pub(crate) fn tell_health(readiness: Arc<Readiness>, health: Health, lifecycle: &mut Lifecycle) {
    let mut stop = lifecycle.stop();
    lifecycle.run_beside("grpc health", async move {
        loop {
            tokio::select! {
                () = stop.requested() => break,
                () = tokio::time::sleep(READINESS_EVERY) => health.tell(readiness.is_ready()).await,
            }
        }
        health.end().await;
        Ok(())
    });
}

fn tls_settings(files: &TlsFiles, client_ca: Option<&str>, versions: TlsVersions) -> TlsSettings {
    let version = |version: TlsVersion| match version {
        TlsVersion::Tls12 => listen::TlsVersion::Tls12,
        TlsVersion::Tls13 => listen::TlsVersion::Tls13,
    };
    TlsSettings {
        certificate: files.cert.clone().into(),
        key: files.key.clone().into(),
        client_ca: client_ca.map(Into::into),
        min_version: version(versions.min),
        max_version: version(versions.max),
    }
}

/// Reads the certificates of a listener, and again whenever they change.
fn certificates(
    server: &'static str,
    settings: TlsSettings,
    lifecycle: &mut Lifecycle,
) -> Result<Arc<Certificates>, listen::TlsError> {
    let certificates = Arc::new(Certificates::open(settings)?);
    let (fresh, reload, stop) = (certificates.clone(), lifecycle.reload(), lifecycle.stop());
    lifecycle.run_beside("certificates", async move {
        fresh.keep_fresh(server, reload, stop).await;
        Ok(())
    });
    Ok(certificates)
}

fn doors(app: Answering, certificates: Option<Arc<Certificates>>) -> listen::Serve {
    listen::Serve { app, certificates, cleartext_http2: false, limits: Limits::default() }
}

fn text_of(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
        ListenAddress::Tcp { host, port } => format!("{host}:{port}"),
        ListenAddress::Unix(path) => format!("unix:{path}"),
    }
}
