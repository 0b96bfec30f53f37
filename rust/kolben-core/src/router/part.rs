//! The parts of a rule: what one transition between two states of the tree consumes.
//!
//! A part is one path segment, static or dynamic. From the first converter that may match a slash
//! on, a part is *final* and takes all the rest of the rule; if such a rule ends in a slash, the
//! part is *suffixed*: the slash is optional there and its absence becomes a redirect.

use super::digits::{Digits, count};
use super::matcher::{Count, Matcher, escape};
use super::split::split;
use smallvec::SmallVec;
use std::cmp::Ordering;

/// What a converter says of itself when a rule is bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Converter {
    /// Its regular expression.
    pub matcher: Matcher,
    /// Whether it keeps to one segment.
    pub isolating: bool,
    /// Lighter converters are tried first.
    pub weight: f64,
}

/// One transition.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A segment that is exactly this text.
    Static(Box<[u8]>),
    /// A segment, or all the rest, that holds values.
    Dynamic(Box<Dynamic>),
}

/// Text, or a value to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands for itself.
    Literal(Box<[u8]>),
    /// One value.
    Capture(Matcher),
}

/// A part with values in it.
#[derive(Clone, Debug)]
pub struct Dynamic {
    /// Whether it consumes everything that is left.
    pub is_final: bool,
    /// Whether it ends in an optional slash.
    pub suffixed: bool,
    /// Its place among its siblings.
    pub weight: Weight,
    /// Which of its tree's foreign expressions it is, if it is one.
    pub(super) foreign: Option<u32>,
    shape: Shape,
}

/// What a dynamic part consists of, and so how it is matched.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// One value that is any segment with something in it: the usual part.
    Segment(Count),
    /// One value that reaches from end to end.
    Whole(Matcher),
    /// One value between two texts.
    Framed(Box<Framed>),
    /// Anything else.
    Several(Box<[Piece]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Framed {
    before: Box<[u8]>,
    matcher: Matcher,
    after: Box<[u8]>,
}

/// Two parts are one transition if they would be the same expression with the same weight.
impl PartialEq for Dynamic {
    fn eq(&self, other: &Self) -> bool {
        (self.is_final, self.suffixed) == (other.is_final, other.suffixed)
            && self.shape == other.shape
            && self.weight.order(&other.weight) == Ordering::Equal
    }
}

/// Orders the dynamic parts of one state: more text first, then longer text, then more values,
/// then lighter ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weight {
    /// The length of each text, in characters.
    pub literals: SmallVec<[usize; 2]>,
    /// The weight of each converter.
    pub arguments: SmallVec<[f64; 2]>,
}

impl Weight {
    /// Compare, the part to be tried first being less.
    pub fn order(&self, other: &Self) -> Ordering {
        let lengths = |weight: &Self| (weight.literals.len(), weight.arguments.len());
        let (mine, theirs) = (lengths(self), lengths(other));
        theirs
            .0
            .cmp(&mine.0)
            .then_with(|| other.literals.iter().cmp(self.literals.iter()))
            .then(theirs.1.cmp(&mine.1))
            .then_with(|| {
                let pairs = self.arguments.iter().zip(&other.arguments);
                pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
    }
}

/// Values found in a target, as ranges of its bytes.
pub type Spans = SmallVec<[(usize, usize); 4]>;

impl Dynamic {
    /// Put a part together.
    pub fn new(pieces: Vec<Piece>, is_final: bool, suffixed: bool, weight: Weight) -> Self {
        let is_foreign = |piece: &Piece| matches!(piece, Piece::Capture(Matcher::Foreign(_)));
        let foreign = pieces.iter().any(is_foreign).then_some(u32::MAX);
        let framed = |before: &[u8], matcher: &Matcher, after: &[u8]| {
            let matcher = matcher.clone();
            Shape::Framed(Box::new(Framed { before: before.into(), matcher, after: after.into() }))
        };
        let shape = match pieces.as_slice() {
            [Piece::Capture(Matcher::Text(bounds))] if !is_final && bounds.bounds() == (1, usize::MAX) => {
                Shape::Segment(*bounds)
            }
            [Piece::Capture(matcher)] => Shape::Whole(matcher.clone()),
            [Piece::Literal(before), Piece::Capture(matcher)] => framed(before, matcher, b""),
            [Piece::Capture(matcher), Piece::Literal(after)] => framed(b"", matcher, after),
            [Piece::Literal(before), Piece::Capture(matcher), Piece::Literal(after)] => {
                framed(before, matcher, after)
            }
            _ => Shape::Several(pieces.into_boxed_slice()),
        };
        Self { is_final, suffixed, weight, foreign, shape }
    }

    /// What it consists of, in order.
    pub fn pieces(&self) -> Vec<Piece> {
        match &self.shape {
            Shape::Segment(bounds) => vec![Piece::Capture(Matcher::Text(*bounds))],
            Shape::Whole(matcher) => vec![Piece::Capture(matcher.clone())],
            Shape::Framed(framed) => {
                let texts = [&framed.before, &framed.after].map(|text| Piece::Literal(text.clone()));
                let [before, after] = texts;
                let pieces = [before, Piece::Capture(framed.matcher.clone()), after];
                let is_text = |piece: &Piece| !matches!(piece, Piece::Literal(text) if text.is_empty());
                pieces.into_iter().filter(is_text).collect()
            }
            Shape::Several(pieces) => pieces.to_vec(),
        }
    }

    /// Look for slashes, which no segment of a path holds, but which a domain may hold.
    pub(super) fn mind_slashes(&mut self) {
        if let Shape::Segment(bounds) = self.shape {
            self.shape = Shape::Whole(Matcher::Text(bounds));
        }
    }

    /// If only Python's `re` can match it: its number among those of its tree.
    #[inline]
    pub fn foreign(&self) -> Option<usize> {
        self.foreign.map(|number| number as usize)
    }

    /// How many values it holds.
    pub fn captures(&self) -> usize {
        match &self.shape {
            Shape::Segment(_) | Shape::Whole(_) | Shape::Framed(_) => 1,
            Shape::Several(pieces) => {
                pieces.iter().filter(|piece| matches!(piece, Piece::Capture(_))).count()
            }
        }
    }

    /// The regular expression that says the same in Python, as Werkzeug spells it.
    pub fn regex(&self) -> Vec<u8> {
        let mut regex = Vec::new();
        let mut number = 0;
        for piece in self.pieces() {
            match piece {
                Piece::Literal(text) => regex.extend(escape(&text)),
                Piece::Capture(matcher) => {
                    regex.extend(format!("(?P<__werkzeug_{number}>").into_bytes());
                    regex.extend(matcher.regex());
                    regex.push(b')');
                    number += 1;
                }
            }
        }
        if self.suffixed {
            regex.extend(b"(?<!/)(/?)");
        }
        regex.extend(br"\Z");
        regex
    }

    /// Match the whole of `target` and append its values to `values`. On a match, say whether the
    /// optional slash was there.
    #[inline]
    pub(super) fn find<'h, A>(
        &self,
        target: &'h [u8],
        digits: Digits,
        values: &mut SmallVec<A>,
    ) -> Option<bool>
    where
        A: smallvec::Array<Item = &'h [u8]>,
    {
        let (body, slash) = if self.suffixed { strip_slash(target)? } else { (target, false) };
        match &self.shape {
            // PERF: a segment holds no slash, so that the commonest value need not look for one.
            Shape::Segment(_) if body.is_empty() => return None,
            Shape::Segment(_) => values.push(body),
            Shape::Whole(Matcher::Integer { signed: false })
                if body.first().is_some_and(u8::is_ascii_digit) && body.iter().all(u8::is_ascii_digit) =>
            {
                values.push(body);
            }
            Shape::Whole(matcher) => matcher.accepts(body, digits).then(|| values.push(body))?,
            Shape::Framed(framed) => {
                let value = body.strip_prefix(&*framed.before)?.strip_suffix(&*framed.after)?;
                framed.matcher.accepts(value, digits).then(|| values.push(value))?;
            }
            Shape::Several(pieces) => find_several(pieces, body, digits, values).then_some(())?,
        }
        Some(slash)
    }
}

/// Match several values at once.
// PERF: never inlined, because its tables would take the walk's registers and stack.
#[inline(never)]
fn find_several<'h, A>(pieces: &[Piece], body: &'h [u8], digits: Digits, values: &mut SmallVec<A>) -> bool
where
    A: smallvec::Array<Item = &'h [u8]>,
{
    let mut spans = Spans::new();
    let found = split(body, pieces, digits, &mut spans);
    if found {
        values.extend(spans.iter().filter_map(|&(start, end)| body.get(start..end)));
    }
    found
}

/// Take the optional slash off the end. What is left must not end in another one.
fn strip_slash(target: &[u8]) -> Option<(&[u8], bool)> {
    match target {
        [.., b'/', b'/'] => None,
        [body @ .., b'/'] => Some((body, true)),
        _ => Some((target, false)),
    }
}

/// One piece of a rule whose converters are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A `/`.
    Slash,
    /// Text that stands for itself.
    Literal(Box<[u8]>),
    /// A value.
    Variable {
        /// The argument's name.
        name: Box<[u8]>,
        /// Its converter.
        converter: Box<Converter>,
    },
}

/// The parts of a rule: those of its domain, then those of its path.
pub fn parts(domain: &[Item], path: &[Item]) -> Vec<Part> {
    let mut all = Vec::new();
    add_parts(domain, &mut all);
    add_parts(path, &mut all);
    all
}

/// What has been gathered since the last slash that ended a part.
#[derive(Default)]
struct Gathered {
    pieces: Vec<Piece>,
    weight: Weight,
    is_final: bool,
}

impl Gathered {
    fn literal(&mut self, text: &[u8]) {
        if let Some(Piece::Literal(before)) = self.pieces.last_mut() {
            *before = [before, text].concat().into_boxed_slice();
        } else {
            self.pieces.push(Piece::Literal(text.into()));
        }
    }

    fn part(self, suffixed: bool) -> Part {
        match self.pieces.as_slice() {
            [] => Part::Static(Box::default()),
            [Piece::Literal(text)] if self.weight.arguments.is_empty() => Part::Static(text.clone()),
            _ => Part::Dynamic(Box::new(Dynamic::new(self.pieces, self.is_final, suffixed, self.weight))),
        }
    }

    /// Take a slash off the end, if one is there.
    fn strip_slash(&mut self) -> bool {
        let Some(Piece::Literal(text)) = self.pieces.last_mut() else { return false };
        let Some(rest) = text.strip_suffix(b"/") else { return false };
        *text = rest.into();
        if text.is_empty() {
            self.pieces.pop();
        }
        true
    }
}

fn add_parts(items: &[Item], all: &mut Vec<Part>) {
    let mut gathered = Gathered::default();
    for item in items {
        match item {
            Item::Literal(text) => {
                gathered.weight.literals.push(count(text));
                gathered.literal(text);
            }
            Item::Variable { converter, .. } => {
                gathered.is_final |= !converter.isolating;
                gathered.weight.arguments.push(converter.weight);
                gathered.pieces.push(Piece::Capture(converter.matcher.clone()));
            }
            Item::Slash if gathered.is_final => gathered.literal(b"/"),
            Item::Slash => all.push(std::mem::take(&mut gathered).part(false)),
        }
    }
    let suffixed = gathered.is_final && gathered.strip_slash();
    all.push(gathered.part(suffixed));
    if suffixed {
        all.push(Part::Static(Box::default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::{Token, scan};

    pub(crate) fn items(rule: &str) -> Vec<Item> {
        let tokens = scan(rule.as_bytes()).unwrap_or_default();
        let item = |token| match token {
            Token::Slash => Item::Slash,
            Token::Literal(text) => Item::Literal(text.into()),
            Token::Variable { name, converter, .. } => {
                let (regex, isolating, weight) = match converter {
                    Some(b"int") => (&br"\d+"[..], true, 50.0),
                    Some(b"path") => (&b"[^/].*?"[..], false, 200.0),
                    _ => (&b"[^/]{1,}"[..], true, 100.0),
                };
                let matcher = Matcher::from_regex(regex);
                let converter = Box::new(Converter { matcher, isolating, weight });
                Item::Variable { name: name.into(), converter }
            }
        };
        tokens.into_iter().map(item).collect()
    }

    fn texts(rule: &str) -> Vec<String> {
        let text = |part: &Part| match part {
            Part::Static(text) => text.to_vec(),
            Part::Dynamic(dynamic) => dynamic.regex(),
        };
        let all = parts(&[], &items(rule));
        all.iter().map(|part| String::from_utf8_lossy(&text(part)).into_owned()).collect()
    }

    #[test]
    fn parts_are_spelled_as_werkzeug_spells_them() {
        assert_eq!(texts("/"), ["", "", ""]);
        assert_eq!(texts("/a/<int:b>"), ["", "", "a", r"(?P<__werkzeug_0>\d+)\Z"]);
        assert_eq!(
            texts("/a.b-<x>.<y>/"),
            ["", "", r"a\.b\-(?P<__werkzeug_0>[^/]{1,})\.(?P<__werkzeug_1>[^/]{1,})\Z", ""]
        );
        assert_eq!(texts("/<path:p>/e/"), ["", "", r"(?P<__werkzeug_0>[^/].*?)/e(?<!/)(/?)\Z", ""]);
        assert_eq!(texts("/<path:p>/"), ["", "", r"(?P<__werkzeug_0>[^/].*?)(?<!/)(/?)\Z", ""]);
        assert_eq!(
            texts("/<path:p>/<q>"),
            ["", "", r"(?P<__werkzeug_0>[^/].*?)/(?P<__werkzeug_1>[^/]{1,})\Z"]
        );
    }

    #[test]
    fn more_text_then_longer_text_then_lighter_values_come_first() {
        let weight = |rule| match parts(&[], &items(rule)).pop() {
            Some(Part::Dynamic(dynamic)) => dynamic.weight,
            part => panic!("{part:?}"),
        };
        let ordered = ["/a<x>b", "/aa<x>", "/a<x><y>", "/a<x>", "/<int:x>", "/<x>"];
        for pair in ordered.windows(2) {
            assert_eq!(weight(pair[0]).order(&weight(pair[1])), Ordering::Less, "{pair:?}");
        }
    }
}
