//! The `prompt` parameter (OpenID Connect Core §3.1.2.1).

use crate::split_words;

/// What may, must or must not be asked of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// Ask nothing; fail if something must be asked.
    pub none: bool,
    /// Ask for the login again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Ask which account.
    pub select_account: bool,
}

/// Why a `prompt` is not understood, in Dex's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPrompt {
    /// A word is not known.
    #[error("invalid prompt value {0:?}")]
    Unknown(String),
    /// `none` stands beside another word.
    #[error("prompt=none must not be combined with other values")]
    NoneAndMore,
}

impl Prompt {
    /// Parses the words of the parameter.
    ///
    /// # Errors
    ///
    /// [`BadPrompt`]; the client is told `invalid_request`.
    pub fn parse(text: &str) -> Result<Self, BadPrompt> {
        let mut prompt = Self::default();
        for word in split_words(text) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => return Err(BadPrompt::Unknown(word.to_owned())),
            }
        }
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return Err(BadPrompt::NoneAndMore);
        }
        Ok(prompt)
    }

    /// The words in the order Dex stores them.
    pub fn canonical(self) -> String {
        let words = [
            (self.none, "none"),
            (self.login, "login"),
            (self.consent, "consent"),
            (self.select_account, "select_account"),
        ];
        let set: Vec<&str> = words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        set.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_sets_of_known_words() {
        let cases = [
            ("", Ok("")),
            ("none", Ok("none")),
            (" consent  login login", Ok("login consent")),
            ("select_account", Ok("select_account")),
            ("none login", Err(BadPrompt::NoneAndMore)),
            ("Login", Err(BadPrompt::Unknown("Login".into()))),
        ];
        for (text, expected) in cases {
            assert_eq!(Prompt::parse(text).map(Prompt::canonical), expected.map(str::to_owned), "{text}");
        }
    }
}
