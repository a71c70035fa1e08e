//! A program that prints credentials (`client.authentication.k8s.io`).

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::kubeconfig::{pem_pair, resolve};
use super::{AccessError, Hidden};

/// How long a program may take. It may ask the cloud, and it may not ask anybody here; less than a call may take.
const LIMIT: Duration = Duration::from_secs(12);

/// `exec` of a kubeconfig's user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exec {
    api_version: String,
    command: String,
    #[serde(default)]
    args: Option<Vec<String>>,
    #[serde(default)]
    env: Option<Vec<Variable>>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: Hidden,
}

/// What it printed.
pub(crate) struct Issued {
    pub(crate) token: Option<Hidden>,
    /// Certificate and key, as PEM.
    pub(crate) certificate: Option<Hidden>,
}

#[derive(Deserialize)]
struct ExecCredential {
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    token: Hidden,
    client_certificate_data: Hidden,
    client_key_data: Hidden,
}

impl Exec {
    /// With the program looked for from `folder` on, if it is named by a relative path.
    pub(super) fn found_from(mut self, folder: &Path) -> Self {
        if self.command.contains('/') {
            self.command = resolve(folder, &self.command).display().to_string();
        }
        self
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`AccessError::Exec`]
    pub(crate) async fn run(&self) -> Result<Issued, AccessError> {
        let told = json!({"apiVersion": self.api_version, "kind": "ExecCredential", "spec": {"interactive": false}});
        let mut command = Command::new(&self.command);
        command.args(self.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", told.to_string());
        command.envs(self.env.iter().flatten().map(|variable| (&variable.name, variable.value.as_str())));
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.map_err(|_| self.failed(format!("took longer than {} seconds", LIMIT.as_secs())))?;
        let output = output.map_err(|error| self.failed(format!("cannot be run: {error}")))?;
        if !output.status.success() {
            return Err(self.failed(format!("ended with {}", output.status)));
        }
        let printed: ExecCredential =
            serde_json::from_slice(&output.stdout).map_err(|_| self.failed("printed no ExecCredential".into()))?;
        self.issued(printed.status)
    }

    fn issued(&self, status: Status) -> Result<Issued, AccessError> {
        let certificate = if status.client_certificate_data.is_empty() {
            None
        } else {
            Some(pem_pair(status.client_certificate_data.as_bytes(), status.client_key_data.as_bytes())?)
        };
        let token = Some(status.token).filter(|token| !token.is_empty());
        if token.is_none() && certificate.is_none() {
            return Err(self.failed("printed neither a token nor a certificate".into()));
        }
        Ok(Issued { token, certificate })
    }

    fn failed(&self, reason: String) -> AccessError {
        AccessError::Exec { program: self.command.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Exec {
        Exec {
            api_version: "client.authentication.k8s.io/v1".into(),
            command: "sh".into(),
            args: Some(vec!["-c".into(), script.into()]),
            env: Some(vec![Variable { name: "TOLD".into(), value: Hidden::new("a".into()) }]),
        }
    }

    #[tokio::test]
    async fn what_it_prints_is_taken() {
        let issued = shell(r#"printf '{"status":{"token":"%s"}}' "$TOLD""#).run().await.ok().unwrap();
        assert_eq!(issued.token.unwrap().as_str(), "a");
        let pair = r#"echo '{"status":{"clientCertificateData":"C","clientKeyData":"K"}}'"#;
        assert_eq!(shell(pair).run().await.ok().unwrap().certificate.unwrap().as_str(), "C\nK");
    }

    #[tokio::test]
    async fn what_it_does_not_print_is_told() {
        let cases = [
            ("echo '{}'", "printed neither a token nor a certificate"),
            ("echo s3cr3t", "printed no ExecCredential"),
            ("exit 3", "ended with exit status: 3"),
        ];
        for (script, expected) in cases {
            let told = shell(script).run().await.err().unwrap().to_string();
            assert!(told.ends_with(expected) && !told.contains("s3cr3t"), "{told}");
        }
    }
}
