//! What an operator registers, and keys.

use std::collections::BTreeMap;

use dex_model::{
    Client, ClientCredentialsClaims, ClientRestrictions, ClientSecret, Connector, ConnectorData, Keys, StoredJwk,
    VerificationKey,
};
use dex_storage::json::StoredVerificationKey;

use super::{keys_name, keys_row};
use crate::row::{Fault, Fields, Row, elements, object, strings};
use crate::value::Value;

/// In Dex's own layout `client_credentials_claims` has no column; Dex drops it too.
pub(super) fn client(fields: Fields, record: &Client) -> Fields {
    fields
        .set("id", &record.id)
        .set("secret", record.secret.expose())
        .set("redirect_uris", Value::list(&record.redirect_uris))
        .set("trusted_peers", Value::list(&record.trusted_peers))
        .set("public", record.public)
        .set("name", &record.name)
        .set("logo_url", &record.logo_url)
        .set("allowed_connectors", Value::list(&record.allowed_connectors))
        .set("mfa_chain", Value::optional_list(record.mfa_chain.as_deref()))
        .set("post_logout_redirect_uris", Value::list(&record.post_logout_redirect_uris))
        .set("sso_shared_with", Value::optional_list(record.sso_shared_with.as_deref()))
        .set("backchannel_logout_uri", &record.backchannel_logout_uri)
        .set("refresh_token_lifetime", &record.refresh_token_lifetime)
        .set_if_there("client_credentials_claims", || claims(record.client_credentials_claims.as_ref()))
}

/// `{"groups":[..]}`, without the member when there are none.
fn claims(claims: Option<&ClientCredentialsClaims>) -> Value {
    let Some(claims) = claims else { return Value::Null };
    let groups = Some(("groups", &claims.groups)).filter(|(_, groups)| !groups.is_empty());
    Value::Bytes(dex_oidc::to_json(&groups.into_iter().collect::<BTreeMap<_, _>>()))
}

fn read_claims(row: &mut Row) -> Result<Option<ClientCredentialsClaims>, Fault> {
    const COLUMN: &str = "client_credentials_claims";
    let Some(value) = (if row.has(COLUMN) { row.json(COLUMN)? } else { None }) else { return Ok(None) };
    let serde_json::Value::Object(mut members) = value else { return Err(Fault::new(COLUMN, "is no JSON object")) };
    let groups = strings(COLUMN, members.remove("groups").unwrap_or_default())?;
    Ok(Some(ClientCredentialsClaims { groups }))
}

pub(super) fn read_client(row: &mut Row) -> Result<Client, Fault> {
    Ok(Client {
        id: row.text("id")?,
        secret: ClientSecret::new(row.text("secret")?),
        redirect_uris: row.list("redirect_uris")?,
        post_logout_redirect_uris: row.list("post_logout_redirect_uris")?,
        backchannel_logout_uri: row.text("backchannel_logout_uri")?,
        refresh_token_lifetime: row.text("refresh_token_lifetime")?,
        trusted_peers: row.list("trusted_peers")?,
        public: row.bool("public")?,
        name: row.text("name")?,
        logo_url: row.text("logo_url")?,
        allowed_connectors: row.list("allowed_connectors")?,
        mfa_chain: row.optional_list("mfa_chain")?,
        sso_shared_with: row.optional_list("sso_shared_with")?,
        client_credentials_claims: read_claims(row)?,
        restrictions: ClientRestrictions::default(),
    })
}

pub(super) fn connector(fields: Fields, record: &Connector) -> Fields {
    fields
        .set("id", &record.id)
        .set("type", &record.kind)
        .set("name", &record.name)
        .set("resource_version", &record.resource_version)
        .set("config", Value::bytes_or_null(record.config.expose()))
        .set("grant_types", Value::list(&record.grant_types))
}

pub(super) fn read_connector(row: &mut Row) -> Result<Connector, Fault> {
    Ok(Connector {
        id: row.text("id")?,
        kind: row.text("type")?,
        name: row.text("name")?,
        resource_version: row.text("resource_version")?,
        config: ConnectorData::new(row.bytes("config")?),
        grant_types: row.list("grant_types")?,
    })
}

pub(super) fn keys(fields: Fields, record: &Keys) -> Result<Fields, String> {
    let former = record.verification_keys.as_deref();
    let former = former.map(|keys| keys.iter().map(StoredVerificationKey::of).collect::<Result<Vec<_>, _>>());
    let jwk = |key: &Option<StoredJwk>| Value::from(key.as_ref().map_or("null", StoredJwk::expose).as_bytes());
    Ok(fields
        .set("id", keys_row(&record.name))
        .set("verification_keys", Value::Bytes(dex_oidc::to_json(&former.transpose()?)))
        .set("signing_key", jwk(&record.signing_key))
        .set("signing_key_pub", jwk(&record.signing_key_pub))
        .set("next_rotation", record.next_rotation))
}

pub(super) fn read_keys(row: &mut Row) -> Result<Keys, Fault> {
    let former = row.json("verification_keys")?.map(|value| {
        elements("verification_keys", value, |value| {
            let key: StoredVerificationKey = object("verification_keys", value)?;
            Ok(VerificationKey::from(key))
        })
    });
    Ok(Keys {
        name: keys_name(row.text("id")?),
        signing_key: read_jwk(row, "signing_key")?,
        signing_key_pub: read_jwk(row, "signing_key_pub")?,
        verification_keys: former.transpose()?,
        next_rotation: row.time("next_rotation")?,
    })
}

fn read_jwk(row: &mut Row, column: &'static str) -> Result<Option<StoredJwk>, Fault> {
    let text = String::from_utf8(row.bytes(column)?).map_err(|_| Fault::new(column, "is no text"))?;
    let unset = text.is_empty() || text == "null";
    Ok((!unset).then(|| StoredJwk::new(text)))
}
