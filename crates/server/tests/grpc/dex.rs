//! `dex serve` with a management API.

use std::path::Path;
use std::time::Duration;

use dex_peers::{Process, free_port};
use tokio::process::Command;

/// How long it may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Dex {
    process: Process,
    folder: tempfile::TempDir,
    pub(crate) issuer: String,
    /// Where the management API is.
    pub(crate) grpc: String,
    telemetry: String,
    pub(crate) http: reqwest::Client,
}

impl Dex {
    /// Starts with what `section` puts into `grpc` besides the address.
    pub(crate) async fn start(section: impl FnOnce(&Path) -> String) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let [web, grpc, telemetry] = [(); 3].map(|()| format!("127.0.0.1:{}", free_port().unwrap()));
        let config = folder.path().join("dex.yaml");
        let text = format!(
            "issuer: http://{web}/dex\nstorage: {{type: memory}}\nweb: {{http: '{web}'}}\ntelemetry: {{http: '{telemetry}'}}\n\
             grpc: {{addr: '{grpc}', {}}}\nenablePasswordDB: true\noauth2: {{skipApprovalScreen: true}}\n",
            section(folder.path())
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_dex"));
        let mut process = Process::start(command.arg("serve").arg(&config), &folder.path().join("log")).unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let ready = async || {
            let ready = http.get(format!("http://{telemetry}/healthz/ready")).send().await?.error_for_status()?;
            // The management API listens last.
            tokio::net::TcpStream::connect(&grpc).await?;
            drop(ready);
            Ok(())
        };
        process.ready(PATIENCE, ready).await.unwrap();
        Self { process, folder, issuer: format!("http://{web}/dex"), grpc, telemetry, http }
    }

    pub(crate) async fn metrics(&self) -> String {
        let metrics = self.http.get(format!("http://{}/metrics", self.telemetry)).send().await.unwrap();
        metrics.text().await.unwrap()
    }

    /// Ends it, and answers what it said.
    pub(crate) async fn end(self) -> String {
        self.process.end(PATIENCE).await.unwrap();
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}
