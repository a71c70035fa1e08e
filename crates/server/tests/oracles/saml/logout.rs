//! Logging out on one side, and what becomes of the other.

use serde_json::Value;

use super::site::{Person, Site};

/// Has a person log out at dex, through the identity provider and back: `paths` are those of its pages that ask for a
/// password. `binding` is how the messages go, `GET` or `POST`.
pub(crate) fn begins_here(site: &Site, connector: &str, person: Person<'_>, binding: &str) {
    let told = site.log_out(connector, person, "");
    logged_out_at_both(site, &told);
    let issuer = &site.dex.issuer;
    let back = format!("{binding} {}/logout/callback/{connector} SAMLResponse", &issuer["http://".len()..]);
    let through = through(&told);
    assert_eq!(through.len(), if binding == "GET" { 2 } else { 3 }, "a form comes twice: {told}");
    assert!(through[0].starts_with(binding) && through[0].ends_with("SAMLRequest"), "{told}");
    assert!(through[1..].iter().all(|sent| *sent == back), "{told}");
    let ended = &told["ended"];
    assert!(ended["url"].as_str().unwrap().starts_with(issuer), "{told}");
    assert!(ended["text"].as_str().unwrap().contains("successfully logged out"), "{told}");
}

/// Has a person log out at the page `there` of the identity provider, which tells dex.
pub(crate) fn begins_there(site: &Site, connector: &str, person: Person<'_>, (there, binding): (&str, &str)) {
    let told = site.log_out(connector, person, there);
    logged_out_at_both(site, &told);
    let asked = format!("{binding} {}/logout/callback/{connector} SAMLRequest", &site.dex.issuer["http://".len()..]);
    let through = through(&told);
    assert_eq!(through[0], asked, "{told}");
    assert!(through.last().unwrap().ends_with("SAMLResponse"), "{told}");
    assert!(!told["ended"]["url"].as_str().unwrap().starts_with(&site.dex.issuer), "it goes on there: {told}");
}

fn through(told: &Value) -> Vec<&str> {
    told["through"].as_array().unwrap().iter().map(|sent| sent.as_str().unwrap()).collect()
}

/// The identity provider knew the person before, and asks for the password afterwards; so does dex.
fn logged_out_at_both(site: &Site, told: &Value) {
    let log = || format!("{told}\n{}", site.dex.log());
    let pages = |visit: &str| told["paths"][visit].as_array().unwrap().len();
    assert_eq!((pages("first"), pages("knew")), (pages("again"), pages("first") - 1), "{}", log());
    assert_ne!(told["home"], told["nobody"], "{}", log());
    assert_eq!(told["after"], told["nobody"], "{}", log());
}
