//! Sealed logins and codes.

use std::cell::OnceCell;

use dex_jose::{SealKey, Sealer};
use dex_model::{Keys, StoredJwk, Timestamp, ZERO_TIME};
use dex_storage::{Memory, Store, Write};
use dex_web::sealed::{CODE_PURPOSE, LOGIN_PURPOSE, Seals};

use super::line;

/// The key of all replicas, as good as any: what was sealed once opens at every run.
const KEY: [u8; 32] = [7; 32];

/// The id of the login.
const LOGIN: &str = "x1";

thread_local! {
    static SEALS: OnceCell<(Seals, [Sealer; 2])> = const { OnceCell::new() };
}

/// In the first line a word, in the rest a text.
///
/// `login` and `code` are shown as they are. `inside-login` and `inside-code` are sealed with our own keys first: so
/// the reader of what lies inside is reached, as it would be after a change of its shape.
pub(super) fn sealed(data: &[u8]) {
    SEALS.with(|seals| {
        let (seals, [logins, codes]) = seals.get_or_init(prepare);
        let (how, rest) = line(data);
        match (how, super::text(rest)) {
            (b"login", Some(text)) => login(seals, text),
            (b"code", Some(text)) => code(seals, text),
            (b"inside-login", _) => login(seals, &logins.seal(rest, b"dex login x1")),
            (b"inside-code", _) => code(seals, &codes.seal(rest, b"dex code ")),
            _ => {}
        }
    });
}

fn login(seals: &Seals, text: &str) {
    let Some(request) = seals.open_request(LOGIN, text, ZERO_TIME) else { return };
    let again = seals.seal_request(&request).expect("what was read can be written");
    assert_eq!(seals.open_request(LOGIN, &again, ZERO_TIME), Some(request));
    assert_eq!(seals.open_request("x2", text, ZERO_TIME), None, "a login is bound to its id");
    assert_eq!(seals.open_code(text), None, "a login is no code");
}

fn code(seals: &Seals, text: &str) {
    let Some(code) = seals.open_code(text) else { return };
    if let Some(again) = seals.seal_code(&code) {
        assert_eq!(seals.open_code(&again), Some(code));
    }
    assert_eq!(seals.open_request(LOGIN, text, ZERO_TIME), None, "a code is no login");
}

fn prepare() -> (Seals, [Sealer; 2]) {
    let key = SealKey::from_bytes(KEY);
    let store = Store::new(std::sync::Arc::new(Memory::new()));
    let stored = Keys {
        name: Keys::SEALING.to_owned(),
        signing_key: Some(StoredJwk::new(key.to_jwk_json())),
        signing_key_pub: None,
        verification_keys: None,
        next_rotation: Timestamp::MAX,
    };
    let seals = Seals::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(async {
        let written = store.insert(stored).await.expect("memory takes every record");
        assert_eq!(written, Write::Done, "the store was empty");
        seals.load(&store, ZERO_TIME).await.expect("the key is one");
    });
    let sealer = |purpose| Sealer::new(&key.for_purpose(purpose), &[]).expect("there are no earlier keys");
    (seals, [sealer(LOGIN_PURPOSE), sealer(CODE_PURPOSE)])
}
