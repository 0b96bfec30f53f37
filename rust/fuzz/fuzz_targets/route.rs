//! Rules and a path from any bytes: the router answers, and what it captures stands in the path.
//!
//! The first line feed ends the rules, which are separated by NUL; the rest is the path.
#![no_main]

use kolben_core::router::{
    Converter, Item, Matcher, Methods, Misses, Outcome, RuleFlags, Token, Tree, Values, parts, scan,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut halves = data.splitn(2, |&byte| byte == b'\n');
    let (rules, path) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let mut tree = Tree::default();
    for rule in rules.split(|&byte| byte == 0) {
        if let Ok(tokens) = scan(rule) {
            let items: Vec<Item> = tokens.into_iter().map(item_of).collect();
            tree.add(&parts(&[], &items), RuleFlags::default());
        }
    }
    let path = [b"/", path].concat();
    let request = tree.request(b"", &path, false, true);
    let mut values = Values::new();
    let outcome = tree.find(&request, &mut Methods::default(), &mut values, &mut Misses::default());
    if let Ok(Outcome::Match(rule)) = outcome {
        assert!(rule.index() < tree.len());
        assert!(values.iter().map(|value| value.len()).sum::<usize>() <= path.len());
    }
});

fn item_of(token: Token<'_>) -> Item {
    match token {
        Token::Slash => Item::Slash,
        Token::Literal(text) => Item::Literal(text.into()),
        Token::Variable { name, converter, arguments } => {
            // Arguments stand for an expression, so that all of them are reached.
            let (regex, weight) = match (converter, arguments) {
                (_, Some(regex)) => (regex, 60.0),
                (Some(b"int"), None) => (br"\d+".as_slice(), 50.0),
                (Some(b"float"), None) => (br"-?\d+\.\d+".as_slice(), 50.0),
                (Some(b"path"), None) => (b"[^/].*?".as_slice(), 200.0),
                _ => (b"[^/]{1,}".as_slice(), 100.0),
            };
            let matcher = Matcher::from_regex(regex);
            let isolating = matcher != Matcher::Path;
            let converter = Box::new(Converter { matcher, isolating, weight });
            Item::Variable { name: name.into(), converter }
        }
    }
}
