//! The functions of Sprig 3.3 that users' templates may call, as Dex offered them.
//!
//! Owns what each answers; knows nothing of pages. A function takes values and answers a value or
//! the reason why it cannot, which stops the template. Left out on purpose: what reads the server's
//! environment or network, and what makes keys, certificates and password hashes ([`refusal`]).
//! Values do not change in place: functions that do so in Go answer a changed copy.

mod args;
mod case;
mod dates;
mod defaults;
mod dicts;
mod encoding;
mod lists;
mod math;
mod random;
mod regex;
mod strings;
mod urls;

use std::sync::Arc;

use gotmpl::{FuncMap, TemplateError, Value};

use crate::frontend::Now;

/// What a function answers: a value, or why there is none.
type Outcome = Result<Value, String>;

/// A function that depends on its arguments alone.
type Function = fn(&[Value]) -> Outcome;

/// Functions that change their first argument in Go, and answer a changed copy here.
pub(crate) const CHANGES_ITS_ARGUMENT: [&str; 6] =
    ["set", "unset", "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite"];

const NO_SURROUNDINGS: &str = "templates of dex do not see the server's environment or network";
const NO_KEYS: &str = "templates of dex make no keys, certificates or password hashes";
const NO_VERSIONS: &str = "templates of dex do not compare versions";

const REFUSED: [(&str, &str); 19] = [
    ("env", NO_SURROUNDINGS),
    ("expandenv", NO_SURROUNDINGS),
    ("getHostByName", NO_SURROUNDINGS),
    ("bcrypt", NO_KEYS),
    ("htpasswd", NO_KEYS),
    ("derivePassword", NO_KEYS),
    ("encryptAES", NO_KEYS),
    ("decryptAES", NO_KEYS),
    ("buildCustomCert", NO_KEYS),
    ("genPrivateKey", NO_KEYS),
    ("genCA", NO_KEYS),
    ("genCAWithKey", NO_KEYS),
    ("genSelfSignedCert", NO_KEYS),
    ("genSelfSignedCertWithKey", NO_KEYS),
    ("genSignedCert", NO_KEYS),
    ("genSignedCertWithKey", NO_KEYS),
    ("semver", NO_VERSIONS),
    ("semverCompare", NO_VERSIONS),
    ("hello", "it has no use on a page"),
];

/// Why the function of this name is not to be had, if it is one of those.
pub(crate) fn refusal(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, why)| *why)
}

/// Every function, those refused included: they tell why when called.
pub(crate) fn functions(now: &Now) -> FuncMap {
    let mut functions = FuncMap::new();
    let pure = [
        strings::FUNCTIONS,
        case::FUNCTIONS,
        lists::FUNCTIONS,
        dicts::FUNCTIONS,
        defaults::FUNCTIONS,
        math::FUNCTIONS,
        encoding::FUNCTIONS,
        regex::FUNCTIONS,
        urls::FUNCTIONS,
        random::FUNCTIONS,
        dates::FUNCTIONS,
    ];
    for (name, function) in pure.into_iter().flatten().copied() {
        add(&mut functions, name, function);
    }
    for (name, function) in dates::CLOCKED.iter().copied() {
        let now = now.clone();
        add(&mut functions, name, move |args: &[Value]| function(now(), args));
    }
    for (name, why) in REFUSED {
        add(&mut functions, name, move |_: &[Value]| Err(why.to_owned()));
    }
    functions
}

fn add(functions: &mut FuncMap, name: &'static str, function: impl Fn(&[Value]) -> Outcome + Send + Sync + 'static) {
    let named = move |args: &[Value]| function(args).map_err(|reason| TemplateError::Exec(format!("{name}: {reason}")));
    functions.insert(name.to_owned(), Arc::new(named));
}

#[cfg(test)]
mod tests;
