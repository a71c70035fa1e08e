//! An upstream elsewhere, whose answer the test writes into the callback's address.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use dex_connector::{
    Arrival, Connector, Departure, Finish, Identity, LoginMethod, LogoutArrival, LogoutArrived, LogoutAsked,
    LogoutStart, Once, RedirectLogin, Redirection, Refresh, Start, UpstreamError, UpstreamLogout, Wanted,
};
use dex_model::{Timestamp, later};
use dex_oidc::Form;
use url::Url;

/// What a login is remembered by between the two steps.
const DATA: &[u8] = b"scripted";

/// Logs in whom the header `X-Auth-User` or `user` in the callback names, or `user`; `error` in the callback says why nobody
/// is, `once` what lets in one login alone, and `logout` what its logout will want. The hint `form` has the browser sent
/// there with a form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scripted {
    /// Whether it can log people out too.
    pub(crate) logs_out: bool,
}

impl Connector for Scripted {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }

    fn logout(&self) -> Option<&dyn UpstreamLogout> {
        self.logs_out.then_some(self)
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
        let user = user.or(Some(login.parameters.get("user"))).filter(|user| !user.is_empty()).unwrap_or("user");
        let identity = Identity { user_id: user.to_owned(), ..Identity::default() };
        let once = once(login.parameters, login.now);
        Ok(Arrival { identity, once, logout: login.parameters.get("logout").into() })
    }
}

fn once(parameters: &Form, now: Timestamp) -> Option<Once> {
    let id = parameters.get("once");
    (!id.is_empty()).then(|| Once { id: id.to_owned(), until: later(now, Duration::from_secs(60)) })
}

/// What the login handed over decides how a logout goes: `down` and `nowhere` go nowhere, `form` goes by a form. With the
/// parameter `asks` the upstream logs out the user of that id, in the `session` of a login alone if it names one; `signed`
/// says that it is the upstream.
#[async_trait]
impl UpstreamLogout for Scripted {
    async fn start(&self, logout: &LogoutStart<'_>) -> Result<Option<Departure>, UpstreamError> {
        let mut to = Url::parse("https://upstream.example/logout").expect("it is a URL");
        let data = String::from_utf8_lossy(logout.data);
        match &*data {
            "down" => return Err(UpstreamError::Unreachable("connection refused".into())),
            "nowhere" => return Ok(None),
            "form" => {
                let fields = vec![("RelayState".to_owned(), logout.state.to_owned())];
                return Ok(Some(Departure::Post { action: to, fields }));
            }
            _ => {}
        }
        to.query_pairs_mut()
            .append_pair("user", logout.user_id)
            .append_pair("data", &data)
            .append_pair("back", logout.callback.as_str())
            .append_pair("state", logout.state);
        Ok(Some(Departure::Get(to)))
    }

    async fn arrive(&self, arrival: &LogoutArrival<'_>) -> Result<LogoutArrived, UpstreamError> {
        let [asks, signed, session, state, error] =
            ["asks", "signed", "session", "state", "error"].map(|name| arrival.parameters.get(name));
        if asks.is_empty() {
            return if arrival.state == Some(state) {
                Ok(LogoutArrived::Answered { refused: (!error.is_empty()).then(|| error.to_owned()) })
            } else {
                Err(UpstreamError::Unacceptable("another logout".into()))
            };
        }
        if signed.is_empty() {
            return Err(UpstreamError::Unacceptable("a forged request".into()));
        }
        let data = arrival.data;
        let callback = arrival.callback.to_string();
        Ok(LogoutArrived::Asked(LogoutAsked {
            user_id: asks.to_owned(),
            only_here: !session.is_empty() && (data.is_empty() || data == session.as_bytes()),
            once: once(arrival.parameters, arrival.now),
            answer: Box::new(move |done| {
                let mut to = Url::parse("https://upstream.example/done").expect("it is a URL");
                to.query_pairs_mut()
                    .append_pair("logged_out", if done { "yes" } else { "no" })
                    .append_pair("at", &callback);
                Ok(Departure::Get(to))
            }),
        }))
    }
}
