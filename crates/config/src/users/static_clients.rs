//! `staticClients`: applications that are registered in the file.

use crate::env::Env;
use crate::problem::{Position, quoted};
use crate::secret::Secret;
use crate::tree::Map;
use crate::users::warn_of_twins;

/// One entry of `staticClients`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticClient {
    /// `client_id`, from the file or the variable `idEnv` names.
    pub id: String,
    /// `client_secret`, from the file or the variable `secretEnv` names; empty only if `public`.
    pub secret: Secret,
    /// Shown to people.
    pub name: String,
    /// Where codes and tokens may go.
    pub redirect_uris: Vec<String>,
    /// Where people may go after logging out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logouts are told.
    pub backchannel_logout_uri: Option<String>,
    /// What a refresh token lives by.
    pub refresh_token_lifetime: RefreshTokenLifetime,
    /// Clients that may ask for tokens meant for this one.
    pub trusted_peers: Vec<String>,
    /// Whether it can keep no secret.
    pub public: bool,
    /// Shown to people.
    pub logo_url: String,
    /// Connectors it may use; empty means all.
    pub allowed_connectors: Vec<String>,
    /// Authenticators it asks for; `None` means the default chain, an empty list none.
    pub mfa_chain: Option<Vec<String>>,
    /// Clients that may reuse its sign-in, `*` for all; `None` means the server's default, an
    /// empty list nobody.
    pub sso_shared_with: Option<Vec<String>>,
    /// Groups in tokens of its `client_credentials` grant; `None` without the block.
    pub client_credentials_groups: Option<Vec<String>>,
    /// Whether it may do nothing for the time being.
    pub disabled: bool,
    /// Groups of which its users must be in one; empty admits everybody.
    pub allowed_groups: Vec<String>,
    /// Where it is written. Does not take part in comparisons.
    pub(crate) place: Place,
}

/// Where an entry is written. Equal to every other, since moving an entry changes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub item: Position,
    pub mfa_chain: Position,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

/// What a refresh token lives by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshTokenLifetime {
    /// Its own policy.
    #[default]
    Standalone,
    /// The session it came from.
    Session,
}

impl StaticClient {
    pub(crate) fn read_all(top: &mut Map<'_>, env: &dyn Env) -> Vec<Self> {
        let clients = top.list("staticClients", |map| read(map, env));
        let ids = clients.iter().map(|client| (client.id.as_str(), client.place.item));
        warn_of_twins(ids, ("staticClients", "id"), top.report());
        clients
    }
}

fn read(map: &mut Map<'_>, env: &dyn Env) -> StaticClient {
    let name = map.text("name");
    if name.is_empty() {
        let text = "invalid config: Name field is required for a client";
        map.error("name", text, "add `name:`, shown to people who log in");
    }
    let id = id(map, env);
    let public = map.bool("public", false);
    StaticClient {
        secret: secret(map, env, &id, public),
        refresh_token_lifetime: refresh_token_lifetime(map, &id),
        redirect_uris: redirect_uris(map),
        post_logout_redirect_uris: map.texts("postLogoutRedirectURIs"),
        backchannel_logout_uri: map.optional("backchannelLogoutURI"),
        trusted_peers: map.texts("trustedPeers"),
        logo_url: map.text("logoURL"),
        allowed_connectors: map.texts("allowedConnectors"),
        mfa_chain: map.optional_texts("mfaChain"),
        sso_shared_with: map.optional_texts("ssoSharedWith"),
        client_credentials_groups: {
            let given = map.has("clientCredentialsClaims");
            let groups = map.section("clientCredentialsClaims", |map| map.texts("groups"));
            given.then_some(groups)
        },
        disabled: map.bool("disabled", false),
        allowed_groups: map.texts("allowedGroups"),
        place: Place { item: map.at("id"), mfa_chain: map.at("mfaChain") },
        id,
        name,
        public,
    }
}

fn id(map: &mut Map<'_>, env: &dyn Env) -> String {
    let (id, variable) = (map.text("id"), map.text("idEnv"));
    match (id.is_empty(), variable.is_empty()) {
        (true, true) => {
            let text = "invalid config: ID or IDEnv field is required for a client";
            map.error("id", text, "add `id:`");
        }
        (false, false) => {
            let text = format!("invalid config: ID and IDEnv fields are exclusive for client {}", quoted(&id));
            map.error("idEnv", text, "remove one of them");
        }
        (false, true) => {}
        (true, false) => match env.get(&variable).filter(|value| !value.is_empty()) {
            Some(value) => return value,
            None => map.error("idEnv", "names a variable that is not set", "set the variable"),
        },
    }
    id
}

/// Dex takes an unset variable for an empty secret, which anyone can present.
fn secret(map: &mut Map<'_>, env: &dyn Env, id: &str, public: bool) -> Secret {
    let (secret, variable) = (map.secret("secret"), map.text("secretEnv"));
    let told = quoted(id);
    match (secret.is_empty(), variable.is_empty()) {
        (true, true) if !public => {
            let text = format!("invalid config: Secret or SecretEnv field is required for client {told}");
            map.error("secret", text, "add `secret:`, or `public: true` if it cannot keep one");
        }
        (false, false) => {
            let text = format!("invalid config: Secret and SecretEnv fields are exclusive for client {told}");
            map.error("secretEnv", text, "remove one of them");
        }
        (true, false) => match env.get(&variable).filter(|value| !value.is_empty()) {
            Some(value) => return Secret::new(value),
            None if public => map.warn("secretEnv", "names a variable that is not set"),
            None => map.error("secretEnv", "names a variable that is not set", "set the variable"),
        },
        _ => {}
    }
    secret
}

fn refresh_token_lifetime(map: &mut Map<'_>, id: &str) -> RefreshTokenLifetime {
    let text = map.text("refreshTokenLifetime");
    match text.as_str() {
        "" | "standalone" => RefreshTokenLifetime::Standalone,
        "session" => RefreshTokenLifetime::Session,
        _ => {
            let text = format!(
                "staticClients: client {}: invalid refresh token lifetime {}: \
                 want \"standalone\" or \"session\"",
                quoted(id),
                quoted(&text)
            );
            map.error("refreshTokenLifetime", text, "");
            RefreshTokenLifetime::Standalone
        }
    }
}

fn redirect_uris(map: &mut Map<'_>) -> Vec<String> {
    let uris = map.texts("redirectURIs");
    if uris.iter().any(|uri| uri.contains('#')) {
        map.warn("redirectURIs", "a redirect URI must have no fragment (RFC 6749 section 3.1.2)");
    }
    uris
}
