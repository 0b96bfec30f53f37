//! Percent-encoding.
//!
//! ```text
//! encoded = *( safe / "%" 2HEXDIG )
//! ```
//!
//! ```
//! use kolben_core::header::quote::{self, Part};
//!
//! let mut out = Vec::new();
//! quote::write("a b/é?".as_bytes(), Part::Path, &mut out);
//! assert_eq!(out, b"a%20b/%C3%A9%3F");
//! ```

use super::scan::ByteSet;

/// Which characters stand for themselves: unreserved ones, the percent sign, and what the part
/// of the URL allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A path.
    Path,
    /// The path of a cookie, where a semicolon would end it.
    CookiePath,
    /// The query of an IRI.
    Query,
    /// The fragment of an IRI.
    Fragment,
}

static COOKIE_PATH: ByteSet = ByteSet::of(b"-._~%!$&'()*+,/:=@").alphanumeric();
static PATH: ByteSet = ByteSet::of(b"-._~%!$&'()*+,/:;=@").alphanumeric();
static QUERY: ByteSet = ByteSet::of(b"-._~%!$&'()*+,/:;=?@").alphanumeric();
static FRAGMENT: ByteSet = ByteSet::of(b"-._~%!#$&'()*+,/:;=?@").alphanumeric();

/// Writes `text`, percent-encoded where it has to be.
pub fn write(text: &[u8], part: Part, out: &mut Vec<u8>) {
    let safe = match part {
        Part::Path => &PATH,
        Part::Query => &QUERY,
        Part::Fragment => &FRAGMENT,
        Part::CookiePath => &COOKIE_PATH,
    };
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, tail) = safe.span(rest);
        out.extend_from_slice(plain);
        rest = tail;
        if let [byte, tail @ ..] = rest {
            percent(*byte, out);
            rest = tail;
        }
    }
}

/// Writes one byte as `%XX`.
pub(crate) fn percent(byte: u8, out: &mut Vec<u8>) {
    let digit = |nibble: u8| {
        if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
    };
    out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, part: Part) -> String {
        let mut out = Vec::new();
        write(text.as_bytes(), part, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn each_part_has_its_own_safe_characters() {
        assert_eq!(written("a;b?c#d%", Part::Path), "a;b%3Fc%23d%");
        assert_eq!(written("a;b?c#d%", Part::CookiePath), "a%3Bb%3Fc%23d%");
        assert_eq!(written("a;b?c#d%", Part::Query), "a;b?c%23d%");
        assert_eq!(written("a;b?c#d%", Part::Fragment), "a;b?c#d%");
    }
}
