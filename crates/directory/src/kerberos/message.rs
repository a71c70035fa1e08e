//! The messages of Kerberos that an acceptor reads (RFC 4120 §5).

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use super::principal::Principal;
use crate::wire::{Malformed, Reader};

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const TIME: u8 = 0x18;
const TEXT: u8 = 0x1b;
const SEQUENCE: u8 = 0x30;

/// How many components a name has at most, and how many addresses a ticket.
const ITEMS_MAX: usize = 64;

/// AP-REQ (§5.5.1).
pub(super) struct Request<'a> {
    /// The ticket is sealed with the key of another ticket, not with the service's.
    pub(super) user_to_user: bool,
    pub(super) ticket: Ticket<'a>,
    pub(super) authenticator: Sealed<'a>,
}

/// What of a ticket is not sealed (§5.3).
pub(super) struct Ticket<'a> {
    pub(super) service: Principal,
    pub(super) sealed: Sealed<'a>,
}

/// EncryptedData (§5.2.9).
pub(super) struct Sealed<'a> {
    pub(super) kind: u32,
    /// Of the key; 0 if it is not said.
    pub(super) version: u32,
    pub(super) cipher: &'a [u8],
}

/// EncTicketPart (§5.3): what the realm says of the client.
pub(super) struct Grant {
    pub(super) invalid: bool,
    pub(super) key_kind: u32,
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) client: Principal,
    pub(super) starts: Timestamp,
    pub(super) ends: Timestamp,
    /// Kind and bytes; none means any.
    pub(super) addresses: Vec<(u32, Vec<u8>)>,
}

/// Authenticator (§5.5.1): what the client says of itself.
pub(super) struct Authenticator {
    pub(super) client: Principal,
    /// To the microsecond.
    pub(super) at: Timestamp,
}

pub(super) fn request(bytes: &[u8]) -> Result<Request<'_>, Malformed> {
    let mut fields = fields(bytes, 0x6e)?;
    expect(&mut fields, 0xa0, 5)?;
    expect(&mut fields, 0xa1, 14)?;
    let options = flags(fields.element(0xa2)?)?;
    let ticket = ticket(fields.element(0xa3)?)?;
    let authenticator = sealed(fields.element(0xa4)?)?;
    Ok(Request { user_to_user: bit(options, 1), ticket, authenticator })
}

fn ticket(bytes: &[u8]) -> Result<Ticket<'_>, Malformed> {
    let mut fields = fields(bytes, 0x61)?;
    expect(&mut fields, 0xa0, 5)?;
    let realm = text(fields.element(0xa1)?)?;
    let components = name(fields.element(0xa2)?)?;
    Ok(Ticket { service: Principal { components, realm }, sealed: sealed(fields.element(0xa3)?)? })
}

pub(super) fn grant(bytes: &[u8]) -> Result<Grant, Malformed> {
    let mut fields = fields(bytes, 0x63)?;
    let flags = flags(fields.element(0xa0)?)?;
    let mut key = Reader::new(Reader::new(fields.element(0xa1)?).element(SEQUENCE)?);
    let key_kind = Reader::new(key.element(0xa0)?).number(INTEGER)?;
    let key = Zeroizing::new(Reader::new(key.element(0xa1)?).element(OCTETS)?.to_vec());
    let realm = text(fields.element(0xa2)?)?;
    let components = name(fields.element(0xa3)?)?;
    fields.element(0xa4)?;
    let authenticated = time(fields.element(0xa5)?)?;
    let starts = fields.optional(0xa6)?.map(time).transpose()?.unwrap_or(authenticated);
    let ends = time(fields.element(0xa7)?)?;
    fields.optional(0xa8)?;
    let addresses = fields.optional(0xa9)?.map(addresses).transpose()?.unwrap_or_default();
    let client = Principal { components, realm };
    Ok(Grant { invalid: bit(flags, 7), key_kind, key, client, starts, ends, addresses })
}

pub(super) fn authenticator(bytes: &[u8]) -> Result<Authenticator, Malformed> {
    let mut fields = fields(bytes, 0x62)?;
    expect(&mut fields, 0xa0, 5)?;
    let realm = text(fields.element(0xa1)?)?;
    let components = name(fields.element(0xa2)?)?;
    fields.optional(0xa3)?;
    let micros = Reader::new(fields.element(0xa4)?).number(INTEGER)?;
    if micros > 999_999 {
        return Err(Malformed("more than a second of microseconds"));
    }
    let second = time(fields.element(0xa5)?)?;
    let at = second.checked_add(Duration::from_micros(u64::from(micros))).map_err(|_| NO_TIME)?;
    Ok(Authenticator { client: Principal { components, realm }, at })
}

/// The fields of the sequence inside an element of this tag.
fn fields(bytes: &[u8], tag: u8) -> Result<Reader<'_>, Malformed> {
    Ok(Reader::new(Reader::new(Reader::new(bytes).element(tag)?).element(SEQUENCE)?))
}

fn expect(fields: &mut Reader<'_>, tag: u8, value: u32) -> Result<(), Malformed> {
    let found = Reader::new(fields.element(tag)?).number(INTEGER)?;
    if found == value { Ok(()) } else { Err(Malformed("another version or type of message")) }
}

fn sealed(bytes: &[u8]) -> Result<Sealed<'_>, Malformed> {
    let mut fields = Reader::new(Reader::new(bytes).element(SEQUENCE)?);
    let kind = Reader::new(fields.element(0xa0)?).number(INTEGER)?;
    let version = fields.optional(0xa1)?.map(|version| Reader::new(version).number(INTEGER)).transpose()?;
    let cipher = Reader::new(fields.element(0xa2)?).element(OCTETS)?;
    Ok(Sealed { kind, version: version.unwrap_or_default(), cipher })
}

fn name(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut fields = Reader::new(Reader::new(bytes).element(SEQUENCE)?);
    fields.element(0xa0)?;
    let mut list = Reader::new(Reader::new(fields.element(0xa1)?).element(SEQUENCE)?);
    let mut components = Vec::new();
    while list.peek().is_some() && components.len() < ITEMS_MAX {
        components.push(utf8(list.element(TEXT)?)?);
    }
    if components.iter().all(String::is_empty) { Err(Malformed("a name without letters")) } else { Ok(components) }
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    utf8(Reader::new(bytes).element(TEXT)?)
}

fn utf8(bytes: &[u8]) -> Result<String, Malformed> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    text.map(str::to_owned).ok_or(Malformed("a name that is not UTF-8"))
}

fn flags(bytes: &[u8]) -> Result<&[u8], Malformed> {
    Reader::new(bytes).element(BITS)
}

/// Whether a bit is set, counted from the first; the byte in front says how many at the end are not used.
fn bit(flags: &[u8], number: usize) -> bool {
    flags.get(1 + number / 8).is_some_and(|byte| byte & (0x80 >> (number % 8)) != 0)
}

const NO_TIME: Malformed = Malformed("a time that is none");

fn time(bytes: &[u8]) -> Result<Timestamp, Malformed> {
    let text = std::str::from_utf8(Reader::new(bytes).element(TIME)?).map_err(|_| NO_TIME)?;
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).map_err(|_| NO_TIME)?;
    TimeZone::UTC.to_timestamp(time).map_err(|_| NO_TIME)
}

fn addresses(bytes: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, Malformed> {
    let mut list = Reader::new(Reader::new(bytes).element(SEQUENCE)?);
    let mut addresses = Vec::new();
    while list.peek().is_some() && addresses.len() < ITEMS_MAX {
        let mut fields = Reader::new(list.element(SEQUENCE)?);
        let kind = Reader::new(fields.element(0xa0)?).number(INTEGER)?;
        addresses.push((kind, Reader::new(fields.element(0xa1)?).element(OCTETS)?.to_vec()));
    }
    Ok(addresses)
}
