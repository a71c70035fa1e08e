//! Elements of BER as LDAP (RFC 4511 §5.1) and Kerberos use them: definite lengths and tags of one byte.

/// An element that is cut short, too long, or not the one that belongs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not what the protocol allows: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The tag of an INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// The tag of an OCTET STRING.
pub(crate) const OCTETS: u8 = 0x04;
/// The tag of an ENUMERATED.
pub(crate) const ENUMERATED: u8 = 0x0a;
/// The tag of a SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;
/// The tag of a SET.
pub(crate) const SET: u8 = 0x31;

/// Lengths take four bytes at most; longer elements are refused unread.
const LENGTH_BYTES_MAX: usize = 4;

/// Where an element begins and ends, if that much of it is there: length of the header, length of all.
pub(crate) fn extent(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(Malformed("a tag of several bytes"));
    }
    if first & 0x80 == 0 {
        return Ok(Some((2, 2 + usize::from(*first))));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > LENGTH_BYTES_MAX {
        return Err(Malformed("a length of that form"));
    }
    let Some(digits) = rest.get(..count) else { return Ok(None) };
    let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
    Ok(Some((2 + count, (2 + count).saturating_add(length))))
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The tag of the next element, `None` at the end.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (header, whole) = extent(self.0)?.ok_or(Malformed("cut short"))?;
        let body = self.0.get(header..whole).ok_or(Malformed("cut short"))?;
        let tag = self.0[0];
        self.0 = &self.0[whole..];
        Ok((tag, body))
    }

    /// The next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.any()? {
            (found, body) if found == tag => Ok(body),
            _ => Err(Malformed("an element of another type")),
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) { self.element(tag).map(Some) } else { Ok(None) }
    }

    /// The next element, an integer of this tag between 0 and 2^31 - 1.
    pub(crate) fn number(&mut self, tag: u8) -> Result<u32, Malformed> {
        number(self.element(tag)?)
    }
}

/// The number an element's bytes are.
pub(crate) fn number(bytes: &[u8]) -> Result<u32, Malformed> {
    match bytes {
        [] => Err(Malformed("an empty number")),
        [first, ..] if bytes.len() > 4 || first & 0x80 != 0 => Err(Malformed("a number out of range")),
        _ => Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))),
    }
}

/// Adds an element to `to`.
pub(crate) fn put(to: &mut Vec<u8>, tag: u8, body: &[u8]) {
    to.push(tag);
    if let Ok(short @ ..0x80) = u8::try_from(body.len()) {
        to.push(short);
    } else {
        let (count, digits) = long_length(body.len());
        to.push(count);
        to.extend(digits);
    }
    to.extend_from_slice(body);
}

/// The length of a body of 128 bytes and more: the byte that says how many follow, and those.
fn long_length(length: usize) -> (u8, impl Iterator<Item = u8>) {
    let digits = length.to_be_bytes();
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len() - 1);
    let count = u8::try_from(digits.len() - first).expect("a length has eight bytes at most");
    (0x80 | count, digits.into_iter().skip(first))
}

/// Adds an integer to `to`.
pub(crate) fn put_number(to: &mut Vec<u8>, tag: u8, number: u32) {
    let digits = number.to_be_bytes();
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len() - 1);
    // A first bit that is set would make it negative.
    let sign = usize::from(digits[first] & 0x80 != 0);
    let body = [0, digits[0], digits[1], digits[2], digits[3]];
    put(to, tag, &body[first + 1 - sign..]);
}

/// An element whose body `fill` writes, in place: the length is put in front of it afterwards.
pub(crate) fn built(to: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    to.extend_from_slice(&[tag, 0]);
    let start = to.len();
    fill(to);
    let length = to.len() - start;
    if let Ok(short @ ..0x80) = u8::try_from(length) {
        to[start - 1] = short;
    } else {
        let (count, digits) = long_length(length);
        to[start - 1] = count;
        to.splice(start..start, digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for number in [0, 1, 127, 128, 255, 256, 65_535, 65_536, 0x7f_ffff, 0x80_0000, 0x7fff_ffff] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, INTEGER, number);
            assert_eq!(Reader::new(&bytes).number(INTEGER), Ok(number));
        }
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let mut bytes = Vec::new();
            put(&mut bytes, OCTETS, &vec![7; length]);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.element(OCTETS).unwrap().len(), length);
            assert!(reader.rest().is_empty());
            let mut in_place = vec![1];
            built(&mut in_place, OCTETS, |to| to.resize(to.len() + length, 7));
            assert_eq!(in_place[1..], bytes, "{length} bytes, written in place");
        }
    }

    #[test]
    fn an_element_ends_where_its_header_says() {
        type Extent = Result<Option<(usize, usize)>, Malformed>;
        let cases: [(&str, &[u8], Extent); 8] = [
            ("nothing", &[], Ok(None)),
            ("half a header", &[0x30], Ok(None)),
            ("short", &[0x30, 0x05], Ok(Some((2, 7)))),
            ("long", &[0x30, 0x82, 0x01, 0x00], Ok(Some((4, 260)))),
            ("long, cut", &[0x30, 0x82, 0x01], Ok(None)),
            ("without an end", &[0x30, 0x80], Err(Malformed("a length of that form"))),
            ("beyond four bytes", &[0x30, 0x85, 1, 1, 1, 1, 1], Err(Malformed("a length of that form"))),
            ("a long tag", &[0x3f, 0x81, 0x01], Err(Malformed("a tag of several bytes"))),
        ];
        for (told, bytes, expected) in cases {
            assert_eq!(extent(bytes), expected, "{told}");
        }
    }

    #[test]
    fn what_is_cut_short_or_of_another_type_is_refused() {
        let cases: [&[u8]; 6] = [&[], &[2], &[2, 1], &[4, 1, 1], &[2, 0], &[2, 5, 0, 0, 0, 0, 1]];
        for bytes in cases {
            assert!(Reader::new(bytes).number(INTEGER).is_err(), "{bytes:?}");
        }
        assert!(Reader::new(&[2, 1, 0x80]).number(INTEGER).is_err(), "a negative number");
    }
}
