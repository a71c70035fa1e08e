//! The one HTTP client, with limits on time and size, and the dump that `--debug` asks for.

use std::{error::Error, path::Path, time::Duration};

use anyhow::Context;
use dex_oidc::encode_form;
use reqwest::{Certificate, Client, RequestBuilder, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::redact;
use crate::options::Secret;

/// How long the provider may take to answer a request, connecting included.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The longest answer read, in bytes. Everything a session keeps comes through here.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

/// How much of an error text of the provider's is kept, in characters.
const ERROR_TEXT_MAX: usize = 500;

/// What went wrong between us and the provider.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// No answer; the text is the innermost cause.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// No answer during the whole start.
    #[error("the provider did not answer for {seconds} seconds")]
    Absent { seconds: u64 },
    #[error("the provider's answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// An error as RFC 6749 section 5.2 has it.
    #[error("the provider refused with {status}: {error}{}", describe(.description))]
    Refused { status: u16, error: String, description: Option<String> },
    #[error("the provider answered {status} without an OAuth error")]
    Status { status: u16 },
    #[error("the provider's answer is not the JSON it should be: {0}")]
    NotJson(String),
    #[error("the provider calls itself {found:?}, not {asked:?}; --issuer must be spelled exactly so")]
    OtherIssuer { asked: String, found: String },
    #[error("the provider advertises an endpoint that is no web address: {0}")]
    BadEndpoint(Url),
    #[error("the provider does not offer {0}")]
    NotOffered(&'static str),
}

fn describe(description: &Option<String>) -> String {
    description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default()
}

impl ProviderError {
    /// Whether a provider that is just starting may answer differently soon.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status { .. })
    }

    /// The OAuth error code, if that is what it is.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// How a request says who sends it.
pub(super) enum Auth<'a> {
    None,
    /// RFC 6749 section 2.3.1.
    Basic {
        id: &'a str,
        secret: &'a Secret,
    },
    /// RFC 6750 section 2.1.
    Bearer(&'a str),
}

pub(super) struct Http {
    client: Client,
    debug: bool,
}

/// A whole answer of status 2xx.
pub(super) struct Answer(Vec<u8>);

#[derive(Deserialize)]
struct OAuthError {
    error: String,
    error_description: Option<String>,
}

impl Http {
    /// # Errors
    ///
    /// The certificates cannot be read, or the system has none to trust.
    pub(super) fn new(root_ca: Option<&Path>, debug: bool) -> anyhow::Result<Self> {
        let mut builder =
            Client::builder().timeout(ANSWER_MAX).redirect(redirect::Policy::none()).user_agent("dex-example-app");
        if let Some(path) = root_ca {
            let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .with_context(|| format!("{} holds no PEM certificates", path.display()))?;
            builder = builder.tls_certs_only(certificates);
        }
        Ok(Self { client: builder.build().context("cannot set up the HTTP client")?, debug })
    }

    pub(super) async fn get(&self, url: &Url, auth: Auth<'_>) -> Result<Answer, ProviderError> {
        if self.debug {
            tracing::info!("> GET {}", redact::url(url));
        }
        self.send(self.client.get(url.clone()), auth).await
    }

    pub(super) async fn post(&self, url: &Url, form: &[(&str, &str)], auth: Auth<'_>) -> Result<Answer, ProviderError> {
        if self.debug {
            tracing::info!("> POST {} {}", redact::url(url), redact::form(form));
        }
        let request = self
            .client
            .post(url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode_form(form.iter().copied()));
        self.send(request, auth).await
    }

    async fn send(&self, request: RequestBuilder, auth: Auth<'_>) -> Result<Answer, ProviderError> {
        let request = match auth {
            Auth::None => request,
            Auth::Basic { id, secret } => request.basic_auth(form_encoded(id), Some(form_encoded(secret.expose()))),
            Auth::Bearer(token) => request.bearer_auth(token),
        };
        let mut response = request.header("accept", "application/json").send().await.map_err(unreachable)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ProviderError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        if self.debug {
            tracing::info!("< {} {}", status.as_u16(), redact::body(&body));
        }
        if status.is_success() { Ok(Answer(body)) } else { Err(refusal(status.as_u16(), &body)) }
    }
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        // serde's messages may quote a value; position and kind are enough and cannot hold a token.
        serde_json::from_slice(&self.0).map_err(|error| {
            let kind = if error.is_data() { "a member is missing or of the wrong type" } else { "no JSON" };
            ProviderError::NotJson(format!("{kind} (line {}, column {})", error.line(), error.column()))
        })
    }

    pub(super) fn text(&self) -> Result<&str, ProviderError> {
        std::str::from_utf8(&self.0).map_err(|_| ProviderError::NotJson("not UTF-8".to_owned()))
    }
}

fn refusal(status: u16, body: &[u8]) -> ProviderError {
    let shortened = |text: String| text.chars().take(ERROR_TEXT_MAX).collect();
    match serde_json::from_slice::<OAuthError>(body) {
        Ok(oauth) => ProviderError::Refused {
            status,
            error: shortened(oauth.error),
            description: oauth.error_description.map(shortened),
        },
        Err(_) => ProviderError::Status { status },
    }
}

fn unreachable(error: reqwest::Error) -> ProviderError {
    if error.is_timeout() {
        return ProviderError::Unreachable(format!("no answer within {} s", ANSWER_MAX.as_secs()));
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    ProviderError::Unreachable(innermost.to_string())
}

/// Credentials are form-encoded before Basic joins them with a colon (RFC 6749 section 2.3.1).
fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_the_oauth_error_and_nothing_else() {
        let cases: [(u16, &[u8], &str); 4] = [
            (400, br#"{"error":"invalid_grant"}"#, "the provider refused with 400: invalid_grant"),
            (
                401,
                br#"{"error":"invalid_client","error_description":"Invalid client credentials."}"#,
                "the provider refused with 401: invalid_client (Invalid client credentials.)",
            ),
            (502, b"<html>Bad gateway", "the provider answered 502 without an OAuth error"),
            (400, br#"["error"]"#, "the provider answered 400 without an OAuth error"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(refusal(status, body).to_string(), expected);
        }
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let cases = [("example-app", "example-app"), ("a:b c%", "a%3Ab+c%25"), ("ü", "%C3%BC")];
        for (plain, expected) in cases {
            assert_eq!(form_encoded(plain), expected);
        }
    }
}
