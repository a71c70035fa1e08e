//! A provider as its discovery document describes it (OpenID Connect Discovery §3).

use serde::Deserialize;
use url::Url;

use crate::failure::Failure;
use crate::http::{Agent, Answer, Call, Origin};

const STEP: &str = "discovery";

pub(crate) struct Provider {
    pub(crate) issuer: String,
    discovery: Url,
    jwks: Url,
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Option<Url>,
    pub(crate) introspection: Option<Url>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    userinfo_endpoint: Option<Url>,
    introspection_endpoint: Option<Url>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
}

impl Provider {
    pub(crate) async fn discover(agent: &mut Agent, issuer: &str) -> Result<Self, Failure> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery = Url::parse(&address).map_err(|_| Failure::wrong(STEP, "not a URL"))?;
        let document = read(agent, &discovery, issuer).await?;
        let endpoints = [
            Some(&document.authorization_endpoint),
            Some(&document.token_endpoint),
            Some(&document.jwks_uri),
            document.userinfo_endpoint.as_ref(),
            document.introspection_endpoint.as_ref(),
        ];
        for endpoint in endpoints.into_iter().flatten() {
            Origin::of(endpoint)?;
        }
        Ok(Self {
            issuer: document.issuer,
            discovery,
            jwks: document.jwks_uri,
            authorization: document.authorization_endpoint,
            token: document.token_endpoint,
            userinfo: document.userinfo_endpoint,
            introspection: document.introspection_endpoint,
        })
    }

    /// Reads the discovery document once more and checks it.
    pub(crate) async fn read_discovery(&self, agent: &mut Agent) -> Result<(), Failure> {
        read(agent, &self.discovery, &self.issuer).await?;
        Ok(())
    }

    /// Reads the signing keys and checks that there is one to verify with.
    pub(crate) async fn read_keys(&self, agent: &mut Agent) -> Result<(), Failure> {
        let answer = agent.send(Call::get(&self.jwks)).await?;
        let Keys { keys } = json("keys", &answer)?;
        let usable = |key: &Key| !key.kty.is_empty() && key.kid.is_some();
        if !keys.iter().any(usable) {
            return Err(Failure::wrong("keys", "no key"));
        }
        Ok(())
    }
}

async fn read(agent: &mut Agent, discovery: &Url, issuer: &str) -> Result<Document, Failure> {
    let answer = agent.send(Call::get(discovery)).await?;
    let document: Document = json(STEP, &answer)?;
    if document.issuer != issuer {
        return Err(Failure::wrong(STEP, "another issuer"));
    }
    Ok(document)
}

/// The JSON of an answer with status 200.
pub(super) fn json<'a, T: Deserialize<'a>>(step: &'static str, answer: &'a Answer) -> Result<T, Failure> {
    if answer.status.as_u16() != 200 {
        return Err(refusal(step, answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| Failure::wrong(step, "not the expected JSON"))
}

/// Names the OAuth error of the body when there is one, the status otherwise.
fn refusal(step: &'static str, answer: &Answer) -> Failure {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    match serde_json::from_slice::<Refusal>(&answer.body) {
        Ok(Refusal { error }) => Failure::oauth(step, &error),
        Err(_) => Failure::Status { step, status: answer.status.as_u16() },
    }
}
