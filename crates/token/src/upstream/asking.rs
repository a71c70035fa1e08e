//! Who a user is now, as the upstream says.

use std::sync::Arc;

use dex_connector::{Connector, Identity, Refresh, Renewed, UpstreamError, Wanted};
use dex_model::{Claims, ConnectorData, OfflineSessions, RefreshToken};
use dex_oidc::GrantType;
use dex_storage::{Change, StorageError, Store};
use dex_web::{Clock, TokenError};
use tokio::time::{Instant, timeout_at};

use super::turn::{TURN_MAX, Turn};
use crate::endpoint::Grant;

/// Asks the upstream who the user is now.
///
/// Where that uses up something that works once, the refreshes of a family that come at the same time share one answer, and
/// those of the user's other families and of other replicas wait until it is stored: an upstream that hears a refresh token
/// of its own twice takes it for stolen.
///
/// # Errors
///
/// `invalid_grant` if the upstream refuses, `temporarily_unavailable` if it does not answer or others are asking it for too
/// long; the refresh token then stays valid.
pub(crate) async fn ask(grant: &Grant<'_>, token: &RefreshToken, scopes: &[String]) -> Result<Claims, TokenError> {
    let app = grant.app;
    let opened = super::resolve(app, grant.client, &token.connector_id, GrantType::RefreshToken).await?;
    let mut claims = token.claims.clone();
    if let Some(refresh) = opened.connector.refresh() {
        let question = Question {
            store: app.store.clone(),
            clock: app.clock.clone(),
            connector: opened.connector.clone(),
            connector_id: token.connector_id.clone(),
            claims: token.claims.clone(),
            legacy: token.connector_data.clone(),
            wanted: super::wanted(grant.client, scopes),
        };
        let stored = question.stored().await?;
        claims = if refresh.single_use(question.data(&stored).expose()) {
            let Wanted { offline_access, groups } = question.wanted;
            let key = format!("{} {offline_access} {groups}", token.id);
            let answer = opened.refreshes.join(key, question.ask_in_turn()).await;
            answer.unwrap_or_else(|| Err(TokenError::ours(Lost)))?
        } else {
            question.ask(refresh, stored).await?
        };
    }
    super::admit(grant.client, &opened, &claims, GrantType::RefreshToken)?;
    Ok(claims)
}

/// The question ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the refresh through the upstream broke off")]
struct Lost;

/// The upstream was slower than any connector lets it be.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {TURN_MAX:?}")]
struct Slow;

/// What the upstream is asked. It needs nothing of the request, which may be gone before the answer is there.
struct Question {
    store: Store,
    clock: Clock,
    connector: Arc<dyn Connector>,
    connector_id: String,
    claims: Claims,
    /// What Dex has left with the refresh token.
    legacy: ConnectorData,
    wanted: Wanted,
}

impl Question {
    fn whose(&self) -> (&str, &str) {
        (&self.claims.user_id, &self.connector_id)
    }

    async fn stored(&self) -> Result<ConnectorData, StorageError> {
        let sessions = self.store.get::<OfflineSessions>(self.whose()).await?;
        Ok(sessions.map(|sessions| sessions.connector_data).unwrap_or_default())
    }

    /// What a login has left with its refresh token, every login and refresh has left in the store since, newer.
    fn data<'a>(&'a self, stored: &'a ConnectorData) -> &'a ConnectorData {
        if stored.is_empty() { &self.legacy } else { stored }
    }

    /// Waits for its turn and asks with what is stored by then.
    async fn ask_in_turn(self) -> Result<Claims, TokenError> {
        let turn = Turn::take(&self.store, &self.clock, self.whose()).await?;
        let answer = self.ask_stored().await;
        turn.end().await;
        answer
    }

    async fn ask_stored(&self) -> Result<Claims, TokenError> {
        let stored = self.stored().await?;
        match self.connector.refresh() {
            Some(refresh) => self.ask(refresh, stored).await,
            None => Ok(self.claims.clone()),
        }
    }

    /// Asks, and stores what the connector keeps, whatever the answer is.
    async fn ask(&self, refresh: &dyn Refresh, mut stored: ConnectorData) -> Result<Claims, TokenError> {
        let (until, renewed) = (Instant::now() + TURN_MAX, Renewed::default());
        let asked = async |data: &ConnectorData| {
            let known = super::identity_of(&self.claims, data);
            match timeout_at(until, refresh.refresh_once(self.wanted, known, &renewed)).await {
                Ok(answer) => answer,
                Err(_) => Err(UpstreamError::Unreachable(Box::new(Slow))),
            }
        };
        let mut data = self.data(&stored).clone();
        let mut answered = asked(&data).await;
        if matches!(answered, Err(UpstreamError::Denied(_))) {
            // What was tried may have been used up by a refresh that has stored its successor meanwhile.
            stored = self.stored().await?;
            if !stored.is_empty() && stored != data {
                data = stored.clone();
                answered = asked(&data).await;
            }
        }
        self.settle(answered, renewed, &data, &stored).await
    }

    async fn settle(
        &self,
        answered: Result<Identity, UpstreamError>,
        renewed: Renewed,
        tried: &ConnectorData,
        stored: &ConnectorData,
    ) -> Result<Claims, TokenError> {
        let identity = match answered {
            Ok(identity) => identity,
            Err(error) => {
                if let Some(data) = renewed.take().map(ConnectorData::new).filter(|data| data != tried) {
                    self.keep(&data, stored).await?;
                }
                let refused = TokenError::invalid_grant("The upstream refused to refresh the user.");
                return Err(super::refused(error, refused));
            }
        };
        let (fresh, data) = super::claims_of(identity);
        // OpenID Connect Core §12.2: a refresh never makes another subject.
        if fresh.user_id != self.claims.user_id {
            return Err(TokenError::invalid_grant("The upstream answers for another user."));
        }
        if !data.is_empty() && data != *tried {
            self.keep(&data, stored).await?;
        }
        Ok(fresh)
    }

    /// Stores `data` in place of `stored`. What a login has brought meanwhile stays: it is newer.
    async fn keep(&self, data: &ConnectorData, stored: &ConnectorData) -> Result<(), StorageError> {
        // Without sessions there is nothing that would ever read it.
        let _: Change<OfflineSessions> = self
            .store
            .update::<OfflineSessions, StorageError, _>(self.whose(), |sessions| {
                let newer = sessions.connector_data != *stored;
                let connector_data = if newer { sessions.connector_data } else { data.clone() };
                Ok(OfflineSessions { connector_data, ..sessions })
            })
            .await?;
        Ok(())
    }
}
