//! Registered clients (gRPC spec, 5.1).

use dex_model::{Client, ClientSecret, id};
use dex_storage::{Change, Write};

use crate::Admin;
use crate::proto::{
    self, ClientInfo, CreateClientReq, CreateClientResp, DeleteClientReq, DeleteClientResp, GetClientReq,
    GetClientResp, ListClientReq, ListClientResp, UpdateClientReq, UpdateClientResp,
};
use crate::refusal::{During as _, Refusal, required};

pub(crate) async fn get(admin: &Admin, request: GetClientReq) -> Result<GetClientResp, Refusal> {
    let found = admin.app.store.get::<Client>(&request.id).await.during("get client")?;
    Ok(GetClientResp { client: Some(told(found.ok_or(Refusal::NotFound)?)) })
}

pub(crate) async fn create(admin: &Admin, request: CreateClientReq) -> Result<CreateClientResp, Refusal> {
    let asked = request.client.ok_or_else(|| Refusal::invalid("no client supplied"))?;
    check_lifetime(&asked.refresh_token_lifetime)?;
    let client = registered(asked);
    match admin.app.store.insert(client.clone()).await.during("create client")? {
        Write::Done => {
            tracing::info!(client_id = %client.id, "api: client created");
            Ok(CreateClientResp { already_exists: false, client: Some(told(client)) })
        }
        Write::Lost => Ok(CreateClientResp { already_exists: true, client: None }),
    }
}

pub(crate) async fn update(admin: &Admin, request: UpdateClientReq) -> Result<UpdateClientResp, Refusal> {
    required(&request.id, "update client: no client ID supplied")?;
    check_lifetime(request.refresh_token_lifetime.as_deref().unwrap_or_default())?;
    let change = |client: Client| Ok::<_, Refusal>(changed(client, &request));
    match admin.app.store.update(request.id.as_str(), change).await.during("update client")? {
        Change::Made(_) => {
            tracing::info!(client_id = %request.id, "api: client updated");
            Ok(UpdateClientResp { not_found: false })
        }
        Change::Missing => Ok(UpdateClientResp { not_found: true }),
    }
}

pub(crate) async fn delete(admin: &Admin, request: DeleteClientReq) -> Result<DeleteClientResp, Refusal> {
    match admin.app.store.remove::<Client>(&request.id).await.during("delete client")? {
        Write::Done => {
            tracing::info!(client_id = %request.id, "api: client deleted");
            Ok(DeleteClientResp { not_found: false })
        }
        Write::Lost => Ok(DeleteClientResp { not_found: true }),
    }
}

pub(crate) async fn list(admin: &Admin, _: ListClientReq) -> Result<ListClientResp, Refusal> {
    let all: Vec<Client> = admin.all("list clients").await?;
    Ok(ListClientResp { clients: all.into_iter().map(told_without_secret).collect() })
}

fn check_lifetime(lifetime: &str) -> Result<(), Refusal> {
    match lifetime {
        "" | "standalone" | "session" => Ok(()),
        other => Err(Refusal::invalid(format!(
            r#"invalid refresh token lifetime {other:?}: want "standalone" or "session""#
        ))),
    }
}

/// A new client. Id and secret are made up where they are left out, the secret not for a public one.
fn registered(asked: proto::Client) -> Client {
    let secret = match asked.secret {
        secret if secret.is_empty() && !asked.public => id::new_id() + &id::new_id(),
        secret => secret,
    };
    Client {
        id: if asked.id.is_empty() { id::new_id() } else { asked.id },
        secret: ClientSecret::new(secret),
        redirect_uris: asked.redirect_uris,
        post_logout_redirect_uris: asked.post_logout_redirect_uris,
        backchannel_logout_uri: asked.backchannel_logout_uri,
        refresh_token_lifetime: asked.refresh_token_lifetime,
        trusted_peers: asked.trusted_peers,
        public: asked.public,
        name: asked.name,
        logo_url: asked.logo_url,
        allowed_connectors: asked.allowed_connectors,
        sso_shared_with: Some(asked.sso_shared_with).filter(|with| !with.is_empty()),
        ..Client::default()
    }
}

/// What is empty in `asked` stays as it is, but for what can be told to be empty.
fn changed(client: Client, asked: &UpdateClientReq) -> Client {
    let list = |asked: &Vec<String>, now| if asked.is_empty() { now } else { asked.clone() };
    let text = |asked: &String, now| if asked.is_empty() { now } else { asked.clone() };
    let shared = Some(asked.sso_shared_with.clone()).filter(|with| !with.is_empty());
    Client {
        redirect_uris: list(&asked.redirect_uris, client.redirect_uris),
        trusted_peers: list(&asked.trusted_peers, client.trusted_peers),
        name: text(&asked.name, client.name),
        logo_url: text(&asked.logo_url, client.logo_url),
        allowed_connectors: list(&asked.allowed_connectors, client.allowed_connectors),
        sso_shared_with: shared.or(client.sso_shared_with),
        backchannel_logout_uri: asked.backchannel_logout_uri.clone().unwrap_or(client.backchannel_logout_uri),
        post_logout_redirect_uris: list(&asked.post_logout_redirect_uris, client.post_logout_redirect_uris),
        refresh_token_lifetime: asked.refresh_token_lifetime.clone().unwrap_or(client.refresh_token_lifetime),
        ..client
    }
}

fn told(client: Client) -> proto::Client {
    proto::Client {
        id: client.id,
        secret: client.secret.expose().to_owned(),
        redirect_uris: client.redirect_uris,
        trusted_peers: client.trusted_peers,
        public: client.public,
        name: client.name,
        logo_url: client.logo_url,
        allowed_connectors: client.allowed_connectors,
        sso_shared_with: client.sso_shared_with.unwrap_or_default(),
        backchannel_logout_uri: client.backchannel_logout_uri,
        post_logout_redirect_uris: client.post_logout_redirect_uris,
        refresh_token_lifetime: client.refresh_token_lifetime,
    }
}

fn told_without_secret(client: Client) -> ClientInfo {
    ClientInfo {
        id: client.id,
        redirect_uris: client.redirect_uris,
        trusted_peers: client.trusted_peers,
        public: client.public,
        name: client.name,
        logo_url: client.logo_url,
        allowed_connectors: client.allowed_connectors,
        sso_shared_with: client.sso_shared_with.unwrap_or_default(),
        backchannel_logout_uri: client.backchannel_logout_uri,
        post_logout_redirect_uris: client.post_logout_redirect_uris,
        refresh_token_lifetime: client.refresh_token_lifetime,
    }
}
