//! The one decision: may this client use this connector through this grant?

use dex_model::{Client, Connector};
use dex_oidc::GrantType;
use dex_web::connectors::admits;

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The client's `allowedConnectors` leaves the connector out.
    #[error("Connector not allowed for this client.")]
    Client,
    /// The connector's `grantTypes` leaves the grant out.
    #[error("Requested connector does not support this grant type.")]
    Connector,
}

/// Decides for every grant (oidc-core spec, 9.2). An empty list on either side admits all.
///
/// # Errors
///
/// [`Refusal`] says on whose side the refusal lies; the client's is looked at first.
pub fn may_use(client: &Client, connector: &Connector, grant: GrantType) -> Result<(), Refusal> {
    if !client.allows_connector(&connector.id) {
        return Err(Refusal::Client);
    }
    if !admits(connector, grant) {
        return Err(Refusal::Connector);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_must_admit() {
        let client = |allowed: &[&str]| Client {
            allowed_connectors: allowed.iter().map(|id| (*id).to_owned()).collect(),
            ..Client::default()
        };
        let connector = |grants: &[GrantType]| Connector {
            id: "ldap".into(),
            grant_types: grants.iter().map(|grant| grant.as_str().to_owned()).collect(),
            ..Connector::default()
        };
        for grant in GrantType::ALL {
            let other = if *grant == GrantType::Password { GrantType::RefreshToken } else { GrantType::Password };
            let cases = [
                ("all", client(&[]), connector(&[]), Ok(())),
                ("named", client(&["ldap"]), connector(&[*grant]), Ok(())),
                ("another connector", client(&["github"]), connector(&[]), Err(Refusal::Client)),
                ("another grant", client(&[]), connector(&[other]), Err(Refusal::Connector)),
                ("neither", client(&["github"]), connector(&[other]), Err(Refusal::Client)),
            ];
            for (told, client, connector, expected) in cases {
                assert_eq!(may_use(&client, &connector, *grant), expected, "{grant}: {told}");
            }
        }
    }
}
