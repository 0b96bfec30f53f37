//! Values that state their charset, in RFC 8187's form.
//!
//! ```text
//! ext-value = charset "'" [ language ] "'" value-chars
//! ```
//!
//! ```
//! use kolben_core::header::extended::{Charset, split};
//!
//! let (name, text) = split(b"UTF-8''%c3%a9").unwrap_or_default();
//! assert_eq!(Charset::named(name).map(|charset| charset.decode(text).into_owned()), Some("é".into()));
//! ```

use std::borrow::Cow;

use super::query::unpercent;
use super::scan::{ByteSet, TOKEN};

/// Token characters but the apostrophe, which separates the three fields.
static FIELD: ByteSet = ByteSet::of(b"!#$%&*+-.^_`|~").alphanumeric();

/// The charsets that a client may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// `ascii` or `us-ascii`.
    Ascii,
    /// `iso-8859-1`.
    Latin1,
    /// `utf-8`.
    Utf8,
}

impl Charset {
    /// The charset of that name, in any case.
    pub fn named(name: &[u8]) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("utf-8") {
            Some(Self::Utf8)
        } else if is("iso-8859-1") {
            Some(Self::Latin1)
        } else if is("ascii") || is("us-ascii") {
            Some(Self::Ascii)
        } else {
            None
        }
    }

    /// Takes the percent-encoding off ASCII `text` and decodes the bytes; U+FFFD stands for those
    /// that are none.
    pub fn decode(self, text: &[u8]) -> Cow<'_, str> {
        match (self, unpercent(text)) {
            (Self::Utf8, Cow::Borrowed(bytes)) => String::from_utf8_lossy(bytes),
            (Self::Utf8, Cow::Owned(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => Cow::Owned(text),
                Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
            },
            (Self::Latin1, bytes) => bytes.iter().copied().map(char::from).collect(),
            (Self::Ascii, bytes) => {
                let replaced = |byte: &u8| {
                    if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER }
                };
                bytes.iter().map(replaced).collect()
            }
        }
    }
}

/// The charset's name, which may be empty, and the text, still percent-encoded; `None` if `value`
/// has another form. One line feed at the end is ignored.
pub fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = FIELD.span(value);
    let rest = rest.strip_prefix(b"'")?;
    let (_language, rest) = FIELD.span(rest);
    let rest = rest.strip_prefix(b"'")?;
    let text = rest.strip_suffix(b"\n").unwrap_or(rest);
    (!text.is_empty() && TOKEN.holds(text)).then_some((name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_dropped() {
        assert_eq!(split(b"utf-8'en'a%20b"), Some((&b"utf-8"[..], &b"a%20b"[..])));
        assert_eq!(split(b"''a'b"), Some((&b""[..], &b"a'b"[..])));
    }

    #[test]
    fn other_forms_are_none() {
        for value in [&b"utf-8'a"[..], b"utf-8''", b"utf-8''a b", b"\"utf-8''a\"", b""] {
            assert_eq!(split(value), None);
        }
    }

    #[test]
    fn invalid_bytes_are_replaced() {
        assert_eq!(Charset::Utf8.decode(b"a%ff"), "a\u{fffd}");
        assert_eq!(Charset::Ascii.decode(b"%c3%a9"), "\u{fffd}\u{fffd}");
        assert_eq!(Charset::Latin1.decode(b"%e9"), "é");
    }
}
