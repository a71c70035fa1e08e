//! `refresh_token` (RFC 6749 §6; oidc-core spec, 20).

use dex_model::{Claims, RefreshError, RefreshToken, Rotated, TokenSecret};
use dex_oidc::{GrantType, go_list, split_words};
use dex_storage::{Change, Read, StorageError};
use dex_web::TokenError;

use crate::endpoint::Grant;
use crate::family::{self, Held};
use crate::mint::{Authorized, Issue, Subject, invalid_scope};
use crate::{session, upstream};

const INVALID: &str = "Refresh token is invalid or has already been claimed by another client.";

/// Why a rotation was not written.
enum NotRotated {
    Refused(RefreshError),
    Storage(StorageError),
}

impl From<StorageError> for NotRotated {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// A move of a family that is still to be written.
///
/// The tokens are signed first: a signer in another program may be down, and the client then comes again with what it
/// holds.
pub(crate) struct Rotation {
    held: Held,
    seen: Read<RefreshToken>,
    claims: Claims,
}

/// Answers a refresh token: reads, and asks the upstream. The caller then signs, and writes the rotation.
pub(crate) async fn redeem(grant: &Grant<'_>) -> Result<(Authorized, Option<Rotation>), TokenError> {
    let held = parse(grant.form.get("refresh_token"))?;
    let seen = find(grant, &held).await?;
    let token = &seen.record;
    let scopes = requested_scopes(grant.form.get("scope"), &token.scopes)?;
    let moved = match token.check(held.secret.expose(), &grant.app.settings.refresh, grant.now) {
        Ok(moved) => moved,
        Err(error) => return Err(refuse(grant, token, error).await),
    };
    let session_id = session::of_refresh(grant.app, grant.client, token, grant.now).await?;
    let (claims, moves_on) = match moved {
        Rotated::Current => (upstream::ask(grant, token, &scopes).await?, true),
        Rotated::Retold => {
            let claims = token.claims.clone();
            let opened =
                upstream::resolve(grant.app, grant.client, &token.connector_id, GrantType::RefreshToken).await?;
            upstream::admit(grant.client, &opened, &claims, GrantType::RefreshToken)?;
            (claims, false)
        }
    };
    let authorized = Authorized {
        refresh_token: Some(family::held(&token.id, &token.current)),
        code: None,
        access_jti: None,
        issue: Issue::AccessAndId,
        subject: Subject {
            client_id: token.client_id.clone(),
            claims: claims.clone(),
            connector_id: token.connector_id.clone(),
            scopes,
            nonce: token.nonce.clone(),
            auth_time: None,
            session_id,
        },
    };
    Ok((authorized, moves_on.then_some(Rotation { held, seen, claims })))
}

fn parse(text: &str) -> Result<Held, TokenError> {
    if text.is_empty() {
        return Err(TokenError::invalid_request("No refresh token is found in request."));
    }
    Ok(Held::read(text))
}

async fn find(grant: &Grant<'_>, held: &Held) -> Result<Read<RefreshToken>, TokenError> {
    let token = grant.app.store.read::<RefreshToken>(&held.id).await?;
    let token = token.filter(|token| token.record.client_id == grant.client.id);
    token.ok_or_else(|| TokenError::invalid_grant(INVALID))
}

/// A narrower set than was granted may be asked for, never a wider one.
fn requested_scopes(text: &str, granted: &[String]) -> Result<Vec<String>, TokenError> {
    let requested: Vec<String> = split_words(text).map(str::to_owned).collect();
    if requested.is_empty() {
        return Ok(granted.to_vec());
    }
    let wider: Vec<&str> = requested.iter().filter(|scope| !granted.contains(scope)).map(String::as_str).collect();
    if wider.is_empty() {
        return Ok(requested);
    }
    Err(invalid_scope(format!("Requested scopes contain unauthorized scope(s): {}.", go_list(wider))))
}

/// Moves the family on: compares and swaps. Answers the refresh token that the client holds from now on.
pub(crate) async fn rotate(grant: &Grant<'_>, rotation: Rotation) -> Result<TokenSecret, TokenError> {
    let Rotation { held, seen, claims } = rotation;
    let next = family::new_secret();
    let policy = &grant.app.settings.refresh;
    let changed = grant
        .app
        .store
        .update_read(seen.clone(), |token: RefreshToken| {
            let stored = token.clone();
            match token.rotate(held.secret.expose(), next.clone(), &claims, policy, grant.now) {
                Ok((token, _)) => Ok(token),
                // It was current when this request was checked, so the two ran side by side: no theft.
                Err(RefreshError::Reused) => Ok(stored),
                Err(error) => Err(NotRotated::Refused(error)),
            }
        })
        .await;
    match changed {
        Ok(Change::Made(token)) => Ok(family::held(&token.id, &token.current)),
        Ok(Change::Missing) => Err(TokenError::invalid_grant(INVALID)),
        Err(NotRotated::Storage(error)) => Err(error.into()),
        Err(NotRotated::Refused(error)) => Err(refuse(grant, &seen.record, error).await),
    }
}

async fn refuse(grant: &Grant<'_>, token: &RefreshToken, error: RefreshError) -> TokenError {
    let token_id = token.id.as_str();
    match error {
        RefreshError::Expired => {
            tracing::info!(token_id, "refresh token expired");
            TokenError::invalid_grant("Refresh token expired.")
        }
        RefreshError::Unknown => TokenError::invalid_grant(INVALID),
        RefreshError::Reused => {
            tracing::warn!(token_id, "refresh token claimed twice, its family is revoked");
            match family::end(&grant.app.store, token).await {
                Ok(()) => TokenError::invalid_grant(INVALID),
                Err(error) => error.into(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_narrowed_never_widened() {
        let granted: Vec<String> = ["openid", "email"].map(str::to_owned).to_vec();
        let cases = [
            ("", Ok(vec!["openid", "email"])),
            (" email", Ok(vec!["email"])),
            ("openid x y", Err(r#"Requested scopes contain unauthorized scope(s): ["x" "y"]."#)),
        ];
        for (text, expected) in cases {
            let got = requested_scopes(text, &granted).map_err(|error| error.description);
            let expected = expected.map(|s: Vec<&str>| s.into_iter().map(str::to_owned).collect());
            assert_eq!(got, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn what_is_no_pair_is_a_legacy_token() {
        let legacy = parse("existedrefrestoken").unwrap();
        assert_eq!((legacy.id.as_str(), legacy.secret.is_empty()), ("existedrefrestoken", true));
        let pair = parse("CgR0ZXN0EgNiYXI").unwrap();
        assert_eq!((pair.id.as_str(), pair.secret.expose()), ("test", "bar"));
    }
}
