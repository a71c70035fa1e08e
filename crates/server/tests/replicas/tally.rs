//! What went well and what must not happen.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many answers of a kind are shown.
const SHOWN_MAX: usize = 5;

/// Counts.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) logins: AtomicU64,
    pub(crate) refreshes: AtomicU64,
    pub(crate) verified: AtomicU64,
    /// Answers of 503 while the store was away.
    pub(crate) unavailable: AtomicU64,
    away: AtomicBool,
    wrong: Mutex<BTreeMap<&'static str, Vec<String>>>,
}

impl Tally {
    /// Notes whether the store is away.
    pub(crate) fn paused(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Whether the store is away.
    pub(crate) fn is_paused(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes what must not happen.
    pub(crate) fn wrong(&self, kind: &'static str, told: String) {
        self.wrong.lock().unwrap().entry(kind).or_default().push(told);
    }

    /// Fails if anything went wrong, or nothing happened.
    #[expect(clippy::print_stderr, reason = "whoever runs it for long wants to read the counts")]
    pub(crate) fn judge(&self, store: &str) {
        let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let (logins, refreshes, verified) = (of(&self.logins), of(&self.refreshes), of(&self.verified));
        let unavailable = of(&self.unavailable);
        eprintln!(
            "{store}: {logins} logins, {refreshes} refreshes, {verified} tokens verified, {unavailable} answers of 503"
        );
        let wrong = self.wrong.lock().unwrap();
        let told: Vec<String> = wrong
            .iter()
            .map(|(kind, all)| format!("{} x {kind}: {:#?}", all.len(), &all[..all.len().min(SHOWN_MAX)]))
            .collect();
        assert!(told.is_empty(), "{store}: {}", told.join("\n"));
        assert!(logins > 0 && refreshes > logins && verified > 0, "{store}: too little happened");
    }
}
