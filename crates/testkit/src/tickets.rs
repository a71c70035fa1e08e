//! A directory that believes tickets, and passwords too.

use std::net::IpAddr;

use async_trait::async_trait;
use dex_connector::{
    AccountState, Arrival, Connector, Identity, LoginMethod, Negotiate, Negotiated, Once, PasswordAnswer,
    PasswordLogin, UpstreamError, Wanted,
};
use dex_model::Timestamp;

/// The token `ticket` is believed, `once` by one replica only, `realm` comes from another realm, `nobody` has no account. The
/// password `expired` is right and expired, every other one wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tickets {
    /// Whether those without a ticket are shown the form.
    pub(crate) form: bool,
}

impl Connector for Tickets {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Password(self)
    }
}

#[async_trait]
impl PasswordLogin for Tickets {
    async fn log_in(&self, _: Wanted, _: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        Ok(match password {
            "expired" => PasswordAnswer::Refused(AccountState::PasswordExpired),
            _ => PasswordAnswer::Wrong,
        })
    }

    fn negotiate(&self) -> Option<&dyn Negotiate> {
        Some(self)
    }
}

#[async_trait]
impl Negotiate for Tickets {
    fn falls_back_to_password(&self) -> bool {
        self.form
    }

    async fn accept(&self, _: Wanted, token: &[u8], _: Option<IpAddr>) -> Result<Negotiated, UpstreamError> {
        match token {
            b"ticket" | b"once" => {
                let identity = Identity { user_id: "jane".into(), ..Identity::default() };
                let once = (token == b"once").then(|| Once { id: "once".into(), until: Timestamp::MAX });
                Ok(Negotiated::Arrival(Arrival { once, ..Arrival::from(identity) }))
            }
            b"realm" => Ok(Negotiated::WrongRealm),
            b"nobody" => Err(UpstreamError::Gone("no entry".into())),
            _ => Ok(Negotiated::Rejected(b"no".into())),
        }
    }
}
