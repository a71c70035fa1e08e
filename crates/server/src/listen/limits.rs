//! What a stranger may take of us.

use std::time::Duration;

/// How many bytes of a request body a handler is given at most; a handler may allow fewer.
pub const REQUEST_BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How many header fields a request may have.
pub(super) const HEADER_FIELDS_MAX: usize = 200;

/// How many connections a socket may have waiting to be accepted.
pub(super) const BACKLOG: i32 = 1024;

/// The limits of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; more wait in the system's queue until one of these ends.
    pub connections: u32,
    /// For the TLS handshake.
    pub handshake_time: Duration,
    /// From the handshake to the end of the first request's header.
    pub first_request_time: Duration,
    /// Without any request, before a connection is closed. Longer than the 60 seconds that load
    /// balancers keep connections, so that it is they who close.
    pub idle_time: Duration,
    /// For a handler to answer, its reading of the body included.
    pub request_time: Duration,
    /// For a client to take the answer, from the beginning of the request.
    pub response_time: Duration,
    /// For a connection that was asked to close to do so, once nothing is being answered there.
    pub closing_time: Duration,
    /// For what is still being answered on a connection that was asked to close.
    pub ending_time: Duration,
    /// Bytes of a request's header.
    pub header_bytes: u32,
    /// Requests at a time on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            handshake_time: Duration::from_secs(10),
            first_request_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(90),
            request_time: Duration::from_secs(60),
            response_time: Duration::from_secs(120),
            closing_time: Duration::from_secs(5),
            ending_time: Duration::from_secs(120),
            header_bytes: 128 * 1024,
            streams: 128,
        }
    }
}
