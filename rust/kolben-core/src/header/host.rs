//! `Host`.
//!
//! ```text
//! host = ( 1*( ALPHA / DIGIT / "." / "-" ) / "[" *HEXDIG ":" 1*( HEXDIG / ":" / "." ) "]" )
//!        [ ":" port ]
//! port = 1*5DIGIT, from 1 to 65535, no leading zero
//! ```
//!
//! ```
//! use kolben_core::header::host;
//!
//! assert_eq!(host::name(b"localhost:8080"), Some(&b"localhost"[..]));
//! assert_eq!(host::name(b"a/b"), None);
//! ```

use super::scan::{ByteSet, cut, partition};

/// The host without its port; `None` if the whole is not valid.
pub fn name(host: &[u8]) -> Option<&[u8]> {
    let (name, rest) = match host {
        [b'[', inner @ ..] => {
            let (address, rest) = ADDRESS.span(inner);
            if rest.first() != Some(&b']') || !is_address(address) {
                return None;
            }
            cut(host, address.len() + 2)
        }
        _ => NAME.span(host),
    };
    match rest {
        _ if name.is_empty() => None,
        [] => Some(name),
        [b':', digits @ ..] => port(digits).map(|_| name),
        _ => None,
    }
}

static NAME: ByteSet = ByteSet::of(b".-").alphanumeric();
static ADDRESS: ByteSet = ByteSet::of(b":.0123456789abcdefABCDEF");

/// Whether this may stand between the brackets: digits, a colon, and at least one character more.
fn is_address(text: &[u8]) -> bool {
    let (digits, rest) = partition(text, b':');
    rest.is_some_and(|rest| !rest.is_empty()) && !digits.contains(&b'.')
}

/// A port that is written the plain way.
pub(crate) fn port(digits: &[u8]) -> Option<u16> {
    if digits.len() > 5 || digits.first() == Some(&b'0') || digits.is_empty() {
        return None;
    }
    let mut number = 0_u32;
    for digit in digits {
        number = number * 10 + u32::from(digit.checked_sub(b'0').filter(|value| *value < 10)?);
    }
    u16::try_from(number).ok()
}

/// Whether IDNA would leave an ASCII name as it is: no label is empty or too long.
pub fn is_plain(name: &[u8]) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    name.is_ascii() && name.split(|byte| *byte == b'.').all(|label| (1..64).contains(&label.len()))
}

/// Whether a trusted `reference` covers `name`; with a leading dot it covers all below it too.
/// `None` if the reference takes IDNA to compare.
pub fn is_covered(name: &[u8], reference: &[u8]) -> Option<bool> {
    let (reference, below) = match reference {
        [b'.', rest @ ..] => (rest, true),
        _ => (reference, false),
    };
    let (reference, _) = partition(reference, b':');
    if !reference.is_empty() && !is_plain(reference) {
        return None;
    }
    let parent = |name: &[u8]| {
        let head = name.strip_suffix(reference);
        head.is_some_and(|head| head.last() == Some(&b'.'))
    };
    Some(name == reference || (below && parent(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_and_invalid_hosts() {
        for (host, expected) in [
            ("a.b-c", Some("a.b-c")),
            ("A:1", Some("A")),
            ("[::1]:65535", Some("[::1]")),
            ("[a:.]", Some("[a:.]")),
            ("", None),
            (":80", None),
            ("a:", None),
            ("a:0", None),
            ("a:080", None),
            ("a:65536", None),
            ("[:]", None),
            ("[1]", None),
            ("[::1", None),
            ("[::1]a", None),
            ("a_b", None),
            ("a\n", None),
        ] {
            assert_eq!(name(host.as_bytes()), expected.map(str::as_bytes), "{host:?}");
        }
    }

    #[test]
    fn a_leading_dot_covers_names_below() {
        assert_eq!(is_covered(b"a.b", b".b"), Some(true));
        assert_eq!(is_covered(b"b", b".b:80"), Some(true));
        assert_eq!(is_covered(b"ab", b".b"), Some(false));
        assert_eq!(is_covered(b"a.b", b"b"), Some(false));
        assert_eq!(is_covered(b"b", "é".as_bytes()), None);
        assert_eq!(is_covered(b"b", b"a..b"), None);
    }
}
