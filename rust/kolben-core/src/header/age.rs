//! `Age`, and other counts of seconds.
//!
//! ```text
//! age = *WS [ "+" / "-" ] 1*DIGIT *WS
//! ```
//!
//! Python reads more than that as a number: digits of other scripts, and underscores among them. Of
//! such texts the answer is [`Age::Unsure`].
//!
//! ```
//! use kolben_core::header::age::{Age, parse};
//!
//! assert_eq!(parse(b" 3600"), Age::Seconds(3600));
//! assert_eq!(parse(b"an hour"), Age::Invalid);
//! ```

/// What [`parse`] makes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// So many seconds.
    Seconds(u64),
    /// No number, a negative one, or one that is longer than any duration.
    Invalid,
    /// Nothing that one may be sure of.
    Unsure,
}

/// Reads a count of seconds.
pub fn parse(text: &[u8]) -> Age {
    let text = trim(text);
    let (digits, negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] | digits => (digits, false),
    };
    if let Some(odd) = digits.iter().position(|byte| !byte.is_ascii_digit()) {
        return odd_text(digits.get(odd..).unwrap_or_default());
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    match digits.get(zeros..).unwrap_or_default() {
        _ if digits.is_empty() => Age::Invalid,
        // A duration of Python's has 999,999,999 days at most.
        rest if rest.len() > 14 => Age::Invalid,
        // Python may refuse to read so many zeros.
        _ if digits.len() > 640 => Age::Unsure,
        [_, ..] if negative => Age::Invalid,
        rest => Age::Seconds(rest.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))),
    }
}

/// What begins with something else than a digit.
fn odd_text(rest: &[u8]) -> Age {
    // No digit is written with any of these, and no space either.
    let never = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_digit() && *byte != b'_';
    let unsure =
        !rest.iter().any(never) && if rest.is_ascii() { rest.contains(&b'_') } else { may_be_read(rest) };
    if unsure { Age::Unsure } else { Age::Invalid }
}

/// Whether a character beyond ASCII may be a digit or a space of Python's.
pub fn may_be_part(character: char) -> bool {
    // The blocks below this one are settled: their digits are known here as they are there.
    character.is_ascii() || character > '\u{2bff}' || character.is_numeric() || character.is_whitespace()
}

fn may_be_read(text: &[u8]) -> bool {
    match text.utf8_chunks().next() {
        Some(chunk) if chunk.invalid().is_empty() => chunk.valid().chars().all(may_be_part),
        // A lone surrogate.
        _ => false,
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    let space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f);
    while let [rest @ .., last] = text
        && space(*last)
    {
        text = rest;
    }
    while let [first, rest @ ..] = text
        && space(*first)
    {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_a_sign_may_stand_there() {
        for text in ["10", " 10\n", "+10", "0010"] {
            assert_eq!(parse(text.as_bytes()), Age::Seconds(10), "{text:?}");
        }
        assert_eq!(parse(b"-0"), Age::Seconds(0));
    }

    #[test]
    fn no_ages() {
        for text in ["", " ", "-1", "+", "1 2", "x", "1.0", "\u{20ac}", "1\u{e9}", "99999999999999999999"] {
            assert_eq!(parse(text.as_bytes()), Age::Invalid, "{text:?}");
        }
        assert_eq!(parse(b"\xed\xa0\x80"), Age::Invalid);
    }

    #[test]
    fn what_python_may_read_is_unsure() {
        for text in ["1_0", "\u{663}", "\u{a0}1", "1\u{2003}", "\u{ff11}"] {
            assert_eq!(parse(text.as_bytes()), Age::Unsure, "{text:?}");
        }
    }
}
