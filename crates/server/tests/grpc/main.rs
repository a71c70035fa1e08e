//! The management API of the real binary: who may call it, what a call changes at once, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod authority;
mod browser;
mod channel;
mod dex;

use dex_admin::proto::dex_client::DexClient;
use dex_admin::proto::{
    Client, CreateClientReq, CreateConnectorReq, CreatePasswordReq, DeleteClientReq, DeletePasswordReq, VersionReq,
};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::authority::Authority;
use crate::browser::{CALLBACK, Outcome};
use crate::channel::Channel;
use crate::dex::Dex;

/// bcrypt of `password` at cost 10.
const HASH: &str = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W";

fn client() -> CreateClientReq {
    let client = Client {
        id: "app".into(),
        secret: "app-secret".into(),
        redirect_uris: vec![CALLBACK.into()],
        ..Client::default()
    };
    CreateClientReq { client: Some(client) }
}

fn user() -> CreatePasswordReq {
    let password = dex_admin::proto::Password {
        email: "jane@example.com".into(),
        hash: HASH.into(),
        username: "jane".into(),
        user_id: "1".into(),
    };
    CreatePasswordReq { password: Some(password) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_and_a_user_log_in_from_their_creation_to_their_end() {
    let authority = Authority::new();
    let dex = Dex::start(|folder| authority.mutual_tls(folder)).await;
    let mut api = DexClient::new(Channel::tls(&dex.grpc, &authority, Some(&authority)).await.unwrap());
    assert_eq!(dex.log_in("app", "password").await, Outcome::NoSuchClient);

    api.create_client(client()).await.unwrap();
    assert_eq!(dex.log_in("app", "password").await, Outcome::WrongPassword);
    api.create_password(user()).await.unwrap();
    assert_eq!(dex.log_in("app", "wrong").await, Outcome::WrongPassword);
    assert_eq!(dex.log_in("app", "password").await, Outcome::Tokens);
    assert!(api.create_client(client()).await.unwrap().into_inner().already_exists);

    api.delete_password(DeletePasswordReq { email: "JANE@example.com".into() }).await.unwrap();
    assert_eq!(dex.log_in("app", "password").await, Outcome::WrongPassword);
    api.delete_client(DeleteClientReq { id: "app".into() }).await.unwrap();
    assert_eq!(dex.log_in("app", "password").await, Outcome::NoSuchClient);

    // The variable that turns these calls on is not set.
    let refused = api.create_connector(CreateConnectorReq::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let metrics = dex.metrics().await;
    for counted in [
        r#"grpc_server_handled_total{grpc_code="OK",grpc_method="CreateClient",grpc_service="api.Dex",grpc_type="unary"} 2"#,
        r#"grpc_server_handled_total{grpc_code="FailedPrecondition",grpc_method="CreateConnector",grpc_service="api.Dex",grpc_type="unary"} 1"#,
        r#"grpc_server_msg_sent_total{grpc_method="CreateConnector",grpc_service="api.Dex",grpc_type="unary"} 0"#,
        r#"grpc_server_handled_total{grpc_code="Aborted",grpc_method="GetClient",grpc_service="api.Dex",grpc_type="unary"} 0"#,
    ] {
        assert!(metrics.contains(counted), "{counted} is not in\n{metrics}");
    }
    let log = dex.end().await;
    assert!(
        log.contains("msg=\"api: client created\" client_id=app client_remote_addr=127.0.0.1 request_id="),
        "{log}"
    );
    assert!(!log.contains("app-secret") && !log.contains("has no client certificate authentication"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_a_certificate_of_the_ca_may_call() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let dex = Dex::start(|folder| authority.mutual_tls(folder)).await;
    for (told, theirs, welcome) in
        [("none", None, false), ("a stranger's", Some(&stranger), false), ("its own", Some(&authority), true)]
    {
        let version = async {
            let channel = Channel::tls(&dex.grpc, &authority, theirs).await?;
            anyhow::Ok(DexClient::new(channel).get_version(VersionReq {}).await?.into_inner().api)
        };
        assert_eq!(version.await.ok(), welcome.then_some(4), "{told}");
    }
    assert!(Channel::plain(&dex.grpc).await.is_err(), "without TLS");
    dex.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_certificates_it_warns_and_tools_find_their_way() {
    let dex = Dex::start(|_| "reflection: true".to_owned()).await;
    let channel = Channel::plain(&dex.grpc).await.unwrap();
    let healthy = HealthClient::new(channel.clone()).check(HealthCheckRequest { service: "api.Dex".into() }).await;
    assert_eq!(healthy.unwrap().into_inner().status, 1, "SERVING");

    let (ask, asked) = tokio::sync::mpsc::channel(1);
    let asked = tokio_stream::wrappers::ReceiverStream::new(asked);
    let mut answers = ServerReflectionClient::new(channel).server_reflection_info(asked).await.unwrap().into_inner();
    let request = MessageRequest::ListServices(String::new());
    ask.send(ServerReflectionRequest { message_request: Some(request), ..Default::default() }).await.unwrap();
    let Some(ServerReflectionResponse {
        message_response: Some(MessageResponse::ListServicesResponse(listed)), ..
    }) = answers.message().await.unwrap()
    else {
        panic!("the services are listed")
    };
    let mut names: Vec<_> = listed.service.into_iter().map(|service| service.name).collect();
    names.sort_unstable();
    let expected = [
        "api.Dex",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    assert_eq!(names, expected);

    // The stream is still open. It does not hold up the end.
    let log = dex.end().await;
    assert!(log.contains("grpc: API server has no client certificate authentication"), "{log}");
    assert!(!log.contains("time is up"), "{log}");
}
