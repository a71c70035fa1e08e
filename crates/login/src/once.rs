//! What an upstream says to let in one login and no more, whichever replica it is shown to.

use dex_connector::Once;
use dex_model::Spent;
use dex_storage::Write;
use dex_web::PageError;
use dex_web::connectors::Opened;

use crate::visit::Visit;

/// Uses it up; `false` if that was done before.
///
/// # Errors
///
/// [`PageError`] when it cannot be told; nobody is let in then.
pub(crate) async fn spend(visit: &Visit<'_>, opened: &Opened, once: &Once) -> Result<bool, PageError> {
    let id = &opened.about.id;
    let spent = Spent { id: format!("once/{id}/{}", once.id), expiry: once.until };
    let first = visit.app.store.insert(spent).await? == Write::Done;
    if !first {
        tracing::warn!(connector_id = id, id = once.id, "an upstream's answer was shown again");
    }
    Ok(first)
}
