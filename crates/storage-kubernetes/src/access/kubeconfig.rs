//! A kubeconfig, as `kubectl` reads it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tracing::warn;

use super::exec::Exec;
use super::{Access, AccessError, Credential, Hidden, read_file};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[derive(Default)]
struct Config {
    current_context: String,
    clusters: Vec<NamedCluster>,
    contexts: Vec<NamedContext>,
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority: String,
    certificate_authority_data: String,
    insecure_skip_tls_verify: bool,
    proxy_url: Option<String>,
    tls_server_name: String,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
    namespace: String,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: User,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    client_certificate: String,
    client_certificate_data: String,
    client_key: String,
    client_key_data: String,
    token: Hidden,
    #[serde(rename = "tokenFile")]
    token_file: String,
    username: String,
    password: Hidden,
    exec: Option<Exec>,
    auth_provider: Option<serde::de::IgnoredAny>,
    #[serde(rename = "as")]
    impersonate: String,
}

/// The access that the current context of `file` describes, or its only context.
pub(crate) fn read(file: &Path) -> Result<Access, AccessError> {
    let text = read_file(file)?;
    let refused = |reason: String| AccessError::Kubeconfig { file: file.to_owned(), reason };
    // Lines of the file would show what they hold.
    let options = serde_saphyr::options! { with_snippet: false };
    let config: Config =
        serde_saphyr::from_slice_with_options(&text, options).map_err(|error| refused(error.to_string()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let (cluster, user, namespace) = config.current().map_err(refused)?;
    for (set, key) in [(!cluster.tls_server_name.is_empty(), "tls-server-name"), (!user.impersonate.is_empty(), "as")] {
        if set {
            warn!(file = %file.display(), key, "the kubeconfig has a key that is not supported, it is ignored");
        }
    }
    let ca = either(&cluster.certificate_authority_data, &cluster.certificate_authority, folder, "the CA certificate")?;
    Ok(Access {
        server: cluster.server.trim_end_matches('/').to_owned(),
        namespace,
        ca: ca.map(|pem| pem.to_vec()),
        skip_verify: cluster.insecure_skip_tls_verify,
        proxy: cluster.proxy_url,
        credential: credential(user, folder, file)?,
    })
}

impl Config {
    fn current(self) -> Result<(Cluster, User, String), String> {
        let Self { current_context, clusters, mut contexts, users } = self;
        let context = if current_context.is_empty() {
            if contexts.len() != 1 {
                return Err("kubeconfig has no current context".into());
            }
            contexts.remove(0).context
        } else {
            let found = contexts.into_iter().find(|context| context.name == current_context);
            found.ok_or_else(|| format!("no context named {current_context:?} found"))?.context
        };
        let cluster = clusters.into_iter().find(|cluster| cluster.name == context.cluster);
        let cluster = cluster.ok_or_else(|| format!("no cluster named {:?} found", context.cluster))?.cluster;
        let user = users.into_iter().find(|user| user.name == context.user);
        let user = user.ok_or_else(|| format!("no user named {:?} found", context.user))?.user;
        let namespace = if context.namespace.is_empty() { "default".into() } else { context.namespace };
        Ok((cluster, user, namespace))
    }
}

/// A token wins over a certificate and a password, as it does in Dex.
fn credential(user: User, folder: &Path, file: &Path) -> Result<Credential, AccessError> {
    if !user.token_file.is_empty() {
        return Ok(Credential::TokenFile(resolve(folder, &user.token_file)));
    }
    if !user.token.is_empty() {
        return Ok(Credential::Token(user.token));
    }
    if let Some(exec) = user.exec {
        return Ok(Credential::Exec(exec.found_from(folder)));
    }
    let certificate =
        either(&user.client_certificate_data, &user.client_certificate, folder, "the client certificate")?;
    let key = either(&user.client_key_data, &user.client_key, folder, "the client key")?;
    if let (Some(certificate), Some(key)) = (certificate, key) {
        return Ok(Credential::Certificate(pem_pair(&certificate, &key)?));
    }
    if !user.username.is_empty() {
        return Ok(Credential::Basic { username: user.username, password: user.password });
    }
    if user.auth_provider.is_some() {
        let reason = "`auth-provider` is not supported, use `exec`".into();
        return Err(AccessError::Kubeconfig { file: file.to_owned(), reason });
    }
    Ok(Credential::None)
}

/// Certificate and key as one text.
pub(super) fn pem_pair(certificate: &[u8], key: &[u8]) -> Result<Hidden, AccessError> {
    let text = |bytes| {
        let unusable = |_| AccessError::Unusable { what: "the client certificate", reason: "is no PEM".into() };
        std::str::from_utf8(bytes).map_err(unusable)
    };
    Ok(Hidden::new(format!("{}\n{}", text(certificate)?, text(key)?)))
}

/// What the base64 holds, or the file; the former counts.
fn either(
    data: &str,
    file: &str,
    folder: &Path,
    what: &'static str,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, AccessError> {
    if !data.is_empty() {
        let decoded = STANDARD.decode(data.split_ascii_whitespace().collect::<String>());
        let unusable = |_| AccessError::Unusable { what, reason: "is no base64".into() };
        return decoded.map(|bytes| Some(bytes.into())).map_err(unusable);
    }
    if file.is_empty() {
        return Ok(None);
    }
    read_file(&resolve(folder, file)).map(|bytes| Some(bytes.into()))
}

/// A file named by a kubeconfig lies beside it; where it does not, Dex's rule counts: beside the working directory.
pub(super) fn resolve(folder: &Path, name: &str) -> PathBuf {
    let beside = folder.join(name);
    if beside.exists() { beside } else { PathBuf::from(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(config: &str) -> Result<Access, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "t0ken").unwrap();
        std::fs::write(folder.path().join("pem"), "PEM").unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, config).unwrap();
        read(&file).map_err(|error| error.to_string())
    }

    fn config(user: &str, cluster: &str, context: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\npreferences: {{}}\n\
             clusters:\n- {{name: c, cluster: {{server: 'https://k:6443/', {cluster}}}}}\n\
             users:\n- {{name: u, user: {{{user}}}}}\n\
             contexts:\n- {{name: x, context: {{cluster: c, user: u, {context}}}}}\n"
        )
    }

    #[test]
    fn the_only_context_counts_with_its_defaults() {
        let access = access(&config("token: abc", "certificate-authority-data: UEVN", "")).unwrap();
        assert_eq!((access.server.as_str(), access.namespace.as_str()), ("https://k:6443", "default"));
        assert_eq!(access.ca.as_deref(), Some(b"PEM".as_slice()));
        assert!(matches!(&access.credential, Credential::Token(token) if **token == "abc"));
    }

    #[test]
    fn each_way_to_say_who_we_are_is_read() {
        let cases = [
            ("token: abc, username: u, password: p", "token"),
            ("tokenFile: token, token: abc", "file"),
            ("client-certificate: pem, client-key-data: S0VZ", "certificate"),
            ("username: u, password: p", "basic"),
            (
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [a], env: [{name: A, value: b}]}",
                "exec",
            ),
            ("", "nobody"),
        ];
        for (user, expected) in cases {
            let found = match access(&config(user, "", "namespace: dex")).unwrap().credential {
                Credential::None => "nobody",
                Credential::Token(_) => "token",
                Credential::TokenFile(_) => "file",
                Credential::Basic { .. } => "basic",
                Credential::Certificate(pem) => {
                    assert_eq!(*pem, "PEM\nKEY");
                    "certificate"
                }
                Credential::Exec(_) => "exec",
            };
            assert_eq!(found, expected, "{user}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_no_secret_with_it() {
        let whole = config("token: s3cr3t", "", "");
        let cases = [
            (format!("{whole}current-context: y\n"), "no context named \"y\" found"),
            (whole.replace("cluster: c,", "cluster: d,"), "no cluster named \"d\" found"),
            (whole.replace("user: u,", "user: v,"), "no user named \"v\" found"),
            (whole.replace("name: x,", "name: [s3cr3t],"), "unmarshal"),
            (config("auth-provider: {name: gcp}", "", ""), "use `exec`"),
            (config("", "certificate-authority-data: '%'", ""), "the CA certificate cannot be used: is no base64"),
            (config("", "certificate-authority: nowhere.pem", ""), "read nowhere.pem"),
            (String::new(), "kubeconfig has no current context"),
        ];
        for (config, expected) in cases {
            let error = access(&config).err().unwrap_or_else(|| panic!("{config}"));
            assert!(error.contains(expected) && !error.contains("s3cr3t"), "{error}");
        }
    }
}
