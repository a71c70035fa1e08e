//! `password` (RFC 6749 §4.3; oidc-core spec, 18.4).

use dex_connector::{LoginMethod, PasswordAnswer};
use dex_model::{Claims, ConnectorData, RefreshToken, TokenSecret, id};
use dex_oidc::{GrantType, TokenErrorCode, go_list, split_words};
use dex_web::connectors::Opened;
use dex_web::{Attempt, CREDENTIAL_BYTES_MAX, TokenError};
use http::StatusCode;

use crate::endpoint::Grant;
use crate::mint::{Authorized, Issue, Subject};
use crate::second_factors::{FactorsError, second_factors};
use crate::{family, scopes, session, upstream};

/// Logs a user in by name and password through `oauth2.passwordConnector`.
pub(crate) async fn redeem(grant: &Grant<'_>) -> Result<Authorized, TokenError> {
    let scopes = check_scopes(grant).await?;
    let id = grant.app.settings.password_connector.as_deref().unwrap_or_default();
    let opened = upstream::resolve(grant.app, grant.client, id, GrantType::Password).await?;
    without_second_factor(grant, &opened, &scopes).await?;
    let LoginMethod::Password(connector) = opened.connector.login() else {
        return Err(TokenError::invalid_request("Requested password connector does not correct type."));
    };
    let (username, password) = (grant.form.get("username"), grant.form.get("password"));
    let refused = || {
        let refused = TokenError::new(TokenErrorCode::AccessDenied, "Invalid username or password");
        refused.with(StatusCode::UNAUTHORIZED)
    };
    if username.len().max(password.len()) > CREDENTIAL_BYTES_MAX {
        return Err(refused());
    }
    let attempt = Attempt::Password { connector_id: &opened.about.id, username, address: grant.address };
    let _running = grant.app.attempts.begin(attempt, grant.now)?;
    let answered = connector.log_in(upstream::wanted(grant.client, &scopes), username, password).await;
    let failed = || TokenError::invalid_request("Could not login user");
    let identity = match answered.map_err(|error| upstream::refused(error, failed()))? {
        PasswordAnswer::Identity(identity) => identity,
        PasswordAnswer::Wrong => {
            grant.app.attempts.failed(attempt, grant.now);
            return Err(refused());
        }
        PasswordAnswer::Refused(state) => {
            let refused = TokenError::new(TokenErrorCode::AccessDenied, state.to_string());
            return Err(refused.with(StatusCode::UNAUTHORIZED));
        }
    };
    let (claims, data) = upstream::claims_of(identity);
    upstream::admit(grant.client, &opened, &claims, GrantType::Password)?;
    if session::blocked(grant.app, (&claims.user_id, &opened.about.id), grant.now).await? {
        return Err(refused());
    }
    let nonce = grant.form.get("nonce").to_owned();
    let subject = Subject {
        client_id: grant.client.id.clone(),
        claims,
        connector_id: opened.about.id.clone(),
        scopes,
        nonce,
        auth_time: None,
        session_id: String::new(),
    };
    let refreshable = upstream::refreshable(&opened, &subject.scopes);
    let refresh_token = if refreshable { Some(begin_family(grant, &subject, &data).await?) } else { None };
    Ok(Authorized { subject, refresh_token, code: None, access_jti: None, issue: Issue::AccessAndId })
}

/// No second factor can be shown here, so nobody gets around one by this grant.
async fn without_second_factor(grant: &Grant<'_>, opened: &Opened, scopes: &[String]) -> Result<(), TokenError> {
    match second_factors(grant.app, grant.client, scopes, &opened.about.kind).await {
        Ok(chain) if chain.is_empty() => return Ok(()),
        Err(FactorsError::Storage(error)) => return Err(error.into()),
        Ok(_) | Err(FactorsError::Unknown(_)) => {}
    }
    let text = "The client's users show a second factor, which this grant cannot ask for.";
    Err(TokenError::new(TokenErrorCode::UnauthorizedClient, text))
}

async fn check_scopes(grant: &Grant<'_>) -> Result<Vec<String>, TokenError> {
    let scopes: Vec<String> = split_words(grant.form.get("scope")).map(str::to_owned).collect();
    let sorted = scopes::sort(&grant.app.store, &grant.client.id, &scopes).await?;
    let list = |scopes: &[String]| go_list(scopes.iter().map(String::as_str));
    let text = match &sorted {
        sorted if !sorted.openid => r#"Missing required scope(s) ["openid"]."#.to_owned(),
        sorted if !sorted.unknown.is_empty() => {
            format!("Unrecognized scope(s) {}", list(&sorted.unknown))
        }
        sorted if !sorted.untrusted.is_empty() => {
            format!("Client can't request scope(s) {}", list(&sorted.untrusted))
        }
        _ => return Ok(scopes),
    };
    Err(TokenError::new(TokenErrorCode::InvalidScope, text))
}

async fn begin_family(grant: &Grant<'_>, subject: &Subject, data: &ConnectorData) -> Result<TokenSecret, TokenError> {
    let token = RefreshToken {
        id: id::new_id(),
        current: family::new_secret(),
        obsolete: TokenSecret::default(),
        created_at: grant.now,
        last_used: grant.now,
        client_id: subject.client_id.clone(),
        connector_id: subject.connector_id.clone(),
        connector_data: ConnectorData::default(),
        claims: Claims::clone(&subject.claims),
        scopes: subject.scopes.clone(),
        nonce: subject.nonce.clone(),
    };
    let held = family::held(&token.id, &token.current);
    family::begin(&grant.app.store, token, data, "").await?;
    Ok(held)
}
