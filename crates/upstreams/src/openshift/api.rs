//! What a cluster is asked (connectors-platform spec, 8.2 and 8.4).

use std::sync::Arc;

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, Call, ClientAuth, TokenEndpoint};
use http::header;
use serde::Deserialize;
use url::Url;

use super::held::Held;
use super::{OpenShift, Upstream};
use crate::forge::{at, base_url, told};

/// How many bytes a user may have; one with thousands of groups has some hundred thousand.
const USER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The OAuth server's metadata (RFC 8414).
#[derive(Deserialize)]
struct Document {
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// The user whose token it is.
#[derive(Deserialize)]
pub(super) struct User {
    pub(super) metadata: Metadata,
    pub(super) groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) uid: Option<String>,
}

impl OpenShift {
    /// The OAuth server, discovered if it was not.
    pub(super) async fn upstream(&self) -> Result<Arc<Upstream>, UpstreamError> {
        self.upstream.get(|| self.discover()).await
    }

    /// The document names the OAuth server, which has a host of its own, so its issuer is another one than ours.
    async fn discover(&self) -> Result<Upstream, UpstreamError> {
        let rules = &self.rules;
        let url = at(&rules.issuer, [".well-known", "oauth-authorization-server"]);
        let fetched = self.client.get_json::<Document>(&url, Auth::None).await;
        let document = fetched.map_err(|error| told("failed to query OpenShift endpoint", error))?;
        let token = endpoint("token_endpoint", document.token_endpoint)?;
        let methods = document.code_challenge_methods_supported.unwrap_or_default();
        Ok(Upstream {
            authorize: endpoint("authorization_endpoint", document.authorization_endpoint)?,
            tokens: TokenEndpoint::new(token, &rules.client_id, rules.client_secret.clone(), ClientAuth::Detect),
            pkce: methods.iter().any(|method| method == "S256"),
        })
    }

    pub(super) async fn user(&self, held: &Held) -> Result<User, UpstreamError> {
        let url = at(&self.rules.issuer, ["apis", "user.openshift.io", "v1", "users", "~"]);
        let call = Call::get(&url).auth(held.auth()).header(header::ACCEPT, "application/json");
        let asked = async { self.client.call(call.body_max(USER_BYTES_MAX)).await?.success()?.json() };
        asked.await.map_err(|error| told("openshift: get user", error))
    }
}

fn endpoint(name: &str, url: Option<String>) -> Result<Url, UpstreamError> {
    base_url(name, &url.unwrap_or_default()).map_err(|_| {
        UpstreamError::Unacceptable(format!(
            "the cluster's OAuth metadata has no {name:?} that is a URL of http or https"
        ))
    })
}
