//! Connectors.

use std::sync::Arc;

use dex_admin::proto::{
    Connector, CreateConnectorReq, DeleteConnectorReq, GrantTypes, ListConnectorReq, UpdateConnectorReq,
};
use dex_web::connectors::ConnectorError;
use tonic::Code;

use crate::kit::{Kit, answered, assert_refused};

fn connector() -> Connector {
    Connector {
        id: "new".into(),
        r#type: "mockCallback".into(),
        name: "New".into(),
        config: b"{}".to_vec(),
        grant_types: vec!["authorization_code".into()],
    }
}

fn create(connector: Connector) -> CreateConnectorReq {
    CreateConnectorReq { connector: Some(connector) }
}

fn update() -> UpdateConnectorReq {
    UpdateConnectorReq { id: "new".into(), ..UpdateConnectorReq::default() }
}

#[tokio::test]
async fn a_connector_serves_logins_from_its_creation_to_its_end() {
    let kit = Kit::start().await;
    let (mut dex, connectors) = (kit.client(), &kit.app.app.connectors);
    assert!(!answered(dex.create_connector(create(connector())).await).already_exists);
    assert!(answered(dex.create_connector(create(connector())).await).already_exists);
    let first = connectors.get("new").await.unwrap();

    let renamed = UpdateConnectorReq { new_name: "Renamed".into(), ..update() };
    assert!(!answered(dex.update_connector(renamed).await).not_found);
    let second = connectors.get("new").await.unwrap();
    assert_eq!((second.about.name.as_str(), second.about.resource_version.as_str()), ("Renamed", "2"));

    let other = UpdateConnectorReq { new_config: br#"{"a":1}"#.to_vec(), new_type: "mockPassword".into(), ..update() };
    assert!(!answered(dex.update_connector(other).await).not_found);
    let third = connectors.get("new").await.unwrap();
    assert!(!Arc::ptr_eq(&first.connector, &third.connector));
    assert_eq!((third.about.kind.as_str(), third.about.resource_version.as_str()), ("mockPassword", "3"));

    let delete = || DeleteConnectorReq { id: "new".into() };
    assert!(!answered(dex.delete_connector(delete()).await).not_found);
    assert!(answered(dex.delete_connector(delete()).await).not_found);
    assert!(matches!(connectors.get("new").await, Err(ConnectorError::Unknown)));

    answered(dex.create_connector(create(connector())).await);
    let again = connectors.get("new").await.unwrap();
    assert_eq!((again.about.kind.as_str(), again.about.resource_version.as_str()), ("mockCallback", "1"));
}

#[tokio::test]
async fn what_cannot_be_opened_is_not_stored() {
    let mut dex = Kit::start().await.client;
    let text = r#"invalid config supplied: "#;
    let unknown = Connector { r#type: "nonsense".into(), ..connector() };
    let status = dex.create_connector(create(unknown)).await.unwrap_err();
    assert!(status.code() == Code::InvalidArgument && status.message().starts_with(text), "{status:?}");
    assert!(status.message().contains(r#"unknown kind "nonsense""#), "{status:?}");

    answered(dex.create_connector(create(connector())).await);
    let update = UpdateConnectorReq { new_type: "nonsense".into(), ..update() };
    let status = dex.update_connector(update).await.unwrap_err();
    assert!(status.code() == Code::InvalidArgument && status.message().starts_with(text), "{status:?}");
    let listed = answered(dex.list_connectors(ListConnectorReq {}).await).connectors;
    assert_eq!(listed.iter().find(|listed| listed.id == "new"), Some(&connector()), "left as it was");
}

#[tokio::test]
async fn requests_without_their_parts_are_refused() {
    let mut dex = Kit::start().await.client;
    let cases = [
        (None, "no connector supplied"),
        (Some(Connector { id: String::new(), ..connector() }), "no id supplied"),
        (Some(Connector { r#type: String::new(), ..connector() }), "no type supplied"),
        (Some(Connector { name: String::new(), ..connector() }), "no name supplied"),
        (Some(Connector { config: Vec::new(), ..connector() }), "no config supplied"),
        (Some(Connector { config: b"{".to_vec(), ..connector() }), "invalid config supplied"),
        (
            Some(Connector { grant_types: vec!["client_credentials".into()], ..connector() }),
            r#"unknown grant type "client_credentials""#,
        ),
    ];
    for (connector, text) in cases {
        assert_refused(dex.create_connector(CreateConnectorReq { connector }).await, Code::InvalidArgument, text);
    }
    let grants = Some(GrantTypes { grant_types: vec!["x".into()] });
    let cases = [
        (UpdateConnectorReq::default(), "no id supplied"),
        (update(), "nothing to update"),
        (UpdateConnectorReq { new_config: b"{".to_vec(), ..update() }, "invalid config supplied"),
        (UpdateConnectorReq { new_grant_types: grants, ..update() }, r#"unknown grant type "x""#),
    ];
    for (request, text) in cases {
        assert_refused(dex.update_connector(request).await, Code::InvalidArgument, text);
    }
    let missing = UpdateConnectorReq { new_name: "x".into(), ..update() };
    assert!(answered(dex.update_connector(missing).await).not_found);
    let delete = DeleteConnectorReq::default();
    assert_refused(dex.delete_connector(delete).await, Code::InvalidArgument, "no id supplied");
}

#[tokio::test]
async fn an_empty_list_of_grants_is_told_from_none() {
    let mut dex = Kit::start().await.client;
    answered(dex.create_connector(create(connector())).await);
    let cases = [
        (UpdateConnectorReq { new_name: "x".into(), ..update() }, 1),
        (UpdateConnectorReq { new_grant_types: Some(GrantTypes::default()), ..update() }, 0),
    ];
    for (request, expected) in cases {
        answered(dex.update_connector(request).await);
        let listed = answered(dex.list_connectors(ListConnectorReq {}).await).connectors;
        let listed = listed.into_iter().find(|listed| listed.id == "new").unwrap();
        assert_eq!(listed.grant_types.len(), expected);
    }
}

#[tokio::test]
async fn what_the_configuration_has_is_listed_without_its_secrets_and_not_changed() {
    let mut dex = Kit::start().await.client;
    let listed = answered(dex.list_connectors(ListConnectorReq {}).await).connectors;
    let fixed = Connector { id: "fixed".into(), r#type: "mockCallback".into(), ..Connector::default() };
    assert_eq!(listed.last(), Some(&fixed));

    let id = || "fixed".to_owned();
    let text = |action: &str| format!("{action} connector: static connectors: read-only cannot {action} connector");
    let created = dex.create_connector(create(Connector { id: id(), ..connector() })).await;
    assert_refused(created, Code::FailedPrecondition, &text("create"));
    let updated = dex.update_connector(UpdateConnectorReq { id: id(), new_name: "x".into(), ..update() }).await;
    assert_refused(updated, Code::FailedPrecondition, &text("update"));
    let deleted = dex.delete_connector(DeleteConnectorReq { id: id() }).await;
    assert_refused(deleted, Code::FailedPrecondition, &text("delete"));
}

#[tokio::test]
async fn a_gate_that_is_closed_is_said_before_anything_else() {
    let kit = Kit::start_with(|options| options.connectors = false).await;
    let mut dex = kit.client();
    let text = "api_connectors_crud feature flag is not enabled";
    assert_refused(dex.create_connector(create(connector())).await, Code::FailedPrecondition, text);
    assert_refused(dex.update_connector(update()).await, Code::FailedPrecondition, text);
    let deleted = dex.delete_connector(DeleteConnectorReq { id: "mock".into() }).await;
    assert_refused(deleted, Code::FailedPrecondition, text);
    assert_refused(dex.list_connectors(ListConnectorReq {}).await, Code::FailedPrecondition, text);
    assert!(kit.stored::<dex_model::Connector>("mock").await.is_some());
}
