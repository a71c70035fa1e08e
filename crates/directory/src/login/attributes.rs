//! The attributes of an entry, by name and as text.

use dex_connector::UpstreamError;

use crate::wire::Entry;

/// The values of an attribute, whatever the case its name is written in. `DN` is the entry's DN unless there is an attribute
/// of that name. Where the plain attribute is not there, one with options such as `;lang-en` is.
pub(super) fn values<'a>(entry: &'a Entry, name: &str) -> Vec<&'a [u8]> {
    let plain = entry.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
    let with_options = || {
        entry
            .attributes
            .iter()
            .find(|attribute| attribute.name.split_once(';').is_some_and(|(plain, _)| plain.eq_ignore_ascii_case(name)))
    };
    match plain.or_else(with_options) {
        Some(attribute) => attribute.values.iter().map(Vec::as_slice).collect(),
        None if name.eq_ignore_ascii_case("dn") => vec![entry.dn.as_bytes()],
        None => Vec::new(),
    }
}

/// The first value, if it is text.
pub(super) fn first_text(entry: &Entry, name: &str) -> Option<String> {
    values(entry, name).first().and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned)
}

/// The first value as it goes into a claim; `None` if there is none or it is empty.
///
/// # Errors
///
/// [`UpstreamError::Unacceptable`] for bytes that are no text.
pub(super) fn claim(entry: &Entry, name: &str) -> Result<Option<String>, UpstreamError> {
    let Some(bytes) = values(entry, name).first().copied() else { return Ok(None) };
    let text = match name.to_ascii_lowercase().as_str() {
        "objectguid" => guid(bytes),
        "objectsid" => sid(bytes),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    let text = text.ok_or_else(|| {
        UpstreamError::Unacceptable(format!("ldap: attribute {name:?} of entry {:?} is not text", entry.dn))
    })?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A GUID as Microsoft writes it: the first three groups are little-endian (MS-DTYP §2.3.4).
fn guid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let [a, b, c, d, e, f, g, h, tail @ ..] = bytes;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let groups = [hex(&[d, c, b, a]), hex(&[f, e]), hex(&[h, g]), hex(&tail[..2]), hex(&tail[2..])];
    Some(groups.join("-"))
}

/// A security identifier as it is written (MS-DTYP §2.4.2.1).
fn sid(bytes: &[u8]) -> Option<String> {
    let [revision, count, authority @ ..] = bytes else { return None };
    let (authority, parts) = authority.split_at_checked(6)?;
    let (parts, rest) = parts.as_chunks::<4>();
    if parts.len() != usize::from(*count) || !rest.is_empty() {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{authority}");
    for part in parts {
        text.push_str(&format!("-{}", u32::from_le_bytes(*part)));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Attribute;

    fn entry(attributes: &[(&str, &[u8])]) -> Entry {
        let attribute =
            |(name, value): &(&str, &[u8])| Attribute { name: (*name).into(), values: vec![value.to_vec()] };
        Entry { dn: "cn=Jörgen\\, x,dc=y".into(), attributes: attributes.iter().map(attribute).collect() }
    }

    #[test]
    fn names_are_matched_without_regard_to_case_and_options() {
        let entry =
            entry(&[("mail;lang-en", b"b@x"), ("sAMAccountName", b"jane"), ("mail", b"a@x"), ("cn;lang-de", b"J")]);
        let cases = [
            ("samaccountname", Some("jane")),
            ("MAIL", Some("a@x")),
            ("cn", Some("J")),
            ("dn", Some("cn=Jörgen\\, x,dc=y")),
            ("DN", Some("cn=Jörgen\\, x,dc=y")),
            ("uid", None),
        ];
        for (name, expected) in cases {
            assert_eq!(claim(&entry, name).unwrap().as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn bytes_become_text_or_an_error() {
        let guid = b"\x04\x03\x02\x01\x06\x05\x08\x07\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";
        let sid = b"\x01\x05\0\0\0\0\0\x05\x15\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\xf4\x01\0\0";
        let cases: [(&str, &[u8], Option<&str>); 6] = [
            ("objectGUID", guid, Some("01020304-0506-0708-090a-0b0c0d0e0f10")),
            ("objectSid", sid, Some("S-1-5-21-1-2-3-500")),
            ("objectSid", b"\x01\x05\0\0\0\0\0\x05\x15\0\0\0", None),
            ("objectGUID", b"short", None),
            ("uid", b"\xff", None),
            ("uid", "ü".as_bytes(), Some("ü")),
        ];
        for (name, bytes, expected) in cases {
            let got = claim(&entry(&[(name, bytes)]), name);
            assert_eq!(got.ok().flatten().as_deref(), expected, "{name} {bytes:?}");
        }
    }
}
