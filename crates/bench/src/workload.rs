//! The workloads: what one operation of each is, and what a simulated client must hold before it can begin.

use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;

use crate::failure::Failure;
use crate::flow::{self, Account, Grant, Provider};
use crate::http::Agent;

/// What a provider can be loaded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Workload {
    /// Read the discovery document
    Discovery,
    /// Read the signing keys
    Keys,
    /// Log in by authorization code and PKCE, redeem the code
    Login,
    /// Refresh, each time with the token of the time before
    Refresh,
    /// A token for the client itself
    ClientCredentials,
    /// Read the user's claims with an access token
    Userinfo,
    /// Ask whether an access token is active
    Introspection,
    /// A token for a name and a password
    Password,
}

impl Workload {
    /// Every workload, in the order they run when none is named. Refresh comes last, for there are providers that stop
    /// answering anything once they were asked to refresh.
    pub const ALL: [Self; 8] = [
        Self::Discovery,
        Self::Keys,
        Self::Login,
        Self::ClientCredentials,
        Self::Userinfo,
        Self::Introspection,
        Self::Password,
        Self::Refresh,
    ];
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery",
            Self::Keys => "keys",
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::ClientCredentials => "client_credentials",
            Self::Userinfo => "userinfo",
            Self::Introspection => "introspection",
            Self::Password => "password",
        })
    }
}

/// A simulated client. It has at most one request under way.
pub(crate) struct Worker {
    workload: Workload,
    provider: Arc<Provider>,
    account: Arc<Account>,
    client_id: String,
    agent: Agent,
    /// The access or refresh token the next operation uses; empty where none is needed.
    token: String,
}

impl Worker {
    /// Simulated clients, ready to begin.
    ///
    /// Some providers keep one refresh token only for a user at a client and end the others. Where every client has logged
    /// in, each refreshes once, and those that cannot are left out.
    ///
    /// # Errors
    ///
    /// When the workload cannot be run at all: the first operation fails.
    pub(crate) async fn crew(
        workload: Workload,
        provider: &Arc<Provider>,
        account: &Arc<Account>,
        clients: u16,
    ) -> Result<Vec<Self>, Failure> {
        let mut crew: Vec<Self> = Vec::new();
        for number in 0..usize::from(clients) {
            let mut worker = Self {
                workload,
                provider: Arc::clone(provider),
                account: Arc::clone(account),
                client_id: account.client_id(number).to_owned(),
                agent: Agent::default(),
                token: String::new(),
            };
            worker.prepare(crew.first()).await?;
            crew.push(worker);
        }
        let mut ready = Vec::new();
        let mut last = Ok(());
        for mut worker in crew {
            last = worker.operate().await;
            if last.is_ok() {
                ready.push(worker);
            } else if workload != Workload::Refresh {
                break;
            }
        }
        if ready.is_empty() { last.map(|()| ready) } else { Ok(ready) }
    }

    async fn prepare(&mut self, first: Option<&Self>) -> Result<(), Failure> {
        match (self.workload, first) {
            (Workload::Userinfo | Workload::Introspection, Some(first)) => {
                self.token.clone_from(&first.token);
                self.client_id.clone_from(&first.client_id);
            }
            (Workload::Userinfo | Workload::Introspection, None) => {
                self.token = self.log_in("openid email profile").await?.access_token;
            }
            (Workload::Refresh, _) => {
                let tokens = self.log_in("openid email profile offline_access").await?;
                let token = tokens.refresh_token;
                self.token = token.ok_or(Failure::wrong("login", "no refresh token"))?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn log_in(&mut self, scope: &str) -> Result<flow::Tokens, Failure> {
        let (grant, agent) = self.grant();
        flow::log_in(&grant, agent, scope).await
    }

    fn grant(&mut self) -> (Grant<'_>, &mut Agent) {
        let grant = Grant { provider: &self.provider, account: &self.account, client_id: &self.client_id };
        (grant, &mut self.agent)
    }

    /// Does the work once and checks every answer.
    pub(crate) async fn operate(&mut self) -> Result<(), Failure> {
        let token = self.token.clone();
        let workload = self.workload;
        let (grant, agent) = self.grant();
        match workload {
            Workload::Discovery => grant.provider.read_discovery(agent).await,
            Workload::Keys => grant.provider.read_keys(agent).await,
            Workload::Login => {
                flow::log_in(&grant, agent, "openid email profile").await?;
                Ok(())
            }
            Workload::Refresh => {
                self.token = flow::refresh(&grant, agent, &token).await?;
                Ok(())
            }
            Workload::ClientCredentials => flow::client_credentials(&grant, agent).await,
            Workload::Userinfo => flow::userinfo(&grant, agent, &token).await,
            Workload::Introspection => flow::introspect(&grant, agent, &token).await,
            Workload::Password => flow::password(&grant, agent).await,
        }
    }
}
