//! A login: sending the browser there, and judging what it brings back.

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Arrival, Departure, Finish, RedirectLogin, Redirection, Start, UpstreamError};
use dex_saml::{AuthnRequest, Check, Refusal, RequestId, encode_post, encode_redirect};
use url::Url;

use super::Saml;
use super::judge::Judgement;
use super::provider::Binding;

#[async_trait]
impl RedirectLogin for Saml {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let known = self.provider.known(login.now).await?;
        let request = AuthnRequest {
            id: login.state,
            issue_instant: login.now,
            destination: known.sso_url.as_str(),
            acs: &self.rules.redirect_uri,
            issuer: self.rules.entity_issuer.as_deref(),
            format: self.rules.format,
        };
        let to = match known.binding {
            Binding::Post => {
                let message = match &self.signing {
                    Some(key) => request.signed(key),
                    None => request.to_xml(),
                };
                let fields = [("SAMLRequest", encode_post(&message)), ("RelayState", login.state.to_owned())];
                let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
                Departure::Post { action: known.sso_url.clone(), fields }
            }
            Binding::Redirect => {
                let query = encode_redirect("SAMLRequest", &request.to_xml(), Some(login.state), self.signing.as_ref());
                Departure::Get(with_query(&known.sso_url, &query))
            }
        };
        Ok(Redirection { to, data: Vec::new() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let field = login.parameters.get("SAMLResponse");
        if !login.posted || field.is_empty() {
            return Err(UpstreamError::Unacceptable("there is no SAMLResponse in a form".into()));
        }
        let known = self.provider.known(login.now).await?;
        let request = RequestId::Is(login.state);
        let mut judgement = self.judge_field(field, &known, request, login.now);
        if matches!(&judgement.outcome, Err(refusal) if refusal.check == Check::Signature) {
            // Perhaps it signs with a new key since a moment ago.
            let anew = self.provider.known_anew(login.now).await.filter(|anew| !Arc::ptr_eq(anew, &known));
            if let Some(anew) = anew {
                judgement = self.judge_field(field, &anew, request, login.now);
            }
        }
        self.arrival(judgement, login.wanted.groups)
    }
}

impl Saml {
    fn arrival(&self, judgement: Judgement, groups: bool) -> Result<Arrival, UpstreamError> {
        let user_id = judgement.user_id.unwrap_or_default();
        let accepted = judgement.outcome.map_err(|refusal| self.refused(refusal, user_id))?;
        let mut identity = accepted.identity;
        if !groups {
            identity.groups.clear();
        }
        Ok(Arrival { identity, once: Some(accepted.once), logout: Vec::new() })
    }

    fn refused(&self, refusal: Refusal, user_id: String) -> UpstreamError {
        match refusal.check {
            Check::Status => UpstreamError::Denied(refusal.reason),
            Check::Groups => UpstreamError::NotInRequiredGroups { user_id, groups: self.rules.groups.allowed.clone() },
            _ => UpstreamError::Unacceptable(refusal.to_string()),
        }
    }
}

/// A URL with more parameters behind those it has. They are signed as they are, and stay so.
fn with_query(url: &Url, query: &str) -> Url {
    let mut url = url.clone();
    let joined = match url.query() {
        Some(own) if !own.is_empty() => format!("{own}&{query}"),
        _ => query.to_owned(),
    };
    url.set_query(Some(&joined));
    url
}
