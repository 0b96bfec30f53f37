//! `Cookie` and the value in `Set-Cookie`.
//!
//! ```text
//! cookies = cookie *( ";" cookie )
//! cookie  = OWS key [ OWS "=" OWS ( quoted / *vchar ) ] OWS
//! key     = 1*( any character but SP HTAB "=" DQUOTE ";" )
//! vchar   = any character but SP HTAB DQUOTE ";"
//! quoted  = DQUOTE *( any character but "\" and DQUOTE / "\" any character but LF ) DQUOTE
//! ```
//!
//! In a quoted value, `\` and three octal digits stand for a byte, and `\` and another character
//! for that character. Anything else is skipped up to the next semicolon.
//!
//! ```
//! use kolben_core::header::cookie;
//!
//! let found: Vec<_> = cookie::pairs(br#"a=b; c="d\073""#).collect();
//! assert_eq!(found, [(&b"a"[..], b"b".into()), (&b"c"[..], b"d;".into())]);
//! ```

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::scan::{ByteSet, after, contains_each, cut, partition, trim_start};

/// What may stand in a value without quotes around it.
static PLAIN: ByteSet = ByteSet::of(b"_!#$%&'()*+-./:<=>?@[]^`{|}~").alphanumeric();

/// The cookies in order, keys that come twice included.
pub fn pairs(header: &[u8]) -> Pairs<'_> {
    Pairs { rest: header }
}

/// The iterator that [`pairs`] returns.
#[derive(Debug)]
pub struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], Cow<'a, [u8]>);

    // PERF: bench cookie-20; moving the pair out of a call takes as long as finding it.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (head, tail) = partition(self.rest, b';');
        match plain(head) {
            Some((key, value)) => {
                self.rest = tail.unwrap_or_default();
                Some((key, Cow::Borrowed(value)))
            }
            None => self.odd(),
        }
    }
}

impl<'a> Pairs<'a> {
    /// The next cookie that is not as [`plain`] as most.
    #[inline(never)]
    fn odd(&mut self) -> Option<Pair<'a>> {
        loop {
            if let Some((pair, rest)) = one(self.rest) {
                self.rest = rest;
                return Some(pair);
            }
            self.rest = partition(self.rest, b';').1?;
        }
    }
}

/// A cookie as clients write it nearly always: a key, an equals sign, a value, and of the
/// characters that mean something only one space before them.
#[inline]
fn plain(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (key, value) = partition(text, b'=');
    let odd = contains_each(text, [b' ', b'\t', b'"']).contains(&true);
    if odd || key.is_empty() { None } else { Some((key, value?)) }
}

type Pair<'a> = (&'a [u8], Cow<'a, [u8]>);

/// A cookie and what follows its semicolon.
fn one(text: &[u8]) -> Option<(Pair<'_>, &[u8])> {
    let text = trim_start(text);
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'=' | b'"' | b';');
    let (key, rest) = cut(text, text.iter().position(ends).unwrap_or(text.len()));
    if key.is_empty() {
        return None;
    }
    let rest = trim_start(rest);
    let Some(rest) = rest.strip_prefix(b"=").map(trim_start) else {
        return Some(((key, Cow::Borrowed(&[])), ended(rest)?));
    };
    if let Some(inner) = rest.strip_prefix(b"\"") {
        let (quoted, rest) = cut(inner, quoted_end(inner)?);
        let rest = ended(after(rest, 1))?;
        return Some(((key, unquote(quoted)), rest));
    }
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b';');
    let (value, rest) = cut(rest, rest.iter().position(ends).unwrap_or(rest.len()));
    Some(((key, Cow::Borrowed(value)), ended(rest)?))
}

/// What follows the semicolon that `text` must begin with, unless it is empty.
fn ended(text: &[u8]) -> Option<&[u8]> {
    match trim_start(text) {
        [] => Some(&[]),
        [b';', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Where the quoted value that `text` begins with has its closing quote.
fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(at..)? {
            [b'"', ..] => return Some(at),
            [_, b'\n', ..] => return None,
            _ => at += 2,
        }
    }
}

/// Takes the backslashes out of a value; U+FFFD stands for bytes that are no UTF-8.
fn unquote(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr(b'\\', text) else {
        return Cow::Borrowed(text);
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (before, tail) = cut(rest, at);
        bytes.extend_from_slice(before);
        rest = match tail {
            [_, high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', rest @ ..] => {
                bytes.push(((high & 3) << 6) | ((middle & 7) << 3) | (low & 7));
                rest
            }
            [_, b'\n', ..] | [_] => {
                bytes.push(b'\\');
                after(tail, 1)
            }
            [_, escaped, rest @ ..] => {
                bytes.push(*escaped);
                rest
            }
            [] => break,
        };
        at = memchr(b'\\', rest).unwrap_or(rest.len());
    }
    match std::str::from_utf8(&bytes) {
        Ok(_) => Cow::Owned(bytes),
        Err(_) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned().into_bytes()),
    }
}

/// Writes `value` as it may stand in `Set-Cookie`: in quotes and with octal escapes if it has to.
pub fn quote(value: &[u8], out: &mut Vec<u8>) {
    if PLAIN.holds(value) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for byte in value {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b',' | b';' | 0..=0x19 | 0x7f.. => {
                let digit = |shift: u8| b'0' + ((byte >> shift) & 7);
                out.extend([b'\\', digit(6), digit(3), digit(0)]);
            }
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &str) -> String {
        let pair = |(key, value): Pair<'_>| {
            format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(&value))
        };
        pairs(header.as_bytes()).map(pair).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn values_may_be_missing_empty_or_hold_equals_signs() {
        assert_eq!(shown("a; b=; c = d=e ;; f"), "a=|b=|c=d=e|f=");
    }

    #[test]
    fn junk_is_skipped_up_to_a_semicolon() {
        assert_eq!(shown("a b; =c; d\"; e=f g; h=\"i\"j; k=l"), "k=l");
    }

    #[test]
    fn octal_escapes_are_bytes() {
        assert_eq!(shown(r#"a="\303\251\"\x\400""#), "a=é\"x400");
        assert_eq!(shown(r#"a="\377""#), "a=\u{fffd}");
    }

    #[test]
    fn a_quoted_value_may_hold_semicolons_but_must_close() {
        assert_eq!(shown(r#"a="b;c"; d="e; f=g"#), "a=b;c|f=g");
        assert_eq!(shown("a=\"\\\n\"; b"), "b=");
    }

    #[test]
    fn what_is_quoted_comes_back() {
        for value in ["", "a", "a b", "é;\",\\", "\u{1a}\n"] {
            let mut header = b"k=".to_vec();
            quote(value.as_bytes(), &mut header);
            let expected = (&b"k"[..], Cow::Borrowed(value.as_bytes()));
            assert_eq!(pairs(&header).collect::<Vec<_>>(), [expected]);
        }
    }
}
