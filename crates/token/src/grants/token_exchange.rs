//! `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693; oidc-core spec, 18.6).

use dex_connector::SubjectToken;
use dex_oidc::{GrantType, TokenErrorCode, split_words};
use dex_web::TokenError;
use http::StatusCode;

use crate::endpoint::Grant;
use crate::mint::{ACCESS_TOKEN_TYPE, Authorized, ID_TOKEN_TYPE, Issue, Kind, Subject};
use crate::{session, upstream};

/// Exchanges a token of an upstream's for one of ours.
pub(crate) async fn redeem(grant: &Grant<'_>) -> Result<Authorized, TokenError> {
    let form = grant.form;
    let opened = upstream::resolve(grant.app, grant.client, form.get("connector_id"), GrantType::TokenExchange).await?;
    let subject_kind =
        kind(form.get("subject_token_type")).ok_or_else(|| unsupported("Invalid subject_token_type."))?;
    let token = form.get("subject_token");
    if token.is_empty() {
        return Err(TokenError::invalid_request("Missing subject_token"));
    }
    let issue = match form.get("requested_token_type") {
        "" => Kind::Access,
        requested => kind(requested).ok_or_else(|| unsupported("Invalid requested_token_type."))?,
    };
    let connector = opened.connector.token_identity();
    let connector = connector.ok_or_else(|| TokenError::invalid_request("Requested connector does not exist."))?;
    let presented = match subject_kind {
        Kind::Access => SubjectToken::Access(token),
        Kind::Id => SubjectToken::Id(token),
    };
    let denied = || TokenError::new(TokenErrorCode::AccessDenied, "").with(StatusCode::UNAUTHORIZED);
    let identity = connector.identify(presented).await.map_err(|error| upstream::refused(error, denied()))?;
    let (claims, _) = upstream::claims_of(identity);
    upstream::admit(grant.client, &opened, &claims, GrantType::TokenExchange)?;
    if session::blocked(grant.app, (&claims.user_id, &opened.about.id), grant.now).await? {
        return Err(denied());
    }
    let suffix = if claims.email_verified { "" } else { " (unverified)" };
    tracing::info!(
        connector_id = %opened.about.id,
        client_id = %grant.client.id,
        user_id = claims.user_id,
        username = claims.username,
        preferred_username = claims.preferred_username,
        email = format!("{}{suffix}", claims.email),
        groups = ?claims.groups,
        subject_token_type = %form.get("subject_token_type"),
        "token exchange successful"
    );
    Ok(Authorized {
        refresh_token: None,
        code: None,
        access_jti: None,
        issue: Issue::Exchanged(issue),
        subject: Subject {
            client_id: grant.client.id.clone(),
            claims,
            connector_id: opened.about.id.clone(),
            scopes: split_words(form.get("scope")).map(str::to_owned).collect(),
            nonce: String::new(),
            auth_time: None,
            session_id: String::new(),
        },
    })
}

fn kind(urn: &str) -> Option<Kind> {
    match urn {
        ACCESS_TOKEN_TYPE => Some(Kind::Access),
        ID_TOKEN_TYPE => Some(Kind::Id),
        _ => None,
    }
}

fn unsupported(text: &str) -> TokenError {
    TokenError::new(TokenErrorCode::RequestNotSupported, text)
}
