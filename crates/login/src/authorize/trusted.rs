//! A request whose client and redirect URI belong together, so that the client can be told what is wrong.

use std::time::Duration;

use dex_model::{AuthRequest, Client, ConnectorData, Login, TokenSecret, id, later};
use dex_oidc::{AuthorizeErrorCode, Form, GrantType, OUT_OF_BAND, Scope, go_list};
use dex_token::policy::{Whom, may_use};
use dex_web::{App, PageError};

use super::policy::derived_grant;
use super::request::{Asked, Refused, check, response_mode};
use super::rules::Rules;
use crate::hint::{self, HintError};
use crate::respond::{AuthorizeError, Destination};
use crate::upstream;
use crate::visit::Visit;

/// The client that `client_id` names.
pub(super) async fn find_client(visit: &Visit<'_>, parameters: &Form) -> Result<Option<Client>, PageError> {
    if let Some(name) = parameters.repeated(&["client_id", "redirect_uri"]) {
        return Err(PageError::bad_request(format!("Parameter {name:?} must not be repeated.")));
    }
    let id = parameters.get("client_id");
    if id.is_empty() {
        return Ok(None);
    }
    let client = visit.app.store.get::<Client>(id).await?;
    if let Some(client) = &client {
        may_use(client, Whom::Itself, GrantType::AuthorizationCode).map_err(upstream::refused)?;
    }
    Ok(client)
}

/// What a request asks for, all of it in order.
pub(super) struct Checked {
    pub(super) asked: Asked,
    /// The subject of its `id_token_hint`, where that means something.
    pub(super) hint: Option<String>,
}

/// A request that comes from a client, as far as a browser can tell.
pub(super) struct Trusted<'a> {
    pub(super) client: Client,
    pub(super) parameters: &'a Form,
    /// The grant it comes down to.
    pub(super) grant: GrantType,
    destination: Destination,
}

impl<'a> Trusted<'a> {
    /// The request of `client`, whose redirect URI must be its own.
    pub(super) fn new(visit: &Visit<'_>, client: Client, parameters: &'a Form) -> Result<Self, PageError> {
        let requested = parameters.get("redirect_uri");
        let Some(uri) = client.registered(requested, &visit.app.issuer.device_callback()) else {
            tracing::info!(redirect_uri = requested, client_id = client.id, "unregistered redirect_uri");
            return Err(PageError::bad_request("Unregistered redirect_uri."));
        };
        let destination = Destination {
            uri,
            mode: response_mode(parameters),
            state: parameters.get("state").to_owned(),
            login: None,
        };
        let grant = derived_grant(&visit.app.issuer, parameters);
        Ok(Self { client, parameters, grant, destination })
    }

    /// The refusal of this request, as the client will hear of it.
    pub(super) fn refuse(&self, code: AuthorizeErrorCode, description: impl Into<String>) -> AuthorizeError {
        AuthorizeError::Redirect { to: self.destination.clone(), code, description: description.into() }
    }

    /// What is asked for, once all of it is in order (oidc-core spec, 11.2).
    pub(super) async fn check(&self, visit: &Visit<'_>) -> Result<Checked, AuthorizeError> {
        let refused = |refused: Refused| self.refuse(refused.code, refused.description);
        let app = visit.app;
        let rules = Rules {
            settings: &app.settings,
            out_of_band: self.destination.uri.as_str() == OUT_OF_BAND,
            device: self.grant == GrantType::DeviceCode,
        };
        let asked = check(self.parameters, &rules).map_err(refused)?;
        self.check_connector(app).await?;
        self.check_peers(app, &asked.scopes).await?;
        let hint = self.check_hint(app).await?;
        let hint = hint.filter(|_| app.settings.sessions.is_some());
        Ok(Checked { asked, hint })
    }

    /// The login that now begins.
    ///
    /// With browser sessions, whoever lets a device in is always asked: nothing may have been typed but the code that
    /// somebody else told them (RFC 8628 §5.4).
    pub(super) fn login(&self, visit: &Visit<'_>, checked: Checked, connector_id: &str) -> AuthRequest {
        let settings = &visit.app.settings;
        let valid_for: Duration = settings.auth_requests_valid_for;
        let Checked { asked, hint } = checked;
        let lets_device_in = settings.sessions.is_some() && self.grant == GrantType::DeviceCode;
        let mut response_types = asked.response_types;
        response_types.extend(hint.as_deref().map(AuthRequest::subject_word));
        AuthRequest {
            id: id::new_login_id(),
            client_id: self.client.id.clone(),
            response_types,
            scopes: asked.scopes,
            redirect_uri: self.destination.uri.as_str().to_owned(),
            nonce: self.parameters.get("nonce").to_owned(),
            state: self.destination.state.clone(),
            force_approval_prompt: asked.force_approval_prompt || lets_device_in,
            prompt: asked.prompt.canonical(),
            max_age: asked.max_age,
            expiry: later(visit.now, valid_for),
            login: Login::Awaited,
            connector_id: connector_id.to_owned(),
            connector_data: ConnectorData::default(),
            pkce: asked.pkce,
            hmac_key: TokenSecret::new(id::new_long_id()),
            mfa_validated: false,
            webauthn_session_data: None,
        }
    }

    async fn check_connector(&self, app: &App) -> Result<(), AuthorizeError> {
        let wanted = self.parameters.get("connector_id");
        if wanted.is_empty() {
            return Ok(());
        }
        let refuse = |description| Err(self.refuse(AuthorizeErrorCode::InvalidRequest, description));
        if app.store.get::<dex_model::Connector>(wanted).await?.is_none() {
            return refuse("Invalid ConnectorID");
        }
        if !self.client.allows_connector(wanted) {
            return refuse("Connector not allowed for this client");
        }
        Ok(())
    }

    /// Another client's audience is for those whom that client trusts (oidc-core spec, 8.3).
    async fn check_peers(&self, app: &App, scopes: &[String]) -> Result<(), AuthorizeError> {
        let mut untrusted = Vec::new();
        for scope in scopes {
            let Scope::Audience(peer) = Scope::of(scope) else {
                continue;
            };
            let trusted = peer == self.client.id
                || app.store.get::<Client>(peer).await?.is_some_and(|peer| peer.trusts(&self.client.id));
            if !trusted {
                untrusted.push(scope.as_str());
            }
        }
        if untrusted.is_empty() {
            return Ok(());
        }
        let description = format!("Client can't request scope(s) {}", go_list(untrusted));
        Err(self.refuse(AuthorizeErrorCode::InvalidScope, description))
    }

    /// The subject of the hint. It must be an ID token of ours; it may be old.
    async fn check_hint(&self, app: &App) -> Result<Option<String>, AuthorizeError> {
        let hint = self.parameters.get("id_token_hint");
        if hint.is_empty() {
            return Ok(None);
        }
        match hint::verified(app, hint).await {
            Ok(claims) => Ok(Some(claims.sub)),
            Err(HintError::NoKeys) => {
                Err(self.refuse(AuthorizeErrorCode::TemporarilyUnavailable, "Please try again later."))
            }
            Err(HintError::Invalid) => Err(self.refuse(AuthorizeErrorCode::InvalidRequest, "Invalid id_token_hint.")),
        }
    }
}
