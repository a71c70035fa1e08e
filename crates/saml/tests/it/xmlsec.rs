//! The xmlsec1 program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const IDS: [&str; 6] = [
    "--id-attr:ID",
    "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
    "--id-attr:ID",
    "urn:oasis:names:tc:SAML:2.0:protocol:Response",
    "--id-attr:ID",
    "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
];

/// A folder in which xmlsec1 works.
pub(crate) struct XmlSec {
    folder: TempDir,
}

impl XmlSec {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Whether it accepts the signature right below the element that `xpath` names.
    pub(crate) fn accepts(&self, text: &str, xpath: &str, certificate: &str) -> bool {
        let (text, certificate) = (self.file("verified.xml", text), self.file("certificate.pem", certificate));
        let signature = format!("{xpath}/*[local-name()='Signature']");
        run(&["--verify", "--pubkey-cert-pem", path(&certificate), "--node-xpath", &signature], &text).is_some()
    }

    /// Fills in the first signature template.
    pub(crate) fn sign(&self, template: &str, key: &str) -> String {
        let (template, key) = (self.file("template.xml", template), self.file("key.pem", key));
        run(&["--sign", "--privkey-pem", path(&key)], &template).expect("xmlsec1 signs its template")
    }

    /// Encrypts the element that `xpath` names by a template.
    pub(crate) fn encrypt(&self, template: &str, text: &str, certificate: &str, session_key: &str) -> String {
        let template = self.file("template.xml", template);
        let (text, certificate) = (self.file("open.xml", text), self.file("certificate.pem", certificate));
        let arguments = [
            "--encrypt",
            "--pubkey-cert-pem",
            path(&certificate),
            "--session-key",
            session_key,
            "--xml-data",
            path(&text),
        ];
        run(&arguments, &template).expect("xmlsec1 encrypts by its template")
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(arguments: &[&str], file: &Path) -> Option<String> {
    let mut command = Command::new("xmlsec1");
    let (action, rest) = arguments.split_first().unwrap();
    command.arg(action).args(rest);
    if *action != "--encrypt" {
        command.args(IDS);
    }
    let output = command.arg(file).output().expect("xmlsec1 is installed");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}
