//! Three replicas on one store, with keys that rotate every ten seconds, a replica that is killed now and then, and a store
//! that stops for a while.
//!
//! It runs for some seconds on each store. `DEX_SOAK_SECONDS` sets another time, ten minutes for example.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod drive;
mod replica;
mod store;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::drive::{Fleet, go_on};
use crate::replica::Replica;
use crate::store::Store;
use crate::tally::Tally;

/// How many replicas there are.
const REPLICAS: usize = 3;

/// How many users log in and refresh at once.
const USERS: usize = 6;

/// Of how many subjects they are. Two share one, for their rows to be written by both; were it all of them, so many logins would
/// end the tokens of one that had to wait ([`TOKENS_PER_CLIENT_MAX`](dex_model::TOKENS_PER_CLIENT_MAX)).
const SUBJECTS: usize = 3;

/// How often a replica is killed.
const KILL_EVERY: Duration = Duration::from_secs(20);

/// How long a killed replica stays away.
const AWAY: Duration = Duration::from_secs(2);

/// How long the store stops, once, in the middle.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a run lasts unless it is told: two kills, the pause, and two generations of keys.
const SECONDS: u64 = 45;

fn length() -> Duration {
    let told = std::env::var("DEX_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(told.unwrap_or(SECONDS))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_live_together_on_postgresql() {
    live_together(Store::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_live_together_on_mariadb() {
    live_together(Store::mariadb().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_live_together_on_etcd() {
    live_together(Store::etcd().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_live_together_on_kubernetes() {
    live_together(Store::kubernetes().await).await;
}

async fn live_together(store: Store) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ports: Vec<u16> = (0..REPLICAS).map(|_| dex_peers::free_port().unwrap()).collect();
    let mut replicas = Vec::new();
    for port in &ports {
        replicas.push(Replica::start(ports[0], *port, &store.configuration).await);
    }
    let fleet = Arc::new(Fleet::new(ports));
    let tally = Arc::new(Tally::default());
    let until = Instant::now() + length();
    let go_on = |user| go_on(fleet.clone(), tally.clone(), format!("mock-{}", user % SUBJECTS), until);
    let users: Vec<_> = (0..USERS).map(|user| tokio::spawn(go_on(user))).collect();
    let pausing = pause(&store, &tally, until);
    let killing = kill(&mut replicas, &fleet, until);
    tokio::join!(pausing, killing);
    for user in users {
        user.await.unwrap();
    }
    tally.judge(store.name);
}

/// Stops the store once, half way through.
async fn pause(store: &Store, tally: &Tally, until: Instant) {
    sleep(length() / 2).await;
    tally.paused(true);
    store.pause();
    sleep(PAUSE).await;
    store.resume();
    // What waits for the store is answered soon after; what was refused meanwhile is still on its way.
    sleep(PAUSE).await;
    tally.paused(false);
    sleep_until(until).await;
}

/// Kills one replica after the other, and starts it again.
async fn kill(replicas: &mut [Replica], fleet: &Fleet, until: Instant) {
    for turn in (0..REPLICAS).cycle() {
        if Instant::now() + KILL_EVERY > until {
            return;
        }
        sleep(KILL_EVERY - AWAY).await;
        fleet.away(turn, true);
        replicas[turn].kill();
        sleep(AWAY).await;
        replicas[turn].start_again().await;
        fleet.away(turn, false);
    }
}
