//! The one HTTP client of all upstreams, and what every OAuth 2.0 and OpenID Connect upstream shares on top of it.
//!
//! Owned here: time limits, body limits, retries, the circuit breaker, certificate authorities and proxies, the telling apart
//! of "does not answer" and "answered rubbish", the token endpoint, discovery, key sets, ID tokens, and reading a connector's
//! configuration. Not owned: what any one upstream's answers mean, and the clock: `now` is handed in wherever a token's
//! time is looked at (time limits are measured by the runtime's own timer).
//!
//! Control leaves to the upstreams and comes back as a value, a [`CallError`] that knows the status, or the
//! [`UpstreamError`](dex_connector::UpstreamError) it becomes with `?`. No error text holds a secret that was sent.
//!
//! # Opening
//!
//! ```text
//! #[derive(Deserialize, Default)]
//! #[serde(rename_all = "camelCase", default)]
//! struct Config { #[serde(rename = "clientID")] client_id: String, client_secret: Secret, root_cas: Vec<String> }
//!
//! let config: Config = read_config(opening.config)?;     // any spelling of keys, nulls, unquoted numbers; Misconfigured
//! let client = Client::open(ClientOptions { root_cas: config.root_cas, ..ClientOptions::new(opening.id) })?;
//! ```
//!
//! # Calling
//!
//! ```text
//! client.get_json::<User>(&url, Auth::Bearer(token)).await?;                 // Result<T, CallError>
//! client.post_json::<Reply>(&url, Auth::None, &body).await?;
//! client.post_form(&url, Auth::Basic { id, secret }, &[("k", "v")]).await?;  // Result<Answer, CallError>
//! client.call(Call::get(url).auth(auth).header(ACCEPT, "application/json").body_max(bytes)).await?; // Answer of any status
//! answer.success()? ; answer.json::<T>()?                                    // 4xx -> Refused, HTML -> NotUnderstood
//! error.status() == Some(StatusCode::NOT_FOUND)                              // tell "not a member" apart
//! client.login(async { .. }).await?                                          // the time limit of a whole login
//! Pages::new(&client, first, auth, limits).all::<Team>().await?              // RFC 8288 `next` links, same origin only
//! Pages::new(..).all_by(|page: Reply| (page.values, page.next)).await?       // links inside the document
//! ```
//!
//! # OAuth 2.0
//!
//! ```text
//! let code = returned_code(arrival.parameters)?;                             // error= -> Denied
//! let to = AuthorizationUrl::new(&endpoint, &client_id, state).redirect_uri(&uri).scopes(&scopes).set(k, v).build();
//! let tokens = TokenEndpoint::new(url, client_id, secret, ClientAuth::Detect);   // kept in the connector: it learns
//! let answer: TokenAnswer = tokens.exchange_code(&client, code, Some(&redirect_uri), verifier).await?;
//! let answer: TokenAnswer = tokens.refresh(&client, refresh_token).await?;   // old refresh token kept when none came
//! expect_callback(&redirect_uri, callback)?;                                 // Dex's check and text
//! filter_groups(&given, &required)
//! ```
//!
//! `refresh` asks once for refreshes with the same token that come at the same time, and repeats the answer for a minute when
//! it brought another token: an upstream that rotates refresh tokens takes the second use of one for theft.
//!
//! # OpenID Connect
//!
//! ```text
//! let provider = Provider::discover(&client, &issuer, alias, &overrides).await?;
//! let provider = self.provider.get(|| Provider::discover(..)).await?;        // Prepared: kept an hour, fetched on demand
//! let claims = provider.verify_id_token(&client, token, &Expected { audiences, authorized_party, nonce, access_token }, now).await?;
//! ```

mod client;
mod config;
mod error;
mod groups;
mod oauth;
mod pages;
mod prepared;
mod relying_party;

pub use client::{Answer, Auth, BODY_BYTES_MAX, Call, Client, ClientIdentity, ClientOptions, EXCERPT_CHARS_MAX};
pub use config::{Secret, certificates, read_config};
pub use error::CallError;
pub use groups::filter_groups;
pub use oauth::{AuthorizationUrl, ClientAuth, Pkce, TokenAnswer, TokenEndpoint, expect_callback, returned_code};
pub use pages::{PageLimits, Pages};
pub use prepared::Prepared;
pub use relying_party::{Claims, Expected, Metadata, Overrides, Provider, SKEW_OF_EXPIRY, SKEW_OF_ISSUE};
