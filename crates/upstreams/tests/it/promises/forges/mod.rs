//! The forges, and Microsoft, which logs in as they do: what shows that their keys do something, and what they promise.

mod bitbucket_cloud;
mod gitea;
mod github;
mod gitlab;
mod microsoft;

pub(crate) use bitbucket_cloud::BitbucketCloud;
pub(crate) use gitea::Gitea;
pub(crate) use github::GitHub;
pub(crate) use gitlab::GitLab;
pub(crate) use microsoft::Microsoft;

use serde_json::json;

use super::keys::{Row, row};

/// The rows of an application at an OAuth 2.0 server.
pub(crate) fn application<S>() -> [Row<S>; 3] {
    [
        row("clientID", |_| json!({"clientID": "another"})).appears("client_id=another"),
        row("clientSecret", |_| json!({"clientSecret": "wrong"})).appears("=wrong"),
        row("redirectURI", |_| json!({"redirectURI": "https://other.example/callback"}))
            .appears("did not match the URL in the config"),
    ]
}
