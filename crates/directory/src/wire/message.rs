//! Requests and answers (RFC 4511 §4).

use super::ber::{self, Malformed, Reader};
use super::controls::Control;
use super::filter::Filter;

/// Result codes that are treated in their own way (RFC 4511 §4.1.9).
pub(crate) mod code {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const SIZE_LIMIT_EXCEEDED: u32 = 4;
    pub(crate) const REFERRAL: u32 = 10;
    pub(crate) const CONSTRAINT_VIOLATION: u32 = 19;
    pub(crate) const NO_SUCH_OBJECT: u32 = 32;
    pub(crate) const INVALID_CREDENTIALS: u32 = 49;
    pub(crate) const BUSY: u32 = 51;
    pub(crate) const UNAVAILABLE: u32 = 52;
    pub(crate) const UNWILLING_TO_PERFORM: u32 = 53;
}

/// How many attributes or values of an entry, references or controls are read.
const ITEMS_MAX: usize = 100_000;

const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// Asks for no attribute at all, by a name that none has (RFC 4511 §4.5.1.8).
pub(crate) const NO_ATTRIBUTE: &str = "1.1";

/// What a search looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The base alone.
    Base,
    /// What is right below the base.
    One,
    /// The base and all below.
    Sub,
}

/// What is asked.
pub(crate) enum Request<'a> {
    Bind {
        dn: &'a str,
        password: &'a str,
    },
    /// SASL EXTERNAL: whoever the client certificate names.
    BindExternal,
    Search {
        base: &'a str,
        scope: Scope,
        filter: &'a Filter,
        attributes: &'a [String],
        size_limit: u32,
    },
    StartTls,
}

/// Room for all of a request but the name and the password of a bind, in bytes; a long search takes more.
const REQUEST_BYTES: usize = 512;

/// The bytes of a request. A bind is written without growing, so that no copy of the password stays behind.
pub(crate) fn encode(id: u32, request: &Request<'_>, controls: &[Control]) -> Vec<u8> {
    let named = if let Request::Bind { dn, password } = request { dn.len() + password.len() } else { 0 };
    let mut message = Vec::with_capacity(REQUEST_BYTES + named);
    ber::built(&mut message, ber::SEQUENCE, |to| {
        ber::put_number(to, ber::INTEGER, id);
        request.write(to);
        if !controls.is_empty() {
            ber::built(to, 0xa0, |to| controls.iter().for_each(|control| control.write(to)));
        }
    });
    message
}

impl Request<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Bind { dn, password } => ber::built(to, 0x60, |to| {
                ber::put_number(to, ber::INTEGER, 3);
                ber::put(to, ber::OCTETS, dn.as_bytes());
                ber::put(to, 0x80, password.as_bytes());
            }),
            Self::BindExternal => ber::built(to, 0x60, |to| {
                ber::put_number(to, ber::INTEGER, 3);
                ber::put(to, ber::OCTETS, &[]);
                ber::built(to, 0xa3, |to| {
                    ber::put(to, ber::OCTETS, b"EXTERNAL");
                    ber::put(to, ber::OCTETS, &[]);
                });
            }),
            Self::Search { base, scope, filter, attributes, size_limit } => ber::built(to, 0x63, |to| {
                ber::put(to, ber::OCTETS, base.as_bytes());
                ber::put_number(to, ber::ENUMERATED, *scope as u32);
                // Aliases are never followed.
                ber::put_number(to, ber::ENUMERATED, 0);
                ber::put_number(to, ber::INTEGER, *size_limit);
                ber::put_number(to, ber::INTEGER, 0);
                ber::put(to, 0x01, &[0]);
                filter.write(to);
                ber::built(to, ber::SEQUENCE, |to| {
                    attributes.iter().for_each(|name| ber::put(to, ber::OCTETS, name.as_bytes()));
                });
            }),
            Self::StartTls => ber::built(to, 0x77, |to| ber::put(to, 0x80, START_TLS.as_bytes())),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Of which request; 0 when the server speaks without being asked.
    pub(crate) id: u32,
    pub(crate) body: Body,
    pub(crate) controls: Vec<(String, Vec<u8>)>,
}

#[derive(Debug)]
pub(crate) enum Body {
    Bound(Outcome),
    Entry(Entry),
    /// Where else to look.
    Reference(Vec<String>),
    Done(Outcome),
    Extended(Outcome),
}

/// How a request ended (RFC 4511 §4.1.9).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    pub(crate) code: u32,
    /// The server's words, for the log.
    pub(crate) text: String,
    pub(crate) referrals: Vec<String>,
}

/// An entry as a search found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute of an entry, its values as the bytes they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) values: Vec<Vec<u8>>,
}

/// Reads a whole message.
pub(crate) fn decode(bytes: &[u8]) -> Result<Answer, Malformed> {
    let mut message = Reader::new(Reader::new(bytes).element(ber::SEQUENCE)?);
    let id = message.number(ber::INTEGER)?;
    let (tag, body) = message.any()?;
    let mut reader = Reader::new(body);
    let body = match tag {
        0x61 => Body::Bound(outcome(&mut reader)?),
        0x64 => Body::Entry(entry(&mut reader)?),
        0x65 => Body::Done(outcome(&mut reader)?),
        0x73 => Body::Reference(texts(&mut reader)?),
        0x78 => Body::Extended(outcome(&mut reader)?),
        _ => return Err(Malformed("an operation nobody asked for")),
    };
    let mut controls = Vec::new();
    let mut list = Reader::new(message.optional(0xa0)?.unwrap_or_default());
    while list.peek().is_some() && controls.len() < ITEMS_MAX {
        let mut control = Reader::new(list.element(ber::SEQUENCE)?);
        let name = text(control.element(ber::OCTETS)?);
        control.optional(0x01)?;
        controls.push((name, control.optional(ber::OCTETS)?.unwrap_or_default().to_vec()));
    }
    Ok(Answer { id, body, controls })
}

fn outcome(reader: &mut Reader<'_>) -> Result<Outcome, Malformed> {
    let code = reader.number(ber::ENUMERATED)?;
    reader.element(ber::OCTETS)?;
    let said = text(reader.element(ber::OCTETS)?);
    let referrals = reader.optional(0xa3)?.map(|list| texts(&mut Reader::new(list))).transpose()?;
    Ok(Outcome { code, text: said, referrals: referrals.unwrap_or_default() })
}

fn entry(reader: &mut Reader<'_>) -> Result<Entry, Malformed> {
    let dn = std::str::from_utf8(reader.element(ber::OCTETS)?).map_err(|_| Malformed("a DN that is not UTF-8"))?;
    let mut list = Reader::new(reader.element(ber::SEQUENCE)?);
    let mut attributes = Vec::new();
    while list.peek().is_some() {
        let mut attribute = Reader::new(list.element(ber::SEQUENCE)?);
        let name = text(attribute.element(ber::OCTETS)?);
        let mut set = Reader::new(attribute.element(ber::SET)?);
        let mut values = Vec::new();
        while set.peek().is_some() && values.len() < ITEMS_MAX {
            values.push(set.element(ber::OCTETS)?.to_vec());
        }
        attributes.push(Attribute { name, values });
        if attributes.len() > ITEMS_MAX {
            return Err(Malformed("too many attributes"));
        }
    }
    Ok(Entry { dn: dn.to_owned(), attributes })
}

fn texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    let mut all = Vec::new();
    while reader.peek().is_some() && all.len() < ITEMS_MAX {
        all.push(text(reader.element(ber::OCTETS)?));
    }
    Ok(all)
}

/// What a server says, on one line. Active Directory ends it with a NUL byte.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\0');
    if text.contains(char::is_control) { text.replace(char::is_control, " ") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bind that succeeded, an entry with one attribute, a reference, as slapd sends them.
    const BOUND: &[u8] = &[0x30, 0x0c, 0x02, 0x01, 0x01, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00];
    const ENTRY: &[u8] = b"\x30\x18\x02\x01\x02\x64\x13\x04\x04cn=x\x30\x0b\x30\x09\x04\x02cn\x31\x03\x04\x01x";
    const REFERENCE: &[u8] = b"\x30\x10\x02\x01\x02\x73\x0b\x04\x09ldap://b/";

    #[test]
    fn answers_are_read() {
        assert!(
            matches!(decode(BOUND), Ok(Answer { id: 1, body: Body::Bound(outcome), .. }) if outcome == Outcome::default())
        );
        let Ok(Answer { body: Body::Entry(entry), .. }) = decode(ENTRY) else { panic!("no entry") };
        let attribute = Attribute { name: "cn".into(), values: vec![b"x".to_vec()] };
        assert_eq!(entry, Entry { dn: "cn=x".into(), attributes: vec![attribute] });
        assert!(matches!(decode(REFERENCE), Ok(Answer { body: Body::Reference(to), .. }) if to == ["ldap://b/"]));
    }

    #[test]
    fn no_damage_to_an_answer_is_more_than_an_error() {
        for message in [BOUND, ENTRY, REFERENCE] {
            for cut in 0..message.len() {
                assert!(decode(&message[..cut]).is_err(), "cut at {cut}");
            }
            for at in 0..message.len() {
                for byte in 0..=u8::MAX {
                    let mut damaged = message.to_vec();
                    damaged[at] = byte;
                    // Either is fine, as long as it comes back.
                    decode(&damaged).ok();
                }
            }
        }
    }
}
