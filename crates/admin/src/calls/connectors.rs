//! Connectors (gRPC spec, 5.3).

use dex_model::{Connector, ConnectorData};
use dex_storage::{Change, Write};

use crate::Admin;
use crate::proto::{
    self, CreateConnectorReq, CreateConnectorResp, DeleteConnectorReq, DeleteConnectorResp, ListConnectorReq,
    ListConnectorResp, UpdateConnectorReq, UpdateConnectorResp,
};
use crate::refusal::{During as _, Refusal, required};

/// The grants a connector may be limited to, as Dex has them.
const GRANT_TYPES: [&str; 6] = [
    "authorization_code",
    "refresh_token",
    "implicit",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

pub(crate) async fn create(admin: &Admin, request: CreateConnectorReq) -> Result<CreateConnectorResp, Refusal> {
    let asked = request.connector.ok_or_else(|| Refusal::invalid("no connector supplied"))?;
    required(&asked.id, "no id supplied")?;
    required(&asked.r#type, "no type supplied")?;
    required(&asked.name, "no name supplied")?;
    if asked.config.is_empty() {
        return Err(Refusal::invalid("no config supplied"));
    }
    check_json(&asked.config)?;
    check_grants(&asked.grant_types)?;
    let connector = Connector {
        id: asked.id,
        kind: asked.r#type,
        name: asked.name,
        resource_version: "1".into(),
        config: ConnectorData::new(asked.config),
        grant_types: asked.grant_types,
    };
    check_opens(admin, &connector)?;
    let (id, kind) = (connector.id.clone(), connector.kind.clone());
    match admin.app.store.insert(connector).await.during("create connector")? {
        Write::Done => {
            tracing::info!(connector_id = %id, r#type = %kind, "api: connector created");
            Ok(CreateConnectorResp { already_exists: false })
        }
        Write::Lost => Ok(CreateConnectorResp { already_exists: true }),
    }
}

pub(crate) async fn update(admin: &Admin, request: UpdateConnectorReq) -> Result<UpdateConnectorResp, Refusal> {
    required(&request.id, "no id supplied")?;
    let texts = [request.new_type.len(), request.new_name.len(), request.new_config.len()];
    if texts == [0; 3] && request.new_grant_types.is_none() {
        return Err(Refusal::invalid("nothing to update"));
    }
    if !request.new_config.is_empty() {
        check_json(&request.new_config)?;
    }
    check_grants(request.new_grant_types.as_ref().map_or(&[], |grants| &grants.grant_types))?;
    let change = |connector: Connector| {
        let reopened = !request.new_type.is_empty() || !request.new_config.is_empty();
        let connector = changed(connector, &request);
        if reopened {
            check_opens(admin, &connector)?;
        }
        Ok::<_, Refusal>(connector)
    };
    match admin.app.store.update(request.id.as_str(), change).await.during("update connector")? {
        Change::Made(_) => {
            tracing::info!(connector_id = %request.id, "api: connector updated");
            Ok(UpdateConnectorResp { not_found: false })
        }
        Change::Missing => Ok(UpdateConnectorResp { not_found: true }),
    }
}

pub(crate) async fn delete(admin: &Admin, request: DeleteConnectorReq) -> Result<DeleteConnectorResp, Refusal> {
    required(&request.id, "no id supplied")?;
    match admin.app.store.remove::<Connector>(&request.id).await.during("delete connector")? {
        Write::Done => {
            tracing::info!(connector_id = %request.id, "api: connector deleted");
            Ok(DeleteConnectorResp { not_found: false })
        }
        Write::Lost => Ok(DeleteConnectorResp { not_found: true }),
    }
}

/// Configurations are told of connectors that were made over this API. Those of the configuration file hold what it took from
/// the environment, and whoever needs them has the file.
pub(crate) async fn list(admin: &Admin, _: ListConnectorReq) -> Result<ListConnectorResp, Refusal> {
    let all: Vec<Connector> = admin.all("list connectors").await?;
    let told = |connector: Connector| {
        let configured = admin.options.configured_connectors.contains(&connector.id);
        proto::Connector {
            config: if configured { Vec::new() } else { connector.config.expose().to_vec() },
            id: connector.id,
            r#type: connector.kind,
            name: connector.name,
            grant_types: connector.grant_types,
        }
    };
    Ok(ListConnectorResp { connectors: all.into_iter().map(told).collect() })
}

fn check_json(config: &[u8]) -> Result<(), Refusal> {
    let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(config);
    parsed.map(drop).map_err(|_| Refusal::invalid("invalid config supplied"))
}

fn check_grants(grants: &[String]) -> Result<(), Refusal> {
    match grants.iter().find(|grant| !GRANT_TYPES.contains(&grant.as_str())) {
        Some(unknown) => Err(Refusal::invalid(format!("unknown grant type {unknown:?}"))),
        None => Ok(()),
    }
}

/// What cannot be opened is not stored: it would fail each login.
fn check_opens(admin: &Admin, connector: &Connector) -> Result<(), Refusal> {
    let opened = admin.app.connectors.try_open(connector);
    opened.map_err(|error| Refusal::invalid(format!("invalid config supplied: {error}")))
}

/// What is empty in `asked` stays as it is. The version tells every replica to open it again.
fn changed(connector: Connector, asked: &UpdateConnectorReq) -> Connector {
    let text = |asked: &String, now| if asked.is_empty() { now } else { asked.clone() };
    let version = connector.resource_version.parse::<u64>().ok().and_then(|version| version.checked_add(1));
    Connector {
        kind: text(&asked.new_type, connector.kind),
        name: text(&asked.new_name, connector.name),
        resource_version: version.map_or(connector.resource_version, |version| version.to_string()),
        config: match asked.new_config.as_slice() {
            b"" => connector.config,
            config => ConnectorData::new(config),
        },
        grant_types: asked.new_grant_types.as_ref().map_or(connector.grant_types, |new| new.grant_types.clone()),
        ..connector
    }
}
