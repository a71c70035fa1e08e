//! What this browser's session spares its user (sessions spec, 2.10 to 2.12).

use axum::response::Response;
use dex_connector::LoginMethod;
use dex_model::{AuthSession, Connector, ConnectorData, OfflineSessions};
use dex_oidc::{AuthorizeErrorCode, Form, Prompt, decode_pair, subject};
use dex_session::Reuse;
use dex_storage::StorageError;
use dex_web::PageError;
use dex_web::connectors::Opened;

use super::trusted::{Checked, Trusted};
use crate::dispatch::{proceed, too_late};
use crate::finish::{blocked, locked};
use crate::pending::{Kept, Pending};
use crate::respond::AuthorizeError;
use crate::upstream::{self, Chosen};
use crate::visit::Visit;

/// What a client that forbids to ask hears when nobody is logged in.
pub(super) const NOBODY: &str = "User not authenticated";

/// The same, when it is somebody else.
const SOMEBODY_ELSE: &str = "id_token_hint does not match authenticated user";

/// `prompt`, as far as sessions give it a meaning before the request is checked.
pub(super) fn prompt(visit: &Visit<'_>, parameters: &Form) -> Prompt {
    match visit.app.settings.sessions {
        Some(_) => Prompt::parse(parameters.get("prompt")).unwrap_or_default(),
        None => Prompt::default(),
    }
}

/// The same request once its user has chosen: now they log in there, whoever the session says they are.
pub(super) fn chosen(parameters: &Form, prompt: Prompt) -> Form {
    if !prompt.select_account {
        return parameters.clone();
    }
    with_prompt(parameters, Prompt { select_account: false, login: true, ..prompt })
}

/// The same request for somebody who wants to choose again. Whatever else its client asked of them stays asked.
pub(super) fn asking_again(visit: &Visit<'_>, parameters: Form) -> Form {
    if visit.app.settings.sessions.is_none() {
        return parameters;
    }
    let prompt = prompt(visit, &parameters);
    with_prompt(&parameters, Prompt { select_account: true, ..prompt })
}

fn with_prompt(parameters: &Form, prompt: Prompt) -> Form {
    parameters.clone().without("prompt").and(Form::of([("prompt", prompt.canonical().as_str())]))
}

/// Whether a session can decide which connectors are shown.
pub(super) fn matters(visit: &Visit<'_>, prompt: Prompt) -> bool {
    let settings = &visit.app.settings;
    settings.sessions.is_some() && (prompt.none || !(settings.always_show_login_screen || prompt.select_account))
}

/// The connector of this browser's session, or of the user that the client names, if it is one of these.
pub(super) async fn connector<'a>(
    visit: &Visit<'_>,
    checked: &Checked,
    connectors: &'a [Connector],
) -> Result<Option<&'a Connector>, StorageError> {
    if !matters(visit, checked.asked.prompt) {
        return Ok(None);
    }
    let hinted = checked.hint.as_deref().and_then(decode_pair).map(|subject| subject.second);
    let wanted = match hinted {
        Some(hinted) => Some(hinted),
        None => visit.session().await?.map(|session| session.connector_id),
    };
    Ok(wanted.and_then(|id| connectors.iter().find(|connector| connector.id == id)))
}

fn is_of(session: &AuthSession, hint: Option<&str>) -> bool {
    hint.is_none_or(|hint| hint == subject(&session.user_id, &session.connector_id))
}

/// How a request goes on at its connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision<'a> {
    /// By the session, if that is good enough for this client.
    Use(&'a AuthSession),
    /// By logging in.
    Ask,
    /// By asking who is to log in.
    Choose,
    /// Not at all: nothing may be asked.
    Refuse(&'static str),
}

/// Decides what the session is worth to a request for a connector. `max_age` counts from the login at this browser, which
/// `dex-session` knows; only that 0 asks for a login in any case is known here.
fn decide<'a>(
    (prompt, max_age): (Prompt, Option<u32>),
    hint: Option<&str>,
    session: Option<&'a AuthSession>,
    connector_id: &str,
) -> Decision<'a> {
    let session = session.filter(|session| session.connector_id == connector_id);
    let asks = prompt.login || max_age == Some(0);
    match session {
        _ if prompt.select_account => Decision::Choose,
        Some(session) if is_of(session, hint) && !asks => Decision::Use(session),
        _ if !prompt.none => Decision::Ask,
        Some(session) if !is_of(session, hint) => Decision::Refuse(SOMEBODY_ELSE),
        _ => Decision::Refuse(NOBODY),
    }
}

/// How a user gets in.
pub(super) enum WayIn {
    /// By the session of this browser.
    Session(Box<Reuse>),
    /// By the connector, as the user is asked to confirm.
    Choice,
    /// By the connector.
    Login,
}

/// How the user of this request gets in through a connector.
///
/// # Errors
///
/// `login_required` for a client that forbids to ask.
pub(super) async fn way_in(
    visit: &Visit<'_>,
    trusted: &Trusted<'_>,
    checked: &Checked,
    opened: &Opened,
) -> Result<WayIn, AuthorizeError> {
    let refuse = |description| Err(trusted.refuse(AuthorizeErrorCode::LoginRequired, description));
    let (asked, hint) = (&checked.asked, checked.hint.as_deref());
    let sessions = visit.app.settings.sessions.is_some();
    let session = if sessions { visit.session().await? } else { None };
    let prompt = Prompt { select_account: sessions && asked.prompt.select_account, ..asked.prompt };
    match decide((prompt, asked.max_age), hint, session.as_ref(), &opened.about.id) {
        Decision::Refuse(description) => refuse(description),
        Decision::Choose if goes_unseen(opened) => Ok(WayIn::Choice),
        Decision::Choose | Decision::Ask => Ok(WayIn::Login),
        Decision::Use(session) => match reuse(visit, trusted, checked, opened, session).await? {
            Some(reuse) => Ok(WayIn::Session(Box::new(reuse))),
            // Its user hears that rather than be asked to log in, in vain.
            None if locked(visit, (&session.user_id, &session.connector_id)).await? => {
                Err(refused(trusted, prompt, blocked()))
            }
            None if prompt.none => refuse(NOBODY),
            None => Ok(WayIn::Login),
        },
    }
}

/// A refusal for the user, or for the client if nothing may be shown.
fn refused(trusted: &Trusted<'_>, prompt: Prompt, error: PageError) -> AuthorizeError {
    if prompt.none { trusted.refuse(AuthorizeErrorCode::AccessDenied, error.message) } else { error.into() }
}

/// Whether a login through this connector may come to its end without a page on which the user says who they are.
fn goes_unseen(opened: &Opened) -> bool {
    match opened.connector.login() {
        LoginMethod::Redirect(_) => true,
        LoginMethod::Password(login) => login.negotiate().is_some_and(|negotiate| !negotiate.falls_back_to_password()),
    }
}

/// What the session brings, if that is all that this client wants.
async fn reuse(
    visit: &Visit<'_>,
    trusted: &Trusted<'_>,
    checked: &Checked,
    opened: &Opened,
    session: &AuthSession,
) -> Result<Option<Reuse>, StorageError> {
    let asked = &checked.asked;
    let wanted = dex_token::wanted(&trusted.client, &asked.scopes);
    if wanted.offline_access && !refreshes(visit, opened, session).await? {
        return Ok(None);
    }
    let reuse = dex_session::reuse(visit.app, session, &trusted.client, asked.max_age, visit.now).await?;
    // An upstream that was never asked for groups has told none. Whoever has none is sent there and comes back at once.
    let told = |reuse: &Reuse| {
        !wanted.groups || asked.prompt.none || !upstream::is_redirect(opened) || !reuse.claims.groups.is_empty()
    };
    Ok(reuse.filter(told))
}

/// Whether a refresh will know what the upstream wants for it. A session keeps nothing of that, so it must lie there from
/// another login of the user's.
async fn refreshes(visit: &Visit<'_>, opened: &Opened, session: &AuthSession) -> Result<bool, StorageError> {
    if !opened.connector.refresh().is_some_and(|refresh| refresh.needs_data()) {
        return Ok(true);
    }
    let whose = (session.user_id.as_str(), session.connector_id.as_str());
    let kept = visit.app.store.get::<OfflineSessions>(whose).await?;
    Ok(kept.is_some_and(|kept| !kept.connector_data.is_empty()))
}

/// Logs in whom the session names. All that an interactive login has to pass stands before it as well.
pub(super) async fn log_in(
    visit: &Visit<'_>,
    trusted: Trusted<'_>,
    checked: Checked,
    opened: Opened,
    reuse: Reuse,
) -> Result<Response, AuthorizeError> {
    let prompt = checked.asked.prompt;
    let request = trusted.login(visit, checked, &opened.about.id);
    let chosen = Chosen::new(trusted.client.clone(), opened, trusted.grant);
    chosen.admit(&reuse.claims).map_err(|error| refused(&trusted, prompt, error))?;
    let Reuse { claims, auth_time, .. } = reuse;
    tracing::info!(connector_id = request.connector_id, user_id = claims.user_id, "login by the browser's session");
    let request = request.log_in(claims, ConnectorData::default(), auth_time).map_err(too_late)?;
    proceed(visit, Pending { request, kept: Kept::Nowhere, session: None }, false).await
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
