//! Binding a socket and accepting from it.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::limits::BACKLOG;
use super::{Address, AddressError};

/// Who may connect to a Unix socket: its owner and group.
const UNIX_MODE: u32 = 0o660;

/// A socket that is bound, and accepts nothing yet.
#[derive(Debug)]
pub struct Listener {
    pub(super) server: &'static str,
    pub(super) socket: Socket,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "kept for its Drop")] SocketFile),
}

#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Removes the file when the listener is gone.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already, and there is nobody to complain to.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An address nobody can listen on.
#[derive(Debug, thiserror::Error)]
#[error("listening ({server}) on {address}: {cause}")]
pub struct BindError {
    server: &'static str,
    address: String,
    cause: BindCause,
}

#[derive(Debug, thiserror::Error)]
enum BindCause {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Binds `address` for `server`, the name used in logs: `telemetry`, `http`, `https`, `grpc`.
///
/// # Errors
///
/// When the address is malformed, taken or not ours. Its text says everything; the caller stops
/// the start.
pub async fn bind(server: &'static str, address: &str) -> Result<Listener, BindError> {
    let failed = |cause| BindError { server, address: address.to_owned(), cause };
    let socket = bind_socket(address).await.map_err(failed)?;
    tracing::info!(server, address, "listening on");
    Ok(Listener { server, socket })
}

async fn bind_socket(address: &str) -> Result<Socket, BindCause> {
    Ok(match address.parse()? {
        Address::Tcp { host, port } if host.is_empty() => Socket::Tcp(bind_everywhere(port)?),
        Address::Tcp { host, port } => Socket::Tcp(bind_tcp(resolve(&host, port).await?)?),
        Address::Unix(path) => bind_unix(&path)?,
    })
}

impl Listener {
    /// The TCP address really bound, when there is one.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(..) => None,
        }
    }
}

impl Socket {
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Fails when the peer is gone already, which its first read will tell.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream, peer))
            }
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

/// As Go does: of several addresses the first IPv4 one.
async fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    let first = found.iter().find(|found| found.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such host"))
}

/// Both IP versions by one socket; IPv4 alone where the system has no IPv6.
fn bind_everywhere(port: u16) -> io::Result<TcpListener> {
    match bind_tcp((std::net::Ipv6Addr::UNSPECIFIED, port).into()) {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            bind_tcp((std::net::Ipv4Addr::UNSPECIFIED, port).into())
        }
        bound => bound,
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if let SocketAddr::V6(address) = address {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Takes the place of a socket file nobody listens on, and of nothing else.
fn bind_unix(path: &Path) -> io::Result<Socket> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file is no socket"));
        }
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(_) => std::fs::remove_file(path)?,
        Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile(path.to_owned());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(UNIX_MODE))?;
    Ok(Socket::Unix(listener, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_host_means_both_ip_versions() {
        let listener = bind("http", ":0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connected = TcpStream::connect(("127.0.0.1", port)).await;
        assert!(connected.is_ok());
    }

    #[tokio::test]
    async fn a_taken_port_is_named_with_its_server() {
        let first = bind("http", "127.0.0.1:0").await.unwrap();
        let address = first.local_addr().unwrap().to_string();
        let error = bind("https", &address).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("listening (https) on {address}: ")), "{error}");
        let error = bind("grpc", "nowhere").await.unwrap_err().to_string();
        assert!(error.starts_with("listening (grpc) on nowhere: missing port"), "{error}");
    }

    #[tokio::test]
    async fn a_unix_socket_replaces_only_a_dead_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dex.sock");
        let address = format!("unix:{}", path.display());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = bind("http", &address).await.expect("a stale file is replaced");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, UNIX_MODE);
        assert!(bind("http", &address).await.is_err(), "a live one is not");
        drop(listener);
        assert!(!path.exists(), "the file goes with its listener");
        std::fs::write(&path, "precious").unwrap();
        assert!(bind("http", &address).await.is_err(), "another file is not");
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}
