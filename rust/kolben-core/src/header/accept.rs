//! `Accept` and its kin.
//!
//! ```text
//! accept = #( value *( OWS ";" OWS parameter ) )
//! weight = "q" "=" 1*DIGIT [ "." 1*DIGIT ]
//! ```
//!
//! An element whose weight is malformed or above one is left out.
//!
//! ```
//! use kolben_core::header::accept::{Order, choices};
//!
//! let found = choices(b"*/*;q=0.1, text/html", Order::Mime);
//! assert_eq!(&*found[0].value, b"text/html");
//! assert_eq!(found[1].quality, Some(0.1));
//! ```

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use smallvec::SmallVec;

use super::options::{self, Parameter, write_parameter};
use super::quoted::unquote;
use super::scan::{partition, trim, trim_start};
use super::{list, scan};

/// One acceptable value.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<'a> {
    /// The value with its parameters other than the weight.
    pub value: Cow<'a, [u8]>,
    /// The weight, if one was given; else it counts as one.
    pub quality: Option<f64>,
}

impl Choice<'_> {
    fn weight(&self) -> f64 {
        self.quality.unwrap_or(1.0)
    }
}

/// What makes one value more specific than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing: the choices stay in the order of the header.
    Header,
    /// Anything is more specific than `*`.
    Star,
    /// The same for each of type, subtype and parameters.
    Mime,
}

/// The choices of a header, most specific first, then by weight, then in order.
pub fn choices(value: &[u8], order: Order) -> Vec<Choice<'_>> {
    let mut choices = Vec::with_capacity(8);
    choices.extend(list::items(value).filter_map(choice));
    // Stable, and done in one walk where they are in order already.
    choices.sort_by(|a, b| compare(a, b, order));
    choices
}

/// Calls `take` with the same choices one by one.
///
/// PERF: there may be half a million of them in a hostile header, which most likely are in order
/// already: then they are looked at twice rather than kept, for fresh memory costs more than that.
pub fn try_each<E>(
    value: &[u8],
    order: Order,
    mut take: impl FnMut(Choice<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut found = list::items(value).filter_map(choice);
    if value.len() > LONG
        && list::items(value).filter_map(choice).is_sorted_by(|a, b| compare(a, b, order).is_le())
    {
        found.try_for_each(take)
    } else {
        choices(value, order).into_iter().try_for_each(&mut take)
    }
}

const LONG: usize = 4096;

fn compare(a: &Choice<'_>, b: &Choice<'_>, order: Order) -> Ordering {
    let by_weight = || b.weight().partial_cmp(&a.weight()).unwrap_or(Ordering::Equal);
    let specific = |choice: &Choice<'_>| *choice.value != *b"*";
    match order {
        Order::Header => Ordering::Equal,
        Order::Star => specific(b).cmp(&specific(a)).then_with(by_weight),
        Order::Mime => specificity(&b.value).cmp(specificity(&a.value)).then_with(by_weight),
    }
}

fn choice(item: &[u8]) -> Option<Choice<'_>> {
    match unquote(item) {
        Cow::Borrowed(item) => unquoted_choice(item),
        Cow::Owned(item) => unquoted_choice(&item)
            .map(|choice| Choice { value: Cow::Owned(choice.value.into_owned()), quality: choice.quality }),
    }
}

fn unquoted_choice(item: &[u8]) -> Option<Choice<'_>> {
    match plain_choice(item) {
        Some(choice) => choice,
        None => parsed_choice(item),
    }
}

/// The choice of an item with a weight at most; nothing if there may be more to it.
///
/// PERF: bench accept-browser, in which all items are plain; a third less.
#[expect(clippy::option_option, reason = "an item may be plain and yet no choice")]
fn plain_choice(item: &[u8]) -> Option<Option<Choice<'_>>> {
    let (value, rest) = partition(item, b';');
    let value = trim(value);
    let rest = trim(rest.unwrap_or_default());
    if rest.is_empty() {
        return Some(Some(Choice { value: Cow::Borrowed(value), quality: None }));
    }
    let text = rest.strip_prefix(b"q=")?;
    if value.is_empty() || text.is_empty() || !text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.')) {
        return None;
    }
    Some(weight(text).map(|quality| Choice { value: Cow::Borrowed(value), quality: Some(quality) }))
}

fn parsed_choice(item: &[u8]) -> Option<Choice<'_>> {
    let options = options::parse(item);
    if options.parameters.is_empty() {
        return Some(Choice { value: Cow::Borrowed(options.value), quality: None });
    }
    let mut quality = None;
    let mut value = Cow::Borrowed(options.value);
    for (key, text) in unique(&options.parameters) {
        if key == b"q" {
            quality = Some(weight(text)?);
        } else {
            let value = value.to_mut();
            value.extend_from_slice(b"; ");
            write_parameter(key, text, value);
        }
    }
    Some(Choice { value, quality })
}

type Pairs<'a> = SmallVec<[(&'a [u8], &'a [u8]); 4]>;

/// Keeps of each key the first place and the last value.
fn unique<'a>(parameters: &'a [Parameter<'_>]) -> Pairs<'a> {
    let mut places = HashMap::new();
    let mut kept = Pairs::new();
    for (key, value) in parameters {
        let earlier = match parameters {
            // PERF: bench accept-browser; a table is not worth making for one.
            [_] => None,
            _ => places.insert(&**key, kept.len()),
        };
        if let Some(place) = earlier
            && let Some(known) = kept.get_mut(place)
        {
            known.1 = value;
            places.insert(&**key, place);
        } else {
            kept.push((&**key, &**value));
        }
    }
    kept
}

/// A weight from zero to one.
fn weight(text: &[u8]) -> Option<f64> {
    let text = trim(text);
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, fraction) = partition(digits, b'.');
    let number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    if !number(whole) || !fraction.is_none_or(number) {
        return None;
    }
    let weight: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (0.0..=1.0).contains(&weight).then_some(weight)
}

/// For each part of a MIME type whether it is not a star.
fn specificity(value: &[u8]) -> impl Iterator<Item = bool> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mark = text.iter().position(|byte| matches!(byte, b'/' | b';'));
        let (part, tail) = scan::cut(text, mark.unwrap_or(text.len()));
        Some(match tail {
            [b';', tail @ ..] => {
                rest = Some(trim_start(tail));
                trim_end(part) != b"*"
            }
            [_, tail @ ..] => {
                rest = Some(tail);
                part != b"*"
            }
            [] => {
                rest = None;
                part != b"*"
            }
        })
    })
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str, order: Order) -> String {
        let shown = choices(value.as_bytes(), order).into_iter().map(|choice| {
            let value = String::from_utf8_lossy(&choice.value).into_owned();
            choice.quality.map_or(value.clone(), |quality| format!("{value}:{quality}"))
        });
        shown.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn the_most_specific_comes_first() {
        let header = "*/*;q=0.8, text/*, text/html;level=1;q=0.5, a/b";
        assert_eq!(shown(header, Order::Mime), "text/html; level=1:0.5|a/b|text/*|*/*:0.8");
        assert_eq!(shown("*, a;q=0, b", Order::Star), "b|a:0|*");
    }

    #[test]
    fn a_long_header_comes_in_the_same_order() {
        for piece in ["a, ", "a;q=0.5, b, *, c/*, d/e, ", "*/*, "] {
            let header = piece.repeat(LONG);
            for order in [Order::Header, Order::Star, Order::Mime] {
                let mut each = Vec::new();
                let mut keep = |choice: Choice<'_>| {
                    each.push((choice.value.to_vec(), choice.quality));
                    Ok::<_, ()>(())
                };
                assert_eq!(try_each(header.as_bytes(), order, &mut keep), Ok(()));
                let all = choices(header.as_bytes(), order).into_iter();
                assert!(all.map(|choice| (choice.value.to_vec(), choice.quality)).eq(each));
            }
        }
    }

    #[test]
    fn a_bad_weight_drops_the_choice() {
        assert_eq!(shown("a;q=x, b;q=2, c;q=-1, d;q=1., e;q=.5, f;q=-0", Order::Star), "f:-0");
    }

    #[test]
    fn the_last_weight_counts() {
        assert_eq!(shown("a;q=0.1;B=c;q=0.2;b=d", Order::Header), "a; b=d:0.2");
    }
}
