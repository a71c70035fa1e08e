//! What is remembered for a refresh, in the shape Dex gives it (connectors-protocol spec, 1.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::UpstreamError;
use serde::{Deserialize, Serialize};

use crate::wire::{Attribute, Entry};

/// The name the user logged in with, and the entry as it was found.
#[derive(Serialize, Deserialize)]
pub(super) struct Data {
    pub(super) username: String,
    pub(super) entry: StoredEntry,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredEntry {
    #[serde(rename = "DN")]
    pub(super) dn: String,
    #[serde(rename = "Attributes", default)]
    attributes: Option<Vec<StoredAttribute>>,
}

#[derive(Serialize, Deserialize)]
struct StoredAttribute {
    #[serde(rename = "Name")]
    name: String,
    /// As text, damaged where they are none.
    #[serde(rename = "Values", default)]
    values: Option<Vec<String>>,
    /// As they are, in base64.
    #[serde(rename = "ByteValues", default)]
    byte_values: Option<Vec<String>>,
}

impl Data {
    pub(super) fn new(username: &str, entry: &Entry) -> Self {
        let stored = |attribute: &Attribute| StoredAttribute {
            name: attribute.name.clone(),
            values: Some(attribute.values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()),
            byte_values: Some(attribute.values.iter().map(|value| STANDARD.encode(value)).collect()),
        };
        let attributes = Some(entry.attributes.iter().map(stored).collect());
        Self { username: username.to_owned(), entry: StoredEntry { dn: entry.dn.clone(), attributes } }
    }

    /// # Errors
    ///
    /// [`UpstreamError::Unacceptable`] for what is not of that shape.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, UpstreamError> {
        serde_json::from_slice(bytes)
            .map_err(|error| UpstreamError::Unacceptable(format!("ldap: failed to unmarshal internal data: {error}")))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are JSON")
    }

    /// The entry as it was stored. Values that are not readable are left out.
    pub(super) fn stored_entry(&self) -> Entry {
        let read = |stored: &StoredAttribute| Attribute {
            name: stored.name.clone(),
            values: stored.byte_values.iter().flatten().filter_map(|value| STANDARD.decode(value).ok()).collect(),
        };
        let attributes = self.entry.attributes.iter().flatten().map(read).collect();
        Entry { dn: self.entry.dn.clone(), attributes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_dex_writes() {
        let attribute = Attribute { name: "cn".into(), values: vec![b"jane".to_vec()] };
        let entry = Entry { dn: "cn=jane,dc=x".into(), attributes: vec![attribute] };
        let text = r#"{"username":"jane","entry":{"DN":"cn=jane,dc=x","Attributes":[{"Name":"cn","Values":["jane"],"ByteValues":["amFuZQ=="]}]}}"#;
        assert_eq!(String::from_utf8(Data::new("jane", &entry).to_bytes()).unwrap(), text);
        assert_eq!(Data::read(text.as_bytes()).unwrap().stored_entry(), entry);
    }

    /// What Dex wrote for a user of OpenLDAP.
    const OF_DEX: &str = r#"{"username":"user7","entry":{"DN":"uid=user7,ou=People,dc=example,dc=org","Attributes":[{"Name":"uid","Values":["user7"],"ByteValues":["dXNlcjc="]},{"Name":"cn","Values":["User 7"],"ByteValues":["VXNlciA3"]},{"Name":"mail","Values":["user7@example.org"],"ByteValues":["dXNlcjdAZXhhbXBsZS5vcmc="]}]}}"#;

    #[test]
    fn what_dex_wrote_is_written_again_byte_for_byte() {
        let data = Data::read(OF_DEX.as_bytes()).unwrap();
        assert_eq!(data.to_bytes(), OF_DEX.as_bytes());
        assert_eq!(Data::new(&data.username, &data.stored_entry()).to_bytes(), OF_DEX.as_bytes());
    }

    #[test]
    fn what_dex_leaves_out_reads_as_nothing() {
        for text in [
            r#"{"username":"jane","entry":{"DN":"cn=jane","Attributes":null}}"#,
            r#"{"username":"jane","entry":{"DN":"cn=jane","Attributes":[{"Name":"cn","Values":null,"ByteValues":null}]}}"#,
        ] {
            assert_eq!(Data::read(text.as_bytes()).unwrap().entry.dn, "cn=jane");
        }
        for text in ["", "{}", "[]", "foobar"] {
            assert!(Data::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
