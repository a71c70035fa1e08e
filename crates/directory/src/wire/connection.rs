//! One connection: a request is sent, its answers are read, then the next.

use std::io;
use std::task::Poll;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use super::ber::{self, Malformed};
use super::controls::{self, Control, PAGED_RESULTS, PASSWORD_POLICY, PolicyError};
use super::filter::Filter;
use super::message::{self, Answer, Body, Entry, Outcome, Request, Scope, code};
use super::stream::{self, Security, Stream, Transport};

/// The largest message that is read, in bytes: an entry with some hundred thousand values.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// How many bytes of answers to one search are read: ten thousand groups with long names are a third of it. A connector whose
/// directory sends without end must not take the memory of the others.
const SEARCH_BYTES_MAX: usize = 32 << 20;

/// How many bytes are read at a time: nearly every answer as a whole.
const READ_BYTES: usize = 4096;

/// How many pages of a search are read; a server that hands out cookies for ever is stopped here.
const PAGES_MAX: usize = 1000;

/// How many continuation references of a search are kept.
const REFERENCES_MAX: usize = 100;

/// Why a connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("failed to connect: {0}")]
    Connect(#[source] io::Error),
    #[error("{0:?} is no name a certificate can be checked for")]
    Name(String),
    #[error("TLS failed: {0}")]
    Tls(#[source] io::Error),
    #[error("start TLS failed: {0}")]
    StartTlsRefused(Outcome),
    #[error("the connection broke: {0}")]
    Io(#[source] io::Error),
    #[error("the server closed the connection")]
    Closed,
    #[error("no answer within {0:?}")]
    Silent(std::time::Duration),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LDAP Result Code {}: {}", self.code, self.text)
    }
}

/// A connection to a directory.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    /// What has been read and not yet used.
    read: BytesMut,
    last_id: u32,
    /// How many bytes of answers to the present search were read.
    received: usize,
}

/// A search.
#[derive(Debug, Clone)]
pub(crate) struct Search<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'a Filter,
    pub(crate) attributes: &'a [String],
    /// How many entries the server is to send at most; 0 leaves it to the server. Some refuse a search whose limit is above
    /// theirs.
    pub(crate) size_limit: u32,
    /// How many entries are taken. What comes beyond is dropped, and the outcome says that the limit was exceeded.
    pub(crate) entries_max: u32,
    /// How many entries to ask for at a time when they are too many for the server; 0 does not ask again.
    pub(crate) page: u32,
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// Where the server says that the search goes on.
    pub(crate) references: Vec<String>,
    pub(crate) outcome: Outcome,
}

impl Connection {
    /// Connects, and secures the connection before anything is said on it.
    pub(crate) async fn open(host: &str, port: u16, transport: &Transport) -> Result<Self, Failure> {
        let tcp: Box<dyn Stream> = Box::new(stream::connect(host, port).await?);
        match transport.security {
            Security::Plain => Ok(Self::over(tcp)),
            Security::Ldaps => Ok(Self::over(stream::secure(tcp, host, &transport.tls).await?)),
            Security::StartTls => {
                let mut plain = Self::over(tcp);
                plain.start_tls().await?;
                Ok(Self::over(stream::secure(plain.stream, host, &transport.tls).await?))
            }
        }
    }

    /// On a stream that is as secure as it will be.
    pub(crate) fn over(stream: Box<dyn Stream>) -> Self {
        Self { stream, read: BytesMut::new(), last_id: 0, received: 0 }
    }

    async fn start_tls(&mut self) -> Result<(), Failure> {
        self.send(&Request::StartTls, &[]).await?;
        let Body::Extended(outcome) = self.receive().await?.body else { return Err(unasked()) };
        if outcome.code != code::SUCCESS {
            return Err(Failure::StartTlsRefused(outcome));
        }
        // Anything behind the answer came from whoever sits in between, before TLS begins.
        if self.read.is_empty() { Ok(()) } else { Err(Malformed("something behind the answer to StartTLS").into()) }
    }

    /// Binds as `dn`. An empty DN with an empty password is the anonymous bind; the caller sees to it that no other DN
    /// comes with an empty password.
    pub(crate) async fn bind(&mut self, dn: &str, password: &str) -> Result<(Outcome, Option<PolicyError>), Failure> {
        self.send(&Request::Bind { dn, password }, &[Control::password_policy()]).await?;
        let answer = self.receive().await?;
        let Body::Bound(outcome) = answer.body else { return Err(unasked()) };
        let policy = answer.controls.iter().find(|(name, _)| name == PASSWORD_POLICY);
        let error = policy.map(|(_, value)| controls::policy_error(value)).transpose()?.flatten();
        Ok((outcome, error))
    }

    /// Binds as whoever our client certificate names.
    pub(crate) async fn bind_external(&mut self) -> Result<Outcome, Failure> {
        self.send(&Request::BindExternal, &[]).await?;
        match self.receive().await?.body {
            Body::Bound(outcome) => Ok(outcome),
            _ => Err(unasked()),
        }
    }

    /// Searches. `outcome` says how it ended; entries may have come all the same.
    ///
    /// All entries are asked for at once, as Dex does, since servers send pages in another order; page by page if the server
    /// says that it does not send so many.
    pub(crate) async fn search(&mut self, search: &Search<'_>) -> Result<Found, Failure> {
        let mut found = Found::default();
        self.received = 0;
        self.ask(search, &[]).await?;
        self.collect(&mut found, search.entries_max).await?;
        let limited = found.outcome.code == code::SIZE_LIMIT_EXCEEDED;
        if search.page == 0 || !limited || found.entries.len() >= search.entries_max as usize {
            return Ok(found);
        }
        let (mut found, mut cookie) = (Found::default(), Vec::new());
        for _ in 0..PAGES_MAX {
            self.ask(search, &[Control::page(search.page, &cookie)]).await?;
            match self.collect(&mut found, search.entries_max).await? {
                Some(next) if !next.is_empty() && found.outcome.code == code::SUCCESS => cookie = next,
                _ => return Ok(found),
            }
        }
        Err(Malformed("a search without an end").into())
    }

    async fn ask(&mut self, search: &Search<'_>, controls: &[Control]) -> Result<(), Failure> {
        let Search { base, scope, filter, attributes, size_limit, .. } = *search;
        self.send(&Request::Search { base, scope, filter, attributes, size_limit }, controls).await
    }

    /// Reads the answers to a search up to the last one, and the cookie of the next page.
    async fn collect(&mut self, found: &mut Found, entries_max: u32) -> Result<Option<Vec<u8>>, Failure> {
        let mut surplus = false;
        loop {
            let answer = self.receive().await?;
            if self.received > SEARCH_BYTES_MAX {
                return Err(Malformed("more than the answers to any search we take").into());
            }
            match answer.body {
                Body::Entry(_) if found.entries.len() >= entries_max as usize => surplus = true,
                Body::Entry(entry) => found.entries.push(entry),
                Body::Reference(urls) => {
                    let room = REFERENCES_MAX.saturating_sub(found.references.len());
                    // Each names one place in several ways.
                    found.references.extend(urls.into_iter().take(1.min(room)));
                }
                Body::Done(outcome) => {
                    found.outcome = outcome;
                    if surplus {
                        found.outcome.code = code::SIZE_LIMIT_EXCEEDED;
                    }
                    let page = answer.controls.iter().find(|(name, _)| name == PAGED_RESULTS);
                    return Ok(page.map(|(_, value)| controls::cookie(value)).transpose()?);
                }
                Body::Bound(_) | Body::Extended(_) => return Err(unasked()),
            }
        }
    }

    /// Whether the server has neither closed the connection nor said anything since the last answer.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut space = [0; 1];
        let mut buffer = ReadBuf::new(&mut space);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = std::pin::Pin::new(&mut self.stream).poll_read(&mut context, &mut buffer);
        matches!(polled, Poll::Pending) && self.read.is_empty()
    }

    async fn send(&mut self, request: &Request<'_>, controls: &[Control]) -> Result<(), Failure> {
        // Wraps long before the 2^31 that an id may be.
        self.last_id = self.last_id % 1_000_000 + 1;
        let message = zeroize::Zeroizing::new(message::encode(self.last_id, request, controls));
        self.stream.write_all(&message).await.map_err(Failure::Io)?;
        self.stream.flush().await.map_err(Failure::Io)
    }

    async fn receive(&mut self) -> Result<Answer, Failure> {
        let length = loop {
            if self.read.first().is_some_and(|tag| *tag != ber::SEQUENCE) {
                return Err(Malformed("something else altogether").into());
            }
            match ber::extent(&self.read)? {
                Some((_, whole)) if whole > MESSAGE_BYTES_MAX => {
                    return Err(Malformed("larger than any message we take").into());
                }
                Some((_, whole)) if whole <= self.read.len() => break whole,
                _ => {}
            }
            self.read.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.read).await.map_err(Failure::Io)? == 0 {
                return Err(Failure::Closed);
            }
        };
        self.received = self.received.saturating_add(length);
        let answer = message::decode(&self.read[..length])?;
        self.read.advance(length);
        match answer.id {
            // A notice of disconnection (RFC 4511 §4.4.1).
            0 => Err(Failure::Closed),
            id if id == self.last_id => Ok(answer),
            _ => Err(Malformed("an answer to another request").into()),
        }
    }
}

fn unasked() -> Failure {
    Malformed("an answer of another kind").into()
}
