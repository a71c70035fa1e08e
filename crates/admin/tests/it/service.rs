//! What belongs to no call alone: the description of the service, reflection, health, and what is not offered.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use dex_admin::proto::{DESCRIPTOR, DiscoveryReq, VersionReq, VersionResp};
use dex_admin::{Health, methods};
use futures_util::FutureExt as _;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tower::ServiceExt as _;

use crate::kit::{Kit, answered};

#[test]
fn the_file_is_described_by_the_name_that_dex_gives_it() {
    let set = FileDescriptorSet::decode(DESCRIPTOR).unwrap();
    let [file] = set.file.as_slice() else { panic!("one file describes it") };
    assert_eq!((file.name(), file.package(), file.syntax()), ("api/v2/api.proto", "api", "proto3"));
    assert_eq!((file.message_type.len(), file.service[0].method.len()), (75, 31));
    assert!(file.source_code_info.is_none(), "comments are for readers of the file");
}

#[test]
fn every_method_there_is_is_known() {
    let services: BTreeSet<String> = methods().into_iter().map(|method| method.service).collect();
    let expected = [
        "api.Dex",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    assert_eq!(services, expected.map(str::to_owned).into());
    let watch = methods().into_iter().find(|method| method.name == "Watch").unwrap();
    assert!(watch.server_streams && !watch.client_streams);
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let kit = Kit::start().await;
    let version = answered(kit.client().get_version(VersionReq {}).await);
    assert_eq!(version, VersionResp { server: "v1.2.3".into(), api: 4 });
    let told = answered(kit.client().get_discovery(DiscoveryReq {}).await);
    let served = dex_web::discovery_document(&kit.app.app).await;
    let served: serde_json::Value = serde_json::from_slice(&served).unwrap();
    let list = |values: &[String]| serde_json::json!(values);
    let cases = [
        ("issuer", serde_json::json!(told.issuer)),
        ("authorization_endpoint", serde_json::json!(told.authorization_endpoint)),
        ("token_endpoint", serde_json::json!(told.token_endpoint)),
        ("jwks_uri", serde_json::json!(told.jwks_uri)),
        ("userinfo_endpoint", serde_json::json!(told.userinfo_endpoint)),
        ("device_authorization_endpoint", serde_json::json!(told.device_authorization_endpoint)),
        ("introspection_endpoint", serde_json::json!(told.introspection_endpoint)),
        ("grant_types_supported", list(&told.grant_types_supported)),
        ("response_types_supported", list(&told.response_types_supported)),
        ("subject_types_supported", list(&told.subject_types_supported)),
        ("id_token_signing_alg_values_supported", list(&told.id_token_signing_alg_values_supported)),
        ("code_challenge_methods_supported", list(&told.code_challenge_methods_supported)),
        ("scopes_supported", list(&told.scopes_supported)),
        ("token_endpoint_auth_methods_supported", list(&told.token_endpoint_auth_methods_supported)),
        ("claims_supported", list(&told.claims_supported)),
    ];
    for (member, told) in cases {
        assert_eq!(served[member], told, "{member}");
        assert!(!told.as_array().is_some_and(Vec::is_empty) && told != "", "{member}");
    }
}

#[tokio::test]
async fn health_follows_the_server_and_lets_go_of_who_watches() {
    let health = Health::new().await;
    let kit = Kit::start_with(|options| options.health = health.clone()).await;
    let routes = dex_admin::routes(
        kit.app.app.clone(),
        dex_admin::Options {
            version: "",
            workers: dex_web::PasswordWorkers::default(),
            connectors: false,
            sessions: false,
            reflection: false,
            configured_connectors: BTreeSet::new(),
            health: health.clone(),
        },
    );
    let mut client = HealthClient::new(routes);
    let asked = |service: &str| HealthCheckRequest { service: service.into() };
    for (ready, expected) in [(true, ServingStatus::Serving), (false, ServingStatus::NotServing)] {
        health.tell(ready).await;
        for service in ["", "api.Dex"] {
            let status = answered(client.check(asked(service)).await).status();
            assert_eq!(status, expected, "{service}");
        }
    }
    let mut watching = answered(client.watch(asked("")).await);
    assert_eq!(watching.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    // As it is now, however often that is told.
    for ready in [false, true, true] {
        health.tell(ready).await;
    }
    assert_eq!(watching.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    health.tell(true).await;
    assert!(watching.message().now_or_never().is_none(), "who watches hears of changes alone");
    health.end().await;
    while watching.message().await.unwrap().is_some() {}
}

#[tokio::test]
async fn what_is_not_there_is_unimplemented_and_reflection_is_there_when_wanted() {
    let call = async |path: &str, reflection: bool| {
        let kit = Kit::start_with(|options| options.reflection = reflection).await;
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/grpc").body(Body::empty()).unwrap();
        let response = kit.router.oneshot(request).await.unwrap();
        response.headers().get("grpc-status").map(|status| status.to_str().unwrap().to_owned())
    };
    let unimplemented = Some("12".to_owned());
    assert_eq!(call("/api.Dex/Nonsense", true).await, unimplemented);
    assert_eq!(call("/nonsense", true).await, unimplemented);
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        assert_eq!(call(&path, false).await, unimplemented, "{version}");
        assert_eq!(call(&path, true).await, None, "{version}: a stream begins");
    }
}

#[test]
fn what_holds_a_secret_does_not_print() {
    use dex_admin::proto::{Client, CreateClientReq, VerifyPasswordReq};
    let client = Client { secret: "s3cr3t".into(), ..Client::default() };
    let printed = format!("{:?}", CreateClientReq { client: Some(client) });
    assert_eq!(printed, "CreateClientReq { client: Some(Client(..)) }");
    let request = VerifyPasswordReq { email: "jane".into(), password: "s3cr3t".into() };
    assert_eq!(format!("{request:?}"), "VerifyPasswordReq(..)");
}
