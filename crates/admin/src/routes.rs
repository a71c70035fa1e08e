//! The services as a router.

use std::sync::Arc;

use axum::Router;
use dex_web::App;
use prost::Message as _;
use tonic::service::Routes;
use tonic_reflection::server::Builder;

use crate::proto::dex_server::DexServer;
use crate::{Admin, Options, proto};

/// How many bytes a response may have; more is an error of this call alone.
const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A method that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Method {
    /// The service, such as `api.Dex`.
    pub service: String,
    /// The method, such as `GetClient`.
    pub name: String,
    /// Whether the caller sends several messages.
    pub client_streams: bool,
    /// Whether several are answered.
    pub server_streams: bool,
}

/// The services: the management API, its health, and with `options.reflection` both reflection services.
///
/// Requests may have 4 MiB, as gRPC has it.
pub fn routes(app: Arc<App>, options: Options) -> Router {
    let (health, reflection) = (options.health.service(), options.reflection);
    let dex = DexServer::new(Admin { app, options }).max_encoding_message_size(RESPONSE_BYTES_MAX);
    let routes = Routes::new(dex).add_service(health);
    let routes = if reflection { reflected(routes) } else { routes };
    routes.prepare().into_axum_router()
}

fn reflected(routes: Routes) -> Routes {
    let described =
        || descriptors().iter().fold(Builder::configure(), |all, one| all.register_encoded_file_descriptor_set(one));
    let v1 = described().include_reflection_service(false).build_v1();
    let v1alpha = described().include_reflection_service(false).build_v1alpha();
    routes
        .add_service(v1.expect("our own descriptors are well formed"))
        .add_service(v1alpha.expect("our own descriptors are well formed"))
}

/// Every method there is, those of reflection included.
pub fn methods() -> Vec<Method> {
    let described = |encoded: &[u8]| {
        prost_types::FileDescriptorSet::decode(encoded).expect("our own descriptors are well formed").file
    };
    let services = descriptors().into_iter().flat_map(described).flat_map(|file| {
        let package = file.package().to_owned();
        file.service.into_iter().map(move |service| (format!("{package}.{}", service.name()), service))
    });
    let methods = services.flat_map(|(name, service)| {
        service.method.into_iter().map(move |method| Method {
            service: name.clone(),
            name: method.name().to_owned(),
            client_streams: method.client_streaming(),
            server_streams: method.server_streaming(),
        })
    });
    methods.collect()
}

fn descriptors() -> [&'static [u8]; 4] {
    [
        proto::DESCRIPTOR,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ]
}
