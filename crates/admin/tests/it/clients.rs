//! Clients.

use dex_admin::proto::{
    Client, ClientInfo, CreateClientReq, CreateClientResp, DeleteClientReq, GetClientReq, ListClientReq,
    UpdateClientReq, UpdateClientResp,
};
use dex_testkit::CLIENT;
use tonic::Code;

use crate::kit::{Kit, answered, assert_refused};

fn full() -> Client {
    Client {
        id: "app".into(),
        secret: "app-secret".into(),
        redirect_uris: vec!["https://app.example/cb".into()],
        trusted_peers: vec!["peer".into()],
        public: false,
        name: "App".into(),
        logo_url: "https://app.example/logo".into(),
        allowed_connectors: vec!["mock".into()],
        sso_shared_with: vec!["*".into()],
        backchannel_logout_uri: "https://app.example/bc".into(),
        post_logout_redirect_uris: vec!["https://app.example/out".into()],
        refresh_token_lifetime: "session".into(),
    }
}

fn create(client: Client) -> CreateClientReq {
    CreateClientReq { client: Some(client) }
}

#[tokio::test]
async fn a_client_is_told_as_it_was_created_and_its_secret_not_in_lists() {
    let mut dex = Kit::start().await.client;
    let created = answered(dex.create_client(create(full())).await);
    assert_eq!(created, CreateClientResp { already_exists: false, client: Some(full()) });
    let got = answered(dex.get_client(GetClientReq { id: "app".into() }).await);
    assert_eq!(got.client, Some(full()));

    let listed = answered(dex.list_clients(ListClientReq {}).await).clients;
    let ids: Vec<_> = listed.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(ids, ["app", "cli", "peer", "web", "fixed"], "what the configuration has comes last");
    let Client { id, redirect_uris, trusted_peers, name, logo_url, .. } = full();
    let expected = ClientInfo {
        id,
        redirect_uris,
        trusted_peers,
        public: false,
        name,
        logo_url,
        allowed_connectors: full().allowed_connectors,
        sso_shared_with: full().sso_shared_with,
        backchannel_logout_uri: full().backchannel_logout_uri,
        post_logout_redirect_uris: full().post_logout_redirect_uris,
        refresh_token_lifetime: full().refresh_token_lifetime,
    };
    assert_eq!(listed[0], expected);
}

#[tokio::test]
async fn what_is_left_out_is_made_up() {
    let mut dex = Kit::start().await.client;
    let mut made = async |client| answered(dex.create_client(create(client)).await).client.unwrap();
    let client = made(Client::default()).await;
    assert_eq!((client.id.len(), client.secret.len()), (25, 50));
    let public = made(Client { id: "public".into(), public: true, ..Client::default() }).await;
    assert_eq!(public.secret, "");
}

#[tokio::test]
async fn an_id_that_is_taken_is_said_and_nothing_else_is() {
    let kit = Kit::start().await;
    let mut dex = kit.client();
    let taken = answered(dex.create_client(create(Client { id: CLIENT.into(), ..full() })).await);
    assert_eq!(taken, CreateClientResp { already_exists: true, client: None });
    let stored: dex_model::Client = kit.stored(CLIENT).await.unwrap();
    assert_eq!(stored.name, "The web client");
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_clears_what_can_be_told_to_be_empty() {
    let mut dex = Kit::start().await.client;
    answered(dex.create_client(create(full())).await);
    let id = || "app".to_owned();
    let given = UpdateClientReq {
        id: id(),
        redirect_uris: vec!["https://app.example/2".into()],
        name: "App 2".into(),
        sso_shared_with: vec!["web".into()],
        ..UpdateClientReq::default()
    };
    let cleared = UpdateClientReq {
        id: id(),
        backchannel_logout_uri: Some(String::new()),
        refresh_token_lifetime: Some(String::new()),
        ..UpdateClientReq::default()
    };
    let mut expected = Client {
        redirect_uris: vec!["https://app.example/2".into()],
        name: "App 2".into(),
        sso_shared_with: vec!["web".into()],
        ..full()
    };
    let mut updated = async |request| {
        assert_eq!(answered(dex.update_client(request).await), UpdateClientResp { not_found: false });
        answered(dex.get_client(GetClientReq { id: id() }).await).client.unwrap()
    };
    assert_eq!(updated(given).await, expected);
    (expected.backchannel_logout_uri, expected.refresh_token_lifetime) = (String::new(), String::new());
    assert_eq!(updated(cleared).await, expected);
}

#[tokio::test]
async fn who_is_not_there_is_a_flag_for_changes_and_an_error_for_the_one_asked_for() {
    let mut dex = Kit::start().await.client;
    let id = || "nobody".to_owned();
    let update = UpdateClientReq { id: id(), name: "x".into(), ..UpdateClientReq::default() };
    assert!(answered(dex.update_client(update).await).not_found);
    assert!(answered(dex.delete_client(DeleteClientReq { id: id() }).await).not_found);
    assert!(answered(dex.delete_client(DeleteClientReq::default()).await).not_found);
    assert_refused(dex.get_client(GetClientReq { id: id() }).await, Code::NotFound, "not found");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_stored() {
    let mut dex = Kit::start().await.client;
    let lifetime = r#"invalid refresh token lifetime "x": want "standalone" or "session""#;
    let client = dex.create_client(CreateClientReq::default()).await;
    assert_refused(client, Code::InvalidArgument, "no client supplied");
    let client = Client { refresh_token_lifetime: "x".into(), id: "new".into(), ..Client::default() };
    assert_refused(dex.create_client(create(client)).await, Code::InvalidArgument, lifetime);
    assert_refused(dex.get_client(GetClientReq { id: "new".into() }).await, Code::NotFound, "not found");
    let update = UpdateClientReq::default();
    assert_refused(dex.update_client(update).await, Code::InvalidArgument, "update client: no client ID supplied");
    let update =
        UpdateClientReq { id: "web".into(), refresh_token_lifetime: Some("x".into()), ..UpdateClientReq::default() };
    assert_refused(dex.update_client(update).await, Code::InvalidArgument, lifetime);
}

#[tokio::test]
async fn what_the_configuration_has_can_be_read_and_not_changed() {
    let mut dex = Kit::start().await.client;
    let id = || "fixed".to_owned();
    assert_eq!(answered(dex.get_client(GetClientReq { id: id() }).await).client.unwrap().id, "fixed");
    let text = |action: &str| format!("{action} client: static clients: read-only cannot {action} client");
    let created = dex.create_client(create(Client { id: id(), ..Client::default() })).await;
    assert_refused(created, Code::FailedPrecondition, &text("create"));
    let updated = dex.update_client(UpdateClientReq { id: id(), name: "x".into(), ..UpdateClientReq::default() }).await;
    assert_refused(updated, Code::FailedPrecondition, &text("update"));
    let deleted = dex.delete_client(DeleteClientReq { id: id() }).await;
    assert_refused(deleted, Code::FailedPrecondition, &text("delete"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_creates_and_one_deletes() {
    let kit = Kit::start().await;
    let mut creating = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let mut dex = kit.client();
        creating.spawn(async move { answered(dex.create_client(create(full())).await).already_exists });
    }
    assert_eq!(creating.join_all().await.into_iter().filter(|exists| !exists).count(), 1);
    let mut deleting = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let mut dex = kit.client();
        let request = DeleteClientReq { id: "app".into() };
        deleting.spawn(async move { answered(dex.delete_client(request).await).not_found });
    }
    assert_eq!(deleting.join_all().await.into_iter().filter(|missing| !missing).count(), 1);
}
