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
//! assert_eq!(list::items(br#"a, "b, c",, d"#).as_slice(), [&b"a"[..], br#""b, c""#, b"d"]);
//! ```

use memchr::{memchr_iter, memchr2};
use smallvec::SmallVec;

use super::quoted;
use super::scan::{after, trim};

/// The elements of a list, trimmed, with their quotes on.
pub type Items<'a> = SmallVec<[&'a [u8]; 16]>;

/// Splits a list into its elements.
pub fn items(value: &[u8]) -> Items<'_> {
    let mut items = Items::new();
    // PERF: a long list is counted first, for growing it would move it many times.
    if value.len() > 4096 {
        items.reserve(memchr_iter(b',', value).count() + 1);
    }
    let mut start = 0;
    let mut at = 0;
    while let Some(found) = memchr2(b',', b'"', after(value, at)) {
        at += found;
        if value.get(at) == Some(&b'"') {
            match quoted::length(after(value, at)) {
                Some(length) => at += length,
                None => return Items::new(),
            }
        } else {
            push(&mut items, value.get(start..at));
            at += 1;
            start = at;
        }
    }
    push(&mut items, value.get(start..));
    items
}

fn push<'a>(items: &mut Items<'a>, item: Option<&'a [u8]>) {
    let item = trim(item.unwrap_or_default());
    if !item.is_empty() {
        items.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_elements_are_left_out() {
        assert_eq!(items(b", a ,\t,b,").as_slice(), [&b"a"[..], b"b"]);
        assert!(items(b"").is_empty());
    }

    #[test]
    fn an_unclosed_quote_empties_the_list() {
        assert!(items(br#"a, "b"#).is_empty());
        assert!(items(br#"a, "b\""#).is_empty());
    }

    #[test]
    fn quotes_inside_an_element_hide_commas() {
        assert_eq!(items(br#"a="b,c",d"#).as_slice(), [&br#"a="b,c""#[..], b"d"]);
    }
}
