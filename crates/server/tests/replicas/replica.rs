//! One of the replicas.

use std::path::PathBuf;
use std::time::Duration;

use dex_peers::Process;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::SUBJECTS;

/// How long a replica may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A `dex serve` that can be killed and started again.
pub(crate) struct Replica {
    port: u16,
    config: PathBuf,
    process: Process,
    folder: TempDir,
}

impl Replica {
    /// Starts one on `port`. All of them are the issuer at `issuer_port`.
    pub(crate) async fn start(issuer_port: u16, port: u16, storage: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.yaml");
        std::fs::write(&config, configuration(issuer_port, port, storage)).unwrap();
        let process = run(port, &config, &folder).await;
        Self { port, config, process, folder }
    }

    /// Ends it at once, whatever it was doing.
    pub(crate) fn kill(&self) {
        self.process.signal(Signal::SIGKILL).unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        self.process = run(self.port, &self.config, &self.folder).await;
    }
}

async fn run(port: u16, config: &PathBuf, folder: &TempDir) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dex"));
    command.arg("serve").arg(config);
    let mut process = Process::start(&mut command, &folder.path().join("log")).unwrap();
    let listens = async || Ok(TcpStream::connect(("127.0.0.1", port)).await.map(drop)?);
    process.ready(START_LIMIT, listens).await.unwrap();
    process
}

/// A lost answer is asked for again within the reuse interval.
fn configuration(issuer_port: u16, port: u16, storage: &str) -> String {
    let connector = |subject| format!("{{type: mockCallback, id: mock-{subject}, name: Mock}}");
    let connectors = (0..SUBJECTS).map(connector).collect::<Vec<_>>().join(", ");
    format!(
        "issuer: http://127.0.0.1:{issuer_port}/dex\n\
         storage: {storage}\n\
         web: {{http: '127.0.0.1:{port}'}}\n\
         oauth2: {{skipApprovalScreen: true}}\n\
         expiry: {{signingKeys: 10s, idTokens: 1m, refreshTokens: {{reuseInterval: 30s}}}}\n\
         staticClients: [{{id: app, name: App, secret: secret, redirectURIs: ['http://app.example/callback']}}]\n\
         connectors: [{connectors}]\n"
    )
}
