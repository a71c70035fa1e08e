//! The service account of the machine we run on: a virtual machine, or a pod with workload identity. There is no key; Google's
//! IAM signs for us (IAM Service Account Credentials API, `signJwt` and `generateAccessToken`).

use dex_connector::UpstreamError;
use dex_model::Timestamp;
use dex_upstream_client::{Auth, Call, CallError, Client, Prepared, Secret};
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::token::{self, Answer, Granted, LIFETIME, SCOPE};
use crate::forge::{at, told};

/// Proves that no browser was tricked into asking.
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");

/// The audience of assertions, whichever host they are sent to.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";

/// The metadata server, and the APIs that lend us the account's signature.
pub(super) struct Metadata {
    server: Url,
    credentials: Url,
    token: Url,
    account: Prepared<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    signed_jwt: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    access_token: Secret,
    expire_time: Timestamp,
}

impl Metadata {
    pub(super) fn new(server: Url, credentials: Url, token_root: Url) -> Self {
        Self { server, credentials, token: at(&token_root, ["token"]), account: Prepared::default() }
    }

    /// The address of the machine's service account.
    pub(super) async fn account(&self, client: &Client) -> Result<String, UpstreamError> {
        let account = self.account.get(|| self.ask_account(client)).await;
        let account = account.map_err(|error| {
            told("google: there is no key file, and unable to get service account email from metadata server", error)
        })?;
        Ok(account.as_ref().clone())
    }

    async fn ask_account(&self, client: &Client) -> Result<String, UpstreamError> {
        let url = self.of_account("email");
        let answer = client.call(Call::get(&url).header(FLAVOR, "Google")).await?.success()?;
        let email = std::str::from_utf8(&answer.body).unwrap_or_default().trim();
        if email.is_empty() || email.contains(|c: char| c.is_whitespace() || c == '/') {
            return Err(answer.not_understood("an address", "there is none").into());
        }
        tracing::info!(serviceAccountEmail = email, "discovered serviceAccountEmail");
        Ok(email.to_owned())
    }

    /// A token with the rights of `subject`.
    pub(super) async fn token(&self, client: &Client, subject: &str, now: Timestamp) -> Result<Granted, UpstreamError> {
        let account = self.account(client).await?;
        let own = self.own_token(client).await?;
        if subject.is_empty() {
            let body = json!({"lifetime": format!("{}s", LIFETIME.as_secs()), "scope": [SCOPE]});
            let generated: Generated = self.credentials(client, (&account, "generateAccessToken"), &own, &body).await?;
            return Ok(Granted { token: generated.access_token, until: generated.expire_time });
        }
        let claims = token::claims(&account, subject, AUDIENCE, now);
        let body = json!({"payload": Value::Object(claims).to_string()});
        let signed: Signed = self.credentials(client, (&account, "signJwt"), &own, &body).await?;
        token::exchange(client, &self.token, signed.signed_jwt.expose(), now).await
    }

    /// The machine's own token, which is good for asking for others.
    async fn own_token(&self, client: &Client) -> Result<Secret, UpstreamError> {
        let url = self.of_account("token");
        let asked = async { client.call(Call::get(&url).header(FLAVOR, "Google")).await?.success()?.json::<Answer>() };
        let answer = asked.await.map_err(|error| told("google: no token from the metadata server", error))?;
        Ok(answer.token())
    }

    async fn credentials<T: DeserializeOwned>(
        &self,
        client: &Client,
        (account, method): (&str, &str),
        own: &Secret,
        body: &Value,
    ) -> Result<T, UpstreamError> {
        let named = format!("{account}:{method}");
        let url = at(&self.credentials, ["v1", "projects", "-", "serviceAccounts", &named]);
        match client.post_json(&url, Auth::Bearer(own.expose()), body).await {
            Ok(answer) => Ok(answer),
            Err(error @ CallError::Refused { status: StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, .. }) => {
                Err(UpstreamError::Misconfigured(format!(
                    "google: {method}: {error} (the service account needs the role Service Account Token Creator on itself)"
                )))
            }
            Err(error) => Err(told(&format!("google: {method}"), error)),
        }
    }

    fn of_account(&self, what: &str) -> Url {
        at(&self.server, ["computeMetadata", "v1", "instance", "service-accounts", "default", what])
    }
}
