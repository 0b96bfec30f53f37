//! Any bytes are a rule or malformed, and its tokens are its text again.
#![no_main]

use kolben_core::router::{Matcher, Token, scan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|rule: &[u8]| {
    assert_eq!(Matcher::from_regex(rule).regex(), rule);
    match scan(rule) {
        Ok(tokens) => assert_eq!(tokens.iter().flat_map(text_of).collect::<Vec<u8>>(), rule),
        Err(fault) => assert_eq!(rule.get(fault.at), Some(&b'<')),
    }
});

fn text_of(token: &Token<'_>) -> Vec<u8> {
    match *token {
        Token::Slash => b"/".to_vec(),
        Token::Literal(text) => text.to_vec(),
        Token::Variable { name, converter: None, .. } => [b"<", name, b">"].concat(),
        Token::Variable { name, converter: Some(converter), arguments: None } => {
            [b"<", converter, b":", name, b">"].concat()
        }
        Token::Variable { name, converter: Some(converter), arguments: Some(arguments) } => {
            [b"<", converter, b"(", arguments, b"):", name, b">"].concat()
        }
    }
}
