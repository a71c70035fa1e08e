//! Discovery, keys, ID tokens and userinfo.

use std::sync::{Arc, Mutex};

use dex_connector::UpstreamError;
use dex_jose::{Algorithm, KeySet, SigningKey};
use dex_model::Timestamp;
use dex_upstream_client::{Claims, Expected, Overrides, Provider};
use http::StatusCode;
use serde_json::{Value, json};

use crate::server::{Server, client};

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A provider whose keys a test changes.
struct Op {
    server: Server,
    keys: Arc<Mutex<Vec<SigningKey>>>,
}

impl Op {
    async fn start(keys: Vec<SigningKey>) -> Self {
        let keys = Arc::new(Mutex::new(keys));
        let published = keys.clone();
        let server = Server::start(move |asked, _| {
            let base = format!("http://{}", asked.header("host"));
            let keys = published.lock().unwrap();
            let algorithms: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
            let (kind, body) = match asked.path.as_str() {
                "/.well-known/openid-configuration" => ("application/json", json!({
                    "issuer": base, "authorization_endpoint": format!("{base}/auth"), "token_endpoint": format!("{base}/token"),
                    "jwks_uri": format!("{base}/keys"), "userinfo_endpoint": format!("{base}/userinfo"),
                    "id_token_signing_alg_values_supported": algorithms,
                }).to_string()),
                "/keys" => ("application/json", KeySet::new(keys.iter().map(SigningKey::public).collect()).to_json_pretty()),
                "/userinfo" if asked.header("authorization") == "Bearer plain" => ("application/json", json!({"sub": "1"}).to_string()),
                "/userinfo" if asked.header("authorization") == "Bearer signed" => {
                    ("application/jwt", sign(&keys[0], &json!({"sub": "2", "iss": base, "aud": ["dex"]})))
                }
                "/userinfo" if asked.header("authorization") == "Bearer foreign" => {
                    ("application/jwt", sign(&keys[0], &json!({"sub": "2", "iss": base, "aud": "other"})))
                }
                _ => return (StatusCode::UNAUTHORIZED, [("content-type", "text/plain")], "gone for good".to_owned()),
            };
            (StatusCode::OK, [("content-type", kind)], body)
        })
        .await;
        Self { server, keys }
    }

    fn issuer(&self) -> &str {
        self.server.url.as_str().trim_end_matches('/')
    }

    async fn discover(&self) -> Provider {
        Provider::discover(&client(), self.issuer(), None, &Overrides::default()).await.unwrap()
    }

    fn key_fetches(&self) -> usize {
        self.server.asked().iter().filter(|asked| asked.path == "/keys").count()
    }

    fn token(&self, key: &SigningKey) -> String {
        sign(key, &json!({"iss": self.issuer(), "aud": "dex", "exp": NOW + 60, "sub": "1"}))
    }
}

fn sign(key: &SigningKey, claims: &Value) -> String {
    key.sign_compact(claims.to_string().as_bytes()).unwrap()
}

async fn verify(provider: &Provider, token: &str) -> Result<Claims, UpstreamError> {
    let expected = Expected { audiences: &["dex"], authorized_party: None, nonce: None, access_token: None };
    provider.verify_id_token(&client(), token, &expected, now()).await
}

#[tokio::test]
async fn tokens_of_every_algorithm_verify() {
    let keys: Vec<_> = Algorithm::ALL.into_iter().map(SigningKey::generate).collect();
    let op = Op::start(keys.clone()).await;
    let provider = op.discover().await;
    for key in &keys {
        assert_eq!(verify(&provider, &op.token(key)).await.unwrap()["sub"], "1", "{}", key.algorithm());
    }
    assert_eq!(op.key_fetches(), 1);
}

#[tokio::test]
async fn unsigned_and_foreign_tokens_do_not_verify() {
    use base64::Engine as _;
    let (ours, theirs) = (SigningKey::generate(Algorithm::ES256), SigningKey::generate(Algorithm::ES256));
    let op = Op::start(vec![ours.clone()]).await;
    let provider = op.discover().await;
    let token = op.token(&ours);
    let segment = |json: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
    let payload = token.split('.').nth(1).unwrap();
    let cases = [
        (format!("{}.{payload}.", segment(r#"{"alg":"none"}"#)), "not signed"),
        (format!("{}.{payload}.{}", segment(r#"{"alg":"HS256"}"#), segment("x")), "shared secret"),
        (op.token(&theirs), "no key"),
        (token.replace('.', ""), "three segments"),
        (sign(&ours, &json!([1])), "no JSON object"),
        (sign(&ours, &json!({"iss": "https://other.example", "aud": "dex", "exp": NOW})), "of issuer"),
    ];
    for (token, told) in cases {
        let error = verify(&provider, &token).await.unwrap_err();
        assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains(told)), "{error}");
    }
}

#[tokio::test]
async fn changed_keys_are_fetched_and_rubbish_does_not_make_us_ask_for_ever() {
    let (first, second) = (SigningKey::generate(Algorithm::ES256), SigningKey::generate(Algorithm::EdDSA));
    let op = Op::start(vec![first.clone()]).await;
    let provider = op.discover().await;
    verify(&provider, &op.token(&first)).await.unwrap();
    *op.keys.lock().unwrap() = vec![second.clone()];
    verify(&provider, &op.token(&second)).await.unwrap();
    assert_eq!(op.key_fetches(), 2);
    assert!(verify(&provider, &op.token(&first)).await.is_err());
    for _ in 0..20 {
        verify(&provider, &op.token(&SigningKey::generate(Algorithm::ES256))).await.unwrap_err();
    }
    assert!((6..=8).contains(&op.key_fetches()), "{}", op.key_fetches());
    verify(&provider, &op.token(&second)).await.unwrap();
}

#[tokio::test]
async fn userinfo_is_read_plain_and_signed() {
    let op = Op::start(vec![SigningKey::generate(Algorithm::ES256)]).await;
    let (provider, client) = (op.discover().await, client());
    assert_eq!(provider.userinfo(&client, "plain", "dex").await.unwrap()["sub"], "1");
    assert_eq!(provider.userinfo(&client, "signed", "dex").await.unwrap()["sub"], "2");
    let error = provider.userinfo(&client, "foreign", "dex").await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains("another audience")), "{error}");
    let error = provider.userinfo(&client, "revoked", "dex").await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Denied(text) if text.contains("gone for good")), "{error}");
}

#[tokio::test]
async fn the_issuer_is_compared_to_the_letter() {
    let op = Op::start(vec![SigningKey::generate(Algorithm::ES256)]).await;
    let (client, with_slash) = (client(), format!("{}/", op.issuer()));
    let error = Provider::discover(&client, &with_slash, None, &Overrides::default()).await.err().unwrap();
    assert!(error.to_string().contains("issuer did not match"), "{error}");
    let aliased = Provider::discover(&client, &with_slash, Some(op.issuer()), &Overrides::default()).await.unwrap();
    assert_eq!(aliased.metadata.issuer, op.issuer());
    let error = Provider::discover(&client, "not a url", None, &Overrides::default()).await.err().unwrap();
    assert!(matches!(error, UpstreamError::Misconfigured(_)), "{error}");
}

#[tokio::test]
async fn a_provider_without_a_document_is_made_of_overrides() {
    let server = Server::start(|_, _| StatusCode::NOT_FOUND).await;
    let (client, at) = (client(), |path: &str| Some(server.at(path)));
    let some = Overrides { authorization_endpoint: at("/a"), token_endpoint: at("/t"), ..Overrides::default() };
    assert!(Provider::discover(&client, "http://127.0.0.1:1", None, &some).await.is_err());
    let issuer = server.url.as_str().trim_end_matches('/');
    let error = Provider::discover(&client, issuer, None, &some).await.err().unwrap();
    assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains("404")), "{error}");
    let all = Overrides { jwks_uri: at("/k"), ..some };
    let provider = Provider::discover(&client, issuer, None, &all).await.unwrap();
    assert_eq!((provider.metadata.issuer.as_str(), provider.metadata.jwks_uri.path()), (issuer, "/k"));
}
