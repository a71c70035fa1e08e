//! The Kubernetes back end on a real API server: the suite for back ends, its objects, rights, and failures.
//!
//! Starting the server takes seconds, so one test starts it and runs every check in turn, each in a namespace of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod collisions;
mod failures;
mod fixtures;
mod lists;
mod rights;
mod shown;

use dex_peers::KubeApiserver;
use dex_storage_kubernetes::{Kubernetes, KubernetesOptions, OpenError, Place};

/// Tokens of users without a right, and the users' names.
const USERS: &[(&str, &str)] =
    &[("token-of-reader", "reader"), ("token-of-writer", "writer"), ("token-of-owner", "owner")];

/// A namespace of its own, and the back end in it.
struct Cluster {
    server: KubeApiserver,
    namespaces: std::sync::atomic::AtomicU32,
}

impl Cluster {
    async fn namespace(&self) -> String {
        let number = self.namespaces.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let namespace = format!("test-{number}");
        self.server.kubectl(&["create", "namespace", &namespace]).await.unwrap();
        namespace
    }

    async fn open(&self, namespace: &str) -> Kubernetes {
        let place = Place::Kubeconfig(self.server.admin(namespace).unwrap());
        Kubernetes::open(&KubernetesOptions { place, create_crds: true }).await.unwrap()
    }

    async fn fresh(&self) -> Kubernetes {
        self.open(&self.namespace().await).await
    }

    /// Opens as the holder of a token.
    async fn open_as(&self, token: &str, namespace: &str, create_crds: bool) -> Result<Kubernetes, OpenError> {
        let place = Place::Kubeconfig(self.server.kubeconfig(token, namespace).unwrap());
        Kubernetes::open(&KubernetesOptions { place, create_crds }).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kubernetes_is_a_back_end() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    let server = KubeApiserver::start(USERS, &[]).await.unwrap();
    let cluster = Cluster { server, namespaces: 0.into() };
    // First of all, while no definition is there.
    rights::definitions_that_may_not_be_created_are_named(&cluster).await;
    rights::definitions_of_dex_get_columns_and_ours_is_added(&cluster).await;
    rights::a_missing_right_is_named(&cluster).await;
    // These wait for the API server more than for anything else.
    let suite = dex_storage::conformance::run(|| cluster.fresh());
    let checks = async {
        collisions::pairs_of_one_hash_live_apart(&cluster).await;
        collisions::a_finalizer_does_not_remove_twice(&cluster).await;
        lists::pages_begin_behind_any_name(&cluster).await;
        lists::a_sweep_goes_on_where_it_was_full(&cluster).await;
        lists::what_cannot_be_read_is_named_and_keeps_its_place(&cluster).await;
        shown::kubectl_shows_columns(&cluster).await;
        shown::what_others_wrote_on_an_object_stays(&cluster).await;
        fixtures::what_dex_wrote_is_read_and_written_again(&cluster).await;
        fixtures::what_is_read_is_what_was_meant(&cluster).await;
        failures::what_is_not_there_or_not_ours_is_told(&cluster).await;
    };
    tokio::join!(suite, checks, failures::credentials_that_change_are_taken_up(&cluster));
    failures::a_pause_heals(&cluster).await;
    rights::the_example_grants_what_is_needed(&cluster).await;
}
