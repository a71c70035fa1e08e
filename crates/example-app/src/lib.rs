//! The example application: a relying party to try a provider with, flow by flow.
//!
//! Owned here: the browser-facing program (pages, its cookie, its memory of what was issued to whom) and a plain client of
//! OpenID Connect Core, RFC 6749, 7636, 7662, 8628, 8693 and Back-Channel Logout. Not owned: anything of the provider. The two
//! meet over HTTP only, also when `dex demo` runs both in one process.
//!
//! Control leaves by [`serve`], which returns when `shutdown` resolves and the open connections have drained, or with an error
//! when the provider cannot be discovered. Nothing is written to disk.

mod app;
mod flows;
mod listen;
mod options;
mod pages;
mod provider;
mod routes;
mod session;

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{net::TcpListener, sync::oneshot};

pub use app::Clock;
pub use options::{Options, Secret};

/// How long open connections may take to finish once `shutdown` resolved.
const DRAIN: Duration = Duration::from_secs(5);

/// Opens the port that [`Options::listen`] names.
///
/// # Errors
///
/// The address does not resolve, or is taken. The message names it.
pub async fn bind(options: &Options) -> anyhow::Result<TcpListener> {
    let address = options.listen_address()?;
    TcpListener::bind(&address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Serves the application on `listener` until `shutdown` resolves.
///
/// The provider is discovered first, patiently: in `dex demo` it starts at the same time. Connections made meanwhile wait in
/// the listener's queue. TLS is spoken when the scheme of [`Options::listen`] is `https`. The process must have installed a
/// default crypto provider for rustls before.
///
/// # Errors
///
/// Options that contradict one another, unreadable certificates, a provider that stays unreachable or says it is another issuer.
pub async fn serve(
    options: Options,
    listener: TcpListener,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let tls = listen::tls(&options)?;
    tokio::pin!(shutdown);
    let app = tokio::select! {
        app = app::App::start(options, clock) => Arc::new(app?),
        () = &mut shutdown => return Ok(()),
    };
    tracing::info!(issuer = %app.provider.metadata.issuer, address = %app.options.listen, "example app is ready");

    let (drain, draining) = oneshot::channel::<()>();
    let doors = listen::Doors::new(listener, tls);
    let server = axum::serve(doors, routes::router(&app)).with_graceful_shutdown(async move {
        // Both outcomes mean the same: no more requests.
        let _ = draining.await;
    });
    let server = tokio::spawn(server.into_future());
    shutdown.await;
    app.events.close();
    drop(drain);
    match tokio::time::timeout(DRAIN, server).await {
        Ok(ended) => ended.context("the server task broke")?.context("the server stopped"),
        Err(_) => {
            tracing::warn!(seconds = DRAIN.as_secs(), "connections were still open and are cut off");
            Ok(())
        }
    }
}
