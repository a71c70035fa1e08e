//! The token of a browser (RFC 4178 §4.2): which mechanisms it offers, and the ticket inside.

use crate::wire::{Malformed, Reader};

/// `1.3.6.1.5.5.2`
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// `1.2.840.113554.1.2.2`
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// `1.2.840.48018.1.2.2`, which Windows once wrote by mistake.
const KERBEROS_OF_MICROSOFT: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// An answer that asks for a Kerberos token: accept-incomplete, with that mechanism.
pub(super) const ASK_FOR_KERBEROS: &[u8] = &[
    0xa1, 0x14, 0x30, 0x12, 0xa0, 0x03, 0x0a, 0x01, 0x01, 0xa1, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
    0x01, 0x02, 0x02,
];
/// An answer that ends it: reject.
pub(super) const REJECT: &[u8] = &[0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x02];

const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// The frame of a first token (RFC 2743 §3.1).
const FRAME: u8 = 0x60;
/// AP-REQ (RFC 4121 §4.1).
const REQUEST: [u8; 2] = [0x01, 0x00];

/// What a token offers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offer<'a> {
    /// A Kerberos request.
    Ticket(&'a [u8]),
    /// Kerberos, but no request of it; or something else than SPNEGO, such as NTLM or bare Kerberos.
    Incomplete,
    /// Other mechanisms only.
    NoKerberos,
}

/// Reads a token.
pub(super) fn offer(token: &[u8]) -> Result<Offer<'_>, Malformed> {
    let mut outer = Reader::new(token);
    // Looked at before anything is decoded: whatever does not say that it is SPNEGO is not read any further.
    let Ok(frame) = outer.element(FRAME) else { return Ok(Offer::Incomplete) };
    let mut frame = Reader::new(frame);
    if frame.element(OID) != Ok(SPNEGO) {
        return Ok(Offer::Incomplete);
    }
    let mut init = Reader::new(Reader::new(frame.element(0xa0)?).element(SEQUENCE)?);
    let mut mechanisms = Reader::new(Reader::new(init.element(0xa0)?).element(SEQUENCE)?);
    let is_kerberos = |oid: &[u8]| oid == KERBEROS || oid == KERBEROS_OF_MICROSOFT;
    let first = mechanisms.optional(OID)?;
    let mut offered = first.is_some_and(is_kerberos);
    let preferred = offered;
    while let Some(next) = mechanisms.optional(OID)? {
        offered |= is_kerberos(next);
    }
    if !offered {
        return Ok(Offer::NoKerberos);
    }
    init.optional(0xa1)?;
    // The token inside is one of the first mechanism.
    match init.optional(0xa2)? {
        Some(inner) if preferred => request(Reader::new(inner).element(OCTETS)?).map(Offer::Ticket),
        _ => Ok(Offer::Incomplete),
    }
}

/// The AP-REQ in a Kerberos token.
fn request(token: &[u8]) -> Result<&[u8], Malformed> {
    let mut frame = Reader::new(Reader::new(token).element(FRAME)?);
    if frame.element(OID)? != KERBEROS {
        return Err(Malformed("a token of another mechanism"));
    }
    let request = frame.rest().strip_prefix(&REQUEST);
    request.ok_or(Malformed("a Kerberos message that is no request"))
}

#[cfg(test)]
mod tests {
    use super::super::forge::{element, framed};
    use super::*;

    const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

    fn token(mechanisms: &[&[u8]], inner: Option<&[u8]>) -> Vec<u8> {
        let list: Vec<u8> = mechanisms.iter().flat_map(|oid| element(OID, oid)).collect();
        let mut init = element(0xa0, &element(SEQUENCE, &list));
        if let Some(inner) = inner {
            init.extend(element(0xa2, &element(OCTETS, inner)));
        }
        framed(SPNEGO, &element(0xa0, &element(SEQUENCE, &init)))
    }

    #[test]
    fn a_token_offers_a_ticket_or_it_does_not() {
        let kerberos = framed(KERBEROS, b"\x01\0request");
        let error = framed(KERBEROS, b"\x03\0error");
        let cases = [
            ("a ticket", token(&[KERBEROS], Some(&kerberos)), Ok(Offer::Ticket(&b"request"[..]))),
            (
                "by the old name",
                token(&[KERBEROS_OF_MICROSOFT, KERBEROS, NTLM], Some(&kerberos)),
                Ok(Offer::Ticket(b"request")),
            ),
            ("no ticket yet", token(&[KERBEROS], None), Ok(Offer::Incomplete)),
            ("rather NTLM", token(&[NTLM, KERBEROS], Some(b"NTLMSSP\0")), Ok(Offer::Incomplete)),
            ("NTLM only", token(&[NTLM], Some(b"NTLMSSP\0")), Ok(Offer::NoKerberos)),
            ("nothing", token(&[], None), Ok(Offer::NoKerberos)),
            ("bare NTLM", b"NTLMSSP\0\x01\0\0\0".to_vec(), Ok(Offer::Incomplete)),
            ("bare Kerberos", kerberos.clone(), Ok(Offer::Incomplete)),
            ("no bytes", vec![], Ok(Offer::Incomplete)),
            ("a reply", ASK_FOR_KERBEROS.to_vec(), Ok(Offer::Incomplete)),
            ("an error", token(&[KERBEROS], Some(&error)), Err(Malformed("a Kerberos message that is no request"))),
            ("not Kerberos inside", token(&[KERBEROS], Some(b"NTLMSSP\0")), Err(Malformed("cut short"))),
        ];
        for (told, token, expected) in cases {
            assert_eq!(offer(&token), expected, "{told}");
        }
    }

    #[test]
    fn no_damage_to_a_token_is_more_than_an_error() {
        let whole = token(&[KERBEROS], Some(&framed(KERBEROS, b"\x01\0request")));
        for at in 0..whole.len() {
            offer(&whole[..at]).ok();
            for byte in 0..=u8::MAX {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                offer(&damaged).ok();
            }
        }
    }
}
