//! Who posts a logout token.

use async_trait::async_trait;
use http::StatusCode;
use url::Url;

/// Posts logout tokens.
#[async_trait]
pub trait Deliver: Send + Sync {
    /// Posts `logout_token` as a form to the client's address, and follows no redirect (OpenID Connect Back-Channel Logout
    /// 1.0 §2.5). Any 2xx is success. The caller limits the time.
    async fn deliver(&self, uri: &Url, logout_token: &str) -> Result<(), Undelivered>;
}

/// Why a client was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It answered with another status.
    #[error("the client answered with status {0}")]
    Answered(StatusCode),
    /// It did not answer, or nothing could be sent.
    #[error("{0}")]
    Failed(String),
}

impl Undelivered {
    /// Whether another try may have another end. A client that refuses a token refuses the next one too.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Answered(status) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
                    )
            }
        }
    }
}
