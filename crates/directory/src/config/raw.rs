//! The configuration as it is written.

use serde::Deserialize;
use serde_json::{Map, Value};

/// How deep a configuration is nested; what lies deeper is no part of it.
const DEPTH_MAX: usize = 8;

/// All keys, in lower case.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Raw {
    pub(super) host: String,
    pub(super) hosts: Vec<String>,
    #[serde(rename = "dnssrv")]
    pub(super) dns_srv: String,
    #[serde(rename = "insecurenossl")]
    pub(super) insecure_no_ssl: bool,
    #[serde(rename = "insecureskipverify")]
    pub(super) insecure_skip_verify: bool,
    #[serde(rename = "starttls")]
    pub(super) start_tls: bool,
    #[serde(rename = "rootca")]
    pub(super) root_ca: String,
    #[serde(rename = "rootcadata")]
    pub(super) root_ca_data: String,
    #[serde(rename = "clientcert")]
    pub(super) client_cert: String,
    #[serde(rename = "clientkey")]
    pub(super) client_key: String,
    #[serde(rename = "saslexternal")]
    pub(super) sasl_external: bool,
    #[serde(rename = "binddn")]
    pub(super) bind_dn: String,
    #[serde(rename = "bindpw")]
    pub(super) bind_pw: String,
    #[serde(rename = "usernameprompt")]
    pub(super) username_prompt: String,
    #[serde(rename = "maxconnections")]
    pub(super) max_connections: Option<u32>,
    /// Seconds.
    #[serde(rename = "connecttimeout")]
    pub(super) connect_timeout: Option<u32>,
    /// Seconds.
    #[serde(rename = "requesttimeout")]
    pub(super) request_timeout: Option<u32>,
    #[serde(rename = "pagesize")]
    pub(super) page_size: Option<u32>,
    pub(super) referrals: String,
    #[serde(rename = "accountmessages")]
    pub(super) account_messages: String,
    #[serde(rename = "maskunknownusers")]
    pub(super) mask_unknown_users: bool,
    #[serde(rename = "usersearch")]
    pub(super) user_search: RawUserSearch,
    #[serde(rename = "groupsearch")]
    pub(super) group_search: RawGroupSearch,
    pub(super) kerberos: Option<RawKerberos>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawUserSearch {
    #[serde(rename = "basedn")]
    pub(super) base_dn: String,
    pub(super) filter: String,
    pub(super) username: Value,
    pub(super) scope: String,
    #[serde(rename = "idattr")]
    pub(super) id_attr: String,
    #[serde(rename = "emailattr")]
    pub(super) email_attr: String,
    #[serde(rename = "nameattr")]
    pub(super) name_attr: String,
    #[serde(rename = "preferredusernameattr")]
    pub(super) preferred_username_attr: String,
    #[serde(rename = "emailsuffix")]
    pub(super) email_suffix: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawGroupSearch {
    #[serde(rename = "basedn")]
    pub(super) base_dn: String,
    pub(super) filter: String,
    pub(super) scope: String,
    #[serde(rename = "nameattr")]
    pub(super) name_attr: String,
    #[serde(rename = "usermatchers")]
    pub(super) user_matchers: Vec<RawMatcher>,
    #[serde(flatten)]
    pub(super) single: RawMatcher,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct RawMatcher {
    #[serde(rename = "userattr")]
    pub(super) user_attr: String,
    #[serde(rename = "groupattr")]
    pub(super) group_attr: String,
    #[serde(rename = "recursiongroupattr")]
    pub(super) recursion_group_attr: String,
}

/// The `kerberos` section.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(crate) struct RawKerberos {
    pub(crate) enabled: bool,
    #[serde(rename = "keytabpath")]
    pub(crate) keytab_path: String,
    pub(crate) spn: String,
    #[serde(rename = "keytabprincipal")]
    pub(crate) keytab_principal: String,
    /// Seconds; what is not positive means the default.
    #[serde(rename = "maxclockskew")]
    pub(crate) max_clock_skew: i64,
    #[serde(rename = "expectedrealm")]
    pub(crate) expected_realm: String,
    #[serde(rename = "usernamefromprincipal")]
    pub(crate) username_from_principal: String,
    #[serde(rename = "fallbacktopassword")]
    pub(crate) fall_back_to_password: bool,
}

impl Raw {
    /// Reads a configuration, `null` being an empty one.
    ///
    /// # Errors
    ///
    /// What a value should be and is not, without the value, which may be a secret.
    pub(super) fn read(config: &Value) -> Result<Self, String> {
        let folded = if config.is_null() { Value::Object(Map::new()) } else { fold(config, DEPTH_MAX) };
        let raw: Self = serde_json::from_value(folded).map_err(|error| unquoted(&error.to_string()))?;
        raw.user_search.check_username()?;
        Ok(raw)
    }
}

impl RawUserSearch {
    /// The attributes the typed name is compared with.
    pub(super) fn usernames(&self) -> Vec<String> {
        let texts: Vec<&Value> = match &self.username {
            Value::Array(list) => list.iter().collect(),
            single => vec![single],
        };
        let named = texts.into_iter().filter_map(Value::as_str).filter(|name| !name.is_empty());
        named.map(str::to_owned).collect()
    }

    fn check_username(&self) -> Result<(), String> {
        let fits = match &self.username {
            Value::Null | Value::String(_) => true,
            Value::Array(list) => list.iter().all(Value::is_string),
            _ => false,
        };
        if fits { Ok(()) } else { Err("username must be a string or list of strings".to_owned()) }
    }
}

/// What was expected, without what was found instead.
fn unquoted(error: &str) -> String {
    let expected = error.rsplit_once(", expected ").map_or("what its key wants", |(_, expected)| expected);
    format!("a value is not {expected}")
}

/// The same with keys in lower case, of which the last counts, and without `null`s, which mean that a key is not set.
fn fold(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) if depth > 0 => {
            let entries = map.iter().filter(|(_, value)| !value.is_null());
            entries.map(|(key, value)| (key.to_ascii_lowercase(), fold(value, depth - 1))).collect()
        }
        Value::Array(list) if depth > 0 => list.iter().map(|value| fold(value, depth - 1)).collect(),
        other => other.clone(),
    }
}
