//! A Kubernetes API server, of the Kubernetes project's own code, on an etcd of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Etcd, Process, free_port};

/// How long it may take to start. It is busy for some seconds on a small machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// The token of a member of `system:masters`, who may do everything.
const ADMIN_TOKEN: &str = "admin-token";

/// A running API server with RBAC. It and its etcd end when it is dropped.
pub struct KubeApiserver {
    api: Process,
    port: u16,
    folder: TempDir,
    _etcd: Etcd,
}

impl KubeApiserver {
    /// Starts one, for users with a token of their own: each `(token, user name)` of `users` is known to it and may do
    /// nothing but what a test grants. `extra` are further flags, such as `--oidc-issuer-url=..`.
    ///
    /// # Errors
    ///
    /// When one of the two programs is missing or does not get ready; with its log then.
    pub async fn start(users: &[(&str, &str)], extra: &[String]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let etcd = Etcd::start().await.context("etcd")?;
        let mut tokens = format!("{ADMIN_TOKEN},admin,admin,system:masters\n");
        for (token, user) in users {
            tokens.push_str(&format!("{token},{user},{user}\n"));
        }
        std::fs::write(folder.path().join("tokens.csv"), tokens).context("cannot write the tokens")?;
        // Every API server signs tokens for pods, though there are none here.
        let key = folder.path().join("service-accounts.key");
        let mut made = Command::new("openssl");
        made.args(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]).arg(&key);
        output_of(&mut made).await?;
        let port = free_port()?;
        let mut command = Command::new(binary());
        command
            .arg(format!("--etcd-servers={}", etcd.url()))
            .args(["--bind-address=127.0.0.1", &format!("--secure-port={port}")])
            .arg("--cert-dir=certificates")
            .arg("--token-auth-file=tokens.csv")
            .arg("--authorization-mode=RBAC")
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .args(
                ["--service-account-key-file", "--service-account-signing-key-file"]
                    .map(|flag| format!("{flag}=service-accounts.key")),
            )
            .arg("--service-cluster-ip-range=10.96.0.0/24")
            .arg("--disable-admission-plugins=ServiceAccount")
            .args(extra)
            .current_dir(folder.path());
        let api = Process::start(&mut command, &folder.path().join("kube-apiserver.log"))
            .context("`cargo xtask setup` builds kube-apiserver")?;
        let mut server = Self { api, port, folder, _etcd: etcd };
        server.wait().await?;
        Ok(server)
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let kubeconfig = self.kubeconfig(ADMIN_TOKEN, "default")?;
        let ready = async || kubectl(&kubeconfig, &["get", "--raw=/readyz"]).await.map(|_| ());
        self.api.ready(START_LIMIT, ready).await.context("kube-apiserver")
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificates to trust, as PEM.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("certificates/apiserver.crt")
    }

    /// A kubeconfig for the holder of `token`, within `namespace`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn kubeconfig(&self, token: &str, namespace: &str) -> anyhow::Result<PathBuf> {
        let file = self.folder.path().join(format!("kubeconfig-{namespace}-{:016x}", fingerprint(token)));
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: test, cluster: {{server: '{url}', certificate-authority: '{ca}'}}}}]\n\
             users: [{{name: test, user: {{token: '{token}'}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: test, namespace: '{namespace}'}}}}]\n",
            url = self.url(),
            ca = self.ca().display(),
        );
        self.write(&file, &config)?;
        Ok(file)
    }

    /// Writes a file that others may be reading, or writing as well, at this moment.
    fn write(&self, file: &Path, text: &str) -> anyhow::Result<()> {
        let fresh = tempfile::NamedTempFile::new_in(self.folder.path()).context("cannot make a file")?;
        std::fs::write(fresh.path(), text).with_context(|| format!("cannot write {}", file.display()))?;
        fresh.persist(file).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(())
    }

    /// A new token of a service account.
    ///
    /// # Errors
    ///
    /// With what `kubectl` says.
    pub async fn token_of(&self, namespace: &str, account: &str) -> anyhow::Result<String> {
        let file = self.folder.path().join("token-request");
        self.write(&file, r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}"#)?;
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        // Debian's `kubectl` is older than `create token`.
        let answer = self.kubectl(&["create", "--raw", &path, "-f", &file.display().to_string()]).await?;
        let token = answer.split_once(r#""token":""#).and_then(|(_, rest)| rest.split('"').next());
        token.map(str::to_owned).with_context(|| format!("no token in {answer}"))
    }

    /// The kubeconfig of the user who may do everything, within `namespace`.
    ///
    /// # Errors
    ///
    /// As [`kubeconfig`](Self::kubeconfig).
    pub fn admin(&self, namespace: &str) -> anyhow::Result<PathBuf> {
        self.kubeconfig(ADMIN_TOKEN, namespace)
    }

    /// What `kubectl` prints for the user who may do everything.
    ///
    /// # Errors
    ///
    /// With what it says instead.
    pub async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        kubectl(&self.admin("default")?, arguments).await
    }

    /// Creates or changes what `manifest` describes, in YAML or JSON. What the API server leaves out when it is null is
    /// lost; see [`create`](Self::create).
    ///
    /// # Errors
    ///
    /// With what `kubectl` says.
    pub async fn apply(&self, manifest: &str) -> anyhow::Result<()> {
        self.with_file("apply", manifest).await
    }

    /// Creates what `manifest` describes, to the member.
    ///
    /// # Errors
    ///
    /// With what `kubectl` says.
    pub async fn create(&self, manifest: &str) -> anyhow::Result<()> {
        self.with_file("create", manifest).await
    }

    async fn with_file(&self, verb: &str, manifest: &str) -> anyhow::Result<()> {
        let file = self.folder.path().join(format!("manifest-{:016x}", fingerprint(manifest)));
        self.write(&file, manifest)?;
        self.kubectl(&[verb, "--validate=false", "-f", &file.display().to_string()]).await.map(|_| ())
    }

    /// Stops it from answering, without ending a connection.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.api.signal(Signal::SIGSTOP)
    }

    /// Has it go on after [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn go_on(&self) -> anyhow::Result<()> {
        self.api.signal(Signal::SIGCONT)
    }
}

/// What `kubectl` prints with this kubeconfig.
///
/// # Errors
///
/// With what it says instead.
pub async fn kubectl(kubeconfig: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    // Its cache of what the server offers would outlive the server.
    let cache = kubeconfig.with_extension("cache");
    let mut command = Command::new("kubectl");
    command.env("KUBECONFIG", kubeconfig).arg("--cache-dir").arg(cache).args(arguments);
    output_of(&mut command).await
}

async fn output_of(command: &mut Command) -> anyhow::Result<String> {
    let name = command.as_std().get_program().to_owned();
    let done = command.stdin(std::process::Stdio::null()).kill_on_drop(true).output().await;
    let done = done.with_context(|| format!("cannot start {}", name.display()))?;
    if !done.status.success() {
        bail!("{}: {}", name.display(), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/bin/kube-apiserver")
}

/// A name for a file with this content.
fn fingerprint(content: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
