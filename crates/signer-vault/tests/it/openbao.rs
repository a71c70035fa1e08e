//! Against a real OpenBao.

use std::sync::Arc;
use std::time::Duration;

use dex_jose::Algorithm;
use dex_peers::OpenBao;
use dex_signer_vault::{Environment, Vault};
use dex_web::signing::{NotSigned, RemoteError, RemoteSigner, Signer};

/// Transit keys by type, and what each must sign with.
const TYPES: [(&str, Algorithm); 6] = [
    ("rsa-2048", Algorithm::RS256),
    ("rsa-3072", Algorithm::RS256),
    ("ecdsa-p256", Algorithm::ES256),
    ("ecdsa-p384", Algorithm::ES384),
    ("ecdsa-p521", Algorithm::ES512),
    ("ed25519", Algorithm::EdDSA),
];

/// A limit that a paused server runs into soon, and a busy machine does not.
const LIMIT: Duration = Duration::from_secs(3);

fn environment() -> Environment {
    Environment { timeout: Some(LIMIT), ..Environment::default() }
}

fn remote(bao: &OpenBao, token: &str, key: &str, environment: &Environment) -> Arc<dyn RemoteSigner> {
    Arc::new(Vault::open(bao.url(), token, key, environment).unwrap())
}

fn root(bao: &OpenBao, key: &str) -> Arc<dyn RemoteSigner> {
    remote(bao, OpenBao::ROOT_TOKEN, key, &environment())
}

async fn new_key(bao: &OpenBao, key: &str, kind: &str) {
    bao.run(&["write", "-f", &format!("transit/keys/{key}"), &format!("type={kind}")]).await.unwrap();
}

/// Signs, and has the signature verified by the keys that are published.
async fn signed_by(signer: &Signer) -> (Algorithm, String) {
    let current = signer.current().await.unwrap();
    let token = current.signing.sign_compact(br#"{"sub":"jane"}"#).await.unwrap();
    let published = dex_jose::KeySet::parse(std::str::from_utf8(&current.published).unwrap()).unwrap();
    let verified = published.verify_compact(&token, &current.algorithms).unwrap();
    assert_eq!(verified.payload, br#"{"sub":"jane"}"#);
    (verified.algorithm, verified.kid.unwrap())
}

#[tokio::test]
async fn tokens_are_signed_by_openbao() {
    let bao = OpenBao::start().await.unwrap();
    every_type_signs_with_its_algorithm(&bao).await;
    a_rotated_key_is_followed(&bao).await;
    what_is_refused_says_why(&bao).await;
    a_namespace_has_keys_of_its_own(&bao).await;
    a_token_outlives_its_first_lease(&bao).await;
    // These two come last: the second leaves it sealed.
    a_vault_that_stands_still_costs_its_time_limit_and_heals(&bao).await;
    a_sealed_vault_is_not_available(&bao).await;
}

async fn every_type_signs_with_its_algorithm(bao: &OpenBao) {
    for (kind, algorithm) in TYPES {
        new_key(bao, kind, kind).await;
        let signer = Signer::default();
        signer.follow(&root(bao, kind)).await.unwrap();
        let (signed_with, kid) = signed_by(&signer).await;
        assert_eq!((signed_with, kid.len()), (algorithm, 43), "{kind}: the thumbprint of a key is its kid");
        let typed = signer.current().await.unwrap().signing.sign_compact_typed("logout+jwt", b"{}").await.unwrap();
        let verified = signer.current().await.unwrap().accepted.verify_compact(&typed, &[algorithm]).unwrap();
        assert_eq!(verified.header.typ.as_deref(), Some("logout+jwt"), "{kind}");
    }
}

async fn a_rotated_key_is_followed(bao: &OpenBao) {
    new_key(bao, "turning", "ecdsa-p256").await;
    let (signer, remote) = (Signer::default(), root(bao, "turning"));
    signer.follow(&remote).await.unwrap();
    let (_, first) = signed_by(&signer).await;
    bao.run(&["write", "-f", "transit/keys/turning/rotate"]).await.unwrap();
    signer.follow(&remote).await.unwrap();
    assert_eq!(signed_by(&signer).await.1, first, "the new one is published before it signs");
    signer.follow(&remote).await.unwrap();
    let (_, second) = signed_by(&signer).await;
    let current = signer.current().await.unwrap();
    let published: Vec<_> = current.accepted.keys().iter().map(|key| key.kid().unwrap().to_owned()).collect();
    assert_eq!(published, [second.clone(), first.clone()]);
    bao.run(&["write", "-f", "transit/keys/turning/rotate"]).await.unwrap();
    bao.run(&["write", "transit/keys/turning/config", "min_encryption_version=3"]).await.unwrap();
    signer.follow(&remote).await.unwrap();
    let (_, third) = signed_by(&signer).await;
    assert!(third != second && third != first, "a version that may sign no more is left at once");
}

async fn what_is_refused_says_why(bao: &OpenBao) {
    new_key(bao, "symmetric", "aes256-gcm96").await;
    let why = async |remote: Arc<dyn RemoteSigner>| match remote.keys().await {
        Err(RemoteError::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    let kind = why(root(bao, "symmetric")).await;
    assert_eq!(kind, "transit key `symmetric` of type `aes256-gcm96` signs no tokens");
    assert_eq!(why(root(bao, "missing")).await, "404 Not Found");
    let stranger = why(remote(bao, "s.stranger", "rsa-2048", &environment())).await;
    assert_eq!(stranger, "403 Forbidden: permission denied");
    let signer = Signer::default();
    new_key(bao, "vanishing", "ed25519").await;
    signer.follow(&root(bao, "vanishing")).await.unwrap();
    bao.run(&["write", "transit/keys/vanishing/config", "deletion_allowed=true"]).await.unwrap();
    bao.run(&["delete", "transit/keys/vanishing"]).await.unwrap();
    let error = signer.current().await.unwrap().signing.sign_compact(b"{}").await.unwrap_err();
    assert!(matches!(error, NotSigned::Remote(RemoteError::Refused(_))), "{error}");
}

async fn a_namespace_has_keys_of_its_own(bao: &OpenBao) {
    bao.run(&["namespace", "create", "team"]).await.unwrap();
    bao.run(&["secrets", "enable", "-namespace=team", "transit"]).await.unwrap();
    bao.run(&["write", "-f", "-namespace=team", "transit/keys/inner", "type=ecdsa-p256"]).await.unwrap();
    let inside = Environment { namespace: Some("team".to_owned()), ..environment() };
    let signer = Signer::default();
    signer.follow(&remote(bao, OpenBao::ROOT_TOKEN, "inner", &inside)).await.unwrap();
    signed_by(&signer).await;
    assert!(root(bao, "inner").keys().await.is_err(), "there is none outside");
}

async fn a_token_outlives_its_first_lease(bao: &OpenBao) {
    let policy = r#"path "transit/*" { capabilities = ["read", "update"] }"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.hcl");
    std::fs::write(&file, policy).unwrap();
    bao.run(&["policy", "write", "signer", file.to_str().unwrap()]).await.unwrap();
    let create = async |extra: &str| {
        let make = ["token", "create", "-policy=signer", "-orphan", "-field=token", "-ttl=4s", extra];
        bao.run(&make).await.unwrap()
    };
    let renewed = remote(bao, &create("-renewable=true").await, "rsa-2048", &environment());
    let dying = remote(bao, &create("-renewable=false").await, "rsa-2048", &environment());
    // Renewed at once, then at half of each lease.
    for seconds in [0, 3, 3] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        renewed.keys().await.unwrap();
    }
    assert!(matches!(dying.keys().await, Err(RemoteError::Refused(_))), "nothing else keeps a token alive");
}

async fn a_vault_that_stands_still_costs_its_time_limit_and_heals(bao: &OpenBao) {
    let (signer, remote) = (Signer::default(), root(bao, "rsa-2048"));
    signer.follow(&remote).await.unwrap();
    let current = signer.current().await.unwrap();
    bao.pause().unwrap();
    let began = std::time::Instant::now();
    let error = current.signing.sign_compact(b"{}").await.unwrap_err();
    assert!(matches!(error, NotSigned::Remote(RemoteError::Unavailable(_))), "{error}");
    assert!((LIMIT..LIMIT * 3).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(matches!(signer.follow(&remote).await, Err(RemoteError::Unavailable(_))));
    assert_eq!(signer.current().await.unwrap().published, current.published, "what was known stays published");
    bao.go_on().unwrap();
    signed_by(&signer).await;
    signer.follow(&remote).await.unwrap();
}

async fn a_sealed_vault_is_not_available(bao: &OpenBao) {
    let (signer, remote) = (Signer::default(), root(bao, "ed25519"));
    signer.follow(&remote).await.unwrap();
    bao.run(&["operator", "seal"]).await.unwrap();
    let error = signer.current().await.unwrap().signing.sign_compact(b"{}").await.unwrap_err();
    let NotSigned::Remote(RemoteError::Unavailable(why)) = error else { panic!("{error}") };
    assert!(why.starts_with("503 "), "{why}");
}

#[tokio::test]
async fn the_certificate_is_checked_against_the_authority_that_was_named() {
    let bao = OpenBao::start_with_tls().await.unwrap();
    new_key(&bao, "k", "ecdsa-p256").await;
    let ca = bao.ca().to_str().unwrap().to_owned();
    let folder = bao.ca().parent().unwrap().join("authorities");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(bao.ca(), folder.join("ca.pem")).unwrap();
    let with = |change: fn(&mut Environment, String), value: String| {
        let mut environment = environment();
        change(&mut environment, value);
        remote(&bao, OpenBao::ROOT_TOKEN, "k", &environment)
    };
    let trusting = [
        with(|to, file| to.ca_file = Some(file), ca.clone()),
        with(|to, pem| to.ca_pem = Some(pem), std::fs::read_to_string(&ca).unwrap()),
        with(|to, folder| to.ca_folder = Some(folder), folder.to_str().unwrap().to_owned()),
        with(|to, _| to.skip_verify = true, String::new()),
    ];
    for remote in trusting {
        let signer = Signer::default();
        signer.follow(&remote).await.unwrap();
        signed_by(&signer).await;
    }
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    for remote in [root(&bao, "k"), with(|to, pem| to.ca_pem = Some(pem), other.cert.pem())] {
        let Err(RemoteError::Unavailable(why)) = remote.keys().await else { panic!("trusted") };
        assert!(why.contains("certificate"), "{why}");
    }
}
