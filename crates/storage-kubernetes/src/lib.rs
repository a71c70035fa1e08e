//! Records as custom resources of Kubernetes, as Dex keeps them.
//!
//! `kind` and `name` say which resource a record is and how it is called, `codec` makes objects of records and records
//! of objects, `access` knows where the API server is and who we are, `client` asks it, `crd` sees that it serves our
//! resources. Group, names and members are Dex's, so that both can use one namespace in turn; what is ours alone is the
//! resource `spentmarks`, which Dex does not look at. The room knows no policy and no clock.
//!
//! Control leaves through [`dex_storage::Backend`], and comes back with a
//! [`StorageError`](dex_storage::StorageError) when the API server does not answer or does not let us.

mod access;
mod backend;
mod client;
mod codec;
mod crd;
mod kind;
mod lists;
mod name;
mod object;
mod open;
mod rights;

pub use access::AccessError;
pub use backend::Kubernetes;
pub use crd::manifest;
pub use open::{KubernetesOptions, OpenError, Place};
