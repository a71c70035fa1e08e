//! Apache with mod_auth_openidc, which lets nobody through to an application who has not logged in.

use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::Process;
use crate::oauth2_proxy::Guard;

/// How long it may take to listen.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Where Debian keeps the modules.
const MODULES: &str = "/usr/lib/apache2/modules";

/// A running one. The provider calls back `/callback` on its port.
pub struct Apache {
    _process: Process,
    _folder: TempDir,
}

impl Apache {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When it does not listen in time, with the end of its log.
    pub async fn start(guard: &Guard<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no folder for Apache")?;
        let config = folder.path().join("httpd.conf");
        std::fs::write(&config, configuration(guard, &folder)).context("cannot write httpd.conf")?;
        let mut command = Command::new("/usr/sbin/apache2");
        command.args(["-D", "FOREGROUND", "-f"]).arg(&config);
        let mut process = Process::start(&mut command, &folder.path().join("log"))?;
        process
            .ready(START_LIMIT, async || Ok(TcpStream::connect(("127.0.0.1", guard.port)).await.map(drop)?))
            .await
            .context("Apache with mod_auth_openidc")?;
        Ok(Self { _process: process, _folder: folder })
    }
}

fn configuration(guard: &Guard<'_>, folder: &TempDir) -> String {
    let Guard { port, issuer, client_id, client_secret, application } = guard;
    let folder = folder.path().display();
    let modules: String =
        ["mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "headers", "auth_openidc"]
            .iter()
            .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
            .collect();
    // Its workers give up root, whose folder they could not enter otherwise.
    format!(
        "{modules}\
         ServerName 127.0.0.1\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog /dev/stderr\n\
         User www-data\nGroup www-data\n\
         OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration\n\
         OIDCClientID {client_id}\nOIDCClientSecret {client_secret}\n\
         OIDCRedirectURI http://127.0.0.1:{port}/callback\n\
         OIDCCryptoPassphrase a-passphrase-of-this-test\n\
         OIDCScope \"openid email profile groups\"\nOIDCPKCEMethod S256\nOIDCRemoteUserClaim email\n\
         <Location />\n  AuthType openid-connect\n  Require valid-user\n  ProxyPass {application}\n</Location>\n"
    )
}
