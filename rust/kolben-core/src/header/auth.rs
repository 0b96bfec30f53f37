//! `Authorization` and `WWW-Authenticate`.
//!
//! ```text
//! credentials = scheme [ SP ( token68 / #parameter ) ]
//! basic       = "Basic" SP base64( name ":" password )
//! ```
//!
//! ```
//! use kolben_core::header::auth;
//!
//! let (scheme, rest) = auth::split(b"Basic YTpi");
//! assert_eq!(scheme, b"Basic");
//! assert_eq!(auth::decode_base64(rest), Some(b"a:b".to_vec()));
//! ```

use super::scan::{partition, trim};

/// The scheme and what follows it.
pub fn split(value: &[u8]) -> (&[u8], &[u8]) {
    let (scheme, rest) = partition(value, b' ');
    (scheme, trim(rest.unwrap_or_default()))
}

/// Whether what follows the scheme is a list of parameters rather than a token: whether there is
/// an equals sign other than at its end.
pub fn has_parameters(rest: &[u8]) -> bool {
    let mut rest = rest;
    while let [head @ .., b'='] = rest {
        rest = head;
    }
    memchr::memchr(b'=', rest).is_some()
}

/// Decodes canonical base64: `None` for anything that is not, right or wrong.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut number = 0_u32;
        for digit in group {
            number = number << 6 | u32::from(six_bits(*digit)?);
        }
        let [_, a, b, c] = (number << (6 * (4 - group.len()))).to_be_bytes();
        match group.len() {
            4 => bytes.extend([a, b, c]),
            3 => bytes.extend([a, b]),
            2 => bytes.push(a),
            _ => return None,
        }
    }
    Some(bytes)
}

fn six_bits(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
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
    fn base64_of_every_length() {
        assert_eq!(decode_base64(b""), Some(vec![]));
        assert_eq!(decode_base64(b"YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode_base64(b"YWI="), Some(b"ab".to_vec()));
        assert_eq!(decode_base64(b"/+/+"), Some(vec![0xff, 0xef, 0xfe]));
        for odd in [&b"YQ"[..], b"Y===", b"YQ=a", b"YW I", b"YQ==YQ=="] {
            assert_eq!(decode_base64(odd), None);
        }
    }
}
