//! `authorization_code` (RFC 6749 §4.1.3; oidc-core spec, 18.1).

use std::time::Duration;

use dex_jose::sha256;
use dex_model::{
    AuthCode, Client, ConnectorData, Pkce, RefreshToken, Spent, Timestamp, TokenSecret, ZERO_TIME, id, later,
};
use dex_oidc::{GrantType, Scope, pkce_matches};
use dex_storage::Write;
use dex_web::connectors::{ConnectorError, Opened};
use dex_web::{App, TokenError};

use crate::endpoint::Grant;
use crate::mint::{Authorized, Issue, Kind, Subject};
use crate::policy::{Whom, may_use};
use crate::{family, session, upstream};

/// How long a mark is kept beyond the code's life: a request that came in time may have to wait for a signer in another
/// program before it finds the mark, and the clocks of replicas differ.
const MARKS_KEPT_BEYOND: Duration = Duration::from_secs(120);

const INVALID: &str = "Invalid or expired code parameter.";

/// A code that is still to be used up.
///
/// Its tokens are signed first: a signer in another program may be down, and the client then comes again with the
/// same code.
pub(crate) struct Redeemed {
    code: AuthCode,
    /// Whether it lies in a row, which is then of no use any more. A sealed code has another text than its id.
    stored: bool,
    family: Option<RefreshToken>,
}

/// Checks a code. The caller then signs what it stands for, and settles.
pub(crate) async fn redeem(grant: &Grant<'_>) -> Result<(Authorized, Redeemed), TokenError> {
    let text = grant.form.get("code");
    if text.is_empty() {
        return Err(TokenError::invalid_request("Required param: code."));
    }
    let code = find(grant.app, text).await?;
    let code = code.filter(|code| !code.expired(grant.now) && code.client_id == grant.client.id);
    let code = code.ok_or_else(|| TokenError::invalid_grant(INVALID))?;
    check_verifier(code.pkce.as_ref(), grant.form.get("code_verifier"))?;
    if grant.form.get("redirect_uri") != code.redirect_uri {
        return Err(TokenError::invalid_grant("redirect_uri did not match URI from initial request."));
    }
    // Hybrid requests begin as implicit ones.
    let grants = [GrantType::AuthorizationCode, GrantType::Implicit];
    let opened = still_allowed(grant.app, grant.client, &code, &grants, grant.now).await?;
    let refreshable = refreshable(grant.app, grant.client, &opened, &code);
    Ok(issue(refreshable, code, text, grant.now))
}

/// The connector of a code, if its client may still use it through one of `grants`: a policy or the account may have
/// changed since the code was issued.
pub(crate) async fn still_allowed(
    app: &App,
    client: &Client,
    code: &AuthCode,
    grants: &[GrantType],
    now: Timestamp,
) -> Result<Opened, TokenError> {
    if session::blocked(app, (&code.claims.user_id, &code.connector_id), now).await? {
        return Err(TokenError::invalid_grant("The account is locked."));
    }
    let opened = app.connectors.get(&code.connector_id).await.map_err(|error| match error {
        ConnectorError::Unknown => TokenError::invalid_grant(INVALID).because(error),
        ConnectorError::Broken(_) => TokenError::unavailable(error),
        ConnectorError::Storage(error) => error.into(),
    })?;
    let mut refusal = None;
    for grant in grants {
        match may_use(client, Whom::User(&opened.about, &code.claims), *grant) {
            Ok(()) => return Ok(opened),
            Err(error) => refusal = Some(error),
        }
    }
    Err(TokenError::invalid_grant(refusal.map_or_else(String::new, |refusal| refusal.to_string())))
}

/// What a code stands for: itself if it was sealed, else a record.
pub(crate) async fn find(app: &App, text: &str) -> Result<Option<AuthCode>, TokenError> {
    match app.seals.open_code(text) {
        Some(code) => Ok(Some(code)),
        None => Ok(app.store.get::<AuthCode>(text).await?),
    }
}

/// Uses a code up. Who inserts its mark first has it; everyone after that replays it, and what it had brought
/// is revoked (RFC 6749 §4.1.2).
async fn spend(app: &App, code: &AuthCode) -> Result<(), TokenError> {
    let mark = Spent { id: format!("code/{}", code.id), expiry: later(code.expiry, MARKS_KEPT_BEYOND) };
    if app.store.insert(mark).await? == Write::Lost {
        revoke_issued(app, code).await?;
        tracing::warn!(client_id = %code.client_id, "authorization code used twice, its tokens are revoked");
        return Err(TokenError::invalid_grant(INVALID));
    }
    Ok(())
}

async fn revoke_issued(app: &App, code: &AuthCode) -> Result<(), TokenError> {
    // The winner may have begun after this request, though while the code lived.
    let dead = later(code.expiry, app.settings.id_tokens_valid_for + MARKS_KEPT_BEYOND);
    // The winner may not have begun its family yet; it looks for this mark afterwards.
    let _ = app.store.insert(replayed_mark(code)).await?;
    app.revoked.revoke(&app.store, &access_jti(code), dead).await?;
    if let Some(token) = app.store.get::<RefreshToken>(&refresh_id(code)).await? {
        family::end(&app.store, &token).await?;
    }
    Ok(())
}

fn replayed_mark(code: &AuthCode) -> Spent {
    Spent { id: format!("replayed/{}", code.id), expiry: later(code.expiry, MARKS_KEPT_BEYOND) }
}

/// The ids of what a code brings follow from the code, so that its replay finds them.
fn derived(code: &AuthCode, what: &str) -> [u8; 16] {
    let hash = sha256(format!("dex {what} {}", code.id).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes
}

fn access_jti(code: &AuthCode) -> String {
    Kind::Access.jti_from(derived(code, "access token"))
}

fn refresh_id(code: &AuthCode) -> String {
    id::id_from(&derived(code, "refresh token"))
}

/// Whether a code brings a refresh token. One that is to end with a session can begin with one only.
pub(crate) fn refreshable(app: &App, client: &Client, opened: &Opened, code: &AuthCode) -> bool {
    let bound = app.settings.sessions.is_some() && client.refresh_ends_with_session();
    upstream::refreshable(opened, &code.scopes) && !(bound && code.session_id.is_empty())
}

/// What a code brings, and what is then to be written.
pub(crate) fn issue(refreshable: bool, code: AuthCode, text: &str, now: Timestamp) -> (Authorized, Redeemed) {
    let family = refreshable.then(|| new_family(&code, now));
    let openid = code.scopes.iter().any(|scope| Scope::of(scope) == Scope::OpenId);
    let authorized = Authorized {
        access_jti: Some(access_jti(&code)),
        refresh_token: family.as_ref().map(|token| family::held(&token.id, &token.current)),
        code: Some(TokenSecret::new(text)),
        issue: if openid { Issue::AccessAndId } else { Issue::Access },
        subject: Subject {
            client_id: code.client_id.clone(),
            claims: code.claims.clone(),
            connector_id: code.connector_id.clone(),
            scopes: code.scopes.clone(),
            nonce: code.nonce.clone(),
            auth_time: (code.auth_time != ZERO_TIME).then_some(code.auth_time),
            session_id: code.session_id.clone(),
        },
    };
    let stored = text == code.id;
    (authorized, Redeemed { code, stored, family })
}

impl Redeemed {
    /// Uses the code up, and then begins the family of its refresh token.
    ///
    /// # Errors
    ///
    /// `invalid_grant` for the code's second use, or if its session was ended meanwhile; what was signed for it must go nowhere.
    pub(crate) async fn settle(self, app: &App) -> Result<(), TokenError> {
        spend(app, &self.code).await?;
        if self.stored {
            // The mark tells its replays; Dex beside us leaves none, but takes the row.
            if app.store.remove::<AuthCode>(&self.code.id).await? == Write::Lost {
                return Err(TokenError::invalid_grant(INVALID));
            }
        }
        // Whoever ended it could not end what comes after.
        if session::gone(app, &self.code.session_id).await? {
            return Err(TokenError::invalid_grant("The session this code belongs to has ended."));
        }
        match self.family {
            Some(token) => begin_family(app, &self.code, token).await,
            None => Ok(()),
        }
    }
}

fn new_family(code: &AuthCode, now: Timestamp) -> RefreshToken {
    RefreshToken {
        id: refresh_id(code),
        current: family::new_secret(),
        obsolete: TokenSecret::default(),
        created_at: now,
        last_used: now,
        client_id: code.client_id.clone(),
        connector_id: code.connector_id.clone(),
        // It lies in the offline session, where Dex looks too when there is none here. Two copies would be used twice.
        connector_data: ConnectorData::default(),
        claims: code.claims.clone(),
        scopes: code.scopes.clone(),
        nonce: code.nonce.clone(),
    }
}

async fn begin_family(app: &App, code: &AuthCode, token: RefreshToken) -> Result<(), TokenError> {
    family::begin(&app.store, token.clone(), &code.connector_data, &code.session_id).await?;
    if app.store.get::<Spent>(&replayed_mark(code).id).await?.is_some() {
        // Replayed meanwhile: the answer is still this one's, but what it holds is revoked already.
        family::end(&app.store, &token).await?;
    }
    Ok(())
}

/// Whether the verifier answers the challenge that the flow began with (oidc-core spec, 18.1).
pub(crate) fn check_verifier(pkce: Option<&Pkce>, verifier: &str) -> Result<(), TokenError> {
    match (verifier, pkce) {
        ("", None) => Ok(()),
        ("", Some(_)) => Err(TokenError::invalid_grant("Expecting parameter code_verifier in PKCE flow.")),
        (_, None) => Err(TokenError::invalid_request("No PKCE flow started. Cannot check code_verifier.")),
        (verifier, Some(pkce)) => {
            let answers = pkce
                .code_challenge_method
                .parse()
                .is_ok_and(|method| pkce_matches(&pkce.code_challenge, method, verifier));
            if answers { Ok(()) } else { Err(TokenError::invalid_grant("Invalid code_verifier.")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifiers_are_checked_as_section_18_1_says() {
        let pkce = |method: &str| Pkce {
            code_challenge: "lyyl-X4a69qrqgEfUL8wodWic3Be9ZZ5eovBgIKKi-w".into(),
            code_challenge_method: method.into(),
        };
        let cases = [
            ("none at all", None, "", Ok(())),
            ("S256", Some(pkce("S256")), "challenge123", Ok(())),
            ("wrong", Some(pkce("S256")), "challenge124", Err("Invalid code_verifier.")),
            ("the challenge itself", Some(pkce("S256")), &pkce("").code_challenge, Err("Invalid code_verifier.")),
            ("plain", Some(pkce("plain")), &pkce("").code_challenge, Ok(())),
            ("missing", Some(pkce("S256")), "", Err("Expecting parameter code_verifier in PKCE flow.")),
            ("not begun", None, "x", Err("No PKCE flow started. Cannot check code_verifier.")),
        ];
        for (told, pkce, verifier, expected) in cases {
            let got = check_verifier(pkce.as_ref(), verifier).map_err(|error| error.description);
            assert_eq!(got, expected.map_err(str::to_owned), "{told}");
        }
    }
}
