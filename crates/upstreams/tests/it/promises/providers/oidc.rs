//! An OpenID Connect provider.

use dex_connector::{Connector, SubjectToken};
use dex_fakes::kit::Fake;
use dex_fakes::oidc;
use serde_json::{Value, json};

use super::super::forges::application;
use super::super::journey::{StandIn, outcome};
use super::super::keys::{Row, idle, row};
use super::super::nine::Nine;

pub(crate) type Oidc = oidc::Oidc;

/// Claims of the user, laid over the usual ones.
macro_rules! claims {
    ($($claims:tt)*) => { |up: &Oidc| up.change(|script| script.claims = json!($($claims)*)) };
}

/// The keys with another endpoint of the stand-in.
fn endpoint(up: &Oidc, key: &str) -> Value {
    json!({"providerDiscoveryOverrides": {key: format!("{}/another", up.issuer())}})
}

fn modified(modifications: Value) -> Value {
    json!({"claimModifications": modifications})
}

fn new_group(new: Value) -> Value {
    modified(json!({"newGroupFromClaims": [new]}))
}

impl StandIn for Oidc {
    const KIND: &'static str = "oidc";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { oidc::Oidc::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"issuer": self.issuer()})
    }

    fn grouped(&self) -> Value {
        json!({"insecureEnableGroups": true})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"allowedGroups": ["staff"]}), json!({"allowedGroups": ["staff"], "insecureEnableGroups": true})]
    }

    async fn leave(&self) {
        self.change(|script| script.claims = json!({"groups": ["admins"]}));
    }

    /// The exchange of a token that was made for another client.
    async fn besides(&self, connector: &dyn Connector) -> String {
        let token = self.sign(&json!({"aud": "ci", "azp": "ci"}));
        let exchange = connector.token_identity().unwrap();
        format!("exchange: {}", outcome(&exchange.identify(SubjectToken::Id(&token)).await))
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows =
            [provider_rows(), request_rows(), claim_rows(), group_rows()].into_iter().flatten().collect::<Vec<_>>();
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"7c1d\" name=\"Nadia Petrova\" preferred=\"nadia\" email=\"nadia@up.example\" verified=true groups=[]",
            "groups=[\"staff\", \"admins\"]",
            "groups=[\"admins\"]",
        )
    }
}

/// Where the provider is, and how it is spoken to.
fn provider_rows() -> Vec<Row<Oidc>> {
    vec![
        row("issuer", |up: &Oidc| json!({"issuer": format!("{}/another", up.issuer())}))
            .appears("asked: GET /another/.well-known/openid-configuration"),
        row("issuerAlias", |_| json!({"issuerAlias": "https://alias.example"}))
            .world(|up: &Oidc| {
                up.change(|script| {
                    script.document = json!({"issuer": "https://alias.example"});
                    script.claims = json!({"iss": "https://alias.example"});
                });
            })
            .appears("login: ok"),
        row("providerDiscoveryOverrides.tokenURL", |up: &Oidc| endpoint(up, "tokenURL"))
            .appears("asked: POST /another"),
        row("providerDiscoveryOverrides.authURL", |up: &Oidc| endpoint(up, "authURL"))
            .appears("browser: GET UP/another?"),
        row("providerDiscoveryOverrides.jwksURL", |up: &Oidc| endpoint(up, "jwksURL")).appears("asked: GET /another"),
        row("providerDiscoveryOverrides.userInfoURL", |up: &Oidc| endpoint(up, "userInfoURL"))
            .given(|_| json!({"getUserInfo": true}))
            .appears("asked: GET /another with Bearer"),
        idle(
            "providerDiscoveryOverrides.deviceAuthURL",
            "nobody logs in there by a device; Dex does not ask it either",
            |up: &Oidc| endpoint(up, "deviceAuthURL"),
        ),
        row("providerDiscoveryOverrides.endSessionURL", |up: &Oidc| endpoint(up, "endSessionURL"))
            .appears("logout: GET UP/another?"),
        row("basicAuthUnsupported", |_| json!({"basicAuthUnsupported": true})).appears("client_secret=s3cr3t/+&"),
        row("rootCAs", |up: &Oidc| json!({"rootCAs": [up.fake.ca()]})).tls().appears("login: ok"),
        row("insecureSkipVerify", |_| json!({"insecureSkipVerify": true})).tls().appears("login: ok"),
        row("getUserInfo", |_| json!({"getUserInfo": true}))
            .world(|up: &Oidc| up.change(|script| script.userinfo = json!({"name": "N. P."})))
            .appears("refresh: ok id=\"7c1d\" name=\"N. P.\""),
        row("tokenExchangeAudiences", |_| json!({"tokenExchangeAudiences": ["ci"]}))
            .appears("exchange: ok id=\"7c1d\""),
    ]
}

/// What is asked for.
fn request_rows() -> Vec<Row<Oidc>> {
    vec![
        row("scopes", |_| json!({"scopes": ["email"]})).appears("scope=openid email&"),
        row("hostedDomains", |_| json!({"hostedDomains": ["up.example"]}))
            .appears("open: misconfigured: the connector is not set up: support for the Hosted domains option"),
        row("acrValues", |_| json!({"acrValues": ["urn:a", "urn:b"]})).appears("acr_values=urn:a urn:b"),
        row("promptType", |_| json!({"promptType": "login"})).appears("prompt=login"),
        row("pkceChallenge", |_| json!({"pkceChallenge": "plain"})).appears("code_challenge_method=plain"),
        row("nonceUnsupported", |_| json!({"nonceUnsupported": true}))
            .world(claims!({"nonce": null}))
            .appears("login: ok"),
    ]
}

/// Who the user is.
fn claim_rows() -> Vec<Row<Oidc>> {
    vec![
        row("insecureSkipEmailVerified", |_| json!({"insecureSkipEmailVerified": true}))
            .world(claims!({"email_verified": null}))
            .appears("refresh: ok"),
        row("userIDKey", |_| json!({"userIDKey": "email"})).appears("id=\"nadia@up.example\""),
        row("userNameKey", |_| json!({"userNameKey": "email"})).appears("name=\"nadia@up.example\""),
        row("claimMapping.preferred_username", |_| json!({"claimMapping": {"preferred_username": "handle"}}))
            .world(claims!({"preferred_username": null, "handle": "h"}))
            .appears("preferred=\"h\""),
        row("claimMapping.email", |_| json!({"claimMapping": {"email": "mail"}}))
            .world(claims!({"email": null, "mail": "m"}))
            .appears("email=\"m\""),
        row("claimMapping.groups", |_| json!({"claimMapping": {"groups": "teams"}}))
            .given(|_| json!({"insecureEnableGroups": true}))
            .world(claims!({"groups": null, "teams": ["t"]}))
            .appears("groups=[\"t\"]"),
        row("overrideClaimMapping", |_| json!({"overrideClaimMapping": true}))
            .given(|_| json!({"claimMapping": {"email": "mail"}}))
            .world(claims!({"mail": "m"}))
            .appears("email=\"m\""),
    ]
}

/// The groups of the user, and what is made of them.
fn group_rows() -> Vec<Row<Oidc>> {
    let grouped = |_: &Oidc| json!({"insecureEnableGroups": true});
    vec![
        row("insecureEnableGroups", |_| json!({"insecureEnableGroups": true}))
            .appears("groups=[\"staff\", \"admins\"]"),
        row("allowedGroups", |_| json!({"allowedGroups": ["staff"]})).given(grouped).vanishes("admins\"]"),
        row("claimModifications.newGroupFromClaims.claims", |_| new_group(json!({"claims": ["email"]})))
            .given(grouped)
            .appears("\"nadia@up.example\"]"),
        row("claimModifications.newGroupFromClaims.delimiter", |_| {
            new_group(json!({"claims": ["sub", "email"], "prefix": "p", "delimiter": "::"}))
        })
        .given(|_| new_group(json!({"claims": ["sub", "email"], "prefix": "p"})))
        .appears("groups=[\"p::7c1d::nadia@up.example\"]"),
        row("claimModifications.newGroupFromClaims.clearDelimiter", |_| {
            new_group(json!({"claims": ["email"], "prefix": "p", "delimiter": "a", "clearDelimiter": true}))
        })
        .given(|_| new_group(json!({"claims": ["email"], "prefix": "p", "delimiter": "a"})))
        .appears("groups=[\"pandi@up.exmple\"]"),
        row("claimModifications.newGroupFromClaims.prefix", |_| {
            new_group(json!({"claims": ["sub"], "delimiter": "-", "prefix": "up"}))
        })
        .given(|_| new_group(json!({"claims": ["sub"], "delimiter": "-"})))
        .appears("groups=[\"up-7c1d\"]"),
        row("claimModifications.filterGroupClaims.groupsFilter", |_| {
            modified(json!({"filterGroupClaims": {"groupsFilter": "^s"}}))
        })
        .given(grouped)
        .vanishes("admins\"]"),
        row("claimModifications.modifyGroupNames.prefix", |_| modified(json!({"modifyGroupNames": {"prefix": "up:"}})))
            .given(grouped)
            .appears("groups=[\"up:staff\", \"up:admins\"]"),
        row("claimModifications.modifyGroupNames.suffix", |_| modified(json!({"modifyGroupNames": {"suffix": "-up"}})))
            .given(grouped)
            .appears("groups=[\"staff-up\", \"admins-up\"]"),
    ]
}
