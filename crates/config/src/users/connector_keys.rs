//! The keys of each kind of connector and what they hold.

use crate::tree::Shape::{Base64, Block, Blocks, Bool, Int, OneOrMoreTexts, Text, TextMap, Texts};
use crate::tree::ShapedKey;

type Keys = &'static [ShapedKey];

/// The keys of a kind, `None` for an unknown one.
pub(crate) fn of(kind: &str) -> Option<Keys> {
    KINDS.iter().find(|(known, _)| *known == kind).map(|(_, keys)| *keys)
}

/// Every kind, `local` excepted, which is no configured one.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}

/// Every key of a kind, those of a block with the block's name before them: `userSearch.baseDN`. None for an unknown kind. The
/// crate of the connectors proves by it that each of them does something.
#[must_use]
pub fn connector_keys(kind: &str) -> Vec<String> {
    of(kind).map(|keys| paths(keys, "")).unwrap_or_default()
}

fn paths(keys: Keys, before: &str) -> Vec<String> {
    let below = |(key, shape): &'static ShapedKey| match shape {
        Block(keys) | Blocks(keys) => paths(keys, &format!("{before}{key}.")),
        _ => vec![format!("{before}{key}")],
    };
    keys.iter().flat_map(below).collect()
}

/// The kind an alias stands for.
pub(crate) fn canonical(kind: &str) -> &str {
    if kind == "samlExperimental" { "saml" } else { kind }
}

const KINDS: &[(&str, Keys)] = &[
    ("atlassian-crowd", ATLASSIAN_CROWD),
    ("authproxy", AUTHPROXY),
    ("bitbucket-cloud", BITBUCKET_CLOUD),
    ("gitea", GITEA),
    ("github", GITHUB),
    ("gitlab", GITLAB),
    ("google", GOOGLE),
    ("keystone", KEYSTONE),
    ("ldap", LDAP),
    ("linkedin", LINKEDIN),
    ("microsoft", MICROSOFT),
    ("mockCallback", &[]),
    ("mockPassword", &[("username", Text), ("password", Text)]),
    ("oauth", OAUTH),
    ("oidc", OIDC),
    ("openshift", OPENSHIFT),
    ("saml", SAML),
];

const ATLASSIAN_CROWD: Keys = &[
    ("baseURL", Text),
    ("clientID", Text),
    ("clientSecret", Text),
    ("groups", Texts),
    ("preferredUsernameField", Text),
    ("usernamePrompt", Text),
    ("rootCAs", Texts),
];

const AUTHPROXY: Keys = &[
    ("userIDHeader", Text),
    ("userHeader", Text),
    ("userNameHeader", Text),
    ("emailHeader", Text),
    ("groupHeader", Text),
    ("groupHeaderSeparator", Text),
    ("staticGroups", Texts),
    ("allowedGroups", Texts),
    ("trustedProxies", Texts),
];

const BITBUCKET_CLOUD: Keys = &[
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("baseURL", Text),
    ("apiURL", Text),
    ("teams", Texts),
    ("includeTeamGroups", Bool),
    ("getWorkspacePermissions", Bool),
];

const ORGS: Keys = &[("name", Text), ("teams", Texts)];

const GITEA: Keys = &[
    ("baseURL", Text),
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("rootCA", Text),
    ("orgs", Blocks(ORGS)),
    ("loadAllGroups", Bool),
    ("useLoginAsID", Bool),
];

const GITHUB: Keys = &[
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("org", Text),
    ("orgs", Blocks(ORGS)),
    ("hostName", Text),
    ("baseURL", Text),
    ("apiURL", Text),
    ("rootCA", Text),
    ("teamNameField", Text),
    ("loadAllGroups", Bool),
    ("useLoginAsID", Bool),
    ("preferredEmailDomain", Text),
];

const GITLAB: Keys = &[
    ("baseURL", Text),
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("groups", Texts),
    ("useLoginAsID", Bool),
    ("getGroupsPermission", Bool),
    ("inheritedGroups", Bool),
    ("rootCAData", Base64),
];

const GOOGLE: Keys = &[
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("scopes", Texts),
    ("hostedDomains", Texts),
    ("groups", Texts),
    ("serviceAccountFilePath", Text),
    ("adminEmail", Text),
    ("domainToAdminEmail", TextMap),
    ("fetchTransitiveGroupMembership", Bool),
    ("promptType", Text),
    ("baseURL", Text),
    ("apiURL", Text),
];

const KEYSTONE: Keys = &[
    ("domain", Text),
    ("keystoneHost", Text),
    ("keystoneUsername", Text),
    ("keystonePassword", Text),
    ("groups", Texts),
    ("rootCAs", Texts),
    ("insecureSkipVerify", Bool),
];

const LDAP: Keys = &[
    ("host", Text),
    ("hosts", Texts),
    ("dnsSRV", Text),
    ("insecureNoSSL", Bool),
    ("insecureSkipVerify", Bool),
    ("startTLS", Bool),
    ("rootCA", Text),
    ("clientCert", Text),
    ("clientKey", Text),
    ("rootCAData", Base64),
    ("bindDN", Text),
    ("bindPW", Text),
    ("saslExternal", Bool),
    ("usernamePrompt", Text),
    ("maxConnections", Int),
    ("connectTimeout", Int),
    ("requestTimeout", Int),
    ("pageSize", Int),
    ("referrals", Text),
    ("accountMessages", Text),
    ("maskUnknownUsers", Bool),
    ("kerberos", Block(LDAP_KERBEROS)),
    ("userSearch", Block(LDAP_USER_SEARCH)),
    ("groupSearch", Block(LDAP_GROUP_SEARCH)),
];

const LDAP_KERBEROS: Keys = &[
    ("enabled", Bool),
    ("keytabPath", Text),
    ("spn", Text),
    ("keytabPrincipal", Text),
    ("maxClockSkew", Int),
    ("expectedRealm", Text),
    ("usernameFromPrincipal", Text),
    ("fallbackToPassword", Bool),
];

const LDAP_USER_SEARCH: Keys = &[
    ("baseDN", Text),
    ("filter", Text),
    ("username", OneOrMoreTexts),
    ("scope", Text),
    ("idAttr", Text),
    ("emailAttr", Text),
    ("nameAttr", Text),
    ("preferredUsernameAttr", Text),
    ("emailSuffix", Text),
];

const LDAP_GROUP_SEARCH: Keys = &[
    ("baseDN", Text),
    ("filter", Text),
    ("scope", Text),
    ("userAttr", Text),
    ("groupAttr", Text),
    ("recursionGroupAttr", Text),
    ("userMatchers", Blocks(LDAP_USER_MATCHERS)),
    ("nameAttr", Text),
];

const LDAP_USER_MATCHERS: Keys = &[("userAttr", Text), ("groupAttr", Text), ("recursionGroupAttr", Text)];

const LINKEDIN: Keys = &[
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("scopes", Texts),
    ("baseURL", Text),
    ("apiURL", Text),
];

const MICROSOFT: Keys = &[
    ("clientID", Text),
    ("clientSecret", Text),
    ("clientAssertion", Text),
    ("redirectURI", Text),
    ("tenant", Text),
    ("onlySecurityGroups", Bool),
    ("groups", Texts),
    ("groupNameFormat", Text),
    ("useGroupsAsWhitelist", Bool),
    ("emailToLowercase", Bool),
    ("batchGroupLookups", Bool),
    ("apiURL", Text),
    ("graphURL", Text),
    ("promptType", Text),
    ("domainHint", Text),
    ("scopes", Texts),
    ("preferredUsernameField", Text),
];

const OAUTH: Keys = &[
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("tokenURL", Text),
    ("authorizationURL", Text),
    ("userInfoURL", Text),
    ("scopes", Texts),
    ("rootCAs", Texts),
    ("insecureSkipVerify", Bool),
    ("insecureSkipEmailVerified", Bool),
    ("userIDKey", Text),
    ("claimMapping", Block(OAUTH_CLAIM_MAPPING)),
];

const OAUTH_CLAIM_MAPPING: Keys = &[
    ("userNameKey", Text),
    ("preferredUsernameKey", Text),
    ("groupsKey", Text),
    ("emailKey", Text),
    ("emailVerifiedKey", Text),
];

const OIDC: Keys = &[
    ("issuer", Text),
    ("issuerAlias", Text),
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("providerDiscoveryOverrides", Block(OIDC_DISCOVERY)),
    ("basicAuthUnsupported", Bool),
    ("scopes", Texts),
    ("hostedDomains", Texts),
    ("rootCAs", Texts),
    ("insecureSkipEmailVerified", Bool),
    ("insecureEnableGroups", Bool),
    ("allowedGroups", Texts),
    ("acrValues", Texts),
    ("insecureSkipVerify", Bool),
    ("getUserInfo", Bool),
    ("userIDKey", Text),
    ("userNameKey", Text),
    ("promptType", Text),
    ("pkceChallenge", Text),
    ("nonceUnsupported", Bool),
    ("tokenExchangeAudiences", Texts),
    ("overrideClaimMapping", Bool),
    ("claimMapping", Block(OIDC_CLAIM_MAPPING)),
    ("claimModifications", Block(OIDC_MODIFICATIONS)),
];

const OIDC_DISCOVERY: Keys = &[
    ("tokenURL", Text),
    ("authURL", Text),
    ("jwksURL", Text),
    ("userInfoURL", Text),
    ("deviceAuthURL", Text),
    ("endSessionURL", Text),
];

const OIDC_CLAIM_MAPPING: Keys = &[("preferred_username", Text), ("email", Text), ("groups", Text)];

const OIDC_MODIFICATIONS: Keys = &[
    ("newGroupFromClaims", Blocks(OIDC_NEW_GROUP)),
    ("filterGroupClaims", Block(&[("groupsFilter", Text)])),
    ("modifyGroupNames", Block(&[("prefix", Text), ("suffix", Text)])),
];

const OIDC_NEW_GROUP: Keys = &[("claims", Texts), ("delimiter", Text), ("clearDelimiter", Bool), ("prefix", Text)];

const OPENSHIFT: Keys = &[
    ("issuer", Text),
    ("clientID", Text),
    ("clientSecret", Text),
    ("redirectURI", Text),
    ("groups", Texts),
    ("insecureCA", Bool),
    ("rootCA", Text),
];

const SAML: Keys = &[
    ("entityIssuer", Text),
    ("ssoIssuer", Text),
    ("ssoURL", Text),
    ("ca", Text),
    ("caData", Base64),
    ("insecureSkipSignatureValidation", Bool),
    ("usernameAttr", Text),
    ("emailAttr", Text),
    ("groupsAttr", Text),
    ("groupsDelim", Text),
    ("allowedGroups", Texts),
    ("filterGroups", Bool),
    ("redirectURI", Text),
    ("nameIDPolicyFormat", Text),
    ("metadata", Text),
    ("metadataCA", Text),
    ("rootCAs", Texts),
    ("requestBinding", Text),
    ("sloURL", Text),
    ("sloBinding", Text),
    ("insecureAllowSHA1", Bool),
    ("idpInitiatedLogin", Text),
    ("signing", Block(SAML_KEY)),
    ("decryption", Block(SAML_KEY)),
];

const SAML_KEY: Keys = &[("key", Text), ("cert", Text)];
