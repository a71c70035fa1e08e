//! Logging out at the provider (connectors-protocol spec, 7.11; OpenID Connect RP-Initiated Logout §2).

use std::collections::BTreeMap;

use async_trait::async_trait;
use dex_connector::{Identity, UpstreamError, UpstreamLogout};
use url::Url;

use super::Oidc;

#[async_trait]
impl UpstreamLogout for Oidc {
    async fn logout(&self, _: &Identity, back: Option<&Url>) -> Result<Option<Url>, UpstreamError> {
        let upstream = self.client.login(self.upstream()).await?;
        let endpoint = upstream.provider.metadata.end_session_endpoint.as_ref();
        Ok(endpoint.map(|endpoint| with_return(endpoint, &self.rules.client_id, back)))
    }
}

/// The endpoint with the parameters it has and ours, sorted; without a way back, as it is.
fn with_return(endpoint: &Url, client_id: &str, back: Option<&Url>) -> Url {
    let Some(back) = back else { return endpoint.clone() };
    let had = endpoint.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    let mut parameters: BTreeMap<_, _> = had.collect();
    parameters.insert("client_id".into(), client_id.into());
    parameters.insert("post_logout_redirect_uri".into(), back.to_string());
    let mut url = endpoint.clone();
    url.query_pairs_mut().clear().extend_pairs(parameters);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_added_to_what_the_endpoint_has() {
        let back = Some("https://id.example/logout/callback");
        let ours = "client_id=dex&post_logout_redirect_uri=https%3A%2F%2Fid.example%2Flogout%2Fcallback";
        let cases = [
            ("https://up.example/end", None, "https://up.example/end".to_owned()),
            ("https://up.example/end?z=1", None, "https://up.example/end?z=1".to_owned()),
            ("https://up.example/end", back, format!("https://up.example/end?{ours}")),
            ("https://up.example/end?z=1&a=2", back, format!("https://up.example/end?a=2&{ours}&z=1")),
        ];
        for (endpoint, back, expected) in cases {
            let back = back.map(|back| Url::parse(back).unwrap());
            assert_eq!(with_return(&endpoint.parse().unwrap(), "dex", back.as_ref()).as_str(), expected);
        }
    }
}
