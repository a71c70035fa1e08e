//! Listing by pages, and sweeping what is over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dex_model::{Key, Kind, later};

use super::{changes, ok, samples};
use crate::{Backend, Write, expiry_of};

/// The length of a page, in records; no divisor of what is listed.
const PAGE: u32 = 3;

pub(super) async fn pages_hold_each_record_once(store: &Arc<dyn Backend>) {
    for kind in [Kind::Client, Kind::Password, Kind::UserIdentity, Kind::RefreshToken, Kind::Connector] {
        assert!(ok("list", store.list(kind, None, PAGE).await).is_empty(), "an empty store lists nothing");
        let mut awaited = BTreeSet::new();
        for name in ["b", "a", "d", "c", "aa", "g", "e", "f"] {
            let record = samples::full(kind, name);
            assert_eq!(ok("insert", store.insert(&record).await), Write::Done, "{}", kind.name());
            awaited.insert(record.key());
        }
        let mut after: Option<Key> = None;
        loop {
            let page = ok("list", store.list(kind, after.as_ref(), PAGE).await);
            assert!(page.len() <= PAGE as usize, "a page of {} is too long", kind.name());
            for record in &page {
                let known = awaited.remove(&record.key());
                assert!(known, "{} `{}` is listed twice, or never was there", kind.name(), record.key().id);
            }
            let Some(last) = page.last().map(dex_model::AnyRecord::key) else {
                break;
            };
            // The next page begins behind a record that has gone meanwhile.
            assert_eq!(ok("remove", store.remove(&last).await), Write::Done);
            after = Some(last);
        }
        assert!(awaited.is_empty(), "{} are not listed: {awaited:?}", kind.name());
    }
}

pub(super) async fn only_what_is_over_is_swept(store: &Arc<dyn Backend>) {
    let now = samples::NOW;
    let millisecond = Duration::from_millis(1);
    let later = later(now, millisecond);
    let earlier = now.checked_sub(millisecond).unwrap_or(now);
    for kind in Kind::ALL {
        let sample = samples::full(*kind, "kept");
        if expiry_of(&sample).is_none() {
            assert_eq!(ok("insert", store.insert(&sample).await), Write::Done);
            assert_eq!(ok("sweep", store.sweep(*kind, dex_model::Timestamp::MAX, 9).await), 0, "{}", kind.name());
            assert!(ok("get", store.get(&sample.key()).await).is_some(), "{} never ends", kind.name());
            continue;
        }
        let ends =
            [("a", earlier), ("b", earlier), ("c", earlier), ("d", earlier), ("e", earlier), ("f", now), ("g", later)];
        for (name, end) in ends {
            let record = changes::ending(samples::full(*kind, name), end);
            assert_eq!(ok("insert", store.insert(&record).await), Write::Done, "{}", kind.name());
        }
        for (limit, swept) in [(2, 2), (0, 0), (9, 3), (9, 0)] {
            let got = ok("sweep", store.sweep(*kind, now, limit).await);
            assert_eq!(got, swept, "{} swept, {limit} at most", kind.name());
        }
        for (name, end) in ends {
            let found = ok("get", store.get(&samples::full(*kind, name).key()).await);
            assert_eq!(found.is_some(), end >= now, "{} `{name}`: what ends now is not over", kind.name());
        }
    }
}
