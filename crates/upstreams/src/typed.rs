//! Names and passwords that people typed, before an upstream is asked about them.

/// How long a name or a password may be, in bytes.
const BYTES_MAX: usize = 4096;

/// Whether an upstream is to be asked at all. An empty password is none, and some upstreams let in whoever has none.
pub(crate) fn worth_asking(username: &str, password: &str) -> bool {
    [username, password].iter().all(|text| !text.is_empty() && text.len() <= BYTES_MAX && !text.contains('\0'))
}

/// What the tests of connectors with a form share.
#[cfg(test)]
pub(crate) mod testing {
    use std::sync::Arc;

    use dex_connector::{
        Clock, Connector, Identity, LoginMethod, Opening, PasswordAnswer, PasswordLogin, UpstreamError, Wanted,
    };
    use serde_json::Value;

    /// A connector under test.
    pub(crate) struct Form(pub(crate) Arc<dyn Connector>);

    impl Form {
        pub(crate) fn open(kind: &str, config: &Value) -> Result<Self, UpstreamError> {
            let clock = Clock::new(|| "2026-08-06T10:00:00Z".parse().unwrap());
            let callback = "https://id.example/dex/callback".parse().unwrap();
            crate::open(kind, &Opening { id: "form", config, callback: &callback, clock }).map(Self)
        }

        pub(crate) fn login(&self) -> &dyn PasswordLogin {
            match self.0.login() {
                LoginMethod::Password(login) => login,
                LoginMethod::Redirect(_) => panic!("names and passwords are typed here"),
            }
        }

        pub(crate) async fn answer(
            &self,
            wanted: Wanted,
            username: &str,
            password: &str,
        ) -> Result<PasswordAnswer, UpstreamError> {
            self.login().log_in(wanted, username, password).await
        }

        /// A login that must not find name or password wrong.
        pub(crate) async fn log_in(
            &self,
            wanted: Wanted,
            username: &str,
            password: &str,
        ) -> Result<Identity, UpstreamError> {
            match self.answer(wanted, username, password).await? {
                PasswordAnswer::Identity(identity) => Ok(identity),
                other => panic!("{username}: {other:?}"),
            }
        }

        pub(crate) async fn refresh(&self, wanted: Wanted, identity: &Identity) -> Result<Identity, UpstreamError> {
            self.0.refresh().unwrap().refresh(wanted, identity.clone()).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_asked_of_nobody() {
        let (longest, too_long) = ("x".repeat(BYTES_MAX), "x".repeat(BYTES_MAX + 1));
        let cases = [
            ("u", "p", true),
            ("", "p", false),
            ("u", "", false),
            ("u", " ", true),
            ("u\0", "p", false),
            ("u", "p\0x", false),
            (longest.as_str(), longest.as_str(), true),
            (too_long.as_str(), "p", false),
            ("u", too_long.as_str(), false),
        ];
        for (username, password, asked) in cases {
            assert_eq!(worth_asking(username, password), asked, "{} {}", username.len(), password.len());
        }
    }
}
