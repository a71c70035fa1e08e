//! What a key says of itself (§6.1), and the object it comes in at a registration (§6.5.4).

use minicbor::Decoder;

use super::Refused;

/// The flags (§6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// The longest credential id (§7.1, step 25), in bytes.
const CREDENTIAL_ID_BYTES_MAX: usize = 1023;

/// How many members the object of a registration may have; the standard knows three.
const MEMBERS_MAX: u64 = 8;

/// The authenticator data, but for what follows the counter.
pub(super) struct AuthenticatorData<'a> {
    pub(super) rp_id_hash: &'a [u8],
    flags: u8,
    pub(super) sign_count: u32,
    rest: &'a [u8],
}

/// A new key.
pub(super) struct NewKey<'a> {
    pub(super) aaguid: &'a [u8],
    pub(super) credential_id: &'a [u8],
    /// COSE-encoded, to the byte.
    pub(super) public_key: &'a [u8],
}

/// The object of a registration.
pub(super) struct Attested<'a> {
    /// The attestation statement's format.
    pub(super) format: &'a str,
    data: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refused> {
        let malformed = Refused::AuthenticatorData;
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(malformed)?;
        let ([flags], rest) = rest.split_first_chunk().ok_or(malformed)?;
        let (count, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let data = Self { rp_id_hash, flags: *flags, sign_count: u32::from_be_bytes(*count), rest };
        // A key that is backed up can be (§6.1.3).
        if data.backed_up() && !data.backup_eligible() {
            return Err(malformed);
        }
        Ok(data)
    }

    pub(super) fn user_present(&self) -> bool {
        self.has(USER_PRESENT)
    }

    pub(super) fn user_verified(&self) -> bool {
        self.has(USER_VERIFIED)
    }

    pub(super) fn backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub(super) fn backed_up(&self) -> bool {
        self.has(BACKED_UP)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The attested credential data (§6.5.2).
    fn new_key(&self) -> Result<NewKey<'a>, Refused> {
        let malformed = Refused::AuthenticatorData;
        if !self.has(ATTESTED) {
            return Err(malformed);
        }
        let (aaguid, rest) = self.rest.split_at_checked(16).ok_or(malformed)?;
        let (length, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
            return Err(malformed);
        }
        let (credential_id, rest) = rest.split_at_checked(length).ok_or(malformed)?;
        let (public_key, after) = item(rest)?;
        let (_, after) = if self.has(EXTENSIONS) { item(after)? } else { (&[][..], after) };
        if !after.is_empty() {
            return Err(malformed);
        }
        Ok(NewKey { aaguid, credential_id, public_key })
    }
}

impl<'a> Attested<'a> {
    pub(super) fn parts(&self) -> Result<(AuthenticatorData<'a>, NewKey<'a>), Refused> {
        let data = AuthenticatorData::parse(self.data)?;
        let key = data.new_key()?;
        Ok((data, key))
    }
}

/// Reads the object of a registration. Its statement is passed over.
pub(super) fn attested(object: &[u8]) -> Result<Attested<'_>, Refused> {
    read_object(object).ok().flatten().ok_or(Refused::AuthenticatorData)
}

fn read_object(object: &[u8]) -> Result<Option<Attested<'_>>, minicbor::decode::Error> {
    let mut decoder = Decoder::new(object);
    let (mut format, mut data) = (None, None);
    let Some(members) = decoder.map()?.filter(|members| *members <= MEMBERS_MAX) else { return Ok(None) };
    for _ in 0..members {
        match decoder.str()? {
            "fmt" if format.is_none() => format = Some(decoder.str()?),
            "authData" if data.is_none() => data = Some(decoder.bytes()?),
            "fmt" | "authData" => return Ok(None),
            _ => decoder.skip()?,
        }
    }
    let whole = decoder.position() == object.len();
    Ok(format.zip(data).filter(|_| whole).map(|(format, data)| Attested { format, data }))
}

/// One item of CBOR, and what comes after it.
fn item(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let mut decoder = Decoder::new(bytes);
    decoder.skip().map_err(|_| Refused::AuthenticatorData)?;
    bytes.split_at_checked(decoder.position()).ok_or(Refused::AuthenticatorData)
}
