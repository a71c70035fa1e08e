//! What an operator registers, and keys.

use dex_model::{
    Client, ClientCredentialsClaims, ClientRestrictions, ClientSecret, Connector, ConnectorData, Keys, StoredJwk,
    VerificationKey,
};
use dex_storage::json::{self, StoredVerificationKey};
use serde_json::Value;
use serde_json::value::RawValue;

use super::member::{Base64, Jwk, Opt, Time, body};

body! {
    ClientBody {
        id: Opt<String> = "id",
        secret: Opt<String> = "secret",
        redirect_uris: Opt<Vec<String>> = "redirectURIs",
        trusted_peers: Opt<Vec<String>> = "trustedPeers",
        public: bool = "public",
        name: Opt<String> = "name",
        logo_url: Opt<String> = "logoURL",
        allowed_connectors: Opt<Vec<String>> = "allowedConnectors",
        // Dex does not write an empty list; for us it says something else than none.
        mfa_chain: Opt<Option<Vec<String>>> = "mfaChain",
        post_logout_redirect_uris: Opt<Vec<String>> = "postLogoutRedirectURIs",
        sso_shared_with: Option<Vec<String>> = "ssoSharedWith",
        backchannel_logout_uri: Opt<String> = "backchannelLogoutURI",
        refresh_token_lifetime: Opt<String> = "refreshTokenLifetime",
        // Ours: Dex forgets them here.
        client_credentials_groups: Opt<Option<Vec<String>>> = "clientCredentialsGroups",
    }
}

pub(super) fn client(record: &Client) -> ClientBody {
    ClientBody {
        id: Opt(record.id.clone()),
        secret: Opt(record.secret.expose().to_owned()),
        redirect_uris: Opt(record.redirect_uris.clone()),
        trusted_peers: Opt(record.trusted_peers.clone()),
        public: record.public,
        name: Opt(record.name.clone()),
        logo_url: Opt(record.logo_url.clone()),
        allowed_connectors: Opt(record.allowed_connectors.clone()),
        mfa_chain: Opt(record.mfa_chain.clone()),
        post_logout_redirect_uris: Opt(record.post_logout_redirect_uris.clone()),
        sso_shared_with: record.sso_shared_with.clone(),
        backchannel_logout_uri: Opt(record.backchannel_logout_uri.clone()),
        refresh_token_lifetime: Opt(record.refresh_token_lifetime.clone()),
        client_credentials_groups: Opt(record.client_credentials_claims.as_ref().map(|claims| claims.groups.clone())),
    }
}

pub(super) fn read_client(body: ClientBody) -> Client {
    Client {
        id: body.id.0,
        secret: ClientSecret::new(body.secret.0),
        redirect_uris: body.redirect_uris.0,
        post_logout_redirect_uris: body.post_logout_redirect_uris.0,
        backchannel_logout_uri: body.backchannel_logout_uri.0,
        refresh_token_lifetime: body.refresh_token_lifetime.0,
        trusted_peers: body.trusted_peers.0,
        public: body.public,
        name: body.name.0,
        logo_url: body.logo_url.0,
        allowed_connectors: body.allowed_connectors.0,
        mfa_chain: body.mfa_chain.0,
        sso_shared_with: body.sso_shared_with,
        client_credentials_claims: body.client_credentials_groups.0.map(|groups| ClientCredentialsClaims { groups }),
        restrictions: ClientRestrictions::default(),
    }
}

body! {
    ConnectorBody {
        id: Opt<String> = "id",
        kind: Opt<String> = "type",
        name: Opt<String> = "name",
        config: Opt<Base64> = "config",
        grant_types: Opt<Vec<String>> = "grantTypes",
    }
}

/// The version of a connector is its object's, which the API server counts.
pub(super) fn connector(record: &Connector) -> ConnectorBody {
    ConnectorBody {
        id: Opt(record.id.clone()),
        kind: Opt(record.kind.clone()),
        name: Opt(record.name.clone()),
        config: Opt(Base64::of(record.config.expose())),
        grant_types: Opt(record.grant_types.clone()),
    }
}

pub(super) fn read_connector(resource_version: &str, body: ConnectorBody) -> Connector {
    Connector {
        id: body.id.0,
        kind: body.kind.0,
        name: body.name.0,
        resource_version: resource_version.to_owned(),
        config: ConnectorData::new(body.config.0.0),
        grant_types: body.grant_types.0,
    }
}

body! {
    KeysBody {
        signing_key: Jwk = "signingKey",
        signing_key_pub: Jwk = "signingKeyPub",
        verification_keys: Opt<Option<Vec<Value>>> = "verificationKeys",
        next_rotation: Time = "nextRotation",
    }
}

pub(super) fn keys(record: &Keys) -> Result<KeysBody, String> {
    let former =
        |key| StoredVerificationKey::of(key).and_then(|key| serde_json::to_value(key).map_err(|_| NO_JSON.into()));
    let former = record.verification_keys.as_ref().map(|keys| keys.iter().map(former).collect::<Result<Vec<_>, _>>());
    Ok(KeysBody {
        signing_key: jwk(record.signing_key.as_ref())?,
        signing_key_pub: jwk(record.signing_key_pub.as_ref())?,
        verification_keys: Opt(former.transpose()?),
        next_rotation: Time(record.next_rotation),
    })
}

const NO_JSON: &str = "a JWK is no JSON";

fn jwk(key: Option<&StoredJwk>) -> Result<Jwk, String> {
    let raw = key.map(|key| RawValue::from_string(key.expose().to_owned()));
    Ok(Opt(raw.transpose().map_err(|_| NO_JSON)?))
}

pub(super) fn read_keys(name: String, body: KeysBody) -> Result<Keys, String> {
    let read_jwk = |jwk: Jwk| jwk.0.map(|raw| StoredJwk::new(raw.get()));
    let former = body.verification_keys.0.map(|keys| {
        let read = |key| json::read::<StoredVerificationKey>(key).map(VerificationKey::from);
        keys.into_iter().map(read).collect::<Result<Vec<_>, _>>()
    });
    Ok(Keys {
        name,
        signing_key: read_jwk(body.signing_key),
        signing_key_pub: read_jwk(body.signing_key_pub),
        verification_keys: former.transpose()?,
        next_rotation: body.next_rotation.0,
    })
}
