//! Logging out at the provider (connectors-protocol spec, 7.11; OpenID Connect RP-Initiated Logout §2 and §3).

use std::collections::BTreeMap;

use async_trait::async_trait;
use dex_connector::{Departure, LogoutArrival, LogoutArrived, LogoutStart, UpstreamError, UpstreamLogout};
use url::Url;

use super::Oidc;

/// The longest ID token that is kept for the logout, in bytes: sealed, it must fit into a cookie.
const ID_TOKEN_BYTES_MAX: usize = 2600;

/// What a logout wants of the login's answer: the ID token, unless it is too large.
pub(super) fn kept(id_token: &str) -> Vec<u8> {
    if id_token.len() <= ID_TOKEN_BYTES_MAX { id_token.into() } else { Vec::new() }
}

#[async_trait]
impl UpstreamLogout for Oidc {
    async fn start(&self, logout: &LogoutStart<'_>) -> Result<Option<Departure>, UpstreamError> {
        let upstream = self.client.login(self.upstream()).await?;
        let endpoint = upstream.provider.metadata.end_session_endpoint.as_ref();
        Ok(endpoint.map(|endpoint| Departure::Get(asking(endpoint, &self.rules.client_id, logout))))
    }

    async fn arrive(&self, arrival: &LogoutArrival<'_>) -> Result<LogoutArrived, UpstreamError> {
        let refused = answered(arrival.parameters, arrival.state)?;
        Ok(LogoutArrived::Answered { refused })
    }
}

/// The endpoint with the parameters it has and ours, sorted.
fn asking(endpoint: &Url, client_id: &str, logout: &LogoutStart<'_>) -> Url {
    let had = endpoint.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    let mut parameters: BTreeMap<_, _> = had.collect();
    let id_token = std::str::from_utf8(logout.data).unwrap_or_default();
    let ours = [
        ("client_id", client_id),
        ("id_token_hint", id_token),
        ("post_logout_redirect_uri", logout.callback.as_str()),
        ("state", logout.state),
    ];
    parameters.extend(
        ours.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.into(), value.into())),
    );
    let mut url = endpoint.clone();
    url.query_pairs_mut().clear().extend_pairs(parameters);
    url
}

/// Why the provider refused, if it did. One that forgets the state is believed: the browser has a logout in progress.
fn answered(parameters: &dex_oidc::Form, asked: Option<&str>) -> Result<Option<String>, UpstreamError> {
    let unacceptable = |text: &str| Err(UpstreamError::Unacceptable(text.into()));
    let Some(asked) = asked else {
        return unacceptable("oidc: a logout came back that was not begun in this browser");
    };
    match parameters.get("state") {
        state if state.is_empty() || state == asked => {}
        _ => return unacceptable("oidc: another logout came back than was begun in this browser"),
    }
    let [error, description] = ["error", "error_description"].map(|name| parameters.get(name));
    Ok(if error.is_empty() { None } else { Some(format!("{error}: {description}")) })
}

#[cfg(test)]
mod tests {
    use dex_model::Timestamp;
    use dex_oidc::Form;

    use super::*;

    #[test]
    fn the_endpoint_keeps_what_it_has_and_gets_ours() {
        let callback = Url::parse("https://id.example/logout/callback").unwrap();
        let back = "post_logout_redirect_uri=https%3A%2F%2Fid.example%2Flogout%2Fcallback&state=s1";
        let cases = [
            ("https://up.example/end", "", format!("client_id=dex&{back}")),
            ("https://up.example/end?z=1&a=2", "", format!("a=2&client_id=dex&{back}&z=1")),
            ("https://up.example/end", "a.b.c", format!("client_id=dex&id_token_hint=a.b.c&{back}")),
            ("https://up.example/end?client_id=x&state=x", "", format!("client_id=dex&{back}")),
        ];
        for (endpoint, data, expected) in cases {
            let (data, now) = (data.as_bytes(), Timestamp::UNIX_EPOCH);
            let logout = LogoutStart { user_id: "jane", data, callback: &callback, state: "s1", now };
            let url = asking(&endpoint.parse().unwrap(), "dex", &logout);
            assert_eq!(url.as_str(), format!("https://up.example/end?{expected}"));
        }
    }

    #[test]
    fn an_id_token_is_kept_unless_it_is_large() {
        for (length, kept_length) in [(0, 0), (ID_TOKEN_BYTES_MAX, ID_TOKEN_BYTES_MAX), (ID_TOKEN_BYTES_MAX + 1, 0)] {
            assert_eq!(kept(&"x".repeat(length)).len(), kept_length);
        }
    }

    #[test]
    fn only_the_answer_to_this_browsers_logout_is_taken() {
        let refused = Ok(Some("denied: not now".to_owned()));
        let cases = [
            ("the same state", "state=s1", Some("s1"), Ok(None)),
            ("no state", "", Some("s1"), Ok(None)),
            ("refused", "state=s1&error=denied&error_description=not+now", Some("s1"), refused),
            ("another state", "state=s2", Some("s1"), Err("another logout")),
            ("none in progress", "state=s1", None, Err("not begun")),
            ("none in progress, no state", "", None, Err("not begun")),
        ];
        for (told, query, state, expected) in cases {
            let got = answered(&Form::parse(query.as_bytes()).unwrap(), state);
            match (got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{told}"),
                (Err(got), Err(expected)) => assert!(got.to_string().contains(expected), "{told}: {got}"),
                (got, _) => panic!("{told}: {got:?}"),
            }
        }
    }
}
