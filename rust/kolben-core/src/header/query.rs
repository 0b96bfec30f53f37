//! Query strings and urlencoded forms.
//!
//! ```text
//! query = [ pair ] *( "&" [ pair ] )
//! pair  = text [ "=" text ]
//! text  = *( "+" / "%" 2HEXDIG / any character but "&" )
//! ```
//!
//! `+` is a space. A percent sign without two hexadecimal digits stays, and so does, as `%XX` in
//! upper case, every encoded byte that is no part of UTF-8.
//!
//! ```
//! use kolben_core::header::query;
//!
//! let (name, value) = query::pairs(b"a=b+c&d").next().unwrap();
//! assert_eq!((&*name, &*value), (&b"a"[..], &b"b c"[..]));
//! ```

use std::borrow::Cow;
use std::ops::Deref;

use memchr::memchr;
use smallvec::SmallVec;

use super::quote::percent;
use super::scan::{ByteSet, SHORT, after, cut, partition};

/// A name or a value: a part of the query, or what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// It stands there as it is.
    Plain(&'a [u8]),
    /// It was decoded. Most are short.
    Decoded(SmallVec<[u8; 48]>),
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Plain(text) => text,
            Self::Decoded(text) => text,
        }
    }
}

/// The pairs in order, those without a value included.
pub fn pairs(query: &[u8]) -> impl Iterator<Item = (Text<'_>, Text<'_>)> {
    let mut rest = Some(query);
    std::iter::from_fn(move || {
        loop {
            let (pair, tail) = partition(rest?, b'&');
            rest = tail;
            if !pair.is_empty() {
                return Some(halves(pair));
            }
        }
    })
}

fn halves(pair: &[u8]) -> (Text<'_>, Text<'_>) {
    let (name, value) = partition(pair, b'=');
    (decode(name), decode(value.unwrap_or_default()))
}

/// Decodes a name or a value.
fn decode(text: &[u8]) -> Text<'_> {
    let (pluses, percents) = if text.len() <= SHORT {
        let bits = |byte: &u8| u8::from(*byte == b'+') | u8::from(*byte == b'%') << 1;
        let seen = text.iter().fold(0, |seen, byte| seen | bits(byte));
        (seen & 1 != 0, seen & 2 != 0)
    } else {
        (memchr(b'+', text).is_some(), memchr(b'%', text).is_some())
    };
    if !pluses {
        return if percents {
            Text::Decoded(SmallVec::from_vec(keep_invalid(text, None).into_owned()))
        } else {
            Text::Plain(text)
        };
    }
    let mut spaced = SmallVec::from_slice(text);
    for byte in &mut spaced {
        if *byte == b'+' {
            *byte = b' ';
        }
    }
    if percents {
        Text::Decoded(SmallVec::from_vec(keep_invalid(&spaced, None).into_owned()))
    } else {
        Text::Decoded(spaced)
    }
}

/// Takes the percent-encoding off; bytes only, whatever they mean.
pub(crate) fn unpercent(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr(b'%', text) else {
        return Cow::Borrowed(text);
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (before, tail) = cut(rest, at);
        bytes.extend_from_slice(before);
        if tail.is_empty() {
            return Cow::Owned(bytes);
        }
        (at, rest) = if let Some(byte) = escape(tail) {
            bytes.push(byte);
            (0, after(tail, 3))
        } else {
            bytes.push(b'%');
            (0, after(tail, 1))
        };
        at += memchr(b'%', rest).unwrap_or(rest.len());
    }
}

/// The byte that the escape at the head of `text` stands for.
fn escape(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Takes the percent-encoding off, but leaves it on what is in `kept`, as it is written, and on
/// encoded bytes that are no part of UTF-8, in upper case.
pub(crate) fn keep_invalid<'a>(text: &'a [u8], kept: Option<&ByteSet>) -> Cow<'a, [u8]> {
    let Some(mut at) = memchr(b'%', text) else {
        return Cow::Borrowed(text);
    };
    let mut out = Vec::with_capacity(text.len());
    // Encoded bytes that stand side by side and begin at or above 0x80: only they may be invalid.
    let mut run = Vec::new();
    let mut rest = text;
    loop {
        let (before, tail) = cut(rest, at);
        if !before.is_empty() {
            flush(&mut run, &mut out);
            out.extend_from_slice(before);
        }
        if tail.is_empty() {
            flush(&mut run, &mut out);
            return Cow::Owned(out);
        }
        let length = match escape(tail) {
            Some(byte @ 0x80..) => {
                run.push(byte);
                3
            }
            Some(byte) => {
                flush(&mut run, &mut out);
                if kept.is_some_and(|kept| kept.contains(byte)) {
                    out.extend_from_slice(cut(tail, 3).0);
                } else {
                    out.push(byte);
                }
                3
            }
            None => {
                flush(&mut run, &mut out);
                out.push(b'%');
                1
            }
        };
        rest = after(tail, length);
        at = memchr(b'%', rest).unwrap_or(rest.len());
    }
}

fn flush(run: &mut Vec<u8>, out: &mut Vec<u8>) {
    for chunk in run.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for byte in chunk.invalid() {
            percent(*byte, out);
        }
    }
    run.clear();
}

/// What a query string may hold as it is.
static SAFE: ByteSet = ByteSet::of(b"-._~!$'()*,/:;?@").alphanumeric();

/// Writes a name or a value.
pub fn write(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if SAFE.contains(*byte) {
            out.push(*byte);
        } else if *byte == b' ' {
            out.push(b'+');
        } else {
            percent(*byte, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &str) -> String {
        let pair = |(name, value): (Text<'_>, Text<'_>)| {
            format!("{}={}", String::from_utf8_lossy(&name), String::from_utf8_lossy(&value))
        };
        pairs(query.as_bytes()).map(pair).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn blank_values_are_kept_and_blank_pairs_are_not() {
        assert_eq!(shown("a&b=&=c&&=&d=e=f&"), "a=|b=|=c|=|d=e=f");
    }

    #[test]
    fn invalid_escapes_stay() {
        assert_eq!(shown("a=%zz%4&b=%e9%C3%A9%c3x%41"), "a=%zz%4|b=%E9é%C3xA");
        assert_eq!(shown("a=é%a9"), "a=é%A9");
    }

    #[test]
    fn what_is_written_comes_back() {
        for text in ["a b", "é&=+%", "%41"] {
            let mut query = b"k=".to_vec();
            write(text.as_bytes(), &mut query);
            assert_eq!(shown(&String::from_utf8_lossy(&query)), format!("k={text}"));
        }
    }
}
