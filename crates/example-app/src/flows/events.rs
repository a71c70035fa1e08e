//! `GET /events`: tells an open page that the provider signed its user out (server-sent events).

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use serde_json::json;
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    broadcast::{Receiver, Sender, channel, error::RecvError},
};

use crate::session::{SessionId, Visitor};

/// How many pages may listen at once.
const LISTENERS_MAX: usize = 128;

/// How many events a slow listener may be behind before it misses some.
const BEHIND_MAX: usize = 32;

/// How often a comment keeps the connection open.
const PING: Duration = Duration::from_secs(25);

/// A session of this application that the provider ended.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) session: SessionId,
    pub(crate) at: i64,
    pub(crate) sid: Option<String>,
}

/// Who listens.
pub(crate) struct Events {
    /// `None` once the program is shutting down, which ends every stream.
    sender: Mutex<Option<Sender<Ended>>>,
    permits: Arc<Semaphore>,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: Mutex::new(Some(channel(BEHIND_MAX).0)), permits: Arc::new(Semaphore::new(LISTENERS_MAX)) }
    }
}

impl Events {
    pub(super) fn tell(&self, ended: Ended) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender {
            // An error only says that nobody listens.
            let _ = sender.send(ended);
        }
    }

    /// Ends every stream, for the shutdown.
    pub(crate) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn listen(&self) -> Option<(Receiver<Ended>, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        Some((sender.as_ref()?.subscribe(), permit))
    }
}

/// The stream of one browser; 204 for a stranger, which stops a browser from trying again.
pub(crate) async fn get(visitor: Visitor) -> Response {
    let Some(own) = visitor.id().cloned() else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let Some((receiver, permit)) = visitor.app.events.listen() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let events = stream::unfold((receiver, own, permit), |(mut receiver, own, permit)| async {
        let ended = next(&mut receiver, &own).await?;
        let data = json!({"time": ended.at, "sid": ended.sid}).to_string();
        let event = Event::default().event("backchannel-logout").data(data);
        Some((Ok::<_, Infallible>(event), (receiver, own, permit)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(PING).text("ping")).into_response()
}

async fn next(receiver: &mut Receiver<Ended>, own: &SessionId) -> Option<Ended> {
    loop {
        match receiver.recv().await {
            Ok(ended) if ended.session == *own => return Some(ended),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}
