//! The connector's keys as they are written (connectors-protocol spec, 7.1). What they come to is in `rules`.

use dex_upstream_client::Secret;
use serde::Deserialize;

/// The keys as they are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    pub(super) issuer: String,
    pub(super) issuer_alias: String,
    #[serde(rename = "clientID")]
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    #[serde(rename = "redirectURI")]
    pub(super) redirect_uri: String,
    pub(super) provider_discovery_overrides: DiscoveryOverrides,
    pub(super) basic_auth_unsupported: Option<bool>,
    pub(super) scopes: Vec<String>,
    pub(super) hosted_domains: Vec<String>,
    #[serde(rename = "rootCAs")]
    pub(super) root_cas: Vec<String>,
    pub(super) insecure_skip_email_verified: bool,
    pub(super) insecure_enable_groups: bool,
    pub(super) allowed_groups: Vec<String>,
    pub(super) acr_values: Vec<String>,
    pub(super) insecure_skip_verify: bool,
    pub(super) get_user_info: bool,
    #[serde(rename = "userIDKey")]
    pub(super) user_id_key: String,
    pub(super) user_name_key: String,
    pub(super) prompt_type: Option<String>,
    pub(super) pkce_challenge: String,
    pub(super) nonce_unsupported: bool,
    pub(super) token_exchange_audiences: Vec<String>,
    pub(super) override_claim_mapping: bool,
    pub(super) claim_mapping: ClaimMapping,
    pub(super) claim_modifications: ClaimModifications,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DiscoveryOverrides {
    #[serde(rename = "tokenURL")]
    pub(super) token_url: String,
    #[serde(rename = "authURL")]
    pub(super) auth_url: String,
    #[serde(rename = "jwksURL")]
    pub(super) jwks_url: String,
    #[serde(rename = "userInfoURL")]
    pub(super) user_info_url: String,
    #[serde(rename = "endSessionURL")]
    pub(super) end_session_url: String,
}

/// `claimMapping`: the claims to take instead of the standard ones; empty leaves the standard one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ClaimMapping {
    pub(super) preferred_username: String,
    pub(super) email: String,
    pub(super) groups: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClaimModifications {
    pub(super) new_group_from_claims: Vec<NewGroup>,
    pub(super) filter_group_claims: FilterGroupClaims,
    pub(super) modify_group_names: ModifyGroupNames,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FilterGroupClaims {
    pub(super) groups_filter: String,
}

/// `modifyGroupNames`: what is put around every group.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ModifyGroupNames {
    pub(super) prefix: String,
    pub(super) suffix: String,
}

/// An entry of `newGroupFromClaims`: a group made of claims.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NewGroup {
    pub(super) claims: Vec<String>,
    pub(super) delimiter: String,
    pub(super) clear_delimiter: bool,
    pub(super) prefix: String,
}
