//! Quoted strings in a header value, as RFC 9110 has them and as browsers send them.
//!
//! ```text
//! quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
//! quoted-pair   = "\" ( HTAB / SP / VCHAR / obs-text )
//! ```
//!
//! ```
//! use kolben_core::header::quoted;
//!
//! assert_eq!(&*quoted::unquote(br#""a \"b\"""#), br#"a "b""#);
//! ```

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::scan::{TOKEN, after, cut};

/// Removes the quotes around a value and the backslashes in it. A value without quotes stays as
/// it is, and so does a backslash before a line feed or at the end.
pub fn unquote(value: &[u8]) -> Cow<'_, [u8]> {
    match value {
        [b'"', inner @ .., b'"'] => unslash(inner),
        _ => Cow::Borrowed(value),
    }
}

fn unslash(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr(b'\\', text) else {
        return Cow::Borrowed(text);
    };
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (before, tail) = cut(rest, at);
        plain.extend_from_slice(before);
        rest = match tail {
            [_, b'\n', ..] | [_] => {
                plain.push(b'\\');
                after(tail, 1)
            }
            [_, escaped, others @ ..] => {
                plain.push(*escaped);
                others
            }
            [] => break,
        };
        at = memchr(b'\\', rest).unwrap_or(rest.len());
    }
    Cow::Owned(plain)
}

/// The length of the quoted string whose opening quote `text` begins with, both quotes included;
/// `None` if it never closes. A backslash hides whatever follows it.
pub(crate) fn length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let found = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

/// Writes `value`, in quotes unless it is a token.
pub fn quote(value: &[u8], allow_token: bool, out: &mut Vec<u8>) {
    if allow_token && !value.is_empty() && TOKEN.holds(value) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    let mut rest = value;
    while let Some(at) = memchr2(b'"', b'\\', rest) {
        let (before, tail) = cut(rest, at);
        out.extend_from_slice(before);
        out.push(b'\\');
        out.extend(tail.first());
        rest = after(tail, 1);
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(value: &str) -> String {
        let mut out = Vec::new();
        quote(value.as_bytes(), true, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_token_needs_no_quotes() {
        assert_eq!(quoted("a-b"), "a-b");
        assert_eq!(quoted(""), r#""""#);
        assert_eq!(quoted("a b"), r#""a b""#);
    }

    #[test]
    fn quotes_and_backslashes_come_back() {
        for value in [r#"a "b" \c"#, r"\\", r#"""#, "é\\é"] {
            assert_eq!(&*unquote(quoted(value).as_bytes()), value.as_bytes());
        }
    }

    #[test]
    fn a_backslash_before_a_line_feed_or_the_end_stays() {
        assert_eq!(&*unquote(b"\"\\\n\""), b"\\\n");
        assert_eq!(&*unquote(b"\"\\\""), b"\\");
        assert_eq!(&*unquote(b"\""), b"\"");
    }

    #[test]
    fn the_length_counts_both_quotes() {
        assert_eq!(length(br#""a\"b"c"#), Some(6));
        assert_eq!(length(br#""a\""#), None);
        assert_eq!(length(b"\"\\"), None);
    }
}
