//! The face of the back ends with a server.

/// Makes a back end of a type that holds [`Records`].
macro_rules! backend {
    ($name:ident) => {
        #[async_trait::async_trait]
        impl dex_storage::Backend for $name {
            async fn insert(
                &self,
                record: &dex_model::AnyRecord,
            ) -> Result<dex_storage::Write, dex_storage::StorageError> {
                self.0.insert(record).await
            }

            async fn get(
                &self,
                key: &dex_model::Key,
            ) -> Result<Option<(dex_model::AnyRecord, dex_storage::Seen)>, dex_storage::StorageError> {
                self.0.get(key).await
            }

            async fn replace(
                &self,
                seen: &dex_storage::Seen,
                record: &dex_model::AnyRecord,
            ) -> Result<dex_storage::Write, dex_storage::StorageError> {
                self.0.replace(seen, record).await
            }

            async fn remove(&self, key: &dex_model::Key) -> Result<dex_storage::Write, dex_storage::StorageError> {
                self.0.remove(key).await
            }

            async fn list(
                &self,
                kind: dex_model::Kind,
                after: Option<&dex_model::Key>,
                limit: u32,
            ) -> Result<Vec<dex_model::AnyRecord>, dex_storage::StorageError> {
                dex_storage::list_readable(self, kind, after, limit).await
            }

            async fn inspect(
                &self,
                kind: dex_model::Kind,
                after: Option<&dex_model::Key>,
                limit: u32,
            ) -> Result<Vec<dex_storage::Readable>, dex_storage::StorageError> {
                self.0.inspect(kind, after, limit).await
            }

            async fn sweep(
                &self,
                kind: dex_model::Kind,
                now: dex_model::Timestamp,
                limit: u32,
            ) -> Result<u32, dex_storage::StorageError> {
                self.0.sweep(kind, now, limit).await
            }

            async fn ping(&self) -> Result<(), dex_storage::StorageError> {
                self.0.ping().await
            }

            async fn close(&self) {
                self.0.close().await;
            }
        }
    };
}
pub(crate) use backend;
