//! Telling how a response is judged, for whoever sets up the connector.

use dex_connector::{Identity, Opening, UpstreamError};
use dex_model::Timestamp;
use dex_saml::{Checked, Refusal, RequestId};

use super::Saml;

/// How a response was judged.
pub struct Explained {
    /// The checks that passed, in order: the stable name of each, and what it found.
    pub checked: Vec<(&'static str, String)>,
    /// Who would have logged in, or the name of the check that failed and why.
    pub outcome: Result<Identity, (&'static str, String)>,
}

/// Judges a response, XML or base64, as a login through the connector would at `now`; with its request's id where that is
/// known.
///
/// # Errors
///
/// [`UpstreamError`] when the connector cannot be opened or its metadata cannot be read.
pub async fn explain(
    opening: &Opening<'_>,
    response: &str,
    in_response_to: Option<&str>,
    now: Timestamp,
) -> Result<Explained, UpstreamError> {
    let saml = Saml::open(opening)?;
    let known = saml.provider.known(opening.clock.now()).await?;
    let request = in_response_to.map_or(RequestId::NotChecked, RequestId::Is);
    let judgement = match response.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        true => saml.judge(response, &known, request, now),
        false => saml.judge_field(response, &known, request, now),
    };
    let named = |Checked { check, found }| (check.name(), found);
    Ok(Explained {
        checked: judgement.checked.into_iter().map(named).collect(),
        outcome: judgement
            .outcome
            .map(|accepted| accepted.identity)
            .map_err(|Refusal { check, reason }| (check.name(), reason)),
    })
}
