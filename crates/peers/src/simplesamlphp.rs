//! SimpleSAMLphp, as an identity provider with a user who is in groups and one who is in none.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::Client;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::pages::Browser;
use crate::{Process, free_port};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(20);
/// How long it may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Where its pages are installed.
const PAGES: &str = "/usr/share/simplesamlphp/www";
/// What reads a service provider's metadata as its administration does, and prints the entry for its configuration.
const IMPORT: &str = "require '/usr/share/simplesamlphp/lib/_autoload.php';
    $read = SimpleSAML\\Metadata\\SAMLParser::parseString(stream_get_contents(STDIN))->getMetadata20SP();
    unset($read['entityDescriptor'], $read['expire']);
    echo var_export($read, true);";

/// A running identity provider.
pub struct SimpleSamlPhp {
    process: Process,
    port: u16,
    folder: TempDir,
    http: Client,
}

/// A service provider that it knows.
pub struct ServiceProvider<'a> {
    /// Its entity id.
    pub entity_id: &'a str,
    /// Its assertion consumer service.
    pub acs: &'a str,
    /// Further entries of its metadata, in PHP, such as `'assertion.encryption' => true`.
    pub options: &'a str,
}

impl SimpleSamlPhp {
    /// The user's name.
    pub const USER: &'static str = "mira";
    /// The user's password.
    pub const PASSWORD: &'static str = "secret";
    /// Somebody with the same password of whom no groups are told.
    pub const OUTSIDER: &'static str = "otto";

    /// Starts it with a key of its own.
    ///
    /// # Errors
    ///
    /// When PHP is not installed or it does not answer.
    pub async fn start(known: &[ServiceProvider<'_>]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        write_all(folder.path(), port, known)?;
        let mut command = Command::new("php");
        // Compiled files are kept for two seconds, though one was written anew meanwhile.
        command.args(["-d", "opcache.enable=0", "-S", &format!("127.0.0.1:{port}"), "-t", PAGES]);
        command.env("SIMPLESAMLPHP_CONFIG_DIR", folder.path());
        let process = Process::start(&mut command, &folder.path().join("log"))?;
        // Taken already where a test did it before us.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder().timeout(ANSWER_MAX).no_proxy().build()?;
        let mut server = Self { process, port, folder, http };
        let probe = (server.http.clone(), server.url("saml2/idp/metadata.php?output=xml"));
        let probe = async || {
            probe.0.get(&probe.1).send().await?.error_for_status()?;
            Ok(())
        };
        server.process.ready(START_MAX, probe).await.context("SimpleSAMLphp")?;
        Ok(server)
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}/{path}", self.port)
    }

    /// Where people begin who are to be sent to the service provider with this entity id without its having asked.
    pub fn login_at(&self, entity_id: &str) -> String {
        self.url(&format!("saml2/idp/SSOService.php?spentityid={entity_id}"))
    }

    /// Where people log out who are signed in here, and who are then logged out of every service provider.
    pub fn logout(&self) -> String {
        let back = self.url("logout.php");
        self.url(&format!("saml2/idp/SingleLogoutService.php?ReturnTo={back}"))
    }

    /// The PEM file of the certificate it signs with.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("idp.pem")
    }

    /// Reads a service provider's metadata and knows it from then on, with further entries such as
    /// `'assertion.encryption' => true`.
    ///
    /// # Errors
    ///
    /// When it does not take it for metadata, with what it says.
    pub async fn import(&self, metadata: &str, options: &str) -> anyhow::Result<()> {
        let mut php = Command::new("php");
        php.args(["-r", IMPORT]).env("SIMPLESAMLPHP_CONFIG_DIR", self.folder.path());
        let mut php = php.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        php.stdin.take().context("it has a standard input")?.write_all(metadata.as_bytes()).await?;
        let done = php.wait_with_output().await?;
        let read = String::from_utf8(done.stdout)?;
        if !done.status.success() || !read.starts_with("array") {
            bail!("it does not read the metadata: {read}{}", String::from_utf8_lossy(&done.stderr));
        }
        let file = self.folder.path().join("metadata/saml20-sp-remote.php");
        let known = std::fs::read_to_string(&file)?;
        let entry = format!("$read = [{options}] + {read};\n$metadata[$read['entityid']] = $read;\n");
        Ok(std::fs::write(&file, known + &entry)?)
    }

    /// Its metadata.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn metadata(&self) -> anyhow::Result<String> {
        let answer = self.http.get(self.url("saml2/idp/metadata.php?output=xml")).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Goes there with a form, or by a link if there is none, logs the user in, and tells what would be posted to the
    /// service provider.
    ///
    /// # Errors
    ///
    /// When it asks for no password or posts nothing; with the page it shows instead.
    pub async fn log_in(&self, to: &str, form: &[(String, String)]) -> anyhow::Result<Vec<(String, String)>> {
        let mut browser = Browser::new()?;
        let page = browser.visit(to, form).await?;
        let posted = browser.submit(&page, &[("username", Self::USER), ("password", Self::PASSWORD)]).await;
        posted.with_context(|| self.process.log_end())
    }
}

/// Writes its configuration.
fn write_all(folder: &Path, port: u16, known: &[ServiceProvider<'_>]) -> anyhow::Result<()> {
    let at = folder.display();
    // Another site to a browser than the addresses that are numbers.
    let base = format!("http://localhost:{port}/");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?;
    let certificate = rcgen::CertificateParams::new(vec!["idp.example".to_owned()])?.self_signed(&key)?;
    let hosted = format!(
        "$metadata['{base}metadata'] = ['host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.pem',
          'auth' => 'people', 'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid',
          'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']]];"
    );
    let remote = known.iter().map(|provider| {
        format!(
            "$metadata['{}'] = ['AssertionConsumerService' => '{}', \
             'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', {}];\n",
            provider.entity_id, provider.acs, provider.options
        )
    });
    let config = format!(
        "$config = ['baseurlpath' => '{base}', 'certdir' => '{at}/', 'loggingdir' => '{at}/', 'datadir' => '{at}/',
          'tempdir' => '{at}/', 'metadatadir' => '{at}/metadata/', 'timezone' => 'UTC', 'secretsalt' => 'salt',
          'auth.adminpassword' => 'administrator', 'technicalcontact_email' => 'a@idp.example', 'debug' => null,
          'showerrors' => true, 'logging.level' => 4, 'logging.handler' => 'errorlog', 'enable.saml20-idp' => true,
          'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true], 'store.type' => 'phpsession',
          'session.cookie.secure' => false, 'session.cookie.samesite' => null, 'language.cookie.secure' => false,
          'session.phpsession.savepath' => '{at}', 'session.phpsession.cookiename' => 'SimpleSAML',
          'metadata.sources' => [['type' => 'flatfile']], 'authproc.idp' => [], 'authproc.sp' => []];"
    );
    let people = format!(
        "$config = ['people' => ['exampleauth:UserPass', '{}:{}' => ['uid' => ['mira-1'], 'cn' => ['Mira Kowalski'],
          'mail' => ['mira@corp.example'], 'groups' => ['staff', 'r&d'], 'memberOf' => ['staff, r&d']],
          '{}:{1}' => ['uid' => ['otto-1'], 'cn' => ['Otto'], 'mail' => ['otto@corp.example']]]];",
        SimpleSamlPhp::USER,
        SimpleSamlPhp::PASSWORD,
        SimpleSamlPhp::OUTSIDER
    );
    std::fs::create_dir(folder.join("metadata"))?;
    let files = [
        ("config.php", config),
        ("authsources.php", people),
        ("metadata/saml20-idp-hosted.php", hosted),
        ("metadata/saml20-sp-remote.php", remote.collect()),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), format!("<?php\n{text}\n"))?;
    }
    std::fs::write(folder.join("idp.key"), key.serialize_pem())?;
    std::fs::write(folder.join("idp.pem"), certificate.pem())?;
    Ok(())
}
