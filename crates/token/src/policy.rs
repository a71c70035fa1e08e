//! The one decision: may this client use this connector for this user through this grant?

use dex_model::{Claims, Client, Connector};
use dex_oidc::GrantType;
use dex_web::connectors::admits;

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The client is disabled.
    #[error("The client is disabled.")]
    Disabled,
    /// The client's `allowedConnectors` leaves the connector out.
    #[error("Connector not allowed for this client.")]
    Client,
    /// The connector's `grantTypes` leaves the grant out.
    #[error("Requested connector does not support this grant type.")]
    Connector,
    /// The user is in none of the client's `allowedGroups`.
    #[error("You are not a member of any of the groups that may use this application.")]
    Groups,
}

/// For whom a client asks.
#[derive(Debug, Clone, Copy)]
pub enum Whom<'a> {
    /// For itself.
    Itself,
    /// For whoever will log in through a connector.
    Anyone(&'a Connector),
    /// For a user who has logged in through a connector.
    User(&'a Connector, &'a Claims),
}

/// Decides for every grant (oidc-core spec, 9.2). An empty list on any side admits all.
///
/// # Errors
///
/// [`Refusal`] says on whose side the refusal lies; the client's is looked at first.
pub fn may_use(client: &Client, whom: Whom<'_>, grant: GrantType) -> Result<(), Refusal> {
    if client.restrictions.disabled {
        return Err(Refusal::Disabled);
    }
    let (connector, claims) = match whom {
        Whom::Itself => return Ok(()),
        Whom::Anyone(connector) => (connector, None),
        Whom::User(connector, claims) => (connector, Some(claims)),
    };
    if !client.allows_connector(&connector.id) {
        return Err(Refusal::Client);
    }
    if !admits(connector, grant) {
        return Err(Refusal::Connector);
    }
    match claims {
        Some(claims) if !client.allows_groups(&claims.groups) => Err(Refusal::Groups),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use dex_model::ClientRestrictions;

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
        let restricted = |disabled, groups: &[&str]| {
            let allowed_groups = groups.iter().map(|group| (*group).to_owned()).collect();
            Client { restrictions: ClientRestrictions { disabled, allowed_groups }, ..Client::default() }
        };
        let jane = Claims { groups: vec!["staff".into()], ..Claims::default() };
        for grant in GrantType::ALL {
            let other = if *grant == GrantType::Password { GrantType::RefreshToken } else { GrantType::Password };
            let cases = [
                ("all", client(&[]), connector(&[]), Ok(())),
                ("named", client(&["ldap"]), connector(&[*grant]), Ok(())),
                ("another connector", client(&["github"]), connector(&[]), Err(Refusal::Client)),
                ("another grant", client(&[]), connector(&[other]), Err(Refusal::Connector)),
                ("neither", client(&["github"]), connector(&[other]), Err(Refusal::Client)),
                ("disabled", restricted(true, &[]), connector(&[]), Err(Refusal::Disabled)),
            ];
            for (told, client, connector, expected) in cases {
                for whom in [Whom::Anyone(&connector), Whom::User(&connector, &jane)] {
                    assert_eq!(may_use(&client, whom, *grant), expected, "{grant}: {told}");
                }
            }
            for (groups, expected) in
                [(&[][..], Ok(())), (&["admins", "staff"], Ok(())), (&["admins"], Err(Refusal::Groups))]
            {
                let (client, connector) = (restricted(false, groups), connector(&[]));
                assert_eq!(may_use(&client, Whom::User(&connector, &jane), *grant), expected, "{grant}: {groups:?}");
                assert_eq!(may_use(&client, Whom::Anyone(&connector), *grant), Ok(()), "nobody has logged in yet");
            }
            assert_eq!(may_use(&restricted(true, &[]), Whom::Itself, *grant), Err(Refusal::Disabled));
            assert_eq!(may_use(&restricted(false, &["admins"]), Whom::Itself, *grant), Ok(()));
        }
    }
}
