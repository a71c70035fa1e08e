//! Whether a ticket and its authenticator are believed (RFC 4120 §3.2.3).

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use picky_krb::crypto::CipherSuite;
use zeroize::Zeroizing;

use super::Kerberos;
use super::message::{self, Sealed};
use super::principal::Principal;
use crate::wire::Malformed;

/// What a ticket is sealed for, and an authenticator beside one (RFC 4120 §7.5.1).
const USE_OF_TICKETS: i32 = 2;
const USE_OF_AUTHENTICATORS: i32 = 11;

/// Kinds of addresses (RFC 4120 §7.5.3).
const IPV4: u32 = 2;
const IPV6: u32 = 24;

/// The kinds of key that tickets may be sealed with: aes128- and aes256-cts-hmac-sha1-96 (RFC 3962).
const AES_WITH_SHA1: [usize; 2] = [17, 18];

/// Why a token is not believed. For the log: the sender learns no more than that it is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Doubt {
    #[error("no mechanism of the token's is Kerberos")]
    NoKerberos,
    #[error("it cannot be read: {0}")]
    Malformed(&'static str),
    #[error("it is for {0}")]
    AnotherService(Principal),
    #[error("the ticket is sealed with a key of the user's")]
    UserToUser,
    #[error("the keytab has no key for {service} of kind {kind} and version {version}")]
    NoKey { service: Principal, kind: u32, version: u32 },
    #[error("keys of kind {0} are not supported; those of kinds 17 and 18, AES with SHA-1, are")]
    Cipher(u32),
    #[error("it does not fit the key")]
    Seal,
    #[error("the ticket is marked as not valid")]
    Invalid,
    #[error("the ticket is valid from {starts} to {ends}")]
    Time { starts: Timestamp, ends: Timestamp },
    #[error("the ticket is for another address")]
    Address,
    #[error("the ticket is {ticket}'s, and the authenticator {authenticator}'s")]
    AnotherClient { ticket: Principal, authenticator: Principal },
    #[error("the client's clock shows {0}")]
    Skew(Timestamp),
    #[error("it has been shown before")]
    Replayed,
    #[error("too many tickets are shown at once")]
    TooMany,
}

impl From<Malformed> for Doubt {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed.0)
    }
}

/// A ticket that is believed.
pub(super) struct Believed {
    pub(super) client: Principal,
    /// What no second authenticator has in common with it (RFC 4120 §3.2.3).
    pub(super) shown_once: ShownOnce,
}

/// Client, service and time of an authenticator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ShownOnce {
    pub(super) client: Principal,
    pub(super) service: Principal,
    pub(super) at: Timestamp,
}

impl ShownOnce {
    /// What stands for it where others are told of it: short, and the same at every replica.
    pub(super) fn digest(&self) -> String {
        let Self { client, service, at } = self;
        let text = format!("{client}\0{service}\0{}", at.as_microsecond());
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
    }
}

/// Believes a request or says why not.
pub(super) fn believe(
    kerberos: &Kerberos,
    bytes: &[u8],
    peer: Option<IpAddr>,
    now: Timestamp,
) -> Result<Believed, Doubt> {
    let request = message::request(bytes)?;
    let service = request.ticket.service;
    if kerberos.service.as_ref().is_some_and(|own| !own.is(&service)) {
        return Err(Doubt::AnotherService(service));
    }
    if request.user_to_user {
        return Err(Doubt::UserToUser);
    }
    let sealed = request.ticket.sealed;
    let named = kerberos.keyed_as.as_ref().unwrap_or(&service.components);
    let keytab = kerberos.keytab.current();
    let key = keytab.key(&service.realm, named, sealed.kind, sealed.version);
    let (kind, version) = (sealed.kind, sealed.version);
    let key = key.ok_or_else(|| Doubt::NoKey { service: service.clone(), kind, version })?;
    let grant = message::grant(&opened(&sealed, key, USE_OF_TICKETS)?)?;
    if grant.invalid {
        return Err(Doubt::Invalid);
    }
    let (starts, ends) = (grant.starts, grant.ends);
    if later(now, kerberos) < starts || earlier(now, kerberos) > ends {
        return Err(Doubt::Time { starts, ends });
    }
    if !grant.addresses.is_empty() && !peer.is_some_and(|peer| grant.addresses.contains(&address(peer))) {
        return Err(Doubt::Address);
    }
    if request.authenticator.kind != grant.key_kind {
        return Err(Doubt::Seal);
    }
    let authenticator = message::authenticator(&opened(&request.authenticator, &grant.key, USE_OF_AUTHENTICATORS)?)?;
    // The client writes the authenticator itself: nothing in it counts that the ticket does not say, too.
    if authenticator.client != grant.client {
        return Err(Doubt::AnotherClient { ticket: grant.client, authenticator: authenticator.client });
    }
    if authenticator.at < earlier(now, kerberos) || authenticator.at > later(now, kerberos) {
        return Err(Doubt::Skew(authenticator.at));
    }
    let shown_once = ShownOnce { client: grant.client.clone(), service, at: authenticator.at };
    Ok(Believed { client: grant.client, shown_once })
}

fn later(now: Timestamp, kerberos: &Kerberos) -> Timestamp {
    now.checked_add(kerberos.skew).unwrap_or(Timestamp::MAX)
}

fn earlier(now: Timestamp, kerberos: &Kerberos) -> Timestamp {
    now.checked_sub(kerberos.skew).unwrap_or(Timestamp::MIN)
}

fn address(peer: IpAddr) -> (u32, Vec<u8>) {
    match peer.to_canonical() {
        IpAddr::V4(peer) => (IPV4, peer.octets().to_vec()),
        IpAddr::V6(peer) => (IPV6, peer.octets().to_vec()),
    }
}

/// What was sealed. Deciphering is not trusted to return for every input, which comes from strangers.
fn opened(sealed: &Sealed<'_>, key: &[u8], usage: i32) -> Result<Zeroizing<Vec<u8>>, Doubt> {
    // The library deciphers triple DES too, which nobody should (RFC 8429).
    let kind = usize::try_from(sealed.kind).ok().filter(|kind| AES_WITH_SHA1.contains(kind));
    let suite = kind.and_then(|kind| CipherSuite::try_from(kind).ok());
    let cipher = suite.ok_or(Doubt::Cipher(sealed.kind))?.cipher();
    if key.len() != cipher.key_size() {
        return Err(Doubt::Seal);
    }
    let plain = catch_unwind(AssertUnwindSafe(|| cipher.decrypt(key, usage, sealed.cipher)));
    plain.ok().and_then(Result::ok).map(Zeroizing::new).ok_or(Doubt::Seal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aes_opens_tickets() {
        for (kind, refused) in [(16, true), (23, true), (17, false), (18, false), (20, true)] {
            let sealed = Sealed { kind, version: 0, cipher: b"no cipher text of any kind, yet long enough" };
            let doubt = opened(&sealed, &[0; 32], 2).unwrap_err();
            assert_eq!(doubt == Doubt::Cipher(kind), refused, "{kind}: {doubt}");
        }
    }
}
