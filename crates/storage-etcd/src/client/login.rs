//! Who asks etcd: a user name and a password, and the token that stands for them.

use tokio::sync::Mutex;
use tonic::metadata::AsciiMetadataValue;
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use super::failure::Failure;
use super::link::Link;
use super::messages::{AuthenticateRequest, AuthenticateResponse};

/// The user, and the token of the last login.
pub(super) struct Login {
    user: Option<(String, Zeroizing<String>)>,
    token: Mutex<Token>,
}

#[derive(Clone, Default)]
enum Token {
    /// Nobody has logged in yet.
    #[default]
    None,
    Of(AsciiMetadataValue),
    /// etcd knows no users, so none is needed.
    Needless,
}

impl Login {
    pub(super) fn new(name: &str, password: &Zeroizing<String>) -> Self {
        let user = (!name.is_empty()).then(|| (name.to_owned(), password.clone()));
        Self { user, token: Mutex::default() }
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_ref().map(|(name, _)| name.as_str())
    }

    /// The token, after a login if there was none yet.
    pub(super) async fn token(&self, endpoint: &Endpoint, link: &Link) -> Result<Option<AsciiMetadataValue>, Failure> {
        let Some(user) = &self.user else { return Ok(None) };
        let mut token = self.token.lock().await;
        if matches!(*token, Token::None) {
            *token = log_in(user, endpoint, link).await?;
        }
        Ok(token.value())
    }

    /// A token other than `stale`, after a login unless somebody else was faster.
    pub(super) async fn again(
        &self,
        endpoint: &Endpoint,
        link: &Link,
        stale: Option<AsciiMetadataValue>,
    ) -> Result<Option<AsciiMetadataValue>, Failure> {
        let Some(user) = &self.user else { return Err(Failure::Anonymous) };
        let mut token = self.token.lock().await;
        if token.value() == stale {
            *token = log_in(user, endpoint, link).await?;
        }
        Ok(token.value())
    }
}

impl Token {
    fn value(&self) -> Option<AsciiMetadataValue> {
        match self {
            Self::Of(token) => Some(token.clone()),
            Self::None | Self::Needless => None,
        }
    }
}

async fn log_in(user: &(String, Zeroizing<String>), endpoint: &Endpoint, link: &Link) -> Result<Token, Failure> {
    let request = AuthenticateRequest { name: user.0.clone(), password: user.1.to_string() };
    let answer = link.ask("/etcdserverpb.Auth/Authenticate", request, None).await;
    match answer.map_err(|status| Failure::of(&status, &endpoint.shown)) {
        Ok(AuthenticateResponse { token }) => {
            let token = AsciiMetadataValue::try_from(token);
            let mut token = token.map_err(|_| Failure::Other("a token that cannot be sent".to_owned()))?;
            token.set_sensitive(true);
            Ok(Token::Of(token))
        }
        Err(Failure::NoUsers) => Ok(Token::Needless),
        Err(failure) => Err(failure),
    }
}
