//! `If-Match` and `If-None-Match`.
//!
//! ```text
//! etags      = entity-tag *( OWS "," OWS entity-tag )
//! entity-tag = [ weak ] opaque-tag
//! weak       = "W/" / "w/"
//! opaque-tag = DQUOTE *( any character but DQUOTE ) DQUOTE / 1*( any but DQUOTE SP HTAB "," )
//! ```
//!
//! Anything else is skipped up to the next comma.
//!
//! ```
//! use kolben_core::header::etag::{Tag, tags};
//!
//! let found: Vec<_> = tags(br#"W/"a", b"#).collect();
//! assert_eq!(found, [Tag { weak: true, tag: b"a" }, Tag { weak: false, tag: b"b" }]);
//! ```

use memchr::memchr;

use super::scan::{after, cut, trim_start};

/// One entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// Whether `W/` stood before it.
    pub weak: bool,
    /// The tag without its quotes.
    pub tag: &'a [u8],
}

/// The tags in order.
pub fn tags(value: &[u8]) -> Tags<'_> {
    Tags { rest: value }
}

/// The iterator that [`tags`] returns.
#[derive(Debug)]
pub struct Tags<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            if let Some((tag, rest)) = one(self.rest) {
                self.rest = rest;
                return Some(tag);
            }
            self.rest = after(self.rest, memchr(b',', self.rest)? + 1);
        }
    }
}

/// A single tag without its quotes, and whether it is weak. What has no quotes around it stays.
pub fn unquote(text: &[u8]) -> (&[u8], bool) {
    let (weak, rest) = match text {
        [b'W' | b'w', b'/', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match rest {
        [b'"', tag @ .., b'"'] => (tag, weak),
        // The quote that opens it closes it too.
        [b'"'] => (&[], weak),
        _ => (rest, weak),
    }
}

fn one(text: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let text = trim_start(text);
    let (weak, body) = match text {
        [b'W' | b'w', b'/', body @ ..] => (true, body),
        _ => (false, text),
    };
    if let Some((tag, rest)) = opaque(body) {
        return Some((Tag { weak, tag }, rest));
    }
    // A lone "W/" is a tag of that name.
    let (tag, rest) = opaque(text)?;
    Some((Tag { weak: false, tag }, rest))
}

/// A tag and what follows its comma.
fn opaque(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = if let Some(inner) = text.strip_prefix(b"\"") {
        let end = memchr(b'"', inner)?;
        let (tag, rest) = cut(inner, end);
        (tag, after(rest, 1))
    } else {
        let ends = |byte: &u8| matches!(byte, b'"' | b' ' | b'\t' | b',');
        let end = text.iter().position(ends).unwrap_or(text.len());
        if end == 0 {
            return None;
        }
        cut(text, end)
    };
    match trim_start(rest) {
        [] => Some((tag, &[])),
        [b',', rest @ ..] => Some((tag, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Vec<(bool, String)> {
        let own = |tag: Tag<'_>| (tag.weak, String::from_utf8_lossy(tag.tag).into_owned());
        tags(value.as_bytes()).map(own).collect()
    }

    #[test]
    fn commas_may_stand_in_quotes() {
        assert_eq!(shown(r#" "a,b" , w/"c""#), [(false, "a,b".into()), (true, "c".into())]);
    }

    #[test]
    fn a_lone_weak_mark_is_a_tag() {
        assert_eq!(shown("W/, W/a"), [(false, "W/".into()), (true, "a".into())]);
    }

    #[test]
    fn junk_is_skipped_up_to_a_comma() {
        assert_eq!(shown(r#"a b, "c, d"#), [(false, "d".into())]);
        assert_eq!(shown(""), []);
    }
}
