//! `/auth` with `req` and `hmac`: a step was done, on to the next (oidc-core spec, 15).

use axum::response::Response;
use dex_web::Step as Signed;

use crate::next_step::{Facts, Step, next_step};
use crate::pending::{Kept, Pending, signed};
use crate::respond::{AuthorizeError, respond};
use crate::visit::Visit;

/// Goes on with the login that this browser was sent here with.
pub(crate) async fn go_on(visit: &Visit<'_>) -> Result<Response, AuthorizeError> {
    let (request, step) = signed(visit, &[Signed::Approved, Signed::Continue]).await?;
    let facts =
        Facts { approved: step == Signed::Approved, skip_approval_screen: visit.app.settings.skip_approval_screen };
    match next_step(&request, facts) {
        Step::Consent => Ok(visit.see_other("/approval", &Signed::Approval.parameters(&request))),
        Step::Respond => {
            let kept = Kept::Stored;
            respond(visit, Pending { request, kept }).await
        }
    }
}
