//! `/auth` before a connector is chosen (oidc-core spec, 10.1).

use axum::response::Response;
use dex_model::Connector;
use dex_oidc::{AuthorizeErrorCode, Form, Prompt};
use dex_pages::{ConnectorLink, EmailForm, HiddenField, Login};
use dex_web::{PageError, redirect};
use http::{Method, StatusCode};

use super::trusted::{Trusted, find_client};
use super::{policy, session};
use crate::respond::AuthorizeError;
use crate::visit::Visit;

/// The longest query that is carried on to a connector's address, in bytes.
const QUERY_BYTES_MAX: usize = 16 * 1024;

/// Goes on to the connector, or lets the user choose one.
pub(super) async fn enter(visit: &Visit<'_>, parameters: &Form) -> Result<Response, AuthorizeError> {
    let client = find_client(visit, parameters).await?;
    let client = client.ok_or_else(|| PageError::bad_request("Invalid client_id provided."))?;
    let grant = policy::derived_grant(&visit.app.issuer, parameters);
    let connectors = policy::available(visit.app, &client, grant).await?;
    if connectors.is_empty() {
        return Err(PageError::bad_request("No connectors available for this client.").into());
    }
    let named = parameters.get("connector_id");
    let typed = parameters.get("email");
    let rest = parameters.clone().without("connector_id").without("email");
    if rest.encode_sorted().len() > QUERY_BYTES_MAX {
        return Err(PageError::bad_request("The request is too long.").into());
    }
    let prompt = session::prompt(visit, parameters);
    // What was typed has been chosen. What a client thinks neither spares a choice nor is worth asking somebody.
    let by_address = by_address(visit, &connectors, parameters);
    let by_address = by_address.filter(|_| named.is_empty());
    let by_address = by_address.filter(|_| !typed.is_empty() || !(prompt.none || prompt.select_account));
    if let Some((connector, address)) = by_address {
        let hinted = session::chosen(&rest, prompt).without("login_hint").and(Form::of([("login_hint", address)]));
        return Ok(redirect(StatusCode::FOUND, &link(visit, connector, &hinted)));
    }
    let only = match connectors.as_slice() {
        [only] if !visit.app.settings.always_show_login_screen => Some(only),
        _ => None,
    };
    let chosen = connectors.iter().find(|connector| connector.id == named);
    match (named, chosen, only) {
        ("", _, Some(connector)) | (_, Some(connector), _) => {
            return Ok(redirect(StatusCode::FOUND, &link(visit, connector, &rest)));
        }
        ("", None, None) => {}
        _ => {
            return Err(PageError::bad_request("Connector ID does not match a valid Connector").into());
        }
    }
    // Better to hear now what is wrong than after the choice.
    let trusted = Trusted::new(visit, client, parameters)?;
    let checked = trusted.check(visit).await?;
    if session::matters(visit, prompt) && visit.is(&Method::POST) {
        // Another site's page posts without the session's cookie, and follows a redirect with it.
        return Ok(visit.see_other("/auth", &rest));
    }
    if let Some(connector) = session::connector(visit, &checked, &connectors).await? {
        return Ok(redirect(StatusCode::FOUND, &link(visit, connector, &rest)));
    }
    if checked.asked.prompt.none {
        return Err(trusted.refuse(AuthorizeErrorCode::LoginRequired, session::NOBODY));
    }
    Ok(list(visit, &trusted, &connectors, prompt)?)
}

/// Lets the user choose among these connectors.
pub(super) fn list(
    visit: &Visit<'_>,
    trusted: &Trusted<'_>,
    connectors: &[Connector],
    prompt: Prompt,
) -> Result<Response, PageError> {
    let rest = trusted.parameters.clone().without("connector_id").without("email");
    let typed = trusted.parameters.get("email");
    let chosen = session::chosen(&rest, prompt);
    let page = Login {
        connectors: connectors.iter().map(|connector| shown(visit, connector, &chosen)).collect(),
        email: email_form(visit, connectors, &rest, typed),
        client: trusted.client.name.clone(),
    };
    visit.page(StatusCode::OK, &page)
}

/// The connector that takes people of the address that was typed or hinted at, and that address.
fn by_address<'a>(
    visit: &Visit<'_>,
    connectors: &'a [Connector],
    parameters: &'a Form,
) -> Option<(&'a Connector, &'a str)> {
    let address = match parameters.get("email") {
        "" => parameters.get("login_hint"),
        typed => typed,
    };
    let id = visit.app.settings.connector_of(address)?;
    connectors.iter().find(|connector| connector.id == id).map(|connector| (connector, address))
}

/// Asks for an address, if one leads to any of these connectors.
fn email_form(visit: &Visit<'_>, connectors: &[Connector], rest: &Form, typed: &str) -> Option<EmailForm> {
    let mut taking = visit.app.settings.email_domains.values();
    if !taking.any(|id| connectors.iter().any(|connector| connector.id == *id)) {
        return None;
    }
    let fields = rest.pairs().map(|(name, value)| HiddenField::new(name, value)).collect();
    Some(EmailForm { action: visit.app.issuer.local("/auth"), fields, typed: typed.to_owned() })
}

fn link(visit: &Visit<'_>, connector: &Connector, parameters: &Form) -> String {
    visit.app.issuer.local_with(&policy::connector_route(&connector.id), parameters)
}

fn shown(visit: &Visit<'_>, connector: &Connector, parameters: &Form) -> ConnectorLink {
    ConnectorLink {
        id: connector.id.clone(),
        name: connector.name.clone(),
        url: link(visit, connector, parameters),
        kind: connector.kind.clone(),
        unavailable: !visit.app.connectors.available(&connector.id),
    }
}
