//! The client that is used and the user who logs in.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::arguments::Arguments;

/// Has no `Debug`, for it holds the client's and the user's secrets.
pub(crate) struct Account {
    client_ids: Vec<String>,
    client_secret: Option<String>,
    pub(crate) redirect_uri: String,
    pub(crate) connector: Option<String>,
    pub(crate) user: Option<User>,
}

/// Who logs in: one user, or many of the same password in turn.
pub(crate) struct User {
    name: String,
    pub(crate) password: String,
    /// How many there are, each with a number at the end of the name.
    numbered: Option<u32>,
    logins: AtomicU32,
}

impl User {
    /// `user{500}` is `user0` to `user499`.
    fn new((name, password): (String, String)) -> Self {
        let many = name.strip_suffix('}').and_then(|name| name.split_once('{'));
        let many =
            many.and_then(|(name, count)| Some((name.to_owned(), count.parse().ok().filter(|count| *count > 0)?)));
        let (name, numbered) = many.map_or((name, None), |(name, count)| (name, Some(count)));
        Self { name, password, numbered, logins: AtomicU32::new(0) }
    }

    /// The name of the next one.
    pub(crate) fn next(&self) -> String {
        let login = self.logins.fetch_add(1, Ordering::Relaxed);
        self.numbered.map_or_else(|| self.name.clone(), |count| format!("{}{}", self.name, login % count))
    }
}

impl From<&Arguments> for Account {
    fn from(arguments: &Arguments) -> Self {
        Self {
            client_ids: arguments.client_id.clone(),
            client_secret: arguments.client_secret.clone(),
            redirect_uri: arguments.redirect_uri.clone(),
            connector: arguments.connector.clone(),
            user: arguments.login.clone().zip(arguments.password.clone()).map(User::new),
        }
    }
}

impl Account {
    /// The client that the simulated client of this number acts for.
    pub(crate) fn client_id(&self, number: usize) -> &str {
        let clients = self.client_ids.len();
        self.client_ids.get(number % clients.max(1)).map_or("", String::as_str)
    }

    /// HTTP Basic, its parts form-encoded first (RFC 6749 §2.3.1), or `None` for a public client.
    pub(crate) fn authorization(&self, client_id: &str) -> Option<String> {
        let secret = self.client_secret.as_deref()?;
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let credentials = format!("{}:{}", encoded(client_id), encoded(secret));
        Some(format!("Basic {}", STANDARD.encode(credentials)))
    }

    /// A form for the token endpoint. A public client names itself in it (RFC 6749 §3.2.1).
    pub(crate) fn form(&self, client_id: &str, fields: &[(&str, &str)]) -> String {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields);
        if self.client_secret.is_none() {
            form.append_pair("client_id", client_id);
        }
        form.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(secret: Option<&str>) -> Account {
        Account {
            client_ids: vec!["one".to_owned(), "two".to_owned()],
            client_secret: secret.map(str::to_owned),
            redirect_uri: String::new(),
            connector: None,
            user: None,
        }
    }

    #[test]
    fn a_client_with_a_secret_uses_basic_and_a_public_one_names_itself() {
        let confidential = account(Some("a:b+c"));
        let header = confidential.authorization("one").unwrap();
        let sent = STANDARD.decode(header.strip_prefix("Basic ").unwrap());
        assert_eq!(sent.unwrap(), b"one:a%3Ab%2Bc");
        assert_eq!(confidential.form("one", &[("a", "1 2")]), "a=1+2");
        let public = account(None);
        assert_eq!(public.authorization("one"), None);
        assert_eq!(public.form("one", &[("a", "1")]), "a=1&client_id=one");
    }

    #[test]
    fn users_log_in_in_turn() {
        let cases = [
            ("jane", ["jane", "jane", "jane"]),
            ("user{2}", ["user0", "user1", "user0"]),
            ("user{0}", ["user{0}", "user{0}", "user{0}"]),
            ("user{x}", ["user{x}", "user{x}", "user{x}"]),
        ];
        for (name, expected) in cases {
            let user = User::new((name.to_owned(), String::new()));
            assert_eq!([user.next(), user.next(), user.next()], expected, "{name}");
        }
    }

    #[test]
    fn clients_are_shared_out_in_turn() {
        let account = account(None);
        let turns: Vec<&str> = (0..3).map(|number| account.client_id(number)).collect();
        assert_eq!(turns, ["one", "two", "one"]);
    }
}
