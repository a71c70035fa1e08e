//! The calls, each with the gate before it and the function that answers it.
//!
//! One file holds the calls of one kind of thing. Each answers a response or a refusal; what becomes of that on the wire, and in
//! the log, is decided here for all. Control leaves to the store, to connectors that are tried, and to what ends sessions.

mod about;
mod clients;
mod connectors;
mod identities;
mod passwords;
mod refresh_tokens;
mod second_factors;
mod sessions;
mod time;

use tonic::{Code, Request, Response, Status};

use crate::proto::dex_server::Dex;
use crate::refusal::Refusal;
use crate::{Admin, proto};

/// What has to be turned on for a call (gRPC spec, 4.4).
#[derive(Clone, Copy)]
enum Gate {
    Open,
    Connectors,
    Sessions,
}

impl Admin {
    /// Lets `answer` run if its gate is open, and logs a failure once.
    async fn call<T>(
        &self,
        method: &'static str,
        gate: Gate,
        answer: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<Response<T>, Status> {
        let answered = match gate {
            Gate::Connectors if !self.options.connectors => Err(Refusal::Disabled("api_connectors_crud")),
            Gate::Sessions if !self.options.sessions => Err(Refusal::Disabled("api_sessions_identities_crud")),
            Gate::Open | Gate::Connectors | Gate::Sessions => answer.await,
        };
        answered.map(Response::new).map_err(|refusal| {
            let status = Status::from(refusal);
            let (code, err) = (status.code(), status.message());
            match code {
                Code::Unavailable | Code::DataLoss | Code::Aborted => {
                    tracing::error!(method, ?code, err, "api: call failed");
                }
                _ => tracing::info!(method, ?code, err, "api: call refused"),
            }
            status
        })
    }
}

macro_rules! calls {
    ($($name:ident($request:ident) -> $response:ident: $gate:ident, $answer:path;)*) => {
        #[tonic::async_trait]
        impl Dex for Admin {
            $(async fn $name(&self, request: Request<proto::$request>) -> Result<Response<proto::$response>, Status> {
                self.call(stringify!($name), Gate::$gate, $answer(self, request.into_inner())).await
            })*
        }
    };
}

calls! {
    get_client(GetClientReq) -> GetClientResp: Open, clients::get;
    create_client(CreateClientReq) -> CreateClientResp: Open, clients::create;
    update_client(UpdateClientReq) -> UpdateClientResp: Open, clients::update;
    delete_client(DeleteClientReq) -> DeleteClientResp: Open, clients::delete;
    list_clients(ListClientReq) -> ListClientResp: Open, clients::list;
    create_password(CreatePasswordReq) -> CreatePasswordResp: Open, passwords::create;
    update_password(UpdatePasswordReq) -> UpdatePasswordResp: Open, passwords::update;
    delete_password(DeletePasswordReq) -> DeletePasswordResp: Open, passwords::delete;
    list_passwords(ListPasswordReq) -> ListPasswordResp: Open, passwords::list;
    verify_password(VerifyPasswordReq) -> VerifyPasswordResp: Open, passwords::verify;
    create_connector(CreateConnectorReq) -> CreateConnectorResp: Connectors, connectors::create;
    update_connector(UpdateConnectorReq) -> UpdateConnectorResp: Connectors, connectors::update;
    delete_connector(DeleteConnectorReq) -> DeleteConnectorResp: Connectors, connectors::delete;
    list_connectors(ListConnectorReq) -> ListConnectorResp: Connectors, connectors::list;
    get_version(VersionReq) -> VersionResp: Open, about::version;
    get_discovery(DiscoveryReq) -> DiscoveryResp: Open, about::discovery;
    list_refresh(ListRefreshReq) -> ListRefreshResp: Open, refresh_tokens::list;
    revoke_refresh(RevokeRefreshReq) -> RevokeRefreshResp: Open, refresh_tokens::revoke;
    get_auth_session(GetAuthSessionReq) -> GetAuthSessionResp: Sessions, sessions::get;
    list_auth_sessions(ListAuthSessionsReq) -> ListAuthSessionsResp: Sessions, sessions::list;
    delete_auth_session(DeleteAuthSessionReq) -> DeleteAuthSessionResp: Sessions, sessions::delete;
    terminate_sessions_by_connector(TerminateSessionsByConnectorReq) -> TerminateSessionsByConnectorResp:
        Sessions, sessions::terminate_by_connector;
    terminate_sessions_by_user(TerminateSessionsByUserReq) -> TerminateSessionsByUserResp:
        Sessions, sessions::terminate_by_user;
    get_user_identity(GetUserIdentityReq) -> GetUserIdentityResp: Sessions, identities::get;
    list_user_identities(ListUserIdentitiesReq) -> ListUserIdentitiesResp: Sessions, identities::list;
    delete_user_identity(DeleteUserIdentityReq) -> DeleteUserIdentityResp: Sessions, identities::delete;
    reset_mfa(ResetMfaReq) -> ResetMfaResp: Sessions, second_factors::reset;
    list_mfa_devices(ListMfaDevicesReq) -> ListMfaDevicesResp: Sessions, second_factors::list;
    delete_web_authn_credential(DeleteWebAuthnCredentialReq) -> DeleteWebAuthnCredentialResp:
        Sessions, second_factors::delete_credential;
    delete_mfa_secret(DeleteMfaSecretReq) -> DeleteMfaSecretResp: Sessions, second_factors::delete_secret;
    revoke_consent(RevokeConsentReq) -> RevokeConsentResp: Sessions, identities::revoke_consent;
}
