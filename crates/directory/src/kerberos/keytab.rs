//! Keytab files, as MIT Kerberos writes them: versions 1 and 2.

use std::fmt;

use zeroize::Zeroizing;

use crate::config::read_file;

/// The keys of services.
pub(super) struct Keytab(Vec<Entry>);

struct Entry {
    realm: String,
    components: Vec<String>,
    version: u32,
    timestamp: u32,
    kind: u32,
    key: Zeroizing<Vec<u8>>,
}

/// Why a keytab cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeytabError {
    #[error("cannot read the keytab: {0}")]
    Read(#[from] std::io::Error),
    #[error("the keytab is not one: {0}")]
    Malformed(&'static str),
}

impl Keytab {
    pub(super) fn read(path: &str) -> Result<Self, KeytabError> {
        Self::parse(&Zeroizing::new(read_file(path)?))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, KeytabError> {
        let (numbers, rest) = match bytes {
            [5, 1, rest @ ..] => (Numbers::Native, rest),
            [5, 2, rest @ ..] => (Numbers::Network, rest),
            _ => return Err(KeytabError::Malformed("another version")),
        };
        let mut reader = Reader { rest, numbers };
        let mut entries = Vec::new();
        while !reader.rest.is_empty() {
            // The room of an entry that was removed has a negative length.
            let length = reader.u32()?.cast_signed();
            let room = reader.take(usize::try_from(length.unsigned_abs()).map_err(|_| CUT)?)?;
            if length > 0 {
                entries.push(Reader { rest: room, numbers }.entry()?);
            }
        }
        if entries.is_empty() { Err(KeytabError::Malformed("it holds no keys")) } else { Ok(Self(entries)) }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a key is of this realm.
    pub(super) fn is_of(&self, realm: &str) -> bool {
        self.0.iter().any(|entry| entry.realm == realm)
    }

    /// The newest key of a principal, of this kind and version; version 0 is any.
    pub(super) fn key(&self, realm: &str, components: &[String], kind: u32, version: u32) -> Option<&[u8]> {
        let fitting = self.0.iter().filter(|entry| {
            entry.realm == realm
                && entry.components == components
                && entry.kind == kind
                && (version == 0 || entry.version == version)
        });
        fitting.max_by_key(|entry| entry.timestamp).map(|entry| entry.key.as_slice())
    }
}

impl fmt::Debug for Keytab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keytab(..)")
    }
}

const CUT: KeytabError = KeytabError::Malformed("it is cut short");

/// How numbers are written: version 1 as the machine has them, version 2 the most significant byte first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Native,
    Network,
}

struct Reader<'a> {
    rest: &'a [u8],
    numbers: Numbers,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], KeytabError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, KeytabError> {
        let bytes: [u8; 2] = self.take(2)?.try_into().map_err(|_| CUT)?;
        Ok(if self.numbers == Numbers::Native { u16::from_ne_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&mut self) -> Result<u32, KeytabError> {
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| CUT)?;
        Ok(if self.numbers == Numbers::Native { u32::from_ne_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn counted(&mut self) -> Result<&'a [u8], KeytabError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    fn text(&mut self) -> Result<String, KeytabError> {
        let text = std::str::from_utf8(self.counted()?);
        text.map(str::to_owned).map_err(|_| KeytabError::Malformed("a name that is not UTF-8"))
    }

    fn entry(&mut self) -> Result<Entry, KeytabError> {
        // Version 1 counts the realm as well.
        let count = self.u16()?.saturating_sub(u16::from(self.numbers == Numbers::Native));
        let realm = self.text()?;
        let components = (0..count).map(|_| self.text()).collect::<Result<_, _>>()?;
        if self.numbers == Numbers::Network {
            self.u32()?;
        }
        let timestamp = self.u32()?;
        let short_version = u32::from(self.take(1)?[0]);
        let kind = u32::from(self.u16()?);
        let key = Zeroizing::new(self.counted()?.to_vec());
        // The version in full follows where it does not fit a byte; older files end before it.
        let version = if self.rest.len() >= 4 { self.u32()? } else { 0 };
        let version = if version == 0 { short_version } else { version };
        Ok(Entry { realm, components, version, timestamp, kind, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version 2 keytab with a removed entry, then `HTTP/dex@X` with a key of kind 18 and version 300.
    fn bytes() -> Vec<u8> {
        let mut entry = vec![0, 2, 0, 1, b'X', 0, 4];
        entry.extend_from_slice(b"HTTP\0\x03dex\0\0\0\x01\0\0\0\x07\x2c\0\x12\0\x02kk\0\0\x01\x2c");
        let mut file = vec![5, 2, 0xff, 0xff, 0xff, 0xfe, 9, 9, 0, 0, 0, u8::try_from(entry.len()).unwrap()];
        file.extend(entry);
        file
    }

    #[test]
    fn a_key_is_found_by_all_of_its_marks() {
        let keytab = Keytab::parse(&bytes()).unwrap();
        let name = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let cases = [
            ("X", "HTTP/dex", 18, 300, true),
            ("X", "HTTP/dex", 18, 0, true),
            ("X", "HTTP/dex", 18, 44, false),
            ("X", "HTTP/dex", 17, 300, false),
            ("x", "HTTP/dex", 18, 300, false),
            ("X", "HTTP", 18, 300, false),
        ];
        for (realm, components, kind, version, there) in cases {
            assert_eq!(
                keytab.key(realm, &name(components), kind, version).is_some(),
                there,
                "{realm} {components} {kind} {version}"
            );
        }
        assert_eq!(format!("{keytab:?}"), "Keytab(..)");
    }

    #[test]
    fn what_is_cut_or_no_keytab_is_refused() {
        let whole = bytes();
        for cut in 0..whole.len() {
            // At the end of an entry the file just holds fewer.
            assert!(Keytab::parse(&whole[..cut]).is_err(), "cut at {cut}");
        }
        for bytes in [&b"\x05\x03"[..], b"\x05\x02", b"hello", b"\x05\x02\x7f\xff\xff\xff"] {
            assert!(Keytab::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
