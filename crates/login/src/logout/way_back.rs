//! Where a logout leads (RP-Initiated Logout §3).

use dex_model::Client;
use dex_storage::StorageError;
use dex_web::PageError;

use super::decide::Hint;
use crate::respond::in_query;
use crate::visit::Visit;

/// The longest `state` that is given back, in bytes. It is kept with the session while its user logs out upstream.
const STATE_BYTES_MAX: usize = 4096;

/// A client's page that it has registered for the time after a logout.
///
/// Only [`registered`](WayBack::registered) makes one, so whatever redirects to it was checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WayBack {
    uri: String,
    state: String,
    client_id: String,
}

impl WayBack {
    /// The page, if the client has registered it, to the last byte.
    fn registered(client: &Client, uri: &str, state: &str) -> Option<Self> {
        let registered = client.post_logout_redirect_uris.iter().any(|known| known == uri);
        registered.then(|| Self { uri: uri.to_owned(), state: state.to_owned(), client_id: client.id.clone() })
    }

    /// Where a logout was to lead that has been on its way; the client may have lost the page since.
    pub(super) async fn kept(visit: &Visit<'_>, state: &dex_model::LogoutState) -> Result<Option<Self>, StorageError> {
        if state.post_logout_redirect_uri.is_empty() {
            return Ok(None);
        }
        let client = visit.app.store.get::<Client>(&state.client_id).await?;
        Ok(client.and_then(|client| Self::registered(&client, &state.post_logout_redirect_uri, &state.state)))
    }

    /// The address, with the client's `state` among what the query has.
    pub(super) fn address(&self) -> String {
        match self.state.as_str() {
            "" => self.uri.clone(),
            state => in_query(&self.uri, &[("state", state.to_owned())]),
        }
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    pub(super) fn state(&self) -> &str {
        &self.state
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }
}

/// Who asks for a logout: the client that the hint was issued to, or the one that names itself.
pub(super) fn client_id<'a>(hint: &'a Hint, named: &'a str) -> Result<Option<&'a str>, PageError> {
    let Hint::Verified(claims) = hint else {
        return Ok((!named.is_empty()).then_some(named));
    };
    match claims.client_id() {
        issued_to if named.is_empty() => Ok(issued_to),
        Some(issued_to) if issued_to == named => Ok(Some(named)),
        // Dex has issued tokens for several audiences that do not say who asked for them.
        None if claims.aud.0.iter().any(|audience| audience == named) => Ok(Some(named)),
        _ => Err(PageError::bad_request("client_id does not match id_token_hint.")),
    }
}

/// Where the client wants its user back, if it does and may.
pub(super) async fn way_back(
    visit: &Visit<'_>,
    hint: &Hint,
    client_id: Option<&str>,
    (uri, state): (&str, &str),
) -> Result<Option<WayBack>, PageError> {
    if uri.is_empty() {
        return Ok(None);
    }
    if state.len() > STATE_BYTES_MAX {
        return Err(PageError::bad_request("The state is too long."));
    }
    let Some(client_id) = client_id else {
        // Whoever sent a hint of theirs has done nothing wrong if its key is gone by now.
        return match hint {
            Hint::Unverified => Ok(None),
            _ => Err(PageError::bad_request("post_logout_redirect_uri requires id_token_hint or client_id.")),
        };
    };
    let client = visit.app.store.get::<Client>(client_id).await?;
    let client = client.ok_or_else(|| PageError::bad_request("Invalid client."))?;
    let unregistered = || PageError::bad_request("Unregistered post_logout_redirect_uri.");
    WayBack::registered(&client, uri, state).map(Some).ok_or_else(unregistered)
}

#[cfg(test)]
mod tests {
    use dex_oidc::Audience;
    use dex_token::mint::TokenClaims;

    use super::*;

    #[test]
    fn the_way_back_is_one_that_is_registered_to_the_last_byte() {
        let uris = ["https://app.example/bye?x=1", "com.example.app:/bye"].map(str::to_owned).to_vec();
        let client = Client { id: "web".into(), post_logout_redirect_uris: uris, ..Client::default() };
        let cases = [
            ("https://app.example/bye?x=1", Some("https://app.example/bye?state=a%26b&x=1")),
            ("com.example.app:/bye", Some("com.example.app:/bye?state=a%26b")),
            ("https://app.example/bye", None),
            ("https://app.example/bye?x=1&y=2", None),
            ("https://APP.example/bye?x=1", None),
            ("https://app.example/bye?x=1#", None),
            ("https://app.example.evil.example/bye?x=1", None),
            ("https://app.example@evil.example/bye?x=1", None),
            ("https://app.example/../bye?x=1", None),
            (" https://app.example/bye?x=1", None),
            ("", None),
        ];
        for (uri, expected) in cases {
            let way = WayBack::registered(&client, uri, "a&b");
            assert_eq!(way.map(|way| way.address()).as_deref(), expected, "{uri}");
        }
        let plain = WayBack::registered(&client, "com.example.app:/bye", "").unwrap();
        assert_eq!(plain.address(), "com.example.app:/bye", "no state is added where there was none");
    }

    #[test]
    fn the_client_is_whom_the_hint_was_issued_to() {
        let hint = |aud: &[&str], azp: Option<&str>| {
            let aud = Audience(aud.iter().map(|id| (*id).to_owned()).collect());
            let azp = azp.map(str::to_owned);
            Hint::Verified(Box::new(TokenClaims { aud, azp, ..TokenClaims::default() }))
        };
        let cases = [
            ("nothing at all", Hint::None, "", Ok(None)),
            ("a name alone", Hint::None, "web", Ok(Some("web"))),
            ("a name, and a hint that proves nothing", Hint::Unverified, "web", Ok(Some("web"))),
            ("a hint alone", hint(&["web"], None), "", Ok(Some("web"))),
            ("both", hint(&["web"], None), "web", Ok(Some("web"))),
            ("another name", hint(&["web"], None), "wiki", Err(())),
            ("a token for several", hint(&["web", "wiki"], Some("web")), "", Ok(Some("web"))),
            ("the audience is not who asked", hint(&["web", "wiki"], Some("web")), "wiki", Err(())),
            ("nobody says who asked", hint(&["web", "wiki"], None), "", Ok(None)),
            ("the name says it", hint(&["web", "wiki"], None), "wiki", Ok(Some("wiki"))),
            ("the name of none of them", hint(&["web", "wiki"], None), "cli", Err(())),
        ];
        for (told, hint, named, expected) in cases {
            assert_eq!(client_id(&hint, named).map_err(|_| ()), expected, "{told}");
        }
    }
}
