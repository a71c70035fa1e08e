//! What the API server says of a failure.

use serde::Deserialize;

/// The parts of a `Status` of Kubernetes that decide something. Its message can hold names, which can be secrets, and is
/// shown to nobody.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Status {
    reason: String,
    message: String,
    details: Details,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    name: String,
    kind: String,
}

impl Status {
    /// An empty one if it is none.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Whether it is the object that is not there, not its resource.
    pub(crate) fn is_missing_object(&self) -> bool {
        self.reason == "NotFound" && !self.details.name.is_empty() && self.details.kind != "namespaces"
    }

    /// Whether it is the namespace that is not there.
    pub(crate) fn is_missing_namespace(&self) -> bool {
        self.reason == "NotFound" && self.details.kind == "namespaces"
    }

    pub(crate) fn already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// Whether etcd takes nothing as long.
    pub(super) fn is_too_large(&self) -> bool {
        self.message.contains("request is too large")
    }

    /// The word for what went wrong, if it is one.
    pub(crate) fn reason(&self) -> &str {
        if self.reason.chars().all(char::is_alphanumeric) { &self.reason } else { "" }
    }

    /// Who we are to the API server, when it says so.
    pub(super) fn user(&self) -> Option<String> {
        let (_, rest) = self.message.split_once("User \"")?;
        let (user, _) = rest.split_once('"')?;
        Some(user.to_owned()).filter(|user| !user.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_object_is_told_from_a_missing_resource() {
        let cases = [
            (r#"{"reason":"NotFound","details":{"name":"a","kind":"authcodes"}}"#, true),
            (r#"{"reason":"NotFound","details":{}}"#, false),
            (r#"{"reason":"NotFound","details":{"name":"dex","kind":"namespaces"}}"#, false),
            ("404 page not found\n", false),
            ("", false),
        ];
        for (body, missing) in cases {
            assert_eq!(Status::read(body.as_bytes()).is_missing_object(), missing, "{body}");
        }
    }

    #[test]
    fn the_user_is_read_from_the_message() {
        let message = r#"{"message":"passwords.dex.coreos.com is forbidden: User \"system:serviceaccount:dex:dex\" cannot list"}"#;
        assert_eq!(Status::read(message.as_bytes()).user().as_deref(), Some("system:serviceaccount:dex:dex"));
        assert_eq!(Status::read(b"{}").user(), None);
    }
}
