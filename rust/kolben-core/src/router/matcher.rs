//! What a converter matches: the regular expressions of Werkzeug's own converters, recognised by
//! their spelling and run by hand in linear time. Any other expression is [`Matcher::Foreign`]
//! and stays Python's.

use super::digits::{CodePoints, Digits, count};
use memchr::memchr;

/// How the length of a [`Matcher::Text`] is spelled. Equal bounds in two spellings are two
/// different expressions, as they are to Werkzeug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// `+`
    Some,
    /// `{n,}`
    AtLeast(u32),
    /// `{n,m}`
    Between(u32, u32),
    /// `{n}`
    Exactly(u32),
}

impl Count {
    /// The least and the greatest length.
    #[inline]
    pub fn bounds(self) -> (usize, usize) {
        match self {
            Self::Some => (1, usize::MAX),
            Self::AtLeast(least) => (least as usize, usize::MAX),
            Self::Between(least, most) => (least as usize, most as usize),
            Self::Exactly(length) => (length as usize, length as usize),
        }
    }
}

/// One converter's expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Matcher {
    /// `[^/]` and a count: `string`.
    Text(Count),
    /// `-?\d+`: `int`.
    Integer {
        /// Whether a minus may stand before it.
        signed: bool,
    },
    /// `-?\d+\.\d+`: `float`.
    Decimal {
        /// Whether a minus may stand before it.
        signed: bool,
    },
    /// Thirty-two hexadecimal digits and four hyphens: `uuid`.
    Uuid,
    /// `[^/].*?`: `path`.
    Path,
    /// `(?:one|two)`: `any`.
    Any(Box<[Box<[u8]>]>),
    /// Everything else.
    Foreign(Box<[u8]>),
}

const UUID: &[u8] = b"[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}";

impl Matcher {
    /// Recognise an expression.
    pub fn from_regex(regex: &[u8]) -> Self {
        match regex {
            b"[^/]+" => Self::Text(Count::Some),
            br"\d+" => Self::Integer { signed: false },
            br"-?\d+" => Self::Integer { signed: true },
            br"\d+\.\d+" => Self::Decimal { signed: false },
            br"-?\d+\.\d+" => Self::Decimal { signed: true },
            b"[^/].*?" => Self::Path,
            _ if regex == UUID => Self::Uuid,
            _ => counted(regex)
                .or_else(|| alternatives(regex))
                // Leading zeros and the like: only what is spelled our way is ours.
                .filter(|matcher| matcher.regex() == regex)
                .unwrap_or_else(|| Self::Foreign(regex.into())),
        }
    }

    /// The expression's text.
    pub fn regex(&self) -> Vec<u8> {
        match self {
            Self::Text(Count::Some) => b"[^/]+".to_vec(),
            Self::Text(Count::AtLeast(least)) => format!("[^/]{{{least},}}").into_bytes(),
            Self::Text(Count::Between(least, most)) => format!("[^/]{{{least},{most}}}").into_bytes(),
            Self::Text(Count::Exactly(length)) => format!("[^/]{{{length}}}").into_bytes(),
            Self::Integer { signed: false } => br"\d+".to_vec(),
            Self::Integer { signed: true } => br"-?\d+".to_vec(),
            Self::Decimal { signed: false } => br"\d+\.\d+".to_vec(),
            Self::Decimal { signed: true } => br"-?\d+\.\d+".to_vec(),
            Self::Uuid => UUID.to_vec(),
            Self::Path => b"[^/].*?".to_vec(),
            Self::Any(items) => {
                let escaped: Vec<_> = items.iter().map(|item| escape(item)).collect();
                [b"(?:", escaped.join(&b'|').as_slice(), b")"].concat()
            }
            Self::Foreign(regex) => regex.to_vec(),
        }
    }

    /// Whether the whole of `text` matches. Foreign expressions never do: they are not run here.
    #[inline]
    pub fn accepts(&self, text: &[u8], digits: Digits) -> bool {
        match self {
            Self::Text(bounds) => accepts_text(*bounds, text),
            Self::Integer { signed } => all_digits(unsigned(text, *signed), digits),
            Self::Decimal { signed } => {
                let text = unsigned(text, *signed);
                memchr(b'.', text)
                    .and_then(|dot| Some((text.get(..dot)?, text.get(dot + 1..)?)))
                    .is_some_and(|(whole, part)| all_digits(whole, digits) && all_digits(part, digits))
            }
            Self::Uuid => text.len() == UUID_LENGTH && starts_with_uuid(text.iter().map(|&b| b.into())),
            Self::Path => {
                // The first character may be anything but a slash; behind it no line feed.
                text.first().is_some_and(|&first| first != b'/')
                    && text.get(1..).is_some_and(|rest| memchr(b'\n', rest).is_none())
            }
            Self::Any(items) => items.iter().any(|item| **item == *text),
            Self::Foreign(_) => false,
        }
    }
}

pub(super) const UUID_LENGTH: usize = 36;

/// Whether a text begins with a UUID in its usual spelling.
pub(super) fn starts_with_uuid(text: impl Iterator<Item = u32>) -> bool {
    text.take(UUID_LENGTH)
        .enumerate()
        .filter(|&(index, unit)| match index {
            8 | 13 | 18 | 23 => unit == u32::from(b'-'),
            _ => u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_hexdigit()),
        })
        .count()
        == UUID_LENGTH
}

#[inline]
fn accepts_text(bounds: Count, text: &[u8]) -> bool {
    let (least, most) = bounds.bounds();
    if memchr(b'/', text).is_some() {
        return false;
    }
    if least <= 1 && most == usize::MAX {
        return text.len() >= least;
    }
    (least..=most).contains(&count(text))
}

#[inline]
fn unsigned(text: &[u8], signed: bool) -> &[u8] {
    match text {
        [b'-', rest @ ..] if signed => rest,
        _ => text,
    }
}

#[inline]
fn all_digits(text: &[u8], digits: Digits) -> bool {
    if text.is_empty() {
        return false;
    }
    text.iter().all(u8::is_ascii_digit)
        || (!text.is_ascii() && CodePoints::new(text).all(|(_, unit)| digits.contains(unit)))
}

/// `[^/]{n}`, `[^/]{n,}` or `[^/]{n,m}`.
fn counted(regex: &[u8]) -> Option<Matcher> {
    let inside = std::str::from_utf8(regex.strip_prefix(b"[^/]{")?.strip_suffix(b"}")?).ok()?;
    let bounds = match inside.split_once(',') {
        None => Count::Exactly(inside.parse().ok()?),
        Some((least, "")) => Count::AtLeast(least.parse().ok()?),
        Some((least, most)) => Count::Between(least.parse().ok()?, most.parse().ok()?),
    };
    let (least, most) = bounds.bounds();
    // Python refuses the rest, and says why.
    (least <= most).then_some(Matcher::Text(bounds))
}

/// `(?:a|b)` where each alternative is escaped text.
fn alternatives(regex: &[u8]) -> Option<Matcher> {
    let inside = regex.strip_prefix(b"(?:")?.strip_suffix(b")")?;
    let mut items = Vec::new();
    let mut item = Vec::new();
    let mut bytes = inside.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'|' => items.push(std::mem::take(&mut item).into_boxed_slice()),
            b'\\' => match *bytes.next()? {
                escaped if escaped.is_ascii_alphanumeric() => return None,
                escaped => item.push(escaped),
            },
            plain => item.push(plain),
        }
    }
    items.push(item.into_boxed_slice());
    Some(Matcher::Any(items.into_boxed_slice()))
}

/// Escape a text as Python's `re.escape` does.
pub(super) fn escape(text: &[u8]) -> Vec<u8> {
    let special = |byte: u8| memchr(byte, b"()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c").is_some();
    let extra = text.iter().filter(|&&byte| special(byte)).count();
    let mut escaped = Vec::with_capacity(text.len() + extra);
    for &byte in text {
        if special(byte) {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_survive_the_round_trip() {
        for regex in [
            "[^/]+",
            "[^/]{1,}",
            "[^/]{2,5}",
            "[^/]{3}",
            r"\d+",
            r"-?\d+",
            r"\d+\.\d+",
            r"-?\d+\.\d+",
            "[^/].*?",
            "(?:a|b)",
            r"(?:foo\,|x\ y|)",
            "[a-z]+",
            "(?:a+)",
            "[^/]{01,}",
        ] {
            assert_eq!(Matcher::from_regex(regex.as_bytes()).regex(), regex.as_bytes(), "{regex}");
        }
        assert_eq!(Matcher::from_regex(UUID), Matcher::Uuid);
    }

    #[test]
    fn what_is_not_ours_stays_foreign() {
        for regex in
            ["[a-z]+", "(?:a+)", "(?:a|b", r"(?:\d|b)", "[^/]{01,}", "[^/]{-1,}", "[^/]{3,2}", "", ".*"]
        {
            let matcher = Matcher::from_regex(regex.as_bytes());
            assert!(matches!(matcher, Matcher::Foreign(_)), "{regex}: {matcher:?}");
        }
    }

    #[test]
    fn any_unescapes_what_python_escaped() {
        let Matcher::Any(items) = Matcher::from_regex(br"(?:a\-b|c\|d|)") else { panic!("not any") };
        assert_eq!(items.iter().map(|item| &**item).collect::<Vec<_>>(), [&b"a-b"[..], b"c|d", b""]);
    }

    #[test]
    fn acceptance() {
        let digits = Digits::default();
        let cases: &[(&str, &str, bool)] = &[
            ("[^/]{1,}", "a", true),
            ("[^/]{1,}", "", false),
            ("[^/]{2}", "äö", true),
            ("[^/]{2}", "äöü", false),
            (r"\d+", "٣", true),
            (r"\d+", "-1", false),
            (r"-?\d+", "-1", true),
            (r"\d+\.\d+", "1.5", true),
            (r"\d+\.\d+", "1.", false),
            (r"\d+\.\d+", "1.5.5", false),
            ("[^/].*?", "a/b", true),
            ("[^/].*?", "/b", false),
            ("[^/].*?", "\na", true),
            ("[^/].*?", "a\n", false),
            ("(?:a|bc)", "bc", true),
        ];
        for (regex, text, wanted) in cases {
            let found = Matcher::from_regex(regex.as_bytes()).accepts(text.as_bytes(), digits);
            assert_eq!(found, *wanted, "{regex} {text:?}");
        }
    }
}
