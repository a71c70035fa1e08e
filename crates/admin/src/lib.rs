//! The gRPC management API (gRPC spec): clients, local users, connectors, refresh tokens, browser sessions and users, read and
//! changed while dex runs.
//!
//! Owned here: the messages, what each call does, the status it ends with, reflection and the health service. Not owned: the
//! socket, TLS and client certificates, which the server has; what a record means, which is `dex-model`'s. [`routes`] hands out
//! the services as a router, which is made anew with every configuration.
//!
//! Control leaves to the store and to what ends sessions. Nobody is authenticated here: whoever reaches the socket may do
//! everything.

mod calls;
mod health;
pub mod proto;
mod refusal;
mod routes;

use std::collections::BTreeSet;
use std::sync::Arc;

use dex_model::Record;
use dex_web::{App, PasswordWorkers};

pub use health::Health;
pub use routes::{Method, methods, routes};

use crate::refusal::{During as _, Refusal};

/// The id of the connector of local users.
const LOCAL: &str = "local";

/// How many records a response holds. Those of most clients are at their own limit of 4 MiB before that.
const LISTED_MAX: usize = 100_000;

/// How many records are read at a time.
const LIST_PAGE: u32 = 500;

/// What is not the business of every endpoint.
#[derive(Clone)]
pub struct Options {
    /// The version of the program.
    pub version: &'static str,
    /// Those who compare passwords, the same as for logins.
    pub workers: PasswordWorkers,
    /// `DEX_API_CONNECTORS_CRUD`: whether connectors can be read and changed.
    pub connectors: bool,
    /// `DEX_API_SESSIONS_IDENTITIES_CRUD`: whether sessions and users can be read and changed.
    pub sessions: bool,
    /// `grpc.reflection`
    pub reflection: bool,
    /// The ids of the connectors that the configuration has.
    pub configured_connectors: BTreeSet<String>,
    /// Whether the server is fit to serve.
    pub health: Health,
}

/// What answers the calls.
struct Admin {
    app: Arc<App>,
    options: Options,
}

impl Admin {
    /// Every record of a kind, if a response can hold them.
    async fn all<T: Record>(&self, doing: &'static str) -> Result<Vec<T>, Refusal> {
        self.chosen(doing, |_| true).await
    }

    /// Those records of a kind that `chosen` takes, if a response can hold them.
    async fn chosen<T: Record>(&self, doing: &'static str, chosen: impl Fn(&T) -> bool) -> Result<Vec<T>, Refusal> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.app.store.page::<T>(after.as_ref(), LIST_PAGE).await.during(doing)?;
            all.extend(page.records.into_iter().filter(&chosen));
            if all.len() > LISTED_MAX {
                return Err(Refusal::TooMany(LISTED_MAX));
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}
