//! Response types and modes.

use std::str::FromStr;

/// One word of `response_type` (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResponseType {
    /// An authorization code.
    Code,
    /// An ID token.
    IdToken,
    /// An access token.
    Token,
}

/// The word is not a response type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown response type")]
pub struct UnknownResponseType;

impl ResponseType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::Token => "token",
        }
    }
}

impl FromStr for ResponseType {
    type Err = UnknownResponseType;

    fn from_str(word: &str) -> Result<Self, UnknownResponseType> {
        match word {
            "code" => Ok(Self::Code),
            "id_token" => Ok(Self::IdToken),
            "token" => Ok(Self::Token),
            _ => Err(UnknownResponseType),
        }
    }
}

/// The words of one `response_type`, without order or repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponseTypes {
    /// `code` is asked for.
    pub code: bool,
    /// `id_token` is asked for.
    pub id_token: bool,
    /// `token` is asked for.
    pub token: bool,
}

impl ResponseTypes {
    /// The set of these words.
    pub fn of(words: impl IntoIterator<Item = ResponseType>) -> Self {
        let mut set = Self::default();
        for word in words {
            match word {
                ResponseType::Code => set.code = true,
                ResponseType::IdToken => set.id_token = true,
                ResponseType::Token => set.token = true,
            }
        }
        set
    }

    /// The mode of a response that asked for none: the query for a code alone, else the fragment
    /// (OAuth 2.0 Multiple Response Types §5).
    pub fn default_mode(self) -> ResponseMode {
        if self.id_token || self.token { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

/// How a response reaches the client (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In its fragment.
    Fragment,
    /// In the body of a POST that the browser makes.
    FormPost,
}

/// The response mode is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown response mode")]
pub struct UnknownResponseMode;

impl ResponseMode {
    /// Every mode.
    pub const ALL: &[Self] = &[Self::Query, Self::Fragment, Self::FormPost];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }
}

impl FromStr for ResponseMode {
    type Err = UnknownResponseMode;

    fn from_str(name: &str) -> Result<Self, UnknownResponseMode> {
        Self::ALL.iter().copied().find(|mode| mode.as_str() == name).ok_or(UnknownResponseMode)
    }
}
