//! `client_credentials` (RFC 6749 §4.4; oidc-core spec, 18.3).

use dex_model::Claims;
use dex_oidc::{GrantType, Scope, TokenErrorCode, go_list, split_words};
use dex_web::TokenError;

use crate::endpoint::Grant;
use crate::mint::{Authorized, Issue, Subject, invalid_scope};
use crate::policy::{Whom, may_use};
use crate::{scopes, upstream};

/// A token that the client asks for itself.
pub(crate) async fn redeem(grant: &Grant<'_>) -> Result<Authorized, TokenError> {
    let client = grant.client;
    may_use(client, Whom::Itself, GrantType::ClientCredentials).map_err(upstream::refusal)?;
    let scopes: Vec<String> = split_words(grant.form.get("scope")).map(str::to_owned).collect();
    for scope in &scopes {
        if matches!(Scope::of(scope), Scope::OfflineAccess | Scope::FederatedId) {
            let text = format!("client_credentials grant does not support {scope} scope.");
            return Err(invalid_scope(text));
        }
    }
    let sorted = scopes::sort(&grant.app.store, &client.id, &scopes).await?;
    refuse(&sorted.unknown, "Unrecognized scope(s)")?;
    refuse(&sorted.untrusted, "Client can't request scope(s)")?;
    if client.public {
        let text = "Public clients cannot use client_credentials grant.";
        return Err(TokenError::new(TokenErrorCode::UnauthorizedClient, text));
    }
    let groups = client.client_credentials_claims.clone().unwrap_or_default().groups;
    let claims = Claims {
        user_id: client.id.clone(),
        username: client.name.clone(),
        preferred_username: client.name.clone(),
        groups,
        ..Claims::default()
    };
    Ok(Authorized {
        refresh_token: None,
        code: None,
        access_jti: None,
        issue: if sorted.openid { Issue::AccessAndId } else { Issue::Access },
        subject: Subject {
            client_id: client.id.clone(),
            claims,
            connector_id: String::new(),
            scopes,
            nonce: grant.form.get("nonce").to_owned(),
            auth_time: None,
            session_id: String::new(),
        },
    })
}

fn refuse(scopes: &[String], text: &str) -> Result<(), TokenError> {
    if scopes.is_empty() {
        return Ok(());
    }
    Err(invalid_scope(format!("{text} {}", go_list(scopes.iter().map(String::as_str)))))
}
