//! `Authorization` and `WWW-Authenticate`.
//!
//! ```text
//! credentials = scheme [ SP ( token68 / #parameter ) ]
//! basic       = "Basic" SP base64( name ":" password )
//! ```
//!
//! ```
//! use kolben_core::header::auth::{self, Base64};
//!
//! let (scheme, rest) = auth::split(b"Basic YTpi");
//! assert_eq!(scheme, b"Basic");
//! assert_eq!(auth::decode_base64(rest), Base64::Bytes(b"a:b".to_vec()));
//! ```

use super::scan::{find, partition, trim};

/// The scheme and what follows it.
pub fn split(value: &[u8]) -> (&[u8], &[u8]) {
    let (scheme, rest) = partition(value, b' ');
    (scheme, trim(rest.unwrap_or_default()))
}

/// The token of a `Bearer`, if that is what it is.
///
/// PERF: bench authorization-bearer; it is what nearly all tokens come with, as it is written here.
pub fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let rest = trim(value.strip_prefix(b"Bearer ")?);
    if has_parameters(rest) { None } else { Some(rest) }
}

/// Whether what follows the scheme is a list of parameters rather than a token: whether there is
/// an equals sign other than at its end.
pub fn has_parameters(rest: &[u8]) -> bool {
    let mut rest = rest;
    while let [head @ .., b'='] = rest {
        rest = head;
    }
    find(rest, b'=').is_some()
}

/// What [`decode_base64`] makes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base64 {
    /// It is base64, and this is what it encodes.
    Bytes(Vec<u8>),
    /// It is none.
    Invalid,
    /// Releases of Python differ: there are equals signs that are one too many.
    Unsure,
}

/// Decodes base64.
pub fn decode_base64(text: &[u8]) -> Base64 {
    let mut digits = text;
    while let [head @ .., b'='] = digits {
        digits = head;
    }
    match (digits.len() % 4, text.len() - digits.len()) {
        (0, 0) | (2, 2) | (3, 1) => {}
        (1, _) | (2, 0 | 1) | (3, 0) => return Base64::Invalid,
        _ => return unsure(digits),
    }
    let (groups, rest) = digits.as_chunks::<4>();
    let mut bytes = Vec::with_capacity(groups.len() * 3 + 2);
    bytes.resize(groups.len() * 3, 0);
    let mut seen = 0;
    // Looked at by the lot, so that junk has not to be read to its end.
    for (lot, places) in groups.chunks(64).zip(bytes.as_chunks_mut::<3>().0.chunks_mut(64)) {
        for (group, place) in lot.iter().zip(places) {
            let [_, high, middle, low] = number(*group, &mut seen).to_be_bytes();
            *place = [high, middle, low];
        }
        if seen & NONE != 0 {
            return unsure(digits);
        }
    }
    let last = match *rest {
        [a, b] => number([a, b, b'A', b'A'], &mut seen),
        [a, b, c] => number([a, b, c, b'A'], &mut seen),
        _ => 0,
    };
    let [_, high, middle, _] = last.to_be_bytes();
    bytes.extend([high, middle].iter().take(rest.len().saturating_sub(1)));
    if seen & NONE == 0 { Base64::Bytes(bytes) } else { unsure(digits) }
}

/// What is not as it should be: no base64 anywhere, unless its equals signs are all there is to it.
fn unsure(digits: &[u8]) -> Base64 {
    let digit = |byte: &u8| *byte == b'=' || six_bits(*byte) & NONE == 0;
    if digits.iter().all(digit) { Base64::Unsure } else { Base64::Invalid }
}

/// The mark of a byte that is no digit.
const NONE: u8 = 0x80;

static DIGITS: [u8; 256] = digits();

#[expect(clippy::indexing_slicing, reason = "a panic at compile time is a build error")]
const fn digits() -> [u8; 256] {
    let mut table = [NONE; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        table[digits[value as usize] as usize] = value;
        value += 1;
    }
    table
}

fn six_bits(digit: u8) -> u8 {
    DIGITS.get(usize::from(digit)).copied().unwrap_or(NONE)
}

/// The number of four digits; `seen` keeps the mark if one is none.
fn number(group: [u8; 4], seen: &mut u8) -> u32 {
    group.iter().fold(0, |number, digit| {
        let bits = six_bits(*digit);
        *seen |= bits;
        number << 6 | u32::from(bits & 0x3f)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_signs_at_the_end_belong_to_a_token() {
        assert!(!has_parameters(b"YTpi=="));
        assert!(has_parameters(b"a=b"));
        assert!(!has_parameters(b"="));
    }

    #[test]
    fn bearer_tokens() {
        assert_eq!(bearer_token(b"Bearer  a.b== "), Some(&b"a.b=="[..]));
        assert_eq!(bearer_token(b"Bearer "), Some(&b""[..]));
        for other in ["Bearer a=b", "bearer a", "Bearer", "Basic a"] {
            assert_eq!(bearer_token(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn base64_of_every_length() {
        for (text, bytes) in [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc"), ("YWJjZA==", "abcd")]
        {
            assert_eq!(decode_base64(text.as_bytes()), Base64::Bytes(bytes.into()));
        }
        assert_eq!(decode_base64(b"/+/+"), Base64::Bytes(vec![0xff, 0xef, 0xfe]));
    }

    #[test]
    fn no_base64() {
        for text in ["YQ", "YWI", "Y===", "Y", "YW I", "YQ=!", "\u{e9}AA", "YQ==\n"] {
            assert_eq!(decode_base64(text.as_bytes()), Base64::Invalid, "{text:?}");
        }
    }

    #[test]
    fn equals_signs_too_many_are_unsure() {
        for text in ["YWJj=", "YWI==", "YQ===", "YQ=a", "YQ==YQ==", "===="] {
            assert_eq!(decode_base64(text.as_bytes()), Base64::Unsure, "{text:?}");
        }
    }
}
