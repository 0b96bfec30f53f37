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
//! assert_eq!(name.decode(&mut Vec::new()), b"a");
//! assert_eq!(value.decode(&mut Vec::new()), b"b c");
//! ```

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::quote::percent;
use super::scan::{ByteSet, after, contains_each, cut, find, partition};

/// A name or a value as it stands in the query, and what has to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// What stands in the query.
    pub raw: &'a [u8],
    /// Whether there are pluses, which stand for spaces.
    pub pluses: bool,
    /// Whether there are percent signs.
    pub percents: bool,
}

impl<'a> Text<'a> {
    #[inline]
    fn of(raw: &'a [u8]) -> Self {
        let [pluses, percents] = contains_each(raw, [b'+', b'%']);
        Self { raw, pluses, percents }
    }

    /// Whether it stands for itself.
    pub fn is_plain(&self) -> bool {
        !self.pluses && !self.percents
    }

    /// What it stands for, put into `out` unless it is plain.
    pub fn decode(self, out: &'a mut Vec<u8>) -> &'a [u8] {
        if self.is_plain() {
            return self.raw;
        }
        out.clear();
        if self.percents {
            decode(self.raw, None, self.pluses, out);
        } else {
            append(self.raw, self.pluses, out);
        }
        out
    }
}

/// The pairs in order, those without a value included.
pub fn pairs(query: &[u8]) -> Pairs<'_> {
    Pairs(PlainPairs { rest: Some(query) })
}

/// The same of a query in which everything stands for itself.
pub fn plain_pairs(query: &[u8]) -> PlainPairs<'_> {
    PlainPairs { rest: Some(query) }
}

/// Whether everything in a query stands for itself.
pub fn is_plain(query: &[u8]) -> bool {
    memchr2(b'+', b'%', query).is_none()
}

/// The iterator that [`pairs`] returns.
#[derive(Debug)]
pub struct Pairs<'a>(PlainPairs<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (Text<'a>, Text<'a>);

    // PERF: bench urlencoded; moving the pair out of a call takes as long as finding it.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (Text::of(name), Text::of(value)))
    }
}

/// The iterator that [`plain_pairs`] returns.
#[derive(Debug)]
pub struct PlainPairs<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for PlainPairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (pair, tail) = partition(self.rest?, b'&');
            self.rest = tail;
            if !pair.is_empty() {
                let (name, value) = partition(pair, b'=');
                return Some((name, value.unwrap_or_default()));
            }
        }
    }
}

/// Spaces for pluses, if there are any. What [`pairs`] finds in it is the same, and found sooner.
pub fn without_pluses(query: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'+', query).is_none() {
        return Cow::Borrowed(query);
    }
    Cow::Owned(query.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect())
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
    if memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    decode(text, kept, false, &mut out);
    Cow::Owned(out)
}

/// The same into `out`, with spaces for pluses if that is asked.
fn decode(text: &[u8], kept: Option<&ByteSet>, pluses: bool, out: &mut Vec<u8>) {
    out.reserve(text.len());
    let mut rest = text;
    // Where encoded bytes begin that stand side by side up to the end and begin at or above 0x80:
    // only they may be invalid.
    let mut run = None;
    loop {
        let (before, tail) = cut(rest, find(rest, b'%').unwrap_or(rest.len()));
        if !before.is_empty() {
            finish(&mut run, out);
            append(before, pluses, out);
        }
        if tail.is_empty() {
            return finish(&mut run, out);
        }
        let length = match escape(tail) {
            Some(byte @ 0x80..) => {
                run.get_or_insert(out.len());
                out.push(byte);
                3
            }
            Some(byte) => {
                finish(&mut run, out);
                if kept.is_some_and(|kept| kept.contains(byte)) {
                    out.extend_from_slice(cut(tail, 3).0);
                } else {
                    out.push(byte);
                }
                3
            }
            None => {
                finish(&mut run, out);
                out.push(b'%');
                1
            }
        };
        rest = after(tail, length);
    }
}

fn append(text: &[u8], pluses: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(text);
    if pluses {
        let added = out.get_mut(start..).unwrap_or_default();
        added.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    }
}

/// Ends a run of encoded bytes: those that are no part of UTF-8 are encoded again.
fn finish(run: &mut Option<usize>, out: &mut Vec<u8>) {
    let Some(start) = run.take() else {
        return;
    };
    if std::str::from_utf8(after(out, start)).is_ok() {
        return;
    }
    let bytes = out.split_off(start);
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for byte in chunk.invalid() {
            percent(*byte, out);
        }
    }
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
        let decoded = |text: Text<'_>| String::from_utf8_lossy(text.decode(&mut Vec::new())).into_owned();
        let pair = |(name, value)| format!("{}={}", decoded(name), decoded(value));
        pairs(query.as_bytes()).map(pair).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn blank_values_are_kept_and_blank_pairs_are_not() {
        assert_eq!(shown("a&b=&=c&&=&d=e=f&"), "a=|b=|=c|=|d=e=f");
    }

    #[test]
    fn pluses_are_spaces_wherever_they_stand() {
        assert_eq!(shown("+a+b+c+d+e+f+=++%2b%20+"), " a b c d e f =  +  ");
    }

    #[test]
    fn pluses_may_be_spaces_before() {
        let query = b"+a=b+c&%2b=+";
        assert_eq!(shown(&String::from_utf8_lossy(&without_pluses(query))), " a=b c|+= ");
        assert_eq!(without_pluses(b"a=%2b"), &b"a=%2b"[..]);
        assert!(is_plain(b"a=b&c") && !is_plain(b"a=+") && !is_plain(b"%"));
        assert_eq!(plain_pairs(b"a=b=c&&d").collect::<Vec<_>>(), [(&b"a"[..], &b"b=c"[..]), (b"d", b"")]);
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
