//! A value with parameters, as in `Content-Type` or `Content-Disposition`.
//!
//! ```text
//! options   = value *( ";" OWS [ parameter ] )
//! parameter = key "=" ( token / quoted )
//! key       = token [ "*" 1*DIGIT ] [ "*" ]
//! quoted    = DQUOTE *( "\\" / "\" DQUOTE / any character but DQUOTE ) DQUOTE
//! ```
//!
//! `key*` announces a charset (RFC 8187), `key*0`, `key*1` the pieces of one value (RFC 2231).
//! A parameter in another form is skipped up to the next semicolon, and an unclosed quote ends
//! the parameters.
//!
//! ```
//! use kolben_core::header::options;
//!
//! let options = options::parse(b"text/html; Charset=UTF-8");
//! assert_eq!(options.value, b"text/html");
//! assert_eq!(options.parameters[0], (b"charset".into(), b"UTF-8".into()));
//! ```

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::{memchr, memchr2, memmem};
use smallvec::SmallVec;

use super::extended::{self, Charset};
use super::quoted::{self, unquote};
use super::scan::{TOKEN, after, cut, partition, trim, trim_start};

/// A key in lower case and its value.
pub type Parameter<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// What [`parse`] finds.
#[derive(Debug, PartialEq, Eq)]
pub struct Options<'a> {
    /// What stands before the first semicolon.
    pub value: &'a [u8],
    /// The parameters in order. If a key comes twice, the later value counts, in the earlier place.
    pub parameters: SmallVec<[Parameter<'a>; 4]>,
}

/// Splits a value from its parameters.
pub fn parse(value: &[u8]) -> Options<'_> {
    let (value, rest) = partition(value, b';');
    let value = trim(value);
    let rest = trim(rest.unwrap_or_default());
    if value.is_empty() || rest.is_empty() {
        return Options { value, parameters: SmallVec::new() };
    }
    let parts = parts(rest);
    let parameters = if parts.iter().any(|(key, _)| key.contains(&b'*')) {
        joined(&parts)
    } else {
        parts.iter().map(|(key, value)| (lower(key), plain(value))).collect()
    };
    Options { value, parameters }
}

type Parts<'a> = SmallVec<[(&'a [u8], &'a [u8]); 4]>;

/// The parameters as they stand there, quotes included.
fn parts(mut rest: &[u8]) -> Parts<'_> {
    let mut parts = Parts::new();
    while !rest.is_empty() {
        let (key, tail) = TOKEN.span(rest);
        if let (false, Some(value)) = (key.is_empty(), tail.strip_prefix(b"=")) {
            rest = value;
            let (token, _) = TOKEN.span(value);
            if !token.is_empty() {
                parts.push((key, token));
            } else if value.first() == Some(&b'"') {
                let Some(length) = quoted_length(value) else {
                    break;
                };
                let (text, tail) = cut(value, length);
                parts.push((key, text));
                rest = tail;
            }
        }
        let Some(at) = memchr(b';', rest) else {
            break;
        };
        rest = trim_start(after(rest, at + 1));
    }
    parts
}

/// As [`quoted::length`], but a backslash hides only a quote or another backslash.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(at..)? {
            [b'"', ..] => return Some(at + 1),
            [_, b'"' | b'\\', ..] => at += 2,
            _ => at += 1,
        }
    }
}

fn lower(key: &[u8]) -> Cow<'_, [u8]> {
    if key.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(key.to_ascii_lowercase())
    } else {
        Cow::Borrowed(key)
    }
}

/// Takes the quotes off. Browsers write a quote in a file's name as `%22`.
fn plain(value: &[u8]) -> Cow<'_, [u8]> {
    let value = unquote(value);
    if memmem::find(&value, b"%22").is_none() {
        return value;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest: &[u8] = &value;
    while let Some(at) = memmem::find(rest, b"%22") {
        let (before, tail) = cut(rest, at);
        out.extend_from_slice(before);
        out.push(b'"');
        rest = after(tail, 3);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// A key cut into its name and its marks.
struct Key<'a> {
    name: Cow<'a, [u8]>,
    continued: bool,
    charset: bool,
}

impl<'a> Key<'a> {
    fn of(key: &'a [u8]) -> Self {
        let (name, charset) = match key.strip_suffix(b"*") {
            Some(name) => (name, true),
            None => (key, false),
        };
        let mut number = name;
        while let [head @ .., b'0'..=b'9'] = number {
            number = head;
        }
        match number.strip_suffix(b"*") {
            Some(head) if number.len() < name.len() => Self { name: lower(head), continued: true, charset },
            _ => Self { name: lower(name), continued: false, charset },
        }
    }
}

/// Where a parameter's value is being put together.
enum Place {
    Whole(usize),
    Pieces(usize),
}

#[derive(Default)]
struct Join<'a> {
    places: HashMap<Cow<'a, [u8]>, Place>,
    whole: Vec<Option<Parameter<'a>>>,
    /// Keys and what their pieces give so far.
    pieces: Vec<Option<Parameter<'a>>>,
    /// The charsets that the pieces named, by their index.
    charsets: HashMap<usize, &'a [u8]>,
}

/// Decodes charsets and joins pieces. A whole value drops the pieces before it and the other way
/// round; what was in pieces comes last.
fn joined<'a>(parts: &Parts<'a>) -> SmallVec<[Parameter<'a>; 4]> {
    let mut join = Join::default();
    for (key, value) in parts {
        let key = Key::of(key);
        let (charset, value) = join.decode(&key, value);
        if key.continued {
            join.add_piece(key.name, value, charset);
        } else {
            join.set(key.name, value);
        }
    }
    join.whole.into_iter().chain(join.pieces).flatten().collect()
}

impl<'a> Join<'a> {
    /// The charset that holds, possibly empty, and the decoded value.
    fn decode(&self, key: &Key<'a>, value: &'a [u8]) -> (&'a [u8], Cow<'a, [u8]>) {
        if !key.charset {
            return (&[], plain(value));
        }
        let (mut charset, text) = extended::split(value).unwrap_or((&[], value));
        if charset.is_empty()
            && key.continued
            && let Some(Place::Pieces(index)) = self.places.get(&key.name)
        {
            charset = self.charsets.get(index).copied().unwrap_or_default();
        }
        let text = match Charset::named(charset) {
            Some(charset) => match charset.decode(text) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
            None => Cow::Borrowed(text),
        };
        (charset, text)
    }

    fn add_piece(&mut self, name: Cow<'a, [u8]>, value: Cow<'a, [u8]>, charset: &'a [u8]) {
        let index = match self.places.get(&name) {
            Some(Place::Pieces(index)) => {
                if let Some(Some((_, text))) = self.pieces.get_mut(*index) {
                    text.to_mut().extend_from_slice(&value);
                }
                *index
            }
            other => {
                if let Some(Place::Whole(index)) = other
                    && let Some(slot) = self.whole.get_mut(*index)
                {
                    *slot = None;
                }
                let index = self.pieces.len();
                self.pieces.push(Some((name.clone(), value)));
                self.places.insert(name, Place::Pieces(index));
                index
            }
        };
        if !charset.is_empty() {
            self.charsets.insert(index, charset);
        }
    }

    fn set(&mut self, name: Cow<'a, [u8]>, value: Cow<'a, [u8]>) {
        match self.places.get(&name) {
            Some(Place::Whole(index)) => {
                if let Some(Some((_, old))) = self.whole.get_mut(*index) {
                    *old = value;
                }
                return;
            }
            Some(Place::Pieces(index)) => {
                if let Some(slot) = self.pieces.get_mut(*index) {
                    *slot = None;
                }
            }
            None => {}
        }
        self.places.insert(name.clone(), Place::Whole(self.whole.len()));
        self.whole.push(Some((name, value)));
    }
}

/// Writes one parameter: the value of a key that ends in `*` as it is, any other quoted if it
/// has to be.
pub fn write_parameter(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.push(b'=');
    if key.last() == Some(&b'*') {
        out.extend_from_slice(value);
    } else {
        quoted::quote(value, true, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let options = parse(value.as_bytes());
        let mut text = String::from_utf8_lossy(options.value).into_owned();
        for (key, value) in options.parameters {
            for part in ["|".as_bytes(), &key, b"=", &value] {
                text += &String::from_utf8_lossy(part);
            }
        }
        text
    }

    #[test]
    fn parameters_come_as_tokens_or_quoted() {
        assert_eq!(shown(r#" a ; B=c;d="e\"f;g" ;h"#), r#"a|b=c|d=e"f;g"#);
        assert_eq!(shown("; a=b"), "");
    }

    #[test]
    fn an_unclosed_quote_ends_the_parameters() {
        assert_eq!(shown(r#"a; b=c; d="e; f=g"#), "a|b=c");
    }

    #[test]
    fn a_percent_encoded_quote_is_one() {
        assert_eq!(shown("a; b=%22c%22"), r#"a|b="c""#);
    }

    #[test]
    fn charsets_are_decoded() {
        assert_eq!(shown("a; b*=utf-8''%c3%a9; c*=x''%22"), "a|b=é|c=%22");
    }

    #[test]
    fn pieces_are_joined_and_keep_the_first_charset() {
        assert_eq!(shown("a; b*0*=utf-8''%c3%a9; c=d; b*1=e; b*2*=%c3%a9"), "a|c=d|b=éeé");
    }

    #[test]
    fn the_later_form_drops_the_earlier() {
        assert_eq!(shown("a; b*0=c; b=d; e=f"), "a|b=d|e=f");
        assert_eq!(shown("a; b=c; e=f; b*0=d"), "a|e=f|b=d");
    }

    #[test]
    fn only_a_number_after_a_star_is_a_mark() {
        assert_eq!(shown("a; b1=c; b**=d; b*x=e; *0=f"), "a|b1=c|b*=d|b*x=e|=f");
    }
}
