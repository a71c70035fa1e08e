//! An upstream elsewhere, whose answer the test writes into the callback's address.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use dex_connector::{
    Arrival, Connector, Departure, Finish, Identity, LoginMethod, Once, RedirectLogin, Redirection, Refresh, Start,
    UpstreamError, Wanted,
};
use dex_model::later;
use url::Url;

/// What a login is remembered by between the two steps.
const DATA: &[u8] = b"scripted";

/// Logs in whom the header `X-Auth-User` names, or `user`; `error` in the callback says why nobody is, and `once` what lets
/// in one login alone. The hint `form` has the browser sent there with a form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scripted;

impl Connector for Scripted {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }

    fn unsolicited(&self) -> Option<&Url> {
        static LOGIN: LazyLock<Url> =
            LazyLock::new(|| Url::parse("https://app.example/login?x=1").expect("it is a URL"));
        Some(&LOGIN)
    }

    fn metadata(&self, _: Option<&Url>) -> Option<(&'static str, String)> {
        Some(("application/xml", "<about-us/>".to_owned()))
    }
}

/// Whoever it was, it is `user` now. The data `spent` has been used before.
#[async_trait]
impl Refresh for Scripted {
    async fn refresh(&self, _: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        if known.connector_data == b"spent" {
            return Err(UpstreamError::Denied("invalid_grant".into()));
        }
        Ok(Identity { user_id: "user".to_owned(), ..Identity::default() })
    }
}

#[async_trait]
impl RedirectLogin for Scripted {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let mut to = Url::parse("https://upstream.example/login").expect("it is a URL");
        to.query_pairs_mut().append_pair("redirect_uri", login.callback.as_str()).append_pair("state", login.state);
        let to = match login.login_hint {
            "form" => {
                let fields = vec![
                    ("SAMLRequest".to_owned(), "asked".to_owned()),
                    ("RelayState".to_owned(), login.state.to_owned()),
                ];
                Departure::Post { action: to, fields }
            }
            _ => Departure::Get(to),
        };
        Ok(Redirection { to, data: DATA.into() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        if login.data != DATA {
            return Err(UpstreamError::Unacceptable("another login's data".into()));
        }
        match login.parameters.get("error") {
            "" => {}
            "denied" => return Err(UpstreamError::Denied("the user said no".into())),
            "groups" => {
                let (user_id, groups) = ("user".into(), vec!["admins".into()]);
                return Err(UpstreamError::NotInRequiredGroups { user_id, groups });
            }
            "down" => return Err(UpstreamError::Unreachable("connection refused".into())),
            other => return Err(UpstreamError::Unacceptable(other.into())),
        }
        let user = login.headers.get("x-auth-user").and_then(|value| value.to_str().ok());
        let identity = Identity { user_id: user.unwrap_or("user").to_owned(), ..Identity::default() };
        let once = match login.parameters.get("once") {
            "" => None,
            id => Some(Once { id: id.to_owned(), until: later(login.now, Duration::from_secs(60)) }),
        };
        Ok(Arrival { identity, once, logout: Vec::new() })
    }
}
