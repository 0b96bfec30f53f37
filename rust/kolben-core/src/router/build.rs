//! Builds a URL from a rule and its values.
//!
//! A [`Template`] is a rule's text with everything fixed already quoted: for each URL only the
//! values are added.

use super::part::Item;

/// What stands unquoted in a URL: letters, digits, `_.-~` and what may be in a path segment
/// (<https://url.spec.whatwg.org/#url-path-segment-string>).
const SAFE: [bool; 256] = table(b"!$&'()*+,/:;=@");

const fn table(extra: &[u8]) -> [bool; 256] {
    let mut safe = [false; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it counts to 255")]
        let character = byte as u8;
        let mut is_safe = character.is_ascii_alphanumeric() || matches!(character, b'_' | b'.' | b'-' | b'~');
        let mut index = 0;
        while index < extra.len() {
            #[expect(
                clippy::indexing_slicing,
                reason = "a const fn has no other way, and the compiler runs it"
            )]
            {
                is_safe = is_safe || extra[index] == character;
            }
            index += 1;
        }
        #[expect(clippy::indexing_slicing, reason = "as above")]
        {
            safe[byte] = is_safe;
        }
        byte += 1;
    }
    safe
}

/// What stands unquoted in a query string, where a space becomes a plus.
const SAFE_IN_QUERY: [bool; 256] = table(b"!$'()*,/:;?@");

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Append `text`, percent-encoded where it must be in a path.
pub fn quote_into(text: &[u8], url: &mut impl Extend<u8>) {
    quote(text, &SAFE, url);
}

/// Append `text`, encoded as the name or the value of a query string's parameter.
pub fn quote_query_into(text: &[u8], url: &mut impl Extend<u8>) {
    for (index, words) in text.split(|&byte| byte == b' ').enumerate() {
        if index > 0 {
            url.extend([b'+']);
        }
        quote(words, &SAFE_IN_QUERY, url);
    }
}

/// Append runs of safe bytes as they are, and the bytes between them encoded.
fn quote(mut text: &[u8], safe: &[bool; 256], url: &mut impl Extend<u8>) {
    let is_safe = |byte: u8| safe.get(usize::from(byte)).copied().unwrap_or(false);
    loop {
        let run = text.iter().position(|&byte| !is_safe(byte)).unwrap_or(text.len());
        let (plain, rest) = text.split_at(run);
        url.extend(plain.iter().copied());
        let [byte, after @ ..] = rest else { return };
        let digit = |nibble: u8| HEX.get(usize::from(nibble & 15)).copied().unwrap_or(b'0');
        url.extend([b'%', digit(byte >> 4), digit(*byte)]);
        text = after;
    }
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Text that is already quoted.
    Text(Box<[u8]>),
    /// The value of the variable with this number, counted over domain and path.
    Value(usize),
}

/// A rule's URL with gaps for its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// The domain.
    pub domain: Vec<Slot>,
    /// The path.
    pub path: Vec<Slot>,
}

impl Template {
    /// Make one. `fixed` may give a variable's text beforehand, which is used as it is.
    pub fn new<'f>(domain: &[Item], path: &[Item], mut fixed: impl FnMut(usize) -> Option<&'f [u8]>) -> Self {
        let mut number = 0;
        let mut slots = |items: &[Item]| {
            let mut slots = Vec::new();
            for item in items {
                match item {
                    Item::Slash => push_text(&mut slots, b"/"),
                    Item::Literal(text) => {
                        let mut quoted = Vec::new();
                        quote_into(text, &mut quoted);
                        push_text(&mut slots, &quoted);
                    }
                    Item::Variable { .. } => {
                        match fixed(number) {
                            Some(text) => push_text(&mut slots, text),
                            None => slots.push(Slot::Value(number)),
                        }
                        number += 1;
                    }
                }
            }
            slots
        };
        let domain = slots(domain);
        Self { domain, path: slots(path) }
    }
}

fn push_text(slots: &mut Vec<Slot>, text: &[u8]) {
    if let Some(Slot::Text(before)) = slots.last_mut() {
        *before = [before, text].concat().into_boxed_slice();
    } else {
        slots.push(Slot::Text(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_keeps_what_a_path_may_hold() {
        let mut url = Vec::new();
        quote_into("/a b/ä%~+:\"<".as_bytes(), &mut url);
        assert_eq!(url, b"/a%20b/%C3%A4%25~+:%22%3C");
    }

    #[test]
    fn fixed_text_becomes_one_slot() {
        let items = [Item::Slash, Item::Literal(b"a b".as_slice().into()), Item::Slash];
        let template = Template::new(&[], &items, |_| None);
        assert_eq!(template.path, [Slot::Text(b"/a%20b/".as_slice().into())]);
    }
}
