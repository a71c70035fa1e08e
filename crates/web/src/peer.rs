//! Who is at the other end of a connection.

use std::net::SocketAddr;

/// The address of the TCP peer, which the listener puts into the extensions of every request.
///
/// It is the last hop, perhaps a proxy of ours. `None` on a Unix socket, where the peer has no
/// address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub Option<SocketAddr>);
