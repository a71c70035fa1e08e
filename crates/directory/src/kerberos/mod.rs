//! Logging in by a Kerberos ticket (RFC 4559; connectors-protocol spec, 5).
//!
//! Owned here: reading a SPNEGO token and the keytab, believing a ticket or not, and which name in the directory it
//! stands for. Not owned: HTTP, which is `dex-login`'s, and the cryptography, which is `picky-krb`'s. Messages are read by
//! the reader that LDAP is read with, because those of libraries end the task on a token that is not what they expect.
//!
//! Control leaves to the directory in [`Negotiate::accept`](dex_connector::Negotiate::accept), once a ticket is believed.
//! Names come from the ticket, which the realm's own server has sealed, never from what the client wrote beside it.

mod keytab;
mod message;
mod negotiate;
mod principal;
mod replay;
mod spnego;
mod ticket;

#[cfg(test)]
mod forge;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use dex_connector::Once;
use jiff::Timestamp;

use crate::config::RawKerberos;
use crate::watched::Watched;
use keytab::Keytab;
use principal::{Mapping, Principal};
use replay::{ReplayError, Replays};
use spnego::Offer;
use ticket::Doubt;

/// How far clocks may differ unless the configuration says otherwise.
const SKEW: Duration = Duration::from_secs(300);
/// However far it says, not further.
const SKEW_MAX: Duration = Duration::from_secs(3600);

/// The accepting side of Kerberos.
pub(crate) struct Kerberos {
    keytab: Watched<Keytab>,
    /// The service tickets must be for; any of the keytab's if there is none.
    service: Option<Principal>,
    /// The keytab's principal whose keys are used, whatever the ticket's service.
    keyed_as: Option<Vec<String>>,
    skew: Duration,
    expected_realm: Option<String>,
    mapping: Mapping,
    falls_back: bool,
}

/// What came of a token.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// It is believed: this is the client, and by this other replicas know it.
    Client(Principal, Once),
    /// There is no ticket in it yet, but there might be one in the next.
    Incomplete,
    /// It is not believed.
    Doubted(Doubt),
}

impl Kerberos {
    /// What the configuration asks for. A keytab that cannot be read turns Kerberos off with a warning, as it does in Dex.
    pub(crate) fn open(id: &str, raw: &RawKerberos) -> Option<Self> {
        if raw.keytab_path.is_empty() {
            tracing::warn!(connector.id = %id, "kerberos enabled but keytabPath is empty; disabling kerberos");
            return None;
        }
        let path = raw.keytab_path.clone();
        let keytab = match Watched::open(id, vec![PathBuf::from(&path)], move || Keytab::read(&path)) {
            Ok(keytab) => keytab,
            Err(error) => {
                tracing::warn!(connector.id = %id, err = %error, "failed to initialize kerberos; disabling kerberos");
                return None;
            }
        };
        tracing::info!(connector.id = %id, keys = keytab.current().len(), "kerberos SPNEGO enabled for LDAP connector");
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let seconds = u64::try_from(raw.max_clock_skew).ok().filter(|seconds| *seconds > 0);
        Some(Self {
            keytab,
            service: some(&raw.spn).map(|spn| Principal::parse(&spn)),
            keyed_as: some(&raw.keytab_principal).map(|name| Principal::parse(&name).components),
            skew: seconds.map_or(SKEW, Duration::from_secs).min(SKEW_MAX),
            expected_realm: some(&raw.expected_realm),
            mapping: Mapping::read(&raw.username_from_principal),
            falls_back: raw.fall_back_to_password,
        })
    }

    /// Whether the token proves who its sender is. A token proves it once.
    fn hear(&self, token: &[u8], peer: Option<IpAddr>, now: Timestamp, replays: &Replays) -> Heard {
        let request = match spnego::offer(token) {
            Ok(Offer::Ticket(request)) => request,
            Ok(Offer::Incomplete) => return Heard::Incomplete,
            Ok(Offer::NoKerberos) => return Heard::Doubted(Doubt::NoKerberos),
            Err(malformed) => return Heard::Doubted(Doubt::Malformed(malformed.0)),
        };
        let believed = match ticket::believe(self, request, peer, now) {
            Ok(believed) => believed,
            Err(doubt) => return Heard::Doubted(doubt),
        };
        // Twice the skew: a time may be that far ahead when it is first shown.
        let until = now.checked_add(self.skew * 2).unwrap_or(Timestamp::MAX);
        let once = Once { id: believed.shown_once.digest(), until };
        match replays.first(believed.shown_once, now, until) {
            Ok(()) => Heard::Client(believed.client, once),
            Err(ReplayError::SeenBefore) => Heard::Doubted(Doubt::Replayed),
            Err(ReplayError::Full) => Heard::Doubted(Doubt::TooMany),
        }
    }

    /// Whether a client of this realm may log in.
    ///
    /// Where the realm is not part of the name that is looked for, `admin` of any realm that ours trusts would be our `admin`:
    /// such a realm has to be named.
    fn admits(&self, client: &Principal) -> bool {
        match (&self.expected_realm, self.mapping) {
            (Some(realm), _) => realm.eq_ignore_ascii_case(&client.realm),
            (None, Mapping::UserPrincipalName) => true,
            (None, Mapping::LocalPart) => self.keytab.current().is_of(&client.realm),
        }
    }
}

#[cfg(test)]
mod tests;
