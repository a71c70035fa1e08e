//! System packages, from Debian's own archive.

use std::path::Path;

use anyhow::bail;

use crate::command::{output_of, program, run};

/// A package, and how to see that it is not needed.
struct Package {
    name: &'static str,
    present: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package { name: "python3", present: || answers("python3", &["--version"]) },
    Package { name: "python3-venv", present: || answers("python3", &["-c", "import ensurepip, venv"]) },
    Package { name: "chromium", present: || Path::new("/usr/bin/chromium").exists() },
    Package { name: "ca-certificates", present: || Path::new("/etc/ssl/certs/ca-certificates.crt").exists() },
    // Databases.
    Package { name: "postgresql", present: || Path::new("/usr/share/doc/postgresql").exists() },
    Package { name: "mariadb-server", present: || Path::new("/usr/sbin/mariadbd").exists() },
    Package { name: "etcd-server", present: || Path::new("/usr/bin/etcd").exists() },
    Package { name: "etcd-client", present: || Path::new("/usr/bin/etcdctl").exists() },
    Package { name: "kubernetes-client", present: || answers("kubectl", &["version", "--client"]) },
    // Directories.
    Package { name: "slapd", present: || Path::new("/usr/sbin/slapd").exists() },
    Package { name: "ldap-utils", present: || Path::new("/usr/bin/ldapadd").exists() },
    Package { name: "samba-ad-dc", present: || Path::new("/usr/share/doc/samba-ad-dc").exists() },
    Package { name: "samba-ad-provision", present: || Path::new("/usr/share/doc/samba-ad-provision").exists() },
    Package { name: "krb5-kdc", present: || Path::new("/usr/sbin/krb5kdc").exists() },
    Package { name: "krb5-admin-server", present: || Path::new("/usr/sbin/kadmin.local").exists() },
    Package { name: "krb5-user", present: || Path::new("/usr/bin/kinit").exists() },
    // A browser that shows Kerberos tickets.
    Package { name: "curl", present: || answers("curl", &["--version"]) },
    // What Gitea is built with, and what it starts.
    Package { name: "gcc", present: || answers("gcc", &["--version"]) },
    Package { name: "libc6-dev", present: || Path::new("/usr/include/stdlib.h").exists() },
    Package { name: "git", present: || answers("git", &["--version"]) },
    // Identity providers and relying parties.
    Package { name: "openjdk-17-jre-headless", present: || answers("java", &["-version"]) },
    Package { name: "maven", present: || answers("mvn", &["--version"]) },
    Package { name: "simplesamlphp", present: || Path::new("/usr/share/simplesamlphp").exists() },
    Package { name: "php-xml", present: || php_has("dom") },
    Package { name: "php-mbstring", present: || php_has("mbstring") },
    Package { name: "python3-keystone", present: || Path::new("/usr/bin/keystone-wsgi-public").exists() },
    Package { name: "xmlsec1", present: || answers("xmlsec1", &["--version"]) },
    Package { name: "apache2", present: || Path::new("/usr/sbin/apache2").exists() },
    Package {
        name: "libapache2-mod-auth-openidc",
        present: || Path::new("/usr/lib/apache2/modules/mod_auth_openidc.so").exists(),
    },
];

/// Installs the packages that are missing, in one go.
///
/// # Errors
///
/// Names the packages when there is no `apt-get`, or no right to use it.
pub(super) fn install_missing() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|package| !(package.present)()).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !answers("apt-get", &["--version"]) {
        bail!("no apt-get here: install {} by hand", missing.join(", "));
    }
    println!("installing {}", missing.join(", "));
    run(as_root(&["update"]).arg("-qq"))?;
    run(as_root(&["install", "-y", "-qq", "--no-install-recommends"]).args(missing))
}

fn as_root(arguments: &[&str]) -> std::process::Command {
    let is_root = output_of(program("id").arg("-u")).is_some_and(|uid| uid.trim() == "0");
    let mut command = program(if is_root { "env" } else { "sudo" });
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    command
}

/// SimpleSAMLphp needs extensions that its package only recommends.
fn php_has(extension: &str) -> bool {
    answers("php", &["-r", &format!("extension_loaded('{extension}') || exit(1);")])
}

fn answers(name: &str, arguments: &[&str]) -> bool {
    output_of(program(name).args(arguments)).is_some()
}
