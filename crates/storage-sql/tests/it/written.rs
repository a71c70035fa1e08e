//! What Dex wrote to a server, read and written again.

use std::path::PathBuf;

use dex_model::{AuthSession, Keys, Kind, Password};
use dex_storage::{Backend, Store, Write};
use dex_storage_sql::Layout;

/// More rows than any table of them holds.
const ALL: u32 = 100;

/// A database that Dex wrote.
pub(crate) struct Written {
    pub(crate) name: &'static str,
    pub(crate) layout: Layout,
    /// How many records it holds.
    pub(crate) records: usize,
    /// Whether nothing about its rows is new, so that they are written again to the byte.
    pub(crate) whole: bool,
}

impl Written {
    pub(crate) fn dump(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{}.sql", self.name))
    }

    /// Every record is read and put in its own place; `rows` tells what the database then holds.
    pub(crate) async fn comes_back(&self, backend: impl Backend + 'static, rows: impl AsyncFn() -> String) {
        let before = rows().await;
        let mut read = 0;
        for kind in Kind::ALL {
            for record in backend.list(*kind, None, ALL).await.unwrap() {
                let (again, seen) = backend.get(&record.key()).await.unwrap().unwrap();
                assert_eq!(again, record, "{}", self.name);
                let written = backend.replace(&seen, &record).await.unwrap();
                assert_eq!(written, Write::Done, "{}: {:?}", self.name, record.key());
                read += 1;
            }
        }
        assert_eq!(read, self.records, "{}", self.name);
        if self.whole {
            assert_eq!(rows().await, before, "{}", self.name);
        }
        let store = Store::new(backend);
        let jane: Password = store.get("Jane@Example.com").await.unwrap().unwrap();
        assert!(jane.user_id == "jane-id" && jane.hash.checked().is_ok(), "{}", self.name);
        let keys: Keys = store.get(Keys::SIGNING).await.unwrap().unwrap();
        assert!(keys.signing_key.is_some() && keys.verification_keys.is_some_and(|keys| !keys.is_empty()));
        let sessions = store.list::<AuthSession>().await.unwrap();
        assert!(sessions.iter().all(|session| !session.secret.is_empty() && !session.client_states.is_empty()));
    }
}
