//! What a user may do in a group, as part of the group's name (connectors-platform spec, 3.4).

use serde::Deserialize;

/// The groups of the user, as the userinfo endpoint tells them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserInfo {
    groups: Option<Vec<String>>,
    #[serde(rename = "https://gitlab.org/claims/groups/owner")]
    owner: Option<Vec<String>>,
    #[serde(rename = "https://gitlab.org/claims/groups/maintainer")]
    maintainer: Option<Vec<String>>,
    #[serde(rename = "https://gitlab.org/claims/groups/developer")]
    developer: Option<Vec<String>>,
}

impl UserInfo {
    /// The groups the user is in directly.
    pub(super) fn groups(&self) -> Vec<String> {
        self.groups.clone().unwrap_or_default()
    }

    /// The highest role that is told for a group. A role in a group holds in all below it.
    pub(super) fn role(&self, group: &str) -> Option<&'static str> {
        let told = [("owner", &self.owner), ("maintainer", &self.maintainer), ("developer", &self.developer)];
        let holds = |paths: &Option<Vec<String>>| paths.iter().flatten().any(|path| is_within(group, path));
        told.into_iter().find(|(_, paths)| holds(paths)).map(|(role, _)| role)
    }
}

/// Whether `group` is `path` or lies below it.
fn is_within(group: &str, path: &str) -> bool {
    group.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The role of an access level; one we do not know makes no group.
pub(super) fn of_level(level: i64) -> Option<&'static str> {
    Some(match level {
        5 => "minimal_access",
        10 => "guest",
        15 => "planner",
        20 => "reporter",
        25 => "security_manager",
        30 => "developer",
        40 => "maintainer",
        50 => "owner",
        60 => "admin",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_holds_in_the_groups_below() {
        let info: UserInfo = serde_json::from_value(json!({
            "groups": ["ops", "dev", "ops-test", "ops/api", "dev/ui"],
            "https://gitlab.org/claims/groups/owner": ["ops"],
            "https://gitlab.org/claims/groups/maintainer": ["dev/ui"],
            "https://gitlab.org/claims/groups/developer": ["dev"],
        }))
        .unwrap();
        let roles: Vec<_> = info.groups().iter().map(|group| info.role(group)).collect();
        assert_eq!(roles, [Some("owner"), Some("developer"), None, Some("owner"), Some("maintainer")]);
        let nothing: UserInfo = serde_json::from_value(json!({"groups": null})).unwrap();
        assert!(nothing.groups().is_empty() && nothing.role("ops").is_none());
    }

    #[test]
    fn levels_have_the_names_dex_gives_them() {
        for (level, role) in
            [(5, Some("minimal_access")), (25, Some("security_manager")), (60, Some("admin")), (0, None), (45, None)]
        {
            assert_eq!(of_level(level), role, "{level}");
        }
    }
}
