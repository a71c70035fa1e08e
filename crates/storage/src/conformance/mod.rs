//! What every back end must do, for the tests of each to run.
//!
//! [`run`] makes fresh, empty back ends with the function it is given, and panics, naming the
//! promise, when one is broken. It holds promises of the contract only; what rows, keys or resources
//! look like is tested by the back end itself. The tasks meet at gates, so the runtime should have
//! more than one thread.

mod changes;
mod gate;
mod lists;
mod races;
mod records;
pub(crate) mod samples;

use std::sync::Arc;

pub use gate::ReadTogether;

use crate::{Backend, StorageError};

/// Runs the suite on back ends that `make` makes: each fresh, empty, and shared with nobody.
///
/// # Panics
///
/// When a promise is broken.
pub async fn run<B, F, Made>(make: F)
where
    B: Backend + 'static,
    F: Fn() -> Made,
    Made: Future<Output = B>,
{
    let fresh = || async { Arc::new(make().await) as Arc<dyn Backend> };
    records::every_kind_lives_its_life(&fresh().await).await;
    records::who_comes_second_has_lost(&fresh().await).await;
    records::instants_are_kept_to_the_millisecond(&fresh().await).await;
    records::strange_names_are_kept_apart_or_refused(&fresh().await).await;
    records::a_megabyte_is_kept_or_refused(&fresh().await).await;
    records::none_is_not_empty(&fresh().await).await;
    records::an_email_has_no_case(&fresh().await).await;
    lists::pages_hold_each_record_once(&fresh().await).await;
    lists::only_what_is_over_is_swept(&fresh().await).await;
    races::each_of_many_updates_counts(fresh().await).await;
    races::one_of_many_inserts_is_done(fresh().await).await;
    races::one_of_many_removes_is_done(fresh().await).await;
    races::a_removed_record_does_not_come_back(fresh().await).await;
    let last = fresh().await;
    ok("ping", last.ping().await);
    last.close().await;
}

/// What the back end answers, where it must not fail.
#[track_caller]
fn ok<T>(told: &str, answer: Result<T, StorageError>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("{told}: {error}"),
    }
}
