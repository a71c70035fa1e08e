//! Finding the login that a request is about.

use dex_model::{AuthRequest, AuthSession, Client, Login};
use dex_web::cookies::{self, COOKIE_BYTES_MAX};
use dex_web::{PageError, Step};
use http::{HeaderValue, StatusCode};

use crate::visit::Visit;

/// A login on its way.
pub(crate) struct Pending {
    pub(crate) request: AuthRequest,
    pub(crate) kept: Kept,
    /// The browser's session, if this very request began it, so that its cookie has not come with it.
    pub(crate) session: Option<AuthSession>,
}

/// Where a login is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nowhere yet: the browser's session said who logs in.
    Nowhere,
    /// By the browser alone.
    Sealed,
    /// In the store, where Dex put it; nobody has logged in.
    Awaited,
    /// In the store, and someone has logged in.
    Stored,
}

impl Kept {
    /// Whether there is a row that ends with the login.
    pub(crate) fn in_store(self) -> bool {
        matches!(self, Self::Awaited | Self::Stored)
    }
}

/// What a client hears whose login no cookie can hold.
pub(crate) const TOO_LONG: &str = "The request is too long.";

/// Lengths of the ids that Dex gives; a login it began is bound to no browser, and honoured so.
const DEX_ID_LENGTHS: std::ops::RangeInclusive<usize> = 25..=26;

/// The length of the ids that we give.
const LONG_ID_LENGTH: usize = 32;

const START_AGAIN: &str = "The login has expired, or it was started in another browser. Please go back to the \
                           application and start again.";

/// The login of this id that waits for somebody to log in: this browser's own, or one that Dex began.
pub(crate) async fn awaited(visit: &Visit<'_>, id: &str) -> Result<Pending, PageError> {
    if id.is_empty() {
        return Err(PageError::bad_request("User session error.").hint(START_AGAIN));
    }
    if let Some(request) = carried(visit, id) {
        return Ok(Pending { request, kept: Kept::Sealed, session: None });
    }
    let stored = if begun_by_dex(id) { visit.app.store.get::<AuthRequest>(id).await? } else { None };
    let unknown = || PageError::bad_request("Requested resource does not exist.").hint(START_AGAIN);
    let request = stored.ok_or_else(unknown)?;
    if request.expired(visit.now) {
        return Err(PageError::bad_request("User session has expired.").hint(START_AGAIN));
    }
    Ok(Pending { request, kept: Kept::Awaited, session: None })
}

/// The stored login that `req` names, for a browser that was sent here by `hmac` for one of `accepted`
/// (oidc-core spec, 15.1), and for which of them.
///
/// The signature proves the step, the cookie the browser: an address that leaked is worth nothing elsewhere.
pub(crate) async fn signed<'s>(visit: &Visit<'_>, accepted: &[Step<'s>]) -> Result<(AuthRequest, Step<'s>), PageError> {
    let unauthorized = || PageError::new(StatusCode::UNAUTHORIZED, "Unauthorized request");
    let gone = || PageError::bad_request("User session error.").hint(START_AGAIN);
    let parameters = visit.parameters("Failed to parse request.")?;
    let (id, hmac) = (parameters.get("req"), parameters.get("hmac"));
    if hmac.is_empty() {
        return Err(unauthorized());
    }
    let request = visit.app.store.get::<AuthRequest>(id).await?.ok_or_else(gone)?;
    if request.login == Login::Awaited {
        return Err(PageError::bad_request("Login process not yet finalized."));
    }
    let step = accepted.iter().copied().find(|step| step.verify(&request, hmac));
    let step = step.ok_or_else(unauthorized)?;
    if request.expired(visit.now) {
        return Err(PageError::bad_request("User session has expired.").hint(START_AGAIN));
    }
    if !begun_by_dex(id) && carried(visit, id).is_none() {
        return Err(gone());
    }
    Ok((request, step))
}

/// The client of a login; it may have gone since the login began.
pub(crate) async fn client_of(visit: &Visit<'_>, request: &AuthRequest) -> Result<Client, PageError> {
    let gone = || {
        PageError::bad_request("The application that this login is for is not registered any more.")
            .hint("Please tell whoever runs the application.")
    };
    visit.app.store.get::<Client>(&request.client_id).await?.ok_or_else(gone)
}

/// The cookies that give the browser this login to carry; `None` if it is too long for one ([`TOO_LONG`]).
pub(crate) fn carry(visit: &Visit<'_>, request: &AuthRequest) -> Result<Option<Vec<HeaderValue>>, PageError> {
    let app = visit.app;
    let Some(sealed) = app.seals.seal_request(request) else {
        return Err(PageError::new(StatusCode::SERVICE_UNAVAILABLE, "Login error."));
    };
    if sealed.len() > COOKIE_BYTES_MAX {
        return Ok(None);
    }
    let seconds = app.settings.auth_requests_valid_for.as_secs();
    Ok(Some(cookies::begin_login(&app.issuer, &visit.incoming.headers, &request.id, &sealed, seconds)))
}

fn carried(visit: &Visit<'_>, id: &str) -> Option<AuthRequest> {
    let sealed = cookies::login(&visit.incoming.headers, id)?;
    visit.app.seals.open_request(id, sealed, visit.now)
}

/// Whether this can be the id of a login, ours or Dex's.
pub(crate) fn names_a_login(id: &str) -> bool {
    begun_by_dex(id) || (id.len() == LONG_ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether this is the id of a login that Dex began.
pub(crate) fn begun_by_dex(id: &str) -> bool {
    DEX_ID_LENGTHS.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
