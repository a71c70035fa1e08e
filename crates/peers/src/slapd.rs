//! OpenLDAP's server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::tool::answer;
use crate::{Process, free_port};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(20);

/// A directory below `dc=example,dc=org`, with the password policy overlay, and the monitor below `cn=Monitor`.
pub struct Slapd {
    process: Process,
    /// The port of plain LDAP and StartTLS.
    pub port: u16,
    /// The port of LDAPS; nobody listens there without [`TlsFiles`].
    pub tls_port: u16,
    folder: TempDir,
}

/// The files of its certificate, PEM.
pub struct TlsFiles<'a> {
    /// Its authority, and that of the clients' certificates.
    pub authority: &'a Path,
    /// Its certificate.
    pub certificate: &'a Path,
    /// The key of its certificate.
    pub key: &'a Path,
}

impl Slapd {
    /// Whose directory it is.
    pub const SUFFIX: &'static str = "dc=example,dc=org";
    /// Who may do everything.
    pub const ADMIN: &'static str = "cn=admin,dc=example,dc=org";
    /// The administrator's password.
    pub const PASSWORD: &'static str = "admin";

    /// Starts it with the entries of `ldif`, the suffix's own among them. `extra` are further lines of its configuration,
    /// in front of the database's.
    ///
    /// # Errors
    ///
    /// When the entries are refused or it does not answer.
    pub async fn start(ldif: &str, tls: Option<&TlsFiles<'_>>, extra: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("data"))?;
        std::fs::write(at("entries.ldif"), ldif)?;
        std::fs::write(at("slapd.conf"), configuration(folder.path(), tls, extra)?)?;
        let mut loading = Command::new("/usr/sbin/slapadd");
        loading.arg("-q").arg("-f").arg(at("slapd.conf")).arg("-l").arg(at("entries.ldif"));
        answer(&mut loading).await?;
        let (port, tls_port) = (free_port()?, free_port()?);
        let process = run(folder.path(), port, tls_port, tls.is_some())?;
        let mut server = Self { process, port, tls_port, folder };
        server.ready().await?;
        Ok(server)
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    ///
    /// When it is gone already.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::SIGKILL)
    }

    /// Stops it from answering, though its connections stay open, or lets it go on.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn hang(&self, hang: bool) -> anyhow::Result<()> {
        self.process.signal(if hang { Signal::SIGSTOP } else { Signal::SIGCONT })
    }

    /// Starts it again on the same ports with the same data.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn restart(&mut self, with_tls: bool) -> anyhow::Result<()> {
        self.process = run(self.folder.path(), self.port, self.tls_port, with_tls)?;
        self.ready().await
    }

    /// Runs `ldapmodify` as the administrator.
    ///
    /// # Errors
    ///
    /// With what the server says.
    pub async fn modify(&self, ldif: &str) -> anyhow::Result<()> {
        let file = self.folder.path().join("change.ldif");
        std::fs::write(&file, ldif)?;
        answer(self.client("/usr/bin/ldapmodify").arg("-f").arg(file)).await.map(drop)
    }

    /// How many connections it has, the one that asks left out.
    ///
    /// # Errors
    ///
    /// With what the server says.
    pub async fn connections(&self) -> anyhow::Result<usize> {
        let mut command = self.client("/usr/bin/ldapsearch");
        command.args([
            "-LLL",
            "-b",
            "cn=Connections,cn=Monitor",
            "-s",
            "one",
            "(objectClass=monitorConnection)",
            "1.1",
        ]);
        let text = answer(&mut command).await?;
        Ok(text.lines().filter(|line| line.starts_with("dn: cn=Connection ")).count().saturating_sub(1))
    }

    /// How many binds it has answered since it started, those of the ones who ask here included: one each.
    ///
    /// # Errors
    ///
    /// With what the server says.
    pub async fn binds(&self) -> anyhow::Result<usize> {
        let mut command = self.client("/usr/bin/ldapsearch");
        command.args(["-LLL", "-b", "cn=Bind,cn=Operations,cn=Monitor", "-s", "base", "", "monitorOpCompleted"]);
        let text = answer(&mut command).await?;
        let count = text.lines().find_map(|line| line.strip_prefix("monitorOpCompleted: "));
        Ok(count.context("it does not count binds")?.parse()?)
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let url = format!("ldap://127.0.0.1:{}", self.port);
        command.args(["-x", "-H", &url, "-D", Self::ADMIN, "-w", Self::PASSWORD]);
        command
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        // Anonymously: it may refuse passwords in clear.
        let mut asking = Command::new("/usr/bin/ldapsearch");
        let url = format!("ldap://127.0.0.1:{}", self.port);
        asking.args(["-x", "-LLL", "-H", &url, "-b", "", "-s", "base", "1.1"]);
        let probe = async || answer(&mut asking).await.map(drop);
        self.process.ready(START_MAX, probe).await
    }
}

fn run(folder: &Path, port: u16, tls_port: u16, with_tls: bool) -> anyhow::Result<Process> {
    let mut urls = format!("ldap://127.0.0.1:{port}/");
    if with_tls {
        write!(urls, " ldaps://127.0.0.1:{tls_port}/")?;
    }
    let mut command = Command::new("/usr/sbin/slapd");
    command.args(["-d", "0", "-h", &urls, "-f"]).arg(folder.join("slapd.conf"));
    Process::start(&mut command, &folder.join("log"))
}

fn configuration(folder: &Path, tls: Option<&TlsFiles<'_>>, extra: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    for schema in ["core", "cosine", "inetorgperson", "nis"] {
        writeln!(text, "include /etc/ldap/schema/{schema}.schema")?;
    }
    text.push_str("modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload back_monitor\nmoduleload ppolicy\n");
    writeln!(text, "pidfile {}", folder.join("pid").display())?;
    if let Some(TlsFiles { authority, certificate, key }) = tls {
        writeln!(text, "TLSCACertificateFile {}", authority.display())?;
        writeln!(text, "TLSCertificateFile {}", certificate.display())?;
        writeln!(text, "TLSCertificateKeyFile {}\nTLSVerifyClient try", key.display())?;
    }
    let (suffix, admin, password) = (Slapd::SUFFIX, Slapd::ADMIN, Slapd::PASSWORD);
    let data: PathBuf = folder.join("data");
    write!(
        text,
        "{extra}\n\
         database mdb\nmaxsize 268435456\nsuffix \"{suffix}\"\nrootdn \"{admin}\"\nrootpw {password}\ndirectory {data}\n\
         dbnosync\nindex objectClass,uid,cn,mail,member,memberUid eq\n\
         overlay ppolicy\nppolicy_default \"cn=default,{suffix}\"\nppolicy_use_lockout\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by users read by anonymous auth\n\
         database monitor\naccess to * by dn.exact=\"{admin}\" read\n",
        data = data.display(),
    )?;
    Ok(text)
}
