//! Inputs made out of others, the same ones at every run.

/// The longest input that is made, in bytes.
pub const INPUT_BYTES_MAX: usize = 4096;

/// How many changes one input suffers at most.
const CHANGES_MAX: usize = 6;

/// What readers trip over: separators, escapes, ends of ranges, broken UTF-8, and words of ours.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b"&",
    b"=",
    b";",
    b"%",
    b"%00",
    b"%0d%0a",
    b"%ff",
    b"+",
    b".",
    b"..",
    b",",
    b":",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e999",
    b"18446744073709551616",
    b"9223372036854775808",
    b"2147483648",
    b"@",
    b"/",
    b"//",
    b"?",
    b"#",
    b"$",
    b"$$",
    b"${",
    b"\xff",
    b"\x80",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    b"\t",
    b"- ",
    b": ",
    b"&a ",
    b"*a",
    b"!!binary ",
    b"localhost",
    b"127.0.0.1",
    b"[::1]",
    b"openid",
    b"code",
    b"none",
    b"HS256",
    b"crit",
    b"AAAA",
];

/// Changes inputs by chance, which its seed determines.
pub struct Mutator(u64);

impl Mutator {
    /// A mutator whose whole course follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of `corpus` with a few changes; empty only if chance takes everything away or `corpus` is empty.
    pub fn next_input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(corpus).cloned().unwrap_or_default();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut input, corpus);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(12) {
            0 => {
                let bit = 1 << self.below(8);
                input.get_mut(at).into_iter().for_each(|byte| *byte ^= bit);
            }
            1 => {
                let any = self.byte();
                input.get_mut(at).into_iter().for_each(|byte| *byte = any);
            }
            2 => drop(input.drain(at..end)),
            3 => input.truncate(at),
            4 => {
                let again = input[at..end].to_vec();
                let times = 1 << self.below(6);
                insert(input, at, &again.repeat(times));
            }
            5 => {
                let other = self.pick(corpus).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            6 => insert(input, at, &[self.byte()]),
            _ => insert(input, at, self.pick(WORDS).copied().unwrap_or_default()),
        }
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// A number below `limit`; zero if there is none.
    fn below(&mut self, limit: usize) -> usize {
        let drawn = usize::try_from(self.next() >> 33).expect("31 bits fit");
        drawn.checked_rem(limit).unwrap_or(0)
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn insert(input: &mut Vec<u8>, at: usize, what: &[u8]) {
    input.splice(at..at, what.iter().copied());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn inputs_follow_from_the_seed_and_hardly_repeat() {
        let corpus = [b"grant_type=authorization_code&code=abc".to_vec(), b"{\"kty\":\"EC\"}".to_vec()];
        let course = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..1000).map(|_| mutator.next_input(&corpus)).collect::<Vec<_>>()
        };
        assert_eq!(course(1), course(1));
        assert_ne!(course(1), course(2));
        assert!(course(1).iter().collect::<BTreeSet<_>>().len() > 800);
        assert!(course(1).iter().all(|input| input.len() <= INPUT_BYTES_MAX));
    }

    #[test]
    fn without_a_corpus_there_are_inputs_all_the_same() {
        let mut mutator = Mutator::new(1);
        assert!((0..100).any(|_| !mutator.next_input(&[]).is_empty()));
    }
}
