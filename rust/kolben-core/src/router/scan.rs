//! Cuts the text of a rule into tokens.
//!
//! ```text
//! rule      = *( "/" / literal / variable )
//! literal   = 1*<any character but "/" and "<">
//! variable  = "<" [ converter [ "(" arguments ")" ] ":" ] name ">"
//! converter = name
//! name      = ( ALPHA / "_" ) *( ALPHA / DIGIT / "_" )
//! arguments = <as little as possible, no line feed>
//! ```
//!
//! ```
//! use kolben_core::router::{Token, scan};
//! let tokens = scan(b"/a-<int:id>").unwrap();
//! assert_eq!(tokens, [
//!     Token::Slash,
//!     Token::Literal(b"a-"),
//!     Token::Variable { name: b"id", converter: Some(b"int"), arguments: None },
//! ]);
//! assert_eq!(scan(b"/a/<int:").unwrap_err().at, 3);
//! ```

use memchr::{memchr, memchr2};

/// One piece of a rule's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A `/`.
    Slash,
    /// Text that stands for itself.
    Literal(&'a [u8]),
    /// `<converter(arguments):name>`.
    Variable {
        /// The argument's name.
        name: &'a [u8],
        /// The converter's name, if one is given.
        converter: Option<&'a [u8]>,
        /// What stands between the converter's parentheses, if there are any.
        arguments: Option<&'a [u8]>,
    },
}

/// A rule that has a `<` which opens no variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The offset of that `<` in bytes.
    pub at: usize,
}

/// Cut a rule's text into tokens.
pub fn scan(rule: &[u8]) -> Result<Vec<Token<'_>>, Malformed> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = rule.get(at..).filter(|rest| !rest.is_empty()) {
        let (token, width) = match rest {
            [b'/', ..] => (Token::Slash, 1),
            [b'<', ..] => variable(rest).ok_or(Malformed { at })?,
            _ => {
                let end = memchr2(b'/', b'<', rest).unwrap_or(rest.len());
                (Token::Literal(rest.get(..end).unwrap_or(rest)), end)
            }
        };
        tokens.push(token);
        at += width;
    }
    Ok(tokens)
}

/// The variable at the head of `text`, which begins with `<`, and how wide it is.
fn variable(text: &[u8]) -> Option<(Token<'_>, usize)> {
    let first = name(text.get(1..)?)?;
    let after = 1 + first.len();
    match text.get(after)? {
        b'>' => {
            let token = Token::Variable { name: first, converter: None, arguments: None };
            Some((token, after + 1))
        }
        b':' => closing(text, after, first, None),
        b'(' => {
            let inside = text.get(after + 1..)?;
            let line = inside.get(..memchr(b'\n', inside).unwrap_or(inside.len()))?;
            // The first parenthesis behind which a variable closes ends the arguments.
            memchr::memchr_iter(b')', line).find_map(|end| {
                let colon = after + 1 + end + 1;
                (text.get(colon) == Some(&b':'))
                    .then(|| closing(text, colon, first, line.get(..end)))
                    .flatten()
            })
        }
        _ => None,
    }
}

/// `:name>` at `colon`, which completes the variable.
fn closing<'a>(
    text: &'a [u8],
    colon: usize,
    converter: &'a [u8],
    arguments: Option<&'a [u8]>,
) -> Option<(Token<'a>, usize)> {
    let name = name(text.get(colon + 1..)?)?;
    let end = colon + 1 + name.len();
    (text.get(end) == Some(&b'>'))
        .then_some((Token::Variable { name, converter: Some(converter), arguments }, end + 1))
}

fn name(text: &[u8]) -> Option<&[u8]> {
    let first = text.first()?;
    if !(first.is_ascii_alphabetic() || *first == b'_') {
        return None;
    }
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    text.get(..end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_end_where_the_variable_closes() {
        let tokens = scan(b"<any(a, ')'):x>").unwrap_or_default();
        let wanted = Token::Variable { name: b"x", converter: Some(b"any"), arguments: Some(b"a, ')'") };
        assert_eq!(tokens, [wanted]);
    }

    #[test]
    fn the_place_of_the_fault_is_named() {
        for (rule, at) in [
            (&b"/<"[..], 1),
            (b"/a/<1>", 3),
            (b"/<a>/<b", 5),
            (b"/<a(:b>", 1),
            (b"/<a(\n):b>", 1),
            (b"/<a()b>", 1),
        ] {
            assert_eq!(scan(rule), Err(Malformed { at }), "{}", String::from_utf8_lossy(rule));
        }
    }

    #[test]
    fn a_closing_bracket_alone_is_literal() {
        assert_eq!(scan(b"a>b"), Ok(vec![Token::Literal(b"a>b")]));
    }
}
