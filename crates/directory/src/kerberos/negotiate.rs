//! Logging in by a ticket, as the contract asks for it.

use std::net::IpAddr;

use async_trait::async_trait;
use dex_connector::{Arrival, Negotiate, Negotiated, UpstreamError, Wanted};

use super::Heard;
use super::replay::SHOWN;
use super::spnego::{ASK_FOR_KERBEROS, REJECT};
use crate::login::Directory;

#[async_trait]
impl Negotiate for Directory {
    fn falls_back_to_password(&self) -> bool {
        self.kerberos.as_ref().is_some_and(|kerberos| kerberos.falls_back)
    }

    async fn accept(&self, wanted: Wanted, token: &[u8], peer: Option<IpAddr>) -> Result<Negotiated, UpstreamError> {
        let Self { id, kerberos, .. } = self;
        let Some(kerberos) = kerberos else { return Ok(Negotiated::Rejected(REJECT.to_vec())) };
        let (client, once) = match kerberos.hear(token, peer, self.clock.now(), &SHOWN) {
            Heard::Client(client, once) => (client, once),
            Heard::Incomplete => return Ok(Negotiated::Rejected(ASK_FOR_KERBEROS.to_vec())),
            Heard::Doubted(doubt) => {
                tracing::info!(connector.id = %id, err = %doubt, "kerberos: SPNEGO rejected client token");
                return Ok(Negotiated::Rejected(REJECT.to_vec()));
            }
        };
        tracing::info!(connector.id = %id, principal = %client, "kerberos: principal authenticated");
        if !kerberos.admits(&client) {
            tracing::info!(connector.id = %id, principal = %client, "kerberos: realm mismatch");
            return Ok(Negotiated::WrongRealm);
        }
        let nobody = || {
            let text =
                format!("ldap: user lookup failed for kerberos principal \"{client}\": user not found for principal");
            UpstreamError::Gone(text)
        };
        let username = kerberos.mapping.username(&client).ok_or_else(nobody)?;
        let identity = self.vouched_for(wanted, &username).await?.ok_or_else(nobody)?;
        tracing::info!(connector.id = %id, principal = %client, "kerberos: SPNEGO login succeeded");
        Ok(Negotiated::Arrival(Arrival { once: Some(once), ..Arrival::from(identity) }))
    }
}
