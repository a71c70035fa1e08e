//! What goes wrong between us and the API server.

use super::Verb;
use crate::access::AccessError;

/// A failure, in a sentence for the operator. It holds no secret and no object's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the API server at {server} cannot be reached: {cause}")]
    Unreachable { server: String, cause: String },
    #[error("the API server at {server} does not accept our credentials: renew the token or certificate")]
    Unauthorized { server: String },
    #[error("our credentials cannot be renewed: {0}")]
    Credentials(#[source] AccessError),
    #[error("{} may not {verb} {what}{}: grant that right", who(user), place(namespace))]
    Forbidden { user: Option<String>, verb: Verb, what: String, namespace: Option<String> },
    #[error("the API server does not serve {what}: its custom resource definition is missing or not yet established")]
    NotServed { what: String },
    #[error("the namespace `{0}` does not exist")]
    NoNamespace(String),
    #[error("the API server answered {code} to {verb} {what}")]
    Answered { code: u16, verb: Verb, what: String },
    #[error("the API server's answer to {verb} {what} is not what it should be")]
    Strange { verb: Verb, what: String },
    #[error("the API server's answer is longer than we read")]
    TooLong,
}

fn who(user: &Option<String>) -> String {
    user.as_ref()
        .map_or_else(|| "our user of the API server".into(), |user| format!("the user `{user}` of the API server"))
}

fn place(namespace: &Option<String>) -> String {
    namespace.as_ref().map(|namespace| format!(" in the namespace `{namespace}`")).unwrap_or_default()
}

/// What lies under an error, which is what an operator can do something about.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
