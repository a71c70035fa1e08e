//! Records that the configuration fixes, laid over a back end.

use std::collections::HashMap;

use async_trait::async_trait;
use dex_model::{AnyRecord, Client, Connector, Key, Kind, Password, Record, Timestamp};
use tracing::error;

use crate::{Backend, Seen, StorageError, Write};

/// What the configuration fixes: `staticClients`, `staticPasswords`, `connectors`, in its order.
#[derive(Debug, Clone, Default)]
pub struct Fixed {
    /// Registered clients.
    pub clients: Vec<Client>,
    /// Local users.
    pub passwords: Vec<Password>,
    /// Upstreams.
    pub connectors: Vec<Connector>,
}

/// A back end under fixed records (storage spec, 3.1).
///
/// A fixed record is found before a stored one of the same key, which it hides, and no write
/// reaches it: those answer [`StorageError::ReadOnly`]. A listing gives the stored records that
/// are not hidden, then the fixed ones in the order of the configuration.
pub struct Overlay<B> {
    below: B,
    fixed: Vec<(Key, AnyRecord)>,
    places: HashMap<Key, usize>,
}

/// How a fixed record was seen. It is never compared, for no fixed record is replaced.
struct NeverReplaced;

impl<B: Backend> Overlay<B> {
    /// Lays `fixed` over `below`. Of two with the same key the later one counts; the log names them.
    pub fn new(below: B, fixed: Fixed) -> Self {
        let clients = fixed.clients.into_iter().map(Record::into_any);
        let passwords = fixed.passwords.into_iter().map(Record::into_any);
        let connectors = fixed.connectors.into_iter().map(Record::into_any);
        let mut overlay = Self { below, fixed: Vec::new(), places: HashMap::new() };
        for record in clients.chain(passwords).chain(connectors) {
            overlay.fix(record);
        }
        overlay
    }

    fn fix(&mut self, record: AnyRecord) {
        let key = record.key();
        if let Some(place) = self.places.get(&key) {
            let kind = key.kind.name();
            error!(kind, id = %key.id, "the configuration has two of the same id, the later one counts");
            self.fixed[*place].1 = record;
            return;
        }
        self.places.insert(key.clone(), self.fixed.len());
        self.fixed.push((key, record));
    }

    fn writable(&self, key: &Key, action: &'static str) -> Result<(), StorageError> {
        if self.places.contains_key(key) {
            return Err(StorageError::ReadOnly { kind: key.kind, action });
        }
        Ok(())
    }

    /// Stored records that are not hidden, `limit` of them if there are as many.
    async fn stored(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        let mut page: Vec<AnyRecord> = Vec::new();
        let mut after = after.cloned();
        loop {
            let below = self.below.list(kind, after.as_ref(), limit).await?;
            let ended = below.len() < limit as usize;
            after = below.last().map(AnyRecord::key);
            page.extend(below.into_iter().filter(|record| !self.places.contains_key(&record.key())));
            page.truncate(limit as usize);
            if ended || page.len() >= limit as usize {
                return Ok(page);
            }
        }
    }
}

#[async_trait]
impl<B: Backend> Backend for Overlay<B> {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        self.writable(&record.key(), "create")?;
        self.below.insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        match self.places.get(key) {
            Some(place) => Ok(Some((self.fixed[*place].1.clone(), Seen::new(NeverReplaced)))),
            None => self.below.get(key).await,
        }
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.writable(&record.key(), "update")?;
        self.below.replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.writable(key, "delete")?;
        self.below.remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        // A fixed key was listed last only when the stored records had ended.
        let (mut page, from) = match after.and_then(|key| self.places.get(key)) {
            Some(place) => (Vec::new(), place + 1),
            None => (self.stored(kind, after, limit).await?, 0),
        };
        let fixed = self.fixed[from..].iter().filter(|(key, _)| key.kind == kind);
        let room = (limit as usize).saturating_sub(page.len());
        page.extend(fixed.take(room).map(|(_, record)| record.clone()));
        Ok(page)
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.below.sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.below.ping().await
    }

    async fn close(&self) {
        self.below.close().await;
    }
}

#[cfg(test)]
mod tests {
    use dex_model::Record as _;

    use super::*;
    use crate::{Memory, Store};

    fn client(id: &str, name: &str) -> Client {
        Client { id: id.into(), name: name.into(), ..Client::default() }
    }

    async fn overlay(stored: &[&str], fixed: &[&str]) -> Overlay<Memory> {
        let memory = Memory::new();
        for id in stored {
            let written = memory.insert(&client(id, "stored").into_any()).await.unwrap();
            assert_eq!(written, Write::Done);
        }
        let clients = fixed.iter().map(|id| client(id, "fixed")).collect();
        Overlay::new(memory, Fixed { clients, ..Fixed::default() })
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn what_nothing_is_fixed_over_is_a_back_end() {
        crate::conformance::run(|| async { Overlay::new(Memory::new(), Fixed::default()) }).await;
    }

    #[tokio::test]
    async fn a_fixed_record_hides_the_stored_one_and_is_read_only() {
        let store = Store::new(overlay(&["a", "b"], &["b"]).await);
        let got: Client = store.get("b").await.unwrap().unwrap();
        assert_eq!(got.name, "fixed");
        let update = store.update("b", |c: Client| Ok::<_, StorageError>(c)).await.map(|_| Write::Done);
        let cases = [
            ("create", store.insert(client("b", "new")).await),
            ("update", update),
            ("delete", store.remove::<Client>("b").await),
        ];
        for (action, refused) in cases {
            let text = refused.unwrap_err().to_string();
            assert_eq!(text, format!("static clients: read-only cannot {action} client"));
        }
        assert_eq!(store.remove::<Client>("a").await.unwrap(), Write::Done);
    }

    #[tokio::test]
    async fn a_listing_gives_the_stored_then_the_fixed_whatever_the_page() {
        let overlay = overlay(&["a", "b", "c", "d", "z"], &["y", "d", "b", "x"]).await;
        for limit in 1..=8 {
            let (mut ids, mut after) = (Vec::new(), None);
            loop {
                let page = overlay.list(Kind::Client, after.as_ref(), limit).await.unwrap();
                assert!(page.len() <= limit as usize, "{limit}");
                ids.extend(page.iter().map(|record| record.key().id));
                match page.last() {
                    Some(last) if page.len() == limit as usize => after = Some(last.key()),
                    _ => break,
                }
            }
            assert_eq!(ids, ["a", "c", "z", "y", "d", "b", "x"], "pages of {limit}");
        }
    }

    #[tokio::test]
    async fn of_two_with_one_key_the_later_counts_and_emails_have_no_case() {
        let password = |email: &str, user: &str| Password {
            email: email.into(),
            hash: dex_model::PasswordHash::default(),
            username: user.into(),
            name: String::new(),
            preferred_username: String::new(),
            email_verified: None,
            user_id: String::new(),
            groups: Vec::new(),
        };
        let passwords = vec![password("Jane@example.com", "first"), password("jane@EXAMPLE.com", "second")];
        let store = Store::new(Overlay::new(Memory::new(), Fixed { passwords, ..Fixed::default() }));
        let got: Password = store.get("JANE@example.com").await.unwrap().unwrap();
        assert_eq!(got.username, "second");
        assert_eq!(store.list::<Password>().await.unwrap().len(), 1);
    }
}
