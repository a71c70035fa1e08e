//! Records as keys and values of etcd v3, as Dex keeps them (storage spec, 10).
//!
//! `keys` knows where a record lies and `codec` what its value looks like; neither knows etcd. `client` asks etcd and
//! owns connections, failover and the login; it knows no record. [`Etcd`] joins them. Keys and values are Dex's, so that
//! both can use one etcd in turn; what is ours alone lies under `dex_`. The room knows no policy and no clock.
//!
//! Control leaves through [`dex_storage::Backend`], and comes back with a [`StorageError`](dex_storage::StorageError)
//! when etcd fails.

mod backend;
mod client;
mod codec;
mod keys;
mod options;
mod sweep;

pub use backend::Etcd;
pub use options::{CALL_TIMEOUT, EtcdOptions, OpenError, TlsFiles};
