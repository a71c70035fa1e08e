//! `staticPasswords`: local users that are kept in the file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::env::Env;
use crate::problem::Origin;
use crate::secret::Secret;
use crate::tree::Map;

/// One entry of `staticPasswords`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticPassword {
    /// As written; looked up in lower case.
    pub email: String,
    /// A bcrypt hash in its usual text form.
    pub hash: Secret,
    /// `username`
    pub username: String,
    /// The `name` claim; empty means `username`.
    pub name: String,
    /// The `preferred_username` claim.
    pub preferred_username: String,
    /// The `email_verified` claim; `None` means true.
    pub email_verified: Option<bool>,
    /// What `sub` is made of.
    pub user_id: String,
    /// The `groups` claim.
    pub groups: Vec<String>,
}

/// The costs a login accepts. Less is too easy to guess, more a way to keep the server busy.
const COSTS: std::ops::RangeInclusive<u32> = 10..=16;

impl StaticPassword {
    /// Also says where the list is, if it holds anything.
    pub(crate) fn read_all(top: &mut Map<'_>, env: &dyn Env) -> (Vec<Self>, Origin) {
        let passwords = top.list("staticPasswords", |map| {
            map.keep_written();
            read(map, env)
        });
        (passwords, top.origin("staticPasswords"))
    }
}

fn read(map: &mut Map<'_>, env: &dyn Env) -> StaticPassword {
    let password = StaticPassword {
        hash: hash(map, env),
        email: map.text("email"),
        username: map.text("username"),
        name: map.text("name"),
        preferred_username: map.text("preferredUsername"),
        email_verified: {
            let given = map.has("emailVerified");
            let verified = map.bool("emailVerified", true);
            given.then_some(verified)
        },
        user_id: map.text("userID"),
        groups: map.texts("groups"),
    };
    if !password.email.contains('@') {
        map.warn("email", "is no email address; whoever logs in must type it as it stands");
    }
    if password.user_id.is_empty() {
        map.warn("userID", "without one, this user's `sub` is that of every other such user");
    }
    password
}

fn hash(map: &mut Map<'_>, env: &dyn Env) -> Secret {
    /// How to make one.
    const HINT: &str = "make one with `htpasswd -bnBC 10 '' PASSWORD`";
    let (hash, variable) = (map.text("hash"), map.text("hashFromEnv"));
    let (key, text) = match (hash.is_empty(), variable.is_empty()) {
        (false, _) => ("hash", hash),
        (true, false) => ("hashFromEnv", env.get(&variable).unwrap_or_default()),
        (true, true) => ("hash", hash),
    };
    if text.is_empty() {
        map.error(key, "no password hash provided", HINT);
        return Secret::default();
    }
    let decoded = || String::from_utf8(STANDARD.decode(&text).ok()?).ok();
    let (cost, hash) = match cost_of(&text) {
        Ok(cost) => (cost, text),
        Err(why) => match decoded().and_then(|inner| Some((cost_of(&inner).ok()?, inner))) {
            Some(found) => found,
            None => {
                map.error(key, format!("malformed bcrypt hash: {why}"), HINT);
                return Secret::default();
            }
        },
    };
    if !COSTS.contains(&cost) {
        let text = format!("cost {cost} is not between 10 and 16; every login will fail");
        map.warn(key, text);
    }
    Secret::new(hash)
}

/// The cost of a bcrypt hash, if it is one: `$2a$`, `$2b$` or `$2y$`, two digits, salt and hash.
fn cost_of(hash: &str) -> Result<u32, &'static str> {
    /// Length of salt and hash in bcrypt's base64.
    const TAIL: usize = 53;
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| hash.strip_prefix(version));
    let rest = rest.ok_or("it does not begin with $2a$, $2b$ or $2y$")?;
    let (cost, tail) = rest.split_once('$').ok_or("it has no cost")?;
    let digits = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit());
    let cost = cost.parse().ok().filter(|cost| digits && (4..=31).contains(cost));
    let cost = cost.ok_or("its cost is not between 04 and 31")?;
    let inside = tail.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'));
    match tail.len() == TAIL && inside {
        true => Ok(cost),
        false => Err("it is not 60 characters long"),
    }
}

#[cfg(test)]
mod tests {
    use super::cost_of;

    #[test]
    fn a_bcrypt_hash_has_a_version_a_cost_and_53_characters() {
        let tail = "a".repeat(53);
        let cases = [
            (format!("$2a$10${tail}"), Ok(10)),
            (format!("$2b$04${tail}"), Ok(4)),
            (format!("$2y$31${tail}"), Ok(31)),
            (format!("$2x$10${tail}"), Err("it does not begin with $2a$, $2b$ or $2y$")),
            (format!("$2a$03${tail}"), Err("its cost is not between 04 and 31")),
            (format!("$2a$32${tail}"), Err("its cost is not between 04 and 31")),
            (format!("$2a$+9${tail}"), Err("its cost is not between 04 and 31")),
            (format!("$2a$10${tail}a"), Err("it is not 60 characters long")),
            (format!("$2a$10${}", "é".repeat(26)), Err("it is not 60 characters long")),
            ("$2a$10".to_owned(), Err("it has no cost")),
            (String::new(), Err("it does not begin with $2a$, $2b$ or $2y$")),
        ];
        for (hash, expected) in cases {
            assert_eq!(cost_of(&hash), expected, "{hash}");
        }
    }
}
