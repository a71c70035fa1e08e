//! The discovery document (OpenID Connect Discovery §3).

use dex_connector::UpstreamError;
use dex_jose::Algorithm;
use http::StatusCode;
use serde_json::{Map, Value};
use url::Url;

use crate::client::{Auth, Client};

/// What of a provider's metadata is replaced by the operator; `None` leaves what the document says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `authorization_endpoint`
    pub authorization_endpoint: Option<Url>,
    /// `token_endpoint`
    pub token_endpoint: Option<Url>,
    /// `jwks_uri`
    pub jwks_uri: Option<Url>,
    /// `userinfo_endpoint`
    pub userinfo_endpoint: Option<Url>,
    /// `end_session_endpoint`
    pub end_session_endpoint: Option<Url>,
}

impl Overrides {
    /// Whether a login needs nothing of the document.
    fn suffice(&self) -> bool {
        self.authorization_endpoint.is_some() && self.token_endpoint.is_some() && self.jwks_uri.is_some()
    }

    /// Whether anything is replaced.
    pub fn any(&self) -> bool {
        self.authorization_endpoint.is_some()
            || self.token_endpoint.is_some()
            || self.jwks_uri.is_some()
            || self.userinfo_endpoint.is_some()
            || self.end_session_endpoint.is_some()
    }
}

/// A provider's metadata.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// The issuer that its tokens must name.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: Url,
    /// Where codes are redeemed.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Where userinfo is, if it has it.
    pub userinfo_endpoint: Option<Url>,
    /// Where browsers log out (OpenID Connect RP-Initiated Logout §2.1).
    pub end_session_endpoint: Option<Url>,
    /// Where tokens are asked about (RFC 7662), if it has that.
    pub introspection_endpoint: Option<Url>,
    /// The algorithms of its ID tokens that we verify, RS256 if it names none.
    pub algorithms: Vec<Algorithm>,
    /// `code_challenge_methods_supported`
    pub code_challenge_methods: Vec<String>,
    /// `token_endpoint_auth_methods_supported`
    pub token_endpoint_auth_methods: Vec<String>,
    /// Whether browsers always come back with `iss` (RFC 9207 §3).
    pub names_itself: bool,
}

impl Metadata {
    /// Fetches the document below `issuer` and lays `overrides` over it. With an `alias` the document may name any issuer, and
    /// tokens must name the alias. A provider without a document (404) is made of overrides alone, if they are enough.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unreachable`], or [`UpstreamError::Unacceptable`] for a document of another issuer or without an
    /// endpoint that nothing replaces.
    pub(super) async fn fetch(
        client: &Client,
        issuer: &str,
        alias: Option<&str>,
        overrides: &Overrides,
    ) -> Result<Self, UpstreamError> {
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"))
            .map_err(|error| UpstreamError::Misconfigured(format!("issuer {issuer:?} is no URL: {error}")))?;
        let document: Map<String, Value> = match client.get_json(&url, Auth::None).await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) && overrides.suffice() => bare(issuer),
            fetched => fetched.map_err(provider_failed)?,
        };
        Self::read(&document, issuer, alias, overrides)
    }

    fn read(
        document: &Map<String, Value>,
        issuer: &str,
        alias: Option<&str>,
        overrides: &Overrides,
    ) -> Result<Self, UpstreamError> {
        let named = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
        if alias.is_none() && named != issuer {
            let named = crate::client::one_line(named);
            return Err(UpstreamError::Unacceptable(format!(
                "oidc: issuer did not match the issuer returned by provider, expected {issuer:?} got {named:?}"
            )));
        }
        let member = |replaced: &Option<Url>, name: &str| match replaced {
            Some(url) => Ok(Some(url.clone())),
            None => endpoint(document, name),
        };
        let required = |replaced: &Option<Url>, name: &str| {
            let missing = || UpstreamError::Unacceptable(format!("the discovery document has no {name:?}"));
            member(replaced, name)?.ok_or_else(missing)
        };
        Ok(Self {
            issuer: alias.unwrap_or(issuer).to_owned(),
            authorization_endpoint: required(&overrides.authorization_endpoint, "authorization_endpoint")?,
            token_endpoint: required(&overrides.token_endpoint, "token_endpoint")?,
            jwks_uri: required(&overrides.jwks_uri, "jwks_uri")?,
            userinfo_endpoint: member(&overrides.userinfo_endpoint, "userinfo_endpoint")?,
            end_session_endpoint: member(&overrides.end_session_endpoint, "end_session_endpoint")?,
            introspection_endpoint: endpoint(document, "introspection_endpoint")?,
            algorithms: algorithms(&texts(document, "id_token_signing_alg_values_supported")),
            code_challenge_methods: texts(document, "code_challenge_methods_supported"),
            token_endpoint_auth_methods: texts(document, "token_endpoint_auth_methods_supported"),
            names_itself: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
        })
    }
}

/// What stands in for the document of a provider that has none.
fn bare(issuer: &str) -> Map<String, Value> {
    let algorithms = Algorithm::ALL.map(|algorithm| Value::from(algorithm.as_str()));
    let members =
        [("issuer", Value::from(issuer)), ("id_token_signing_alg_values_supported", algorithms.to_vec().into())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn provider_failed(error: crate::CallError) -> UpstreamError {
    match UpstreamError::from(error) {
        UpstreamError::Unacceptable(text) => UpstreamError::Unacceptable(format!("failed to get provider: {text}")),
        other => other,
    }
}

/// A member that is a URL of HTTP, if it is there and not empty.
fn endpoint(document: &Map<String, Value>, name: &str) -> Result<Option<Url>, UpstreamError> {
    let Some(text) = document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
        _ => Err(UpstreamError::Unacceptable(format!("{name:?} of the discovery document is no URL of http or https"))),
    }
}

fn texts(document: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = document.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn algorithms(named: &[String]) -> Vec<Algorithm> {
    let known: Vec<Algorithm> = named.iter().filter_map(|name| name.parse().ok()).collect();
    if known.is_empty() { vec![Algorithm::RS256] } else { known }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(change: Value, alias: Option<&str>, overrides: &Overrides) -> Result<Metadata, UpstreamError> {
        let mut document = json!({
            "issuer": "https://up.example", "authorization_endpoint": "https://up.example/auth",
            "token_endpoint": "https://up.example/token", "jwks_uri": "https://up.example/keys",
            "code_challenge_methods_supported": ["plain", "S256"], "end_session_endpoint": "https://up.example/logout",
            "id_token_signing_alg_values_supported": ["HS256", "ES256", "none", "EdDSA"],
        });
        document.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Metadata::read(document.as_object().unwrap(), "https://up.example", alias, overrides)
    }

    #[test]
    fn the_document_is_read_and_overridden_without_losing_the_rest() {
        let plain = read(json!({}), None, &Overrides::default()).unwrap();
        assert_eq!(plain.algorithms, [Algorithm::ES256, Algorithm::EdDSA]);
        let overrides =
            Overrides { token_endpoint: Some("https://other.example/t".parse().unwrap()), ..Default::default() };
        let changed = read(json!({"token_endpoint": null}), None, &overrides).unwrap();
        assert_eq!(changed.token_endpoint.as_str(), "https://other.example/t");
        assert_eq!(
            (changed.code_challenge_methods.len(), changed.end_session_endpoint),
            (2, plain.end_session_endpoint)
        );
        let none_named = read(json!({"id_token_signing_alg_values_supported": ["none"]}), None, &overrides).unwrap();
        assert_eq!(none_named.algorithms, [Algorithm::RS256]);
    }

    #[test]
    fn a_document_of_another_issuer_or_without_endpoints_is_refused() {
        let cases = [
            (json!({"issuer": "https://up.example/"}), "expected \"https://up.example\" got \"https://up.example/\""),
            (json!({"issuer": 5}), "got \"\""),
            (json!({"token_endpoint": ""}), "no \"token_endpoint\""),
            (json!({"jwks_uri": null}), "no \"jwks_uri\""),
            (json!({"authorization_endpoint": "javascript:alert(1)"}), "no URL of http or https"),
            (json!({"end_session_endpoint": "ftp://up.example/"}), "no URL of http or https"),
        ];
        for (change, told) in cases {
            let error = read(change, None, &Overrides::default()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        let aliased =
            read(json!({"issuer": "https://x.example"}), Some("https://alias.example"), &Overrides::default());
        assert_eq!(aliased.unwrap().issuer, "https://alias.example");
    }
}
