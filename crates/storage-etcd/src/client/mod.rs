//! Asks etcd: which member, over which connection, as whom, and for how long.
//!
//! Owns connections, failover, time limits and the login; knows nothing of records. One member is asked until it fails,
//! then the next one. What may be done twice is asked again there; what may not, is so only while it is certain that
//! nothing was done. Control leaves with an answer or with a [`Failure`] that says in a sentence what is wrong.

mod endpoint;
mod failure;
mod link;
mod login;
pub(crate) mod messages;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use self::endpoint::Endpoint;
pub(crate) use self::failure::Failure;
use self::link::Link;
use self::login::Login;
use self::messages::{DeleteRangeRequest, DeleteRangeResponse, RangeRequest, RangeResponse, TxnRequest, TxnResponse};
use crate::{EtcdOptions, OpenError};

/// How long it is waited for a new leader before the members are asked again.
const ELECTION_PAUSE: Duration = Duration::from_millis(100);

/// A cluster and who asks it.
pub(crate) struct Client {
    endpoints: Vec<Endpoint>,
    /// The place of the one that is asked first.
    current: AtomicUsize,
    login: Login,
    namespace: String,
    call_timeout: Duration,
}

/// Whether a question may be asked again when it is not known whether it was answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    Harmless,
    Never,
}

impl Client {
    /// Asks nobody yet.
    pub(crate) fn new(options: &EtcdOptions) -> Result<Self, OpenError> {
        let secure = options.tls.any() || options.endpoints.iter().any(|text| text.starts_with("https://"));
        let tls = secure.then(|| tls::config(&options.tls)).transpose()?;
        let endpoints = options.endpoints.iter().map(|text| Endpoint::parse(text, &options.tls, tls.as_ref()));
        let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
        if endpoints.is_empty() {
            return Err(OpenError::NoEndpoint);
        }
        Ok(Self {
            endpoints,
            current: AtomicUsize::new(0),
            login: Login::new(&options.username, &options.password),
            namespace: options.namespace.clone(),
            call_timeout: options.call_timeout,
        })
    }

    pub(crate) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Failure> {
        self.call("/etcdserverpb.KV/Range", request, Twice::Harmless).await
    }

    pub(crate) async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, Failure> {
        self.call("/etcdserverpb.KV/Txn", request, Twice::Never).await
    }

    pub(crate) async fn delete(&self, request: DeleteRangeRequest) -> Result<DeleteRangeResponse, Failure> {
        self.call("/etcdserverpb.KV/DeleteRange", request, Twice::Never).await
    }

    /// Lets go of the connections.
    pub(crate) fn close(&self) {
        self.endpoints.iter().for_each(Endpoint::forget);
    }

    async fn call<Q, A>(&self, path: &'static str, request: Q, twice: Twice) -> Result<A, Failure>
    where
        Q: prost::Message + Clone + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let answered = timeout(self.call_timeout, self.until_there_is_a_leader(path, request, twice)).await;
        answered.unwrap_or_else(|_| {
            // A connection that swallows questions is not asked again; another member may be better off.
            let silent = self.current.load(Ordering::Relaxed);
            self.endpoints[silent].forget();
            self.current.store((silent + 1) % self.endpoints.len(), Ordering::Relaxed);
            Err(Failure::Slow(self.call_timeout))
        })
    }

    /// Goes on for as long as the caller waits.
    async fn until_there_is_a_leader<Q, A>(&self, path: &'static str, request: Q, twice: Twice) -> Result<A, Failure>
    where
        Q: prost::Message + Clone + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        loop {
            match self.each_member(path, &request, twice).await {
                Err(Failure::NoLeader) => sleep(ELECTION_PAUSE).await,
                answer => return answer.map_err(|failure| self.told(failure)),
            }
        }
    }

    /// Asks one member after the other until one answers. The first is asked again at the end if an answer broke off: its
    /// connection may have been an old one.
    async fn each_member<Q, A>(&self, path: &'static str, request: &Q, twice: Twice) -> Result<A, Failure>
    where
        Q: prost::Message + Clone + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let first = self.current.load(Ordering::Relaxed);
        let mut last = Failure::NoLeader;
        for turn in 0..=self.endpoints.len() {
            if turn == self.endpoints.len() && !matches!(last, Failure::Broken { .. }) {
                break;
            }
            let place = (first + turn) % self.endpoints.len();
            let endpoint = &self.endpoints[place];
            let answer = match endpoint.link().await {
                Ok(link) => {
                    self.current.store(place, Ordering::Relaxed);
                    self.as_whom(endpoint, &link, path, request).await
                }
                Err(failure) => Err(failure),
            };
            match answer {
                // A member without a leader tells more than one that is down.
                Err(Failure::Unreachable { .. }) if matches!(last, Failure::NoLeader) && turn > 0 => {}
                Err(failure @ (Failure::Unreachable { .. } | Failure::NoLeader)) => last = failure,
                Err(failure @ Failure::Broken { .. }) => {
                    endpoint.forget();
                    if twice == Twice::Never {
                        return Err(failure);
                    }
                    last = failure;
                }
                answer => return answer,
            }
        }
        Err(last)
    }

    /// Asks with the token of the login, and once more with a new one when that has expired.
    async fn as_whom<Q, A>(
        &self,
        endpoint: &Endpoint,
        link: &Link,
        path: &'static str,
        request: &Q,
    ) -> Result<A, Failure>
    where
        Q: prost::Message + Clone + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let token = self.login.token(endpoint, link).await?;
        let answer = link.ask(path, request.clone(), token.clone()).await;
        match answer.map_err(|status| Failure::of(&status, &endpoint.shown)) {
            Err(Failure::StaleToken) => {
                let token = self.login.again(endpoint, link, token).await?;
                let answer = link.ask(path, request.clone(), token).await;
                answer.map_err(|status| Failure::of(&status, &endpoint.shown))
            }
            answer => answer,
        }
    }

    /// Says whose rights are missing, and where.
    fn told(&self, failure: Failure) -> Failure {
        match (failure, self.login.user()) {
            (Failure::Forbidden { .. }, Some(user)) => {
                Failure::Forbidden { user: user.to_owned(), namespace: self.namespace.clone() }
            }
            (Failure::Forbidden { .. }, None) => Failure::Anonymous,
            (other, _) => other,
        }
    }
}
