//! Tokens as a client makes them, honest or not.

use jiff::Timestamp;
use picky_krb::crypto::CipherSuite;

/// An element of this tag.
pub(super) fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = vec![tag];
    match length {
        0..0x80 => bytes.push(u8::try_from(length).unwrap()),
        _ => {
            bytes.push(0x82);
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// The frame of a first token (RFC 2743 §3.1).
pub(super) fn framed(mechanism: &[u8], body: &[u8]) -> Vec<u8> {
    element(0x60, &[element(0x06, mechanism).as_slice(), body].concat())
}

/// A ticket with its authenticator, and what is wrong with it.
#[derive(Clone)]
pub(super) struct Forged {
    pub(super) service: (&'static str, &'static [&'static str]),
    pub(super) client: (&'static str, &'static [&'static str]),
    /// Whom the authenticator names.
    pub(super) claimed: (&'static str, &'static [&'static str]),
    pub(super) options: u8,
    pub(super) flags: u8,
    pub(super) starts: Option<Timestamp>,
    pub(super) authenticated: Timestamp,
    pub(super) ends: Timestamp,
    pub(super) address: Option<[u8; 4]>,
    pub(super) at: Timestamp,
    pub(super) micros: u32,
    pub(super) kind: u8,
    pub(super) version: u8,
    pub(super) key: Vec<u8>,
    /// The key the authenticator is really sealed with.
    pub(super) session_key: Vec<u8>,
}

/// The key that is inside every ticket.
pub(super) const SESSION_KEY: [u8; 32] = [7; 32];

impl Forged {
    /// The token of a browser.
    pub(super) fn token(&self) -> Vec<u8> {
        let kerberos = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
        let inner = framed(kerberos, &[&[1, 0], self.request().as_slice()].concat());
        let mechanisms = element(0xa0, &element(0x30, &element(0x06, kerberos)));
        let init = element(0x30, &[mechanisms, element(0xa2, &element(0x04, &inner))].concat());
        framed(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02], &element(0xa0, &init))
    }

    fn request(&self) -> Vec<u8> {
        let ticket = [
            element(0xa0, &number(5)),
            element(0xa1, &text(self.service.0)),
            element(0xa2, &name(self.service.1)),
            element(0xa3, &self.sealed(&self.key, 2, &self.grant())),
        ];
        let fields = [
            element(0xa0, &number(5)),
            element(0xa1, &number(14)),
            element(0xa2, &bits(self.options)),
            element(0xa3, &element(0x61, &element(0x30, &ticket.concat()))),
            element(0xa4, &self.sealed(&self.session_key, 11, &self.authenticator())),
        ];
        element(0x6e, &element(0x30, &fields.concat()))
    }

    fn grant(&self) -> Vec<u8> {
        let key = [element(0xa0, &number(u32::from(self.kind))), element(0xa1, &element(0x04, &SESSION_KEY))];
        let transited = [element(0xa0, &number(1)), element(0xa1, &element(0x04, &[]))];
        let mut fields = vec![
            element(0xa0, &bits(self.flags)),
            element(0xa1, &element(0x30, &key.concat())),
            element(0xa2, &text(self.client.0)),
            element(0xa3, &name(self.client.1)),
            element(0xa4, &element(0x30, &transited.concat())),
            element(0xa5, &time(self.authenticated)),
        ];
        fields.extend(self.starts.map(|starts| element(0xa6, &time(starts))));
        fields.push(element(0xa7, &time(self.ends)));
        fields.push(element(0xa8, &time(self.ends)));
        if let Some(address) = self.address {
            let address = [element(0xa0, &number(2)), element(0xa1, &element(0x04, &address))];
            fields.push(element(0xa9, &element(0x30, &element(0x30, &address.concat()))));
        }
        element(0x63, &element(0x30, &fields.concat()))
    }

    fn authenticator(&self) -> Vec<u8> {
        let fields = [
            element(0xa0, &number(5)),
            element(0xa1, &text(self.claimed.0)),
            element(0xa2, &name(self.claimed.1)),
            element(0xa4, &number(self.micros)),
            element(0xa5, &time(self.at)),
        ];
        element(0x62, &element(0x30, &fields.concat()))
    }

    fn sealed(&self, key: &[u8], usage: i32, plain: &[u8]) -> Vec<u8> {
        let cipher = CipherSuite::Aes256CtsHmacSha196.cipher().encrypt(key, usage, plain).unwrap();
        let fields = [
            element(0xa0, &number(u32::from(self.kind))),
            element(0xa1, &number(u32::from(self.version))),
            element(0xa2, &element(0x04, &cipher)),
        ];
        element(0x30, &fields.concat())
    }
}

fn number(number: u32) -> Vec<u8> {
    element(0x02, &[&[0], &number.to_be_bytes()[..]].concat()[if number < 0x8000_0000 { 1 } else { 0 }..])
}

fn bits(first: u8) -> Vec<u8> {
    element(0x03, &[0, first, 0, 0, 0])
}

fn text(text: &str) -> Vec<u8> {
    element(0x1b, text.as_bytes())
}

fn name(components: &[&str]) -> Vec<u8> {
    let list: Vec<u8> = components.iter().flat_map(|component| text(component)).collect();
    element(0x30, &[element(0xa0, &number(1)), element(0xa1, &element(0x30, &list))].concat())
}

fn time(at: Timestamp) -> Vec<u8> {
    element(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}
