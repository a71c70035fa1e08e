//! The environment as handed in, and the feature flags Dex reads from it.

/// Where variables come from: the process in production, a table in tests.
pub trait Env {
    /// The value of a variable, `None` when it is not set (or is not UTF-8).
    fn get(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> Env for F {
    fn get(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// The switches of Dex that live in the environment as `DEX_<NAME>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureFlag {
    /// SQL storages in the layout of Dex's ORM engine.
    EntEnabled,
    /// `$VAR` expansion in `storage.config`, `signer.config` and `connectors[].config`.
    ExpandEnv,
    /// The connector calls of the gRPC API.
    ApiConnectorsCrud,
    /// Start although some connectors cannot be opened.
    ContinueOnConnectorFailure,
    /// Unknown keys are errors instead of warnings.
    ConfigDisallowUnknownFields,
    /// `client_credentials` is one of the default grants.
    ClientCredentialGrantEnabledByDefault,
    /// Browser sessions; here only to force them on without a block, or off in spite of one.
    SessionsEnabled,
    /// The session and identity calls of the gRPC API.
    ApiSessionsIdentitiesCrud,
}

impl FeatureFlag {
    /// Every flag, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::EntEnabled,
        Self::ExpandEnv,
        Self::ApiConnectorsCrud,
        Self::ContinueOnConnectorFailure,
        Self::ConfigDisallowUnknownFields,
        Self::ClientCredentialGrantEnabledByDefault,
        Self::SessionsEnabled,
        Self::ApiSessionsIdentitiesCrud,
    ];

    /// The name of the variable.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::EntEnabled => "DEX_ENT_ENABLED",
            Self::ExpandEnv => "DEX_EXPAND_ENV",
            Self::ApiConnectorsCrud => "DEX_API_CONNECTORS_CRUD",
            Self::ContinueOnConnectorFailure => "DEX_CONTINUE_ON_CONNECTOR_FAILURE",
            Self::ConfigDisallowUnknownFields => "DEX_CONFIG_DISALLOW_UNKNOWN_FIELDS",
            Self::ClientCredentialGrantEnabledByDefault => "DEX_CLIENT_CREDENTIAL_GRANT_ENABLED_BY_DEFAULT",
            Self::SessionsEnabled => "DEX_SESSIONS_ENABLED",
            Self::ApiSessionsIdentitiesCrud => "DEX_API_SESSIONS_IDENTITIES_CRUD",
        }
    }

    /// What holds when the variable says nothing.
    #[must_use]
    pub fn default_value(self) -> bool {
        matches!(self, Self::ExpandEnv | Self::ContinueOnConnectorFailure)
    }

    /// What the variable says, `None` when it is unset, empty or no boolean of Go's
    /// (`1 t T TRUE true True`, `0 f F FALSE false False`).
    pub fn setting(self, env: &dyn Env) -> Option<bool> {
        match env.get(self.variable())?.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
            _ => None,
        }
    }

    /// What the variable says, or the default.
    pub fn enabled(self, env: &dyn Env) -> bool {
        self.setting(env).unwrap_or_else(|| self.default_value())
    }
}

#[cfg(test)]
mod tests {
    use super::FeatureFlag;

    #[test]
    fn a_flag_reads_the_booleans_of_go_and_nothing_else() {
        let cases = [
            (Some("1"), Some(true)),
            (Some("t"), Some(true)),
            (Some("T"), Some(true)),
            (Some("TRUE"), Some(true)),
            (Some("true"), Some(true)),
            (Some("True"), Some(true)),
            (Some("0"), Some(false)),
            (Some("f"), Some(false)),
            (Some("F"), Some(false)),
            (Some("FALSE"), Some(false)),
            (Some("false"), Some(false)),
            (Some("False"), Some(false)),
            (Some("tRUE"), None),
            (Some("yes"), None),
            (Some("on"), None),
            (Some(" true"), None),
            (Some(""), None),
            (None, None),
        ];
        for (value, expected) in cases {
            let env = |_: &str| value.map(str::to_owned);
            for flag in FeatureFlag::ALL {
                assert_eq!(flag.setting(&env), expected, "{value:?}");
                let default = flag.default_value();
                assert_eq!(flag.enabled(&env), expected.unwrap_or(default), "{value:?}");
            }
        }
    }

    #[test]
    fn a_flag_reads_its_own_variable() {
        let env = |name: &str| (name == "DEX_SESSIONS_ENABLED").then(|| "1".to_owned());
        assert!(FeatureFlag::SessionsEnabled.enabled(&env));
        assert!(!FeatureFlag::EntEnabled.enabled(&env));
        assert!(FeatureFlag::ExpandEnv.enabled(&env));
    }
}
