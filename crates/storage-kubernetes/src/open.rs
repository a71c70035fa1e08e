//! From a configuration to a back end that serves (storage spec, 9.1 and 9.3).

use std::path::{Path, PathBuf};

use crate::access::{self, AccessError};
use crate::client::{Api, ApiError};
use crate::{Kubernetes, crd, rights};

/// Where a pod finds the files of its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// `storage.config` of the type `kubernetes`.
#[derive(Debug, Clone)]
pub struct KubernetesOptions {
    /// Which API server, and as whom.
    pub place: Place,
    /// Whether missing custom resource definitions are created (`crdHandling: ensure`).
    pub create_crds: bool,
}

/// Which API server, and as whom.
#[derive(Debug, Clone)]
pub enum Place {
    /// The one of the pod we run in, with its service account.
    InCluster,
    /// The one of a kubeconfig's current context.
    Kubeconfig(PathBuf),
}

/// Why the resources cannot be used. One sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not known how to reach the API server.
    #[error("create client: {0}")]
    Access(#[from] AccessError),
    /// The API server does not answer, or refuses.
    #[error("{0}")]
    Api(Box<dyn std::error::Error + Send + Sync>),
    /// `crdHandling: check`, and definitions are missing.
    #[error(
        "storage is not initialized, CRDs are not created: {names}; apply examples/k8s/crds.json, or set crdHandling to ensure"
    )]
    Unchecked {
        /// The missing ones.
        names: String,
    },
    /// Definitions are missing and we may not create them.
    #[error(
        "the custom resource definitions {names} are missing and the user `{user}` of the API server may not create them: \
         apply examples/k8s/crds.json, or grant `create` on customresourcedefinitions.apiextensions.k8s.io"
    )]
    Forbidden {
        /// Who we are.
        user: String,
        /// The missing ones.
        names: String,
    },
    /// Some right within the namespace is missing.
    #[error(
        "the API server does not let us use the group dex.coreos.com in the namespace `{namespace}`: grant {missing} \
         (examples/k8s/rbac.yaml grants them)"
    )]
    Rights {
        /// Where.
        namespace: String,
        /// Which verbs of which resources.
        missing: String,
    },
}

impl From<ApiError> for OpenError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

impl Kubernetes {
    /// Reaches the API server and sees that it serves our resources and lets us use them. Reads no record.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the caller stops the start and shows it.
    pub async fn open(options: &KubernetesOptions) -> Result<Self, OpenError> {
        let access = match &options.place {
            Place::InCluster => access::in_cluster(Path::new(SERVICE_ACCOUNT), |name| std::env::var(name).ok())?,
            Place::Kubeconfig(file) => access::kubeconfig(file)?,
        };
        let api = Api::connect(access).await?;
        crd::ensure(&api, options.create_crds).await?;
        rights::check(&api).await?;
        Ok(Self::on(api))
    }
}
