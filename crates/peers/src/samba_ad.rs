//! Samba as a domain controller of Active Directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::tool::answer;
use crate::{Process, TlsFiles};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// The domain `ad.example.test`, on an address of its own, since its ports cannot be chosen. Those are below 1024: it is
/// started as root.
pub struct SambaAd {
    _process: Process,
    folder: TempDir,
    /// An address of the loopback interface.
    pub address: String,
}

impl SambaAd {
    /// The root of the domain.
    pub const ROOT: &'static str = "DC=ad,DC=example,DC=test";
    /// Its Kerberos realm.
    pub const REALM: &'static str = "AD.EXAMPLE.TEST";
    /// Who may do everything, as it logs in.
    pub const ADMIN: &'static str = "Administrator@ad.example.test";
    /// The administrator's password.
    pub const PASSWORD: &'static str = "Passw0rd!admin";

    /// An address that no other controller of this process has, nor one of a process with another id nearby.
    pub fn address() -> String {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let process = std::process::id();
        let [.., high, low] = process.to_be_bytes();
        format!("127.{}.{low}.{}", 64 + high % 64, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes the domain and starts its controller at `address`, for which the certificate is.
    ///
    /// # Errors
    ///
    /// When it cannot be made or does not answer.
    pub async fn start(address: String, tls: &TlsFiles<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        provision(at, &address).await?;
        for name in ["run", "ncalrpc"] {
            std::fs::create_dir(at.join(name))?;
        }
        let mut serving = Command::new("/usr/sbin/samba");
        let configuration = at.join("etc/smb.conf");
        serving.arg("-s").arg(&configuration).args(["-F", "--no-process-group", "--debug-stdout", "-d1"]);
        let TlsFiles { authority, certificate, key } = tls;
        let options = [
            ("pid directory", at.join("run")),
            ("ncalrpc dir", at.join("ncalrpc")),
            ("log file", at.join("log.%m")),
            ("server services", PathBuf::from("ldap kdc dns")),
            ("tls cafile", authority.to_path_buf()),
            ("tls certfile", certificate.to_path_buf()),
            ("tls keyfile", key.to_path_buf()),
        ];
        serving.args(options.map(|(name, value)| format!("--option={name}={}", value.display())));
        let mut process = Process::start(&mut serving, &at.join("output"))?;
        let mut asking = client("/usr/bin/ldapsearch", &address);
        asking.args(["-b", Self::ROOT, "-s", "base", "1.1"]);
        let probe = async || answer(&mut asking).await.map(drop);
        process.ready(START_MAX, probe).await?;
        Ok(Self { _process: process, folder, address })
    }

    /// Runs `ldapmodify` as the administrator.
    ///
    /// # Errors
    ///
    /// With what the server says.
    pub async fn modify(&self, ldif: &str) -> anyhow::Result<()> {
        let file = self.folder.path().join("change.ldif");
        std::fs::write(&file, ldif)?;
        answer(client("/usr/bin/ldapmodify", &self.address).arg("-f").arg(file)).await.map(drop)
    }

    /// Gives the account of a service a service principal, and exports its keys.
    ///
    /// # Errors
    ///
    /// With what `samba-tool` says.
    pub async fn keytab(&self, account: &str, service: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join(format!("{account}.keytab"));
        let configuration = format!("--configfile={}", self.folder.path().join("etc/smb.conf").display());
        let tool = || Command::new("/usr/bin/samba-tool");
        answer(tool().args(["spn", "add", service, account, &configuration])).await?;
        let principal = format!("--principal={service}");
        answer(tool().args(["domain", "exportkeytab"]).arg(&path).args([principal, configuration])).await?;
        Ok(path)
    }

    /// A Kerberos configuration for clients of the domain.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn krb5_conf(&self) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join("client.conf");
        let mut text = String::from("[libdefaults]\n dns_lookup_kdc = false\n dns_lookup_realm = false\n");
        let (realm, address) = (Self::REALM, &self.address);
        writeln!(text, " dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1")?;
        writeln!(text, " default_realm = {realm}\n[realms]\n {realm} = {{\n  kdc = {address}:88\n }}")?;
        writeln!(text, "[domain_realm]\n .example.test = {realm}\n example.test = {realm}")?;
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

async fn provision(folder: &Path, address: &str) -> anyhow::Result<()> {
    let mut command = Command::new("/usr/bin/samba-tool");
    command.args(["domain", "provision", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL"]);
    command.args(["--realm=AD.EXAMPLE.TEST", "--domain=AD", "--host-name=dc1", "--option=bind interfaces only=yes"]);
    command.arg(format!("--adminpass={}", SambaAd::PASSWORD)).arg(format!("--host-ip={address}"));
    command.arg(format!("--option=interfaces={address}/8"));
    command.arg(format!("--targetdir={}", folder.display()));
    answer(&mut command).await.map(drop)
}

fn client(program: &str, address: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LDAPTLS_REQCERT", "never").arg("-x");
    command.args(["-H", &format!("ldaps://{address}"), "-D", SambaAd::ADMIN, "-w", SambaAd::PASSWORD]);
    command
}
