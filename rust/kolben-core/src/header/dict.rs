//! Lists of `key=value` pairs, as in `Cache-Control` or `WWW-Authenticate`.
//!
//! ```text
//! dict  = #entry
//! entry = key [ BWS "=" BWS ( token / quoted-string ) ]
//!       / key "*" BWS "=" BWS ext-value
//! ```
//!
//! ```
//! use kolben_core::header::dict;
//!
//! let entries: Vec<_> = dict::entries(b"max-age=0, no-cache").collect();
//! assert_eq!(entries[0].1.as_deref(), Some(&b"0"[..]));
//! assert_eq!(entries[1].1, None);
//! ```

use std::borrow::Cow;

use super::extended::{self, Charset};
use super::list;
use super::quoted::unquote;
use super::scan::{partition, trim};

/// A key and, where there was an equals sign, a value.
pub type Entry<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// An entry whose key stands in the header as it is.
type Unquoted<'a> = (&'a [u8], Option<Cow<'a, [u8]>>);

/// The entries in order, keys that come twice included. A nameless one is left out.
pub fn entries(value: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    list::items(value).filter_map(|item| match unquote(item) {
        Cow::Borrowed(item) => entry(item).map(|(key, value)| (Cow::Borrowed(key), value)),
        Cow::Owned(item) => entry(&item).map(|(key, value)| {
            let value = value.map(|value| Cow::Owned(value.into_owned()));
            (Cow::Owned(key.to_vec()), value)
        }),
    })
}

fn entry(item: &[u8]) -> Option<Unquoted<'_>> {
    let (key, value) = partition(item, b'=');
    let key = trim(key);
    if key.is_empty() {
        return None;
    }
    let Some(value) = value.map(trim) else {
        return Some((key, None));
    };
    match key.strip_suffix(b"*") {
        Some(key) => Some((key, Some(decode(value)))),
        None => Some((key, Some(unquote(value)))),
    }
}

/// Decodes an extended value; one in another form is unquoted and otherwise kept.
fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    let Some((charset, text)) = extended::split(value) else {
        return unquote(value);
    };
    let Some(charset) = Charset::named(charset) else {
        return Cow::Borrowed(text);
    };
    // The quotes may have been percent-encoded too.
    let decoded = match charset.decode(text) {
        Cow::Borrowed(text) => return unquote(text.as_bytes()),
        Cow::Owned(text) => text.into_bytes(),
    };
    match unquote(&decoded) {
        Cow::Borrowed(inner) if inner.len() == decoded.len() => Cow::Owned(decoded),
        inner => Cow::Owned(inner.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let text = |bytes: Cow<'_, [u8]>| String::from_utf8_lossy(&bytes).into_owned();
        let pairs = entries(value.as_bytes()).map(|(key, value)| match value {
            Some(value) => format!("{}={}", text(key), text(value)),
            None => text(key),
        });
        pairs.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn values_may_be_missing_empty_or_quoted() {
        assert_eq!(shown(r#"a, b= , c = "d, e", =f"#), "a|b=|c=d, e");
    }

    #[test]
    fn a_wholly_quoted_item_is_unquoted_first() {
        assert_eq!(shown(r#""a=\"b\"""#), "a=b");
    }

    #[test]
    fn a_star_means_a_charset() {
        assert_eq!(shown("a*=utf-8''%c3%a9, b*=x, c*=big5''%22"), "a=é|b=x|c=%22");
        assert_eq!(shown("a*=utf-8''%22b%22"), "a=b");
    }
}
