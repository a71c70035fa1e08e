//! Google: accounts, the directory of a Workspace, and the metadata server of its machines (connectors-platform spec, 4.8).
//!
//! The accounts are those of [`crate::oidc`]; the APIs, which Google has on hosts of their own, are below `/apis`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use dex_jose::{Algorithm, KeySet, PublicKey, SigningKey};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::ByHand;
use crate::kit::{Fake, OAuth, Refusal};
use crate::oidc::{self, Script};

/// The service account that reads the directory.
pub const ACCOUNT: &str = "dex@project.iam.gserviceaccount.example";

/// What its tokens are good for.
const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";

/// The machine's own token, as the metadata server gives it.
const MACHINE_TOKEN: &str = "machine-token";

/// Generating one takes a while.
static KEY: LazyLock<rcgen::KeyPair> = LazyLock::new(|| {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("the library has what it takes to make a key")
});

/// The key of the service account, in PEM.
#[must_use]
pub fn private_key() -> String {
    KEY.serialize_pem()
}

/// The directory of a Workspace.
#[derive(Debug, Clone)]
pub struct Directory {
    /// The groups of each user and each group, by address.
    pub members: BTreeMap<String, Vec<String>>,
    /// Entries on a page, whatever is asked for.
    pub page_size: usize,
    /// The administrators, by the domain they may read.
    pub admins: BTreeMap<String, String>,
    /// Whether the service account may act for administrators.
    pub delegated: bool,
    /// The claims of the last assertion.
    pub asserted: Value,
    tokens: HashMap<String, String>,
}

impl Default for Directory {
    fn default() -> Self {
        let list = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>();
        let members = [
            ("ines@team.example", list(&["eng@team.example", "all@team.example"])),
            ("eng@team.example", list(&["staff@team.example", "eng@team.example"])),
        ];
        Self {
            members: members.map(|(member, groups)| (member.to_owned(), groups)).into(),
            page_size: 200,
            admins: BTreeMap::from([("team.example".to_owned(), "admin@team.example".to_owned())]),
            delegated: true,
            asserted: Value::Null,
            tokens: HashMap::new(),
        }
    }
}

struct Workspace {
    base: String,
    directory: Mutex<Directory>,
}

type Shared = Arc<Workspace>;

/// A stand-in for Google with one user.
pub struct Google {
    /// The server.
    pub fake: Fake,
    accounts: oidc::Shared,
    workspace: Shared,
}

impl Google {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let mut parts = None;
        let fake = Fake::start(|url| {
            let (accounts, workspace) = parts.insert(prepare(url));
            routes(accounts.clone(), workspace.clone())
        })
        .await?;
        let (accounts, workspace) = parts.expect("the router was made");
        Ok(Self { fake, accounts, workspace })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.accounts.oauth
    }

    /// Says other things of the account from now on.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.accounts.script());
    }

    /// Changes the directory.
    pub fn change_directory(&self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.workspace.directory());
    }

    /// The claims of the last assertion.
    #[must_use]
    pub fn asserted(&self) -> Value {
        self.workspace.directory().asserted.clone()
    }

    /// Where its APIs are.
    #[must_use]
    pub fn api(&self) -> String {
        format!("{}/apis", self.fake.base())
    }

    /// The key file of its service account.
    #[must_use]
    pub fn key_file(&self) -> Value {
        json!({
            "type": "service_account", "client_email": ACCOUNT, "private_key_id": "key-1", "private_key": private_key(),
            "token_uri": format!("{}/token", self.api()),
        })
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let (accounts, workspace) = prepare(url);
    let base = url.as_str().trim_end_matches('/');
    let host = base.trim_start_matches("http://");
    let configuration = format!(
        "    # Start dex with GCE_METADATA_HOST={host} in its environment.\n    baseURL: {base}\n    apiURL: {base}/apis\n    \
         domainToAdminEmail:\n      team.example: admin@team.example\n    fetchTransitiveGroupMembership: true\n"
    );
    ByHand { router: routes(accounts, workspace), configuration }
}

fn prepare(url: &Url) -> (oidc::Shared, Shared) {
    let accounts = oidc::Provider::new(url);
    accounts.script().claims = json!({
        "sub": "110555000111", "name": "Ines Prado", "email": "ines@team.example", "email_verified": true, "hd": "team.example",
        "preferred_username": null, "groups": null,
    });
    let base = url.as_str().trim_end_matches('/').to_owned();
    (accounts, Arc::new(Workspace { base, directory: Mutex::default() }))
}

fn routes(accounts: oidc::Shared, workspace: Shared) -> Router {
    let apis = Router::new()
        .route("/apis/token", post(token))
        .route("/apis/admin/directory/v1/groups", get(groups))
        .route("/apis/v1/projects/-/serviceAccounts/{method}", post(credentials))
        .route("/computeMetadata/v1/instance/service-accounts/default/{what}", get(metadata))
        .with_state(workspace);
    oidc::routes(accounts).merge(apis)
}

impl Workspace {
    fn directory(&self) -> MutexGuard<'_, Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token with the rights of an administrator, or of the service account itself.
    fn issue(&self, subject: &str) -> String {
        let mut directory = self.directory();
        let token = format!("directory-token-{}", directory.tokens.len() + 1);
        directory.tokens.insert(token.clone(), subject.to_owned());
        token
    }
}

fn failed(status: StatusCode, message: &str, reason: &str) -> Refusal {
    let errors = json!([{"message": message, "domain": "global", "reason": reason}]);
    Refusal::new(status, &json!({"error": {"code": status.as_u16(), "message": message, "errors": errors}}))
}

fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

/// The JWT bearer grant (RFC 7523).
async fn token(State(workspace): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let field = |wanted: &str| {
        let mut fields = url::form_urlencoded::parse(&body);
        fields.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let refused = |text: &str| {
        Refusal::new(StatusCode::UNAUTHORIZED, &json!({"error": "unauthorized_client", "error_description": text}))
    };
    if field("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return Err(refused("another grant"));
    }
    let spki = KEY.public_key_pem();
    let public = PublicKey::from_spki_pem(&spki).map_err(|_| refused("our own key"))?;
    let verified = KeySet::new(vec![public.with_kid("key-1")]).verify_compact(&field("assertion"), &[Algorithm::RS256]);
    let claims: Value = verified
        .ok()
        .and_then(|verified| serde_json::from_slice(&verified.payload).ok())
        .ok_or_else(|| refused("bad signature"))?;
    let audiences = [format!("{}/apis/token", workspace.base), "https://oauth2.googleapis.com/token".to_owned()];
    let for_us = audiences.iter().any(|audience| claims["aud"] == audience.as_str());
    let lives = claims["exp"].as_i64().zip(claims["iat"].as_i64()).is_some_and(|(exp, iat)| exp - iat == 3600);
    if claims["iss"] != ACCOUNT || claims["scope"] != SCOPE || !for_us || !lives {
        return Err(refused("bad claims"));
    }
    let subject = claims["sub"].as_str().unwrap_or_default().to_owned();
    {
        let mut directory = workspace.directory();
        directory.asserted = claims;
        if !directory.delegated {
            return Err(refused("Client is unauthorized to retrieve access tokens using this method"));
        }
    }
    Ok(Json(json!({"access_token": workspace.issue(&subject), "token_type": "Bearer", "expires_in": 3599})))
}

async fn groups(
    State(workspace): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let directory = workspace.directory();
    let subject = directory.tokens.get(bearer(&headers));
    let subject = subject.ok_or_else(|| failed(StatusCode::UNAUTHORIZED, "Invalid Credentials", "authError"))?;
    let asked: HashMap<String, String> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let key = asked.get("userKey").cloned().unwrap_or_default();
    let domain = key.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    let may = subject.is_empty() || directory.admins.get(domain) == Some(subject);
    if !may {
        return Err(failed(StatusCode::FORBIDDEN, "Not Authorized to access this resource/api", "forbidden"));
    }
    let all = directory.members.get(&key).cloned().unwrap_or_default();
    let from: usize = asked.get("pageToken").and_then(|token| token.strip_prefix('p')?.parse().ok()).unwrap_or(0);
    let page: Vec<_> = all.iter().skip(from).take(directory.page_size).map(|email| json!({"email": email})).collect();
    let mut reply = json!({"kind": "admin#directory#groups"});
    let to = from + page.len();
    if !page.is_empty() {
        reply["groups"] = page.into();
    }
    if to < all.len() {
        reply["nextPageToken"] = format!("p{to}").into();
    }
    Ok(Json(reply))
}

/// The IAM credentials API: `{account}:signJwt` and `{account}:generateAccessToken`.
async fn credentials(
    State(workspace): State<Shared>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    if bearer(&headers) != MACHINE_TOKEN || !workspace.directory().delegated {
        return Err(failed(StatusCode::FORBIDDEN, "Permission 'iam.serviceAccounts.signJwt' denied", "forbidden"));
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let unknown = || failed(StatusCode::NOT_FOUND, "Not found", "notFound");
    match method.strip_prefix(ACCOUNT).ok_or_else(unknown)? {
        ":signJwt" => {
            let key = SigningKey::rsa_from_pem("key-1", &private_key()).map_err(|_| unknown())?;
            let payload = asked["payload"].as_str().unwrap_or_default();
            let signed = key.sign_compact_typed("JWT", payload.as_bytes()).map_err(|_| unknown())?;
            Ok(Json(json!({"keyId": "key-1", "signedJwt": signed})))
        }
        ":generateAccessToken" if asked["scope"] == json!([SCOPE]) => {
            Ok(Json(json!({"accessToken": workspace.issue(""), "expireTime": "2100-01-01T00:00:00Z"})))
        }
        _ => Err(unknown()),
    }
}

async fn metadata(Path(what): Path<String>, headers: HeaderMap) -> Result<String, Refusal> {
    let flavor = headers.get("metadata-flavor").is_some_and(|flavor| flavor == "Google");
    match what.as_str() {
        "email" if flavor => Ok(ACCOUNT.to_owned()),
        "token" if flavor => {
            Ok(json!({"access_token": MACHINE_TOKEN, "expires_in": 3000, "token_type": "Bearer"}).to_string())
        }
        _ => Err(Refusal::new(StatusCode::FORBIDDEN, &json!({"error": "Metadata-Flavor"}))),
    }
}
