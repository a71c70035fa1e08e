//! A form that another site's page has posted, posted once more from our own, so that the browser adds the cookies it held
//! back (`SameSite=Lax`).

use axum::response::Response;
use dex_oidc::Form;
use dex_pages::{HiddenField, Repost};
use dex_web::PageError;
use http::StatusCode;

use crate::visit::Visit;

/// The parameter of the query that tells a form which we have posted again from one that comes from elsewhere.
const REPOSTED: &str = "reposted";

/// Whether this is a form that has been posted again.
pub(crate) fn is_reposted(visit: &Visit<'_>) -> bool {
    visit.incoming.query.as_ref().is_ok_and(|query| !query.get(REPOSTED).is_empty())
}

/// Has the browser post the form once more, from our own page.
pub(crate) fn repost(visit: &Visit<'_>, parameters: &Form) -> Result<Response, PageError> {
    let fields = parameters.pairs().map(|(name, value)| HiddenField::new(name, value));
    let target = format!("{}?{REPOSTED}=1", visit.incoming.path);
    visit.page(StatusCode::OK, &Repost { target, fields: fields.collect() })
}
