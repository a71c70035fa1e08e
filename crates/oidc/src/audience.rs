//! The `aud` claim, one string or several.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who a token is for (OpenID Connect Core §2). One entry is written as a string, as Dex does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience(pub Vec<String>);

impl Audience {
    /// The audience of a token for `client_id` with the peers its scopes name, in their order
    /// (oidc-core spec, 19.4): the client itself comes last unless it is named.
    pub fn of(client_id: &str, peers: impl IntoIterator<Item = String>) -> Self {
        let mut audience: Vec<String> = peers.into_iter().collect();
        if !audience.iter().any(|peer| peer == client_id) {
            audience.push(client_id.to_owned());
        }
        Self(audience)
    }

    /// Whether more than one is meant, so that `azp` must say who asked.
    pub fn is_shared(&self) -> bool {
        self.0.len() > 1
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        Ok(Self(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requesting_client_is_always_meant() {
        let cases: [(&[&str], &str, bool); 4] = [
            (&[], r#""web""#, false),
            (&["cli"], r#"["cli","web"]"#, true),
            (&["web"], r#""web""#, false),
            (&["web", "cli"], r#"["web","cli"]"#, true),
        ];
        for (peers, json, shared) in cases {
            let audience = Audience::of("web", peers.iter().map(|peer| (*peer).to_owned()));
            assert_eq!(serde_json::to_string(&audience).unwrap(), json);
            assert_eq!(audience.is_shared(), shared, "{json}");
            assert_eq!(serde_json::from_str::<Audience>(json).unwrap(), audience);
        }
    }
}
