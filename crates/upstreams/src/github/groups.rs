//! Organizations and teams: who may enter, and which groups that makes (connectors-platform spec, 2.5).

use serde::Deserialize;

use crate::forge::Org;

/// Which groups are read, and which are needed to enter.
pub(super) enum Groups {
    /// One of these is needed.
    Orgs(Vec<Org>, TeamNames),
    /// The older form of one organization, which is needed too; its teams are named without it.
    Legacy(String, TeamNames),
    /// None is needed, all are read.
    All(TeamNames),
    /// None is read.
    None,
}

/// What a team is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TeamNames {
    Name,
    Slug,
    Both,
}

/// A team the user is in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Team {
    name: Option<String>,
    slug: Option<String>,
    organization: Option<Organization>,
}

/// An organization the user is in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Organization {
    pub(super) login: Option<String>,
}

impl TeamNames {
    pub(super) fn named(field: &str) -> Option<Self> {
        match field {
            "" | "name" => Some(Self::Name),
            "slug" => Some(Self::Slug),
            "both" => Some(Self::Both),
            _ => None,
        }
    }

    fn labels(self, team: &Team) -> Vec<&str> {
        let (name, slug) = (team.name.as_deref().unwrap_or_default(), team.slug.as_deref().unwrap_or_default());
        match self {
            Self::Name => vec![name],
            Self::Slug => vec![slug],
            Self::Both => vec![name, slug],
        }
    }

    /// The labels of the teams in an organization. GitHub's names of organizations know no case.
    fn within<'t>(self, org: &str, teams: &'t [Team]) -> impl Iterator<Item = &'t str> {
        let org = org.to_owned();
        let of = move |team: &&Team| {
            let login = team.organization.as_ref().and_then(|organization| organization.login.as_deref());
            login.is_some_and(|login| login.eq_ignore_ascii_case(&org))
        };
        teams.iter().filter(of).flat_map(move |team| self.labels(team))
    }
}

impl Groups {
    pub(super) fn new(org: &str, orgs: &[Org], load_all: bool, names: TeamNames) -> Self {
        match (org, orgs, load_all) {
            (_, [_, ..], _) => Self::Orgs(orgs.to_vec(), names),
            ("", [], true) => Self::All(names),
            ("", [], false) => Self::None,
            (org, [], _) => Self::Legacy(org.to_owned(), names),
        }
    }

    /// Whether a gate stands here, whatever the client asks for.
    pub(super) fn gated(&self) -> bool {
        matches!(self, Self::Orgs(..) | Self::Legacy(..))
    }
}

/// The groups of somebody who is in these of the configured organizations; `None` if that is not enough.
pub(super) fn admitted(orgs: &[&Org], teams: &[Team], names: TeamNames, login: &str) -> Option<Vec<String>> {
    let mut groups = Vec::new();
    let mut enough = false;
    for org in orgs {
        let listed = |label: &&str| org.teams.is_empty() || org.teams.iter().any(|team| team == label);
        let before = groups.len();
        let labels = names.within(&org.name, teams).filter(listed);
        groups.extend(labels.map(|label| format!("{}:{label}", org.name)));
        if !org.teams.is_empty() && groups.len() == before {
            tracing::info!(user = login, org = org.name, "user in org but no teams");
        }
        enough |= org.teams.is_empty() || groups.len() > before;
    }
    enough.then_some(groups)
}

/// The labels of the teams of one organization.
pub(super) fn labels(org: &str, teams: &[Team], names: TeamNames) -> Vec<String> {
    names.within(org, teams).map(str::to_owned).collect()
}

/// Every organization, each before its teams.
pub(super) fn all(orgs: &[Organization], teams: &[Team], names: TeamNames) -> Vec<String> {
    let mut groups = Vec::new();
    for org in orgs.iter().filter_map(|org| org.login.as_deref()) {
        groups.push(org.to_owned());
        groups.extend(names.within(org, teams).map(|label| format!("{org}:{label}")));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teams() -> Vec<Team> {
        let team = |org: &str, name: &str, slug: &str| Team {
            name: Some(name.into()),
            slug: Some(slug.into()),
            organization: Some(Organization { login: Some(org.into()) }),
        };
        let homeless = Team { organization: None, ..team("", "Homeless", "homeless") };
        vec![
            team("acme", "Site Reliability", "sre"),
            team("acme", "Docs", "docs"),
            team("not-listed", "Ghost", "ghost"),
            homeless,
        ]
    }

    fn org(name: &str, teams: &[&str]) -> Org {
        Org { name: name.into(), teams: teams.iter().map(|team| (*team).to_owned()).collect() }
    }

    #[test]
    fn teams_let_in_whom_they_are_listed_for() {
        let cases = [
            ("a listed team", vec![org("acme", &["Docs"])], Some(vec!["acme:Docs"])),
            ("another case", vec![org("ACME", &["Docs"])], Some(vec!["ACME:Docs"])),
            ("the wrong team", vec![org("acme", &["Nope"])], None),
            ("a team in another case", vec![org("acme", &["docs"])], None),
            ("no list", vec![org("acme", &[])], Some(vec!["acme:Site Reliability", "acme:Docs"])),
            ("no list and no team", vec![org("other", &[])], Some(vec![])),
            ("in no organization", vec![], None),
            ("one of two", vec![org("acme", &["Nope"]), org("not-listed", &["Ghost"])], Some(vec!["not-listed:Ghost"])),
        ];
        for (told, orgs, expected) in cases {
            let got = admitted(&orgs.iter().collect::<Vec<_>>(), &teams(), TeamNames::Name, "mira-k");
            assert_eq!(
                got.as_deref(),
                expected.map(|all| all.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{told}"
            );
        }
    }

    #[test]
    fn all_groups_are_named_as_configured() {
        let orgs = ["acme", "solo-org"].map(|login| Organization { login: Some(login.into()) });
        for (names, expected) in [
            (TeamNames::Name, "acme, acme:Site Reliability, acme:Docs, solo-org"),
            (TeamNames::Slug, "acme, acme:sre, acme:docs, solo-org"),
            (TeamNames::Both, "acme, acme:Site Reliability, acme:sre, acme:Docs, acme:docs, solo-org"),
        ] {
            assert_eq!(all(&orgs, &teams(), names).join(", "), expected);
        }
        assert_eq!(labels("acme", &teams(), TeamNames::Name), ["Site Reliability", "Docs"]);
    }
}
