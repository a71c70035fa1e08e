//! The table of keys: what shows that each does something.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::journey::{Journey, StandIn, lay_over};
use crate::kit::ALL;

/// A key, and what is seen of it.
pub(crate) struct Row<S> {
    key: &'static str,
    tls: bool,
    world: fn(&S),
    given: fn(&S) -> Value,
    set: fn(&S) -> Value,
    shows: Shows,
}

enum Shows {
    /// Is seen with the key and not without it.
    Appears(&'static str),
    /// Is seen without the key and not with it, though a login succeeds.
    Vanishes(&'static str),
    /// Nothing, and why the key is taken all the same.
    Nothing(&'static str),
}

/// A key and a configuration that sets it and nothing else. Say what it shows next.
pub(crate) fn row<S>(key: &'static str, set: fn(&S) -> Value) -> Row<S> {
    // What is always seen shows nothing, so that a row which does not say what it shows fails.
    Row { key, tls: false, world: |_| (), given: |_| json!({}), set, shows: Shows::Appears("") }
}

/// A key that is taken and does nothing, and why.
pub(crate) fn idle<S>(key: &'static str, why: &'static str, set: fn(&S) -> Value) -> Row<S> {
    Row { shows: Shows::Nothing(why), ..row(key, set) }
}

impl<S> Row<S> {
    /// Other keys, set with the key and without it.
    pub(crate) fn given(self, given: fn(&S) -> Value) -> Self {
        Self { given, ..self }
    }

    /// Changes the upstream first.
    pub(crate) fn world(self, world: fn(&S)) -> Self {
        Self { world, ..self }
    }

    /// The upstream has a certificate that nobody knows.
    pub(crate) fn tls(self) -> Self {
        Self { tls: true, ..self }
    }

    /// What is seen with the key and not without it.
    pub(crate) fn appears(self, text: &'static str) -> Self {
        Self { shows: Shows::Appears(text), ..self }
    }

    /// What is seen without the key and not with it.
    pub(crate) fn vanishes(self, text: &'static str) -> Self {
        Self { shows: Shows::Vanishes(text), ..self }
    }
}

impl<S: StandIn> Row<S> {
    async fn transcript(&self, start: &impl AsyncFn(bool) -> S, with: bool) -> String {
        let up = start(self.tls).await;
        (self.world)(&up);
        let mut keys = (self.given)(&up);
        if with {
            lay_over(&mut keys, &(self.set)(&up));
        }
        Journey::transcript(&up, &keys, ALL).await
    }

    /// What is wrong with the row or the key.
    async fn fault(&self, start: &impl AsyncFn(bool) -> S) -> Option<String> {
        let (without, with) = (self.transcript(start, false).await, self.transcript(start, true).await);
        let fault = match self.shows {
            Shows::Appears(text) if without.contains(text) => format!("{text:?} is seen without the key too"),
            Shows::Appears(text) if !with.contains(text) => format!("{text:?} is not seen with the key"),
            Shows::Appears(text) if forgotten(text, &with) => format!("{text:?} is not seen at the refresh"),
            Shows::Vanishes(text) if !without.contains(text) => format!("{text:?} is not seen without the key either"),
            Shows::Vanishes(text) if with.contains(text) => format!("{text:?} is seen with the key too"),
            Shows::Vanishes(_) if !with.contains("login: ok") => "nobody logs in with the key".into(),
            Shows::Nothing(why) if without != with => format!("the key does something, though {why:?}"),
            Shows::Appears(_) | Shows::Vanishes(_) | Shows::Nothing(_) => return None,
        };
        let kind = S::KIND;
        Some(format!("{kind}: {}: {fault}\n--- without it\n{without}--- with it\n{with}", self.key))
    }
}

/// Whether something is told of a user at the login and not at the refresh.
fn forgotten(text: &str, transcript: &str) -> bool {
    let line = |start: &str| transcript.lines().find(|line| line.starts_with(start));
    let told = |start: &str| line(start).map(|line| line.split_once(": ").is_some_and(|(_, rest)| rest.contains(text)));
    told("login: ok") == Some(true) && line("refresh: cannot").is_none() && told("refresh: ") == Some(false)
}

/// Each declared key has a row, and each row shows what it says.
pub(crate) async fn every_key<S: StandIn>() {
    every_key_of(async |tls| S::start(tls).await).await;
}

/// The same with stand-ins that are started in another way.
pub(crate) async fn every_key_of<S: StandIn>(start: impl AsyncFn(bool) -> S) {
    let rows = S::rows();
    let shown: BTreeSet<_> = rows.iter().map(|row| row.key.to_owned()).collect();
    let declared: BTreeSet<_> = dex_config::connector_keys(S::KIND).into_iter().collect();
    let mut faults: Vec<String> = declared.difference(&shown).map(|key| missing(S::KIND, key)).collect();
    let unknown = |key: &String| format!("{}: {key} has a row and is no key in dex-config's connector_keys", S::KIND);
    faults.extend(shown.difference(&declared).map(unknown));
    for row in &rows {
        faults.extend(row.fault(&start).await);
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn missing(kind: &str, key: &str) -> String {
    let set = key.rsplit('.').fold("\"a value\"".to_owned(), |value, part| format!("{{\"{part}\": {value}}}"));
    format!(
        "{kind}: {key} has no row. Add to rows() of its stand-in in tests/it/promises, with a text of the transcript that is \
         there with the key only:\n    row({key:?}, |_| json!({set})).appears(\"..\"),\nor vanishes(\"..\") for one that is there \
         without the key only, or, if it is meant to do nothing:\n    idle({key:?}, \"why\", |_| json!({set})),"
    )
}
