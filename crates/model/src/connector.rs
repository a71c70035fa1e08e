//! An upstream configured at run time.

use crate::ConnectorData;

/// A connector kept in storage (storage spec, 2.8). The configured ones never are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connector {
    /// The id, part of each user's `sub`.
    pub id: String,
    /// Its kind, such as `github`.
    pub kind: String,
    /// The name on the login page.
    pub name: String,
    /// Changes with each update; an opened connector of another version is opened again.
    pub resource_version: String,
    /// The configuration as JSON. It holds secrets, so it does not print.
    pub config: ConnectorData,
    /// Grants it may serve; empty means all.
    pub grant_types: Vec<String>,
}
