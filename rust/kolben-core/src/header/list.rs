//! Comma-separated lists.
//!
//! ```text
//! list    = [ element ] *( OWS "," OWS [ element ] )
//! element = *( quoted-string / any character but "," and DQUOTE )
//! ```
//!
//! Empty elements are left out. A quoted string that never closes makes the whole list empty.
//!
//! ```
//! use kolben_core::header::list;
//!
//! let found: Vec<_> = list::items(br#"a, "b, c",, d"#).collect();
//! assert_eq!(found, [&b"a"[..], br#""b, c""#, b"d"]);
//! ```

use memchr::{memchr, memchr2};

use super::quoted;
use super::scan::{after, cut, trim};

/// The elements of a list, trimmed, with their quotes on; none if a quoted string never closes.
pub fn items(value: &[u8]) -> Items<'_> {
    Items { rest: closes(value).then_some(value) }
}

/// The iterator that [`items`] returns.
#[derive(Debug)]
pub struct Items<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest?;
            let (item, tail) = cut(rest, end(rest).unwrap_or(rest.len()));
            self.rest = tail.get(1..);
            let item = trim(item);
            if !item.is_empty() {
                return Some(item);
            }
        }
    }
}

/// Where the first comma outside quotes stands.
fn end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b',', b'"', after(text, at))?;
        if text.get(at) == Some(&b',') {
            return Some(at);
        }
        at += quoted::length(after(text, at))?;
    }
}

/// Whether every quoted string closes.
fn closes(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = memchr(b'"', rest) {
        let quoted = after(rest, at);
        match quoted::length(quoted) {
            Some(length) => rest = after(quoted, length),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &[u8]) -> Vec<&[u8]> {
        items(value).collect()
    }

    #[test]
    fn empty_elements_are_left_out() {
        assert_eq!(found(b", a ,\t,b,"), [&b"a"[..], b"b"]);
        assert!(found(b"").is_empty());
    }

    #[test]
    fn an_unclosed_quote_empties_the_list() {
        assert!(found(br#"a, "b"#).is_empty());
        assert!(found(br#"a, "b\""#).is_empty());
    }

    #[test]
    fn quotes_inside_an_element_hide_commas() {
        assert_eq!(found(br#"a="b,c",d"#), [&br#"a="b,c""#[..], b"d"]);
    }
}
