//! What Kubernetes gives a pod.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Access, AccessError, Credential, read_file};

/// The claim of older tokens that names the namespace.
const NAMESPACE_CLAIM: &str = "kubernetes.io/serviceaccount/namespace";

/// Access with the service account whose files are in `folder`; `env` answers for the environment.
pub(crate) fn in_cluster(folder: &Path, env: impl Fn(&str) -> Option<String>) -> Result<Access, AccessError> {
    let env = |name| env(name).filter(|value| !value.is_empty());
    let (host, port) = (env("KUBERNETES_SERVICE_HOST"), env("KUBERNETES_SERVICE_PORT"));
    let (Some(host), Some(port)) = (host, port) else {
        return Err(AccessError::NotInCluster);
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let ca = read_file(&folder.join("ca.crt"))?;
    let token = read_file(&folder.join("token"))?;
    let namespace = match env("KUBERNETES_POD_NAMESPACE").or_else(|| claimed_namespace(&token)) {
        Some(namespace) => namespace,
        None => String::from_utf8_lossy(&read_file(&folder.join("namespace"))?).trim().to_owned(),
    };
    Ok(Access {
        server: format!("https://{host}:{port}"),
        namespace,
        ca: Some(ca),
        skip_verify: false,
        proxy: None,
        credential: Credential::TokenFile(folder.join("token")),
    })
}

fn claimed_namespace(token: &[u8]) -> Option<String> {
    let claims = token.split(|byte| *byte == b'.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    claims.get(NAMESPACE_CLAIM)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(token: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("ca.crt", "pem"), ("token", token), ("namespace", "from-file\n")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_namespace_is_the_environments_the_tokens_or_the_files() {
        let legacy = format!("a.{}.c", URL_SAFE_NO_PAD.encode(format!(r#"{{"{NAMESPACE_CLAIM}":"from-token"}}"#)));
        let cases = [
            (Some("from-env"), legacy.as_str(), "from-env"),
            (Some(""), &legacy, "from-token"),
            (None, &legacy, "from-token"),
            (None, "a.e30.c", "from-file"),
            (None, "opaque", "from-file"),
        ];
        for (namespace, token, expected) in cases {
            let folder = folder(token);
            let env = |name: &str| match name {
                "KUBERNETES_SERVICE_HOST" => Some("2001:db8::1".to_owned()),
                "KUBERNETES_SERVICE_PORT" => Some("443".to_owned()),
                _ => namespace.map(str::to_owned),
            };
            let access = in_cluster(folder.path(), env).ok().unwrap();
            assert_eq!((access.namespace.as_str(), access.server.as_str()), (expected, "https://[2001:db8::1]:443"));
        }
        let nowhere = in_cluster(folder("").path(), |_| None).err().unwrap().to_string();
        assert!(nowhere.contains("KUBERNETES_SERVICE_HOST"), "{nowhere}");
    }
}
