//! What an operator registers, and keys.

use std::collections::BTreeMap;

use dex_model::{
    Client, ClientCredentialsClaims, ClientRestrictions, ClientSecret, Connector, ConnectorData, Keys, StoredJwk,
    VerificationKey,
};
use dex_storage::json::StoredVerificationKey;
use serde_json::value::RawValue;

use super::members::{Fault, Members, shaped};
use super::object::Object;

/// `idEnv` and `secretEnv` belong to the configuration and are empty here, as in Dex.
pub(super) fn client(record: &Client) -> Vec<u8> {
    let object = Object::new()
        .put("id", &record.id)
        .put("idEnv", "")
        .put("secret", record.secret.expose())
        .put("secretEnv", "")
        .list("redirectURIs", &record.redirect_uris)
        .list("postLogoutRedirectURIs", &record.post_logout_redirect_uris)
        .put("backchannelLogoutURI", &record.backchannel_logout_uri)
        .put("refreshTokenLifetime", &record.refresh_token_lifetime)
        .list("trustedPeers", &record.trusted_peers)
        .put("public", &record.public)
        .put("name", &record.name)
        .put("logoURL", &record.logo_url)
        .list("allowedConnectors", &record.allowed_connectors)
        .put("mfaChain", &record.mfa_chain)
        .put("ssoSharedWith", &record.sso_shared_with);
    let Some(claims) = &record.client_credentials_claims else { return object.finish() };
    let groups: BTreeMap<_, _> =
        [("groups", &claims.groups)].into_iter().filter(|(_, list)| !list.is_empty()).collect();
    object.put("clientCredentialsClaims", &groups).finish()
}

pub(super) fn read_client(from: &mut Members) -> Result<Client, Fault> {
    let claims = from.object("clientCredentialsClaims")?;
    let claims = claims.map(|mut claims| Ok(ClientCredentialsClaims { groups: claims.list("groups")? })).transpose()?;
    Ok(Client {
        id: from.text("id")?,
        secret: ClientSecret::new(from.text("secret")?),
        redirect_uris: from.list("redirectURIs")?,
        post_logout_redirect_uris: from.list("postLogoutRedirectURIs")?,
        backchannel_logout_uri: from.text("backchannelLogoutURI")?,
        refresh_token_lifetime: from.text("refreshTokenLifetime")?,
        trusted_peers: from.list("trustedPeers")?,
        public: from.bool("public")?,
        name: from.text("name")?,
        logo_url: from.text("logoURL")?,
        allowed_connectors: from.list("allowedConnectors")?,
        mfa_chain: from.optional_list("mfaChain")?,
        sso_shared_with: from.optional_list("ssoSharedWith")?,
        client_credentials_claims: claims,
        restrictions: ClientRestrictions::default(),
    })
}

/// The configuration lies under `email`: a slip of Dex that its data depends on.
pub(super) fn connector(record: &Connector) -> Vec<u8> {
    Object::new()
        .put("id", &record.id)
        .put("type", &record.kind)
        .put("name", &record.name)
        .put("resourceVersion", &record.resource_version)
        .bytes("email", record.config.expose())
        .list_if_any("grantTypes", &record.grant_types)
        .finish()
}

pub(super) fn read_connector(from: &mut Members) -> Result<Connector, Fault> {
    Ok(Connector {
        id: from.text("id")?,
        kind: from.text("type")?,
        name: from.text("name")?,
        resource_version: from.text("resourceVersion")?,
        config: ConnectorData::new(from.bytes("email")?),
        grant_types: from.list("grantTypes")?,
    })
}

pub(super) fn keys(record: &Keys) -> Result<Vec<u8>, String> {
    let jwk = |key: &Option<StoredJwk>| -> Result<Option<Box<RawValue>>, String> {
        let json = key.as_ref().map(|key| RawValue::from_string(key.expose().to_owned()));
        json.transpose().map_err(|_| "a JWK is no JSON".to_owned())
    };
    let former = record.verification_keys.as_deref();
    let former = former.map(|keys| keys.iter().map(StoredVerificationKey::of).collect::<Result<Vec<_>, _>>());
    Ok(Object::new()
        .put("SigningKey", &jwk(&record.signing_key)?)
        .put("SigningKeyPub", &jwk(&record.signing_key_pub)?)
        .put("VerificationKeys", &former.transpose()?)
        .put("NextRotation", &record.next_rotation)
        .finish())
}

pub(super) fn read_keys(name: &str, from: &mut Members) -> Result<Keys, Fault> {
    let mut jwk = |field| {
        let value = from.value(field);
        value.map(|value| StoredJwk::new(String::from_utf8_lossy(&dex_oidc::to_json(&value))))
    };
    let (signing_key, signing_key_pub) = (jwk("SigningKey"), jwk("SigningKeyPub"));
    let former = from.elements("VerificationKeys", |value| {
        let key: StoredVerificationKey = shaped("VerificationKeys", value)?;
        Ok(VerificationKey::from(key))
    })?;
    Ok(Keys {
        name: name.to_owned(),
        signing_key,
        signing_key_pub,
        verification_keys: former,
        next_rotation: from.time("NextRotation")?,
    })
}
