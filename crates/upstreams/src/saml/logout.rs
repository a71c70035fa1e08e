//! Single logout: begun here, and begun there (SAML profiles §4.4).

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{
    Departure, LogoutArrival, LogoutArrived, LogoutAsked, LogoutStart, Once, UpstreamError, UpstreamLogout,
};
use dex_model::Timestamp;
use dex_saml::{
    Assertion, Check, LogoutExpected, LogoutMessage, LogoutRequest, LogoutResponse, LogoutStatus, NameId, Refusal,
    SigningKey,
};
use serde::{Deserialize, Serialize};

use super::Saml;
use super::config::SKEW;
use super::judge::digest;
use super::provider::{Known, SingleLogout};
use super::send::Parcel;

const REQUEST: &str = "SAMLRequest";
const RESPONSE: &str = "SAMLResponse";

/// How long the `RelayState` of a request may be that is given back, in bytes. The bindings allow 80.
const RELAY_STATE_BYTES_MAX: usize = 1024;

/// What of an assertion a request for a logout repeats, beside the name id itself.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Remembered {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_qualifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sp_name_qualifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_index: Option<String>,
}

impl Remembered {
    pub(super) fn of(assertion: &Assertion) -> Self {
        let name_id = &assertion.name_id;
        Self {
            format: name_id.format.clone(),
            name_qualifier: name_id.name_qualifier.clone(),
            sp_name_qualifier: name_id.sp_name_qualifier.clone(),
            session_index: assertion.session_index.clone(),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are JSON")
    }

    /// What the login has handed over. Without it the request names the user alone, and so means all their sessions there.
    fn read(data: &[u8]) -> Self {
        serde_json::from_slice(data).unwrap_or_default()
    }
}

#[async_trait]
impl UpstreamLogout for Saml {
    async fn start(&self, logout: &LogoutStart<'_>) -> Result<Option<Departure>, UpstreamError> {
        let known = self.provider.known(logout.now).await?;
        let Some(there) = &known.logout else { return Ok(None) };
        let Remembered { format, name_qualifier, sp_name_qualifier, session_index } = Remembered::read(logout.data);
        let request = LogoutRequest {
            id: logout.state.to_owned(),
            issue_instant: logout.now,
            destination: there.url.to_string(),
            issuer: self.rules.audience.clone(),
            name_id: NameId { value: logout.user_id.to_owned(), format, name_qualifier, sp_name_qualifier },
            session_indexes: session_index.into_iter().collect(),
        };
        let parcel =
            Parcel { parameter: REQUEST, relay_state: Some(logout.state), to: &there.url, binding: there.binding };
        Ok(Some(parcel.depart(self.signing.as_deref(), |key| request.to_xml(key))))
    }

    async fn arrive(&self, arrival: &LogoutArrival<'_>) -> Result<LogoutArrived, UpstreamError> {
        let parameter = parameter(arrival)?;
        let (known, message) = self.message(arrival, parameter).await?;
        let Some(there) = &known.logout else { return Err(unknown()) };
        let expected = LogoutExpected {
            destination: arrival.callback.as_str(),
            issuer: &there.issuer,
            now: arrival.now,
            skew: SKEW,
        };
        if parameter == RESPONSE {
            let state = arrival.state.ok_or_else(|| unacceptable("an answer, and nothing was asked"))?;
            return Ok(answered(&LogoutResponse::read(&message, state, &expected).map_err(refused)?));
        }
        let request = LogoutRequest::read(&message, &expected).map_err(refused)?;
        self.asked(request, relay_state(arrival, &message)?, there, arrival).map(LogoutArrived::Asked)
    }
}

impl Saml {
    /// The message that has come, if the identity provider has signed it.
    async fn message(
        &self,
        arrival: &LogoutArrival<'_>,
        parameter: &'static str,
    ) -> Result<(Arc<Known>, LogoutMessage), UpstreamError> {
        let known = self.provider.known(arrival.now).await?;
        match believed(arrival, parameter, &known)? {
            Ok(message) => Ok((known, message)),
            // Perhaps it signs with a new key since a moment ago.
            Err(refusal) if refusal.check == Check::Signature => {
                let anew = self.provider.known_anew(arrival.now).await.filter(|anew| !Arc::ptr_eq(anew, &known));
                let Some(anew) = anew else { return Err(refused(refusal)) };
                let message = believed(arrival, parameter, &anew)?.map_err(refused)?;
                Ok((anew, message))
            }
            Err(refusal) => Err(refused(refusal)),
        }
    }

    fn asked(
        &self,
        request: LogoutRequest,
        relay_state: Option<String>,
        there: &SingleLogout,
        arrival: &LogoutArrival<'_>,
    ) -> Result<LogoutAsked, UpstreamError> {
        let here = Remembered::read(arrival.data).session_index;
        let named = &request.session_indexes;
        let only_here =
            !named.is_empty() && (arrival.data.is_empty() || here.is_some_and(|here| named.contains(&here)));
        let id = digest(&format!("logout\n{}", request.issuer), &request.id);
        let answer = Answer {
            // Of one request there is one answer.
            id: format!("_{id}"),
            in_response_to: request.id.clone(),
            issuer: self.rules.audience.clone(),
            relay_state,
            there: there.clone(),
            signing: self.signing.clone(),
            now: arrival.now,
        };
        Ok(LogoutAsked {
            user_id: request.name_id.value.clone(),
            only_here,
            once: Some(Once { id, until: request.until(SKEW) }),
            answer: Box::new(move |logged_out| Ok(answer.depart(logged_out))),
        })
    }
}

/// What an answer to the identity provider is made of.
struct Answer {
    id: String,
    in_response_to: String,
    issuer: String,
    relay_state: Option<String>,
    there: SingleLogout,
    signing: Option<Arc<SigningKey>>,
    now: Timestamp,
}

impl Answer {
    fn depart(&self, logged_out: bool) -> Departure {
        let to = &self.there.response_url;
        let response = LogoutResponse {
            id: self.id.clone(),
            issue_instant: self.now,
            destination: to.to_string(),
            issuer: self.issuer.clone(),
            in_response_to: self.in_response_to.clone(),
            status: match logged_out {
                true => LogoutStatus::Success,
                false => LogoutStatus::Failed("the storage does not answer".into()),
            },
        };
        let relay_state = self.relay_state.as_deref();
        let parcel = Parcel { parameter: RESPONSE, relay_state, to, binding: self.there.binding };
        parcel.depart(self.signing.as_deref(), |key| response.to_xml(key))
    }
}

/// Which of the two messages has come.
fn parameter(arrival: &LogoutArrival<'_>) -> Result<&'static str, UpstreamError> {
    let count = |name: &str| match arrival.posted {
        true => arrival.parameters.pairs().filter(|(key, _)| *key == name).count(),
        // Escapes count: a signature is over the query as it came.
        false => arrival.raw_query.split('&').filter(|pair| pair.split('=').next() == Some(name)).count(),
    };
    match (count(REQUEST), count(RESPONSE)) {
        (1, 0) => Ok(REQUEST),
        (0, 1) => Ok(RESPONSE),
        _ => Err(unacceptable("there is not one SAMLRequest or SAMLResponse")),
    }
}

/// The message, if the identity provider has signed it.
fn believed(
    arrival: &LogoutArrival<'_>,
    parameter: &'static str,
    known: &Known,
) -> Result<Result<LogoutMessage, Refusal>, UpstreamError> {
    let keys = &known.logout.as_ref().ok_or_else(unknown)?.keys;
    Ok(match arrival.posted {
        true => LogoutMessage::posted(arrival.parameters.get(parameter), keys, arrival.now),
        false => LogoutMessage::in_query(arrival.raw_query, parameter, keys, arrival.now),
    })
}

/// What is to be given back with the answer. In a form nobody has signed it; it goes back to where the answer goes.
fn relay_state(arrival: &LogoutArrival<'_>, message: &LogoutMessage) -> Result<Option<String>, UpstreamError> {
    let state = match arrival.posted {
        true => Some(arrival.parameters.get("RelayState")).filter(|state| !state.is_empty()),
        false => message.relay_state(),
    };
    match state {
        Some(long) if long.len() > RELAY_STATE_BYTES_MAX => Err(unacceptable("the RelayState is too long")),
        state => Ok(state.map(str::to_owned)),
    }
}

fn answered(response: &LogoutResponse) -> LogoutArrived {
    let refused = match &response.status {
        LogoutStatus::Success => None,
        LogoutStatus::Partial => Some("the user is still logged in at another application (PartialLogout)".into()),
        LogoutStatus::Failed(reason) => Some(reason.clone()),
    };
    LogoutArrived::Answered { refused }
}

fn unacceptable(text: &str) -> UpstreamError {
    UpstreamError::Unacceptable(text.to_owned())
}

fn unknown() -> UpstreamError {
    unacceptable("it is not known where the identity provider logs people out, or by what key")
}

fn refused(refusal: Refusal) -> UpstreamError {
    UpstreamError::Unacceptable(refusal.to_string())
}
