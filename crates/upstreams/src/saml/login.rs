//! A login: sending the browser there, and judging what it brings back.

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Arrival, Finish, RedirectLogin, Redirection, Start, UpstreamError};
use dex_saml::{AuthnRequest, Check, Refusal, RequestId};

use super::Saml;
use super::judge::Judgement;
use super::send::Parcel;

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
        let state = Some(login.state);
        let parcel =
            Parcel { parameter: "SAMLRequest", relay_state: state, to: &known.sso_url, binding: known.binding };
        let write = |key: Option<&_>| key.map_or_else(|| request.to_xml(), |key| request.signed(key));
        let to = parcel.depart(self.signing.as_deref(), write);
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
        Ok(Arrival { identity, once: Some(accepted.once), logout: accepted.logout })
    }

    fn refused(&self, refusal: Refusal, user_id: String) -> UpstreamError {
        match refusal.check {
            Check::Status => UpstreamError::Denied(refusal.reason),
            Check::Groups => UpstreamError::NotInRequiredGroups { user_id, groups: self.rules.groups.allowed.clone() },
            _ => UpstreamError::Unacceptable(refusal.to_string()),
        }
    }
}
