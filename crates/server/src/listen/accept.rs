//! The accept loop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use rustix::io::Errno;
use tokio::sync::Semaphore;

use super::connection::Connection;
use super::socket::Accepted;
use super::{Certificates, Limits, Listener};
use crate::lifecycle::Stop;
use crate::peer::PeerAddr;

/// What answers requests. Storing another router changes it for requests that begin later.
pub type App = Arc<ArcSwap<Router>>;

/// How long accepting pauses when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How one listener serves.
#[derive(Clone)]
pub struct Serve {
    /// What answers.
    pub app: App,
    /// For TLS; without, the socket is cleartext.
    pub certificates: Option<Arc<Certificates>>,
    /// Cleartext HTTP/2 with prior knowledge (gRPC) instead of HTTP/1.1.
    pub cleartext_http2: bool,
    /// What a stranger may take.
    pub limits: Limits,
}

/// Accepts and serves until `stop`, then lets every connection finish what it has begun.
///
/// Nothing here limits how long finishing takes; dropping the future ends accepting at once and
/// leaves the connections to the runtime.
///
/// # Errors
///
/// When the socket itself fails; the caller stops everything.
pub async fn serve(listener: Listener, serve: Serve, mut stop: Stop) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(serve.limits.connections as usize));
    let mut full = false;
    let until_stop = stop.clone();
    while let Some(place) = unless(&mut stop, places.clone().acquire_owned()).await {
        let place = place.expect("the semaphore is never closed");
        let Some(accepted) = unless(&mut stop, listener.socket.accept()).await else {
            break;
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) if of_one_connection(&error) => continue,
            Err(error) if out_of_room(&error) => {
                if !full {
                    let server = listener.server;
                    tracing::error!(server, err = %error, "cannot accept connections for now");
                }
                full = true;
                unless(&mut stop, tokio::time::sleep(ACCEPT_PAUSE)).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        full = false;
        let (serve, stop) = (serve.clone(), until_stop.clone());
        tokio::spawn(async move {
            match accepted {
                Accepted::Tcp(stream, peer) => {
                    Connection::new(serve, PeerAddr(Some(peer)), stop).run(stream).await;
                }
                Accepted::Unix(stream) => {
                    Connection::new(serve, PeerAddr(None), stop).run(stream).await;
                }
            }
            drop(place);
        });
    }
    drop(listener);
    // Whoever holds every place is alone.
    let all = places.acquire_many(serve.limits.connections).await;
    all.map(drop).map_err(io::Error::other)
}

/// `None` when it was time to stop first.
async fn unless<T>(stop: &mut Stop, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.requested() => None,
        done = future => Some(done),
    }
}

/// The peer left before we came to it.
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotConnected
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

fn out_of_room(error: &io::Error) -> bool {
    let full = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS, Errno::PERM];
    full.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
