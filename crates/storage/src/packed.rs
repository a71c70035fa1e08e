//! The ids of codes as the bits they hold.

/// What stands before a code's id in the id of its mark.
pub(crate) const PREFIX: &str = "code/";

/// Characters of a code's id, of 5 bits each.
const CHARACTERS: usize = 25;

/// The characters of an id, in the order of their bytes.
const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The id of a code's mark as a number, in the same order as the ids; `None` for any other.
pub(crate) fn pack(id: &str) -> Option<u128> {
    let code = id.strip_prefix(PREFIX).filter(|code| code.len() == CHARACTERS)?;
    code.bytes().try_fold(0, |bits, byte| {
        let digit = match byte {
            b'2'..=b'7' => byte - b'2',
            b'a'..=b'z' => byte - b'a' + 6,
            _ => return None,
        };
        Some(bits << 5 | u128::from(digit))
    })
}

/// The id that was packed.
pub(crate) fn unpack(bits: u128) -> String {
    let digits = (0..CHARACTERS).rev().map(|place| (bits >> (5 * place)) as usize & 31);
    PREFIX.chars().chain(digits.map(|digit| char::from(ALPHABET[digit]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_were_and_in_their_order() {
        let ids =
            ["code/2222222222222222222222222", "code/27abcdefghijklmnopqrstuvw", "code/zzzzzzzzzzzzzzzzzzzzzzzzz"];
        let packed: Vec<u128> = ids.iter().map(|id| pack(id).unwrap()).collect();
        assert!(packed.is_sorted());
        assert_eq!(packed.into_iter().map(unpack).collect::<Vec<_>>(), ids);
    }

    #[test]
    fn no_other_id_is_packed() {
        let long = format!("code/{}", "a".repeat(26));
        for id in ["", "code/", "code/a", "jti/2222222222222222222222222", "code/A222222222222222222222222", &long] {
            assert_eq!(pack(id), None, "{id}");
        }
    }
}
