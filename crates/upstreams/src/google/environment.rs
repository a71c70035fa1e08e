//! What Google's own libraries look at outside of a configuration (Google's AIP-4110, application default credentials).

use std::path::PathBuf;

/// Below the home directory: where `gcloud` leaves credentials.
const WELL_KNOWN: &str = ".config/gcloud/application_default_credentials.json";

/// Where the metadata server is unless the environment says otherwise.
const METADATA_HOST: &str = "metadata.google.internal";

/// The variables that count.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    /// `GOOGLE_APPLICATION_CREDENTIALS`
    pub(super) credentials: Option<PathBuf>,
    /// `HOME`
    pub(super) home: Option<PathBuf>,
    /// `GCE_METADATA_HOST`: host, or host and port.
    pub(super) metadata_host: Option<String>,
}

impl Environment {
    /// As this process was started.
    pub(super) fn of_this_process() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            credentials: set("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from),
            home: set("HOME").map(PathBuf::from),
            metadata_host: set("GCE_METADATA_HOST").and_then(|host| host.into_string().ok()),
        }
    }

    /// The file with the application default credentials, if there is one. A file that is named is not looked for first: that it
    /// is missing must show.
    pub(super) fn key_file(&self) -> Option<PathBuf> {
        let well_known = || self.home.as_ref().map(|home| home.join(WELL_KNOWN)).filter(|path| path.is_file());
        self.credentials.clone().or_else(well_known)
    }

    /// The metadata server.
    pub(super) fn metadata(&self) -> String {
        format!("http://{}", self.metadata_host.as_deref().unwrap_or(METADATA_HOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_comes_before_the_one_of_gcloud() {
        let home = tempfile::tempdir().unwrap();
        let mut environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        assert_eq!(
            (environment.key_file(), environment.metadata().as_str()),
            (None, "http://metadata.google.internal")
        );
        let well_known = home.path().join(WELL_KNOWN);
        std::fs::create_dir_all(well_known.parent().unwrap()).unwrap();
        std::fs::write(&well_known, "{}").unwrap();
        assert_eq!(environment.key_file(), Some(well_known));
        environment.credentials = Some("/no/such.json".into());
        environment.metadata_host = Some("127.0.0.1:8080".into());
        assert_eq!(environment.key_file(), Some("/no/such.json".into()));
        assert_eq!(environment.metadata(), "http://127.0.0.1:8080");
    }
}
