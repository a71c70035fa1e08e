//! The records that the configuration fixes (storage spec, 3.1).

use dex_config::{Config, ConnectorConfig, RefreshTokenLifetime, StaticClient, StaticPassword};
use dex_model::{
    Client, ClientCredentialsClaims, ClientRestrictions, ClientSecret, Connector, ConnectorData, Password, PasswordHash,
};
use dex_storage::Fixed;

/// The clients, passwords and connectors of the configuration, the local one included.
pub(super) fn records(config: &Config) -> Fixed {
    let mut connectors: Vec<Connector> = config.connectors.iter().map(connector).collect();
    if config.enable_password_db {
        connectors.push(Connector {
            id: "local".into(),
            kind: "local".into(),
            name: "Email".into(),
            ..Connector::default()
        });
    }
    Fixed {
        clients: config.static_clients.iter().map(client).collect(),
        passwords: config.static_passwords.iter().map(password).collect(),
        connectors,
    }
}

fn client(client: &StaticClient) -> Client {
    Client {
        id: client.id.clone(),
        secret: ClientSecret::new(client.secret.expose()),
        redirect_uris: client.redirect_uris.clone(),
        post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
        backchannel_logout_uri: client.backchannel_logout_uri.clone().unwrap_or_default(),
        refresh_token_lifetime: match client.refresh_token_lifetime {
            // As Dex tells a client over its management API that says nothing.
            RefreshTokenLifetime::Standalone => String::new(),
            RefreshTokenLifetime::Session => "session".into(),
        },
        trusted_peers: client.trusted_peers.clone(),
        public: client.public,
        name: client.name.clone(),
        logo_url: client.logo_url.clone(),
        allowed_connectors: client.allowed_connectors.clone(),
        mfa_chain: client.mfa_chain.clone(),
        sso_shared_with: client.sso_shared_with.clone(),
        client_credentials_claims: client
            .client_credentials_groups
            .clone()
            .map(|groups| ClientCredentialsClaims { groups }),
        restrictions: ClientRestrictions { disabled: client.disabled, allowed_groups: client.allowed_groups.clone() },
    }
}

fn password(user: &StaticPassword) -> Password {
    Password {
        email: user.email.clone(),
        hash: PasswordHash::new(user.hash.expose()),
        username: user.username.clone(),
        name: user.name.clone(),
        preferred_username: user.preferred_username.clone(),
        email_verified: user.email_verified,
        user_id: user.user_id.clone(),
        groups: user.groups.clone(),
    }
}

fn connector(config: &ConnectorConfig) -> Connector {
    Connector {
        id: config.id.clone(),
        kind: config.kind.clone(),
        name: config.name.clone(),
        resource_version: String::new(),
        config: ConnectorData::new(config.config.to_string()),
        grant_types: config.grant_types.iter().map(|grant| grant.as_str().to_owned()).collect(),
    }
}
