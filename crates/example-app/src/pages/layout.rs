//! What every page has around it.

use maud::{DOCTYPE, Markup, html};

use crate::session::Session;

/// The place in the navigation that a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Tokens,
    Tools,
    None,
}

/// Wraps `body` into a whole page.
pub(super) fn frame(title: &str, tab: Tab, session: Option<&Session>, body: &Markup) -> Markup {
    let signed_in = session.is_some_and(|session| session.tokens.is_some());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Example app" }
                link rel="icon" href="/static/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/static/app.css";
                script src="/static/app.js" defer {}
            }
            body data-events[signed_in] {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    div.wrap {
                        a.brand href="/" {
                            img src="/static/icon.svg" alt="" width="28" height="28";
                            span { "Example app" }
                        }
                        nav aria-label="Pages" {
                            (link("/", "Overview", tab == Tab::Overview))
                            (link("/tokens", "Tokens", tab == Tab::Tokens))
                            (link("/tools", "Tools", tab == Tab::Tools))
                        }
                    }
                }
                main #main.wrap {
                    @if let Some(notice) = session.and_then(|session| session.notice) {
                        p.notice role="status" { (notice) }
                    }
                    (body)
                }
                footer.wrap {
                    p { "A client for trying an OpenID Connect provider. It shows every token it gets: use it for testing only." }
                }
            }
        }
    }
}

fn link(href: &str, text: &str, here: bool) -> Markup {
    html! { a href=(href) aria-current=[here.then_some("page")] { (text) } }
}

/// The user's name in a round, who it is, and how to sign out.
pub(super) fn who(session: &Session, signed_in_as: &str) -> Markup {
    let initial: String = signed_in_as.chars().take(1).flat_map(char::to_uppercase).collect();
    html! {
        div.who {
            span.avatar aria-hidden="true" { (initial) }
            div {
                h1 { (signed_in_as) }
                @if let Some(email) = session.claim("email") {
                    p.muted { (email) }
                }
            }
        }
    }
}

/// A labelled text field.
pub(super) fn field(name: &str, label: &str, hint: &str, kind: &str, value: &str) -> Markup {
    let hint_id = (!hint.is_empty()).then(|| format!("{name}-hint"));
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type=(kind) value=(value) autocomplete="off" spellcheck="false"
                autocapitalize="none" aria-describedby=[hint_id.as_deref()];
            @if let Some(id) = &hint_id {
                p.hint id=(id) { (hint) }
            }
        }
    }
}

/// A labelled choice; the first option is preselected.
pub(super) fn choice(name: &str, label: &str, options: &[(&str, &str)]) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, text) in options {
                    option value=(value) { (text) }
                }
            }
        }
    }
}
