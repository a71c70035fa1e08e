//! Organizations and teams: who may enter, and which groups that makes (connectors-platform spec, 9.4).

use std::collections::HashSet;

use serde::Deserialize;

use crate::forge::Org;

/// A team the user is in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Team {
    pub(super) id: Option<i64>,
    name: Option<String>,
    organization: Option<Organization>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Organization {
    username: Option<String>,
    name: Option<String>,
}

impl Team {
    /// Organization and team; nothing for a team that some versions tell without its organization.
    fn names(&self) -> Option<(&str, &str)> {
        let organization = self.organization.as_ref()?;
        let named = [&organization.username, &organization.name].into_iter().flatten().find(|name| !name.is_empty())?;
        Some((named, self.name.as_deref().unwrap_or_default()))
    }
}

/// Every organization and `organization:team`, each once.
pub(super) fn all(teams: &[Team]) -> Vec<String> {
    once(teams.iter().filter_map(Team::names).flat_map(|(org, team)| [org.to_owned(), format!("{org}:{team}")]))
}

/// The groups that the gate lets through, or `None` if that is nobody's. An organization with a list of teams lets in those
/// in one of them, and is then a group itself.
pub(super) fn admitted(orgs: &[Org], teams: &[Team]) -> Option<Vec<String>> {
    let passing = teams.iter().filter_map(Team::names).flat_map(|(org, team)| {
        let gates = orgs.iter().filter(move |gate| gate.name == org);
        gates.filter_map(move |gate| match gate.teams.is_empty() {
            true => Some(vec![org.to_owned()]),
            false if gate.teams.iter().any(|listed| listed == team) => {
                Some(vec![org.to_owned(), format!("{org}:{team}")])
            }
            false => None,
        })
    });
    let groups = once(passing.flatten());
    (!groups.is_empty()).then_some(groups)
}

fn once(groups: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    groups.filter(|group| seen.insert(group.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn teams() -> Vec<Team> {
        serde_json::from_value(json!([
            {"id": 1, "name": "Owners", "organization": {"username": "foundry"}},
            {"id": 2, "name": "qa", "organization": {"username": "foundry", "name": "foundry"}},
            {"id": 3, "name": "qa", "organization": null},
            {"id": 4, "name": "dev", "organization": {"name": "smithy"}},
        ]))
        .unwrap()
    }

    #[test]
    fn groups_are_told_once_and_in_order() {
        assert_eq!(all(&teams()), ["foundry", "foundry:Owners", "foundry:qa", "smithy", "smithy:dev"]);
    }

    #[test]
    fn a_list_of_teams_is_a_gate() {
        let org = |name: &str, teams: &[&str]| Org {
            name: name.into(),
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        };
        let cases = [
            ("an organization", vec![org("foundry", &[])], Some("foundry")),
            ("a listed team", vec![org("foundry", &["qa"])], Some("foundry, foundry:qa")),
            ("a team the user lacks", vec![org("foundry", &["secret"])], None),
            ("another organization", vec![org("other", &[])], None),
            ("one of two", vec![org("foundry", &["secret"]), org("smithy", &["dev"])], Some("smithy, smithy:dev")),
            (
                "the same one twice",
                vec![org("foundry", &["secret"]), org("foundry", &["Owners"])],
                Some("foundry, foundry:Owners"),
            ),
        ];
        for (told, orgs, expected) in cases {
            assert_eq!(admitted(&orgs, &teams()).map(|groups| groups.join(", ")).as_deref(), expected, "{told}");
        }
    }
}
