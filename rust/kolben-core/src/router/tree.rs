//! The states of the router and the transitions between them.
//!
//! Each state is reached by exactly one chain of parts, so a walk enters it at most once for a
//! path: the whole search is bounded by the number of states and by the path's length.

use super::digits::Digits;
use super::part::{Dynamic, Part};
use memchr::memchr;

/// A rule, by the order in which it was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

impl RuleId {
    /// Its place in the order of addition.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a rule says besides its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleFlags {
    /// Whether it serves websockets, and nothing else.
    pub websocket: bool,
    /// Whether a missing slash at the end makes a redirect.
    pub strict_slashes: bool,
    /// Whether slashes in a row may be merged for it.
    pub merge_slashes: bool,
}

impl Default for RuleFlags {
    fn default() -> Self {
        Self { websocket: false, strict_slashes: true, merge_slashes: true }
    }
}

/// A state, by its place in the tree.
pub(super) type StateId = u32;

pub(super) const ROOT: StateId = 0;

/// A state: where the walk stands after some parts of a path.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    children: Children,
    /// The child for an empty segment, which nearly every walk asks for.
    pub(super) slash: Option<StateId>,
    /// Ordered by weight; among equals, the first added first.
    pub(super) edges: Vec<Edge>,
    pub(super) rules: Vec<RuleId>,
}

/// A dynamic transition.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) part: Dynamic,
    pub(super) to: StateId,
}

/// All rules of a map.
#[derive(Clone, Debug)]
pub struct Tree {
    states: Vec<State>,
    rules: Vec<RuleFlags>,
    foreigns: u32,
    pub(super) digits: Digits,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new(Digits::default())
    }
}

impl Tree {
    /// A tree without rules.
    pub fn new(digits: Digits) -> Self {
        Self { states: vec![State::default()], rules: Vec::new(), foreigns: 0, digits }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many foreign expressions there are.
    pub fn foreigns(&self) -> usize {
        self.foreigns as usize
    }

    /// Add a rule behind all that are there.
    pub fn add(&mut self, parts: &[Part], flags: RuleFlags) -> RuleId {
        let rule = RuleId(u32::try_from(self.rules.len()).unwrap_or(u32::MAX));
        self.rules.push(flags);
        let end = parts.iter().fold(ROOT, |state, part| self.step(state, part));
        if let Some(state) = self.states.get_mut(end as usize) {
            state.rules.push(rule);
        }
        rule
    }

    #[inline]
    pub(super) fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id as usize)
    }

    #[inline]
    pub(super) fn flags(&self, rule: RuleId) -> RuleFlags {
        self.rules.get(rule.index()).copied().unwrap_or_default()
    }

    /// The state behind `part`, made if there is none.
    fn step(&mut self, from: StateId, part: &Part) -> StateId {
        let next = StateId::try_from(self.states.len()).unwrap_or(StateId::MAX);
        let Some(state) = self.states.get_mut(from as usize) else { return from };
        let to = match part {
            Part::Static(text) if text.is_empty() => *state.slash.get_or_insert(next),
            Part::Static(text) => state.children.get_or_insert(text, next),
            Part::Dynamic(part) => state.edge(part, next, &mut self.foreigns),
        };
        if to == next {
            self.states.push(State::default());
        }
        to
    }
}

impl State {
    #[inline]
    pub(super) fn child(&self, segment: &Segment<'_>) -> Option<StateId> {
        if segment.text.is_empty() { self.slash } else { self.children.get(segment) }
    }

    fn edge(&mut self, part: &Dynamic, next: StateId, foreigns: &mut u32) -> StateId {
        let start = self.edges.partition_point(|edge| edge.part.weight.cmp(&part.weight).is_lt());
        let end = self.edges.partition_point(|edge| edge.part.weight.cmp(&part.weight).is_le());
        let equals = self.edges.get(start..end).unwrap_or_default();
        if let Some(edge) = equals.iter().find(|edge| edge.part == *part) {
            return edge.to;
        }
        let mut part = part.clone();
        if let Some(number) = &mut part.foreign {
            *number = *foreigns;
            *foreigns += 1;
        }
        self.edges.insert(end, Edge { part, to: next });
        next
    }
}

/// A segment of a path, with a number that tells most segments apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'t> {
    pub(super) text: &'t [u8],
    /// Its first seven bytes and its length (at most 255).
    word: u64,
}

const WORD: usize = size_of::<u64>();

impl<'t> Segment<'t> {
    pub(super) const EMPTY: Self = Self { text: &[], word: 0 };

    /// This text as one segment, whatever slashes it has.
    #[inline]
    pub(super) fn whole(text: &'t [u8]) -> Self {
        let head = match text.first_chunk::<WORD>() {
            Some(chunk) => u64::from_le_bytes(*chunk) << 8,
            None => text.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)) << 8,
        };
        Self { text, word: head | text.len().min(255) as u64 }
    }

    /// The first segment of a text, and whether a slash ends it.
    #[inline]
    pub(super) fn first(text: &'t [u8]) -> (Self, bool) {
        // PERF: one load finds the slash of a short segment and gives its word.
        if let Some(chunk) = text.first_chunk::<WORD>() {
            let bytes = u64::from_le_bytes(*chunk);
            let zeros_for_slashes = bytes ^ (LOW_BITS * u64::from(b'/'));
            let found = zeros_for_slashes.wrapping_sub(LOW_BITS) & !zeros_for_slashes & (LOW_BITS << 7);
            if found != 0 {
                let length = (found.trailing_zeros() / 8) as usize;
                let word = (bytes & ((1 << (8 * length)) - 1)) << 8 | length as u64;
                return (Self { text: text.get(..length).unwrap_or_default(), word }, true);
            }
        }
        match memchr(b'/', text).and_then(|length| text.get(..length)) {
            Some(segment) => (Self::whole(segment), true),
            None => (Self::whole(text), false),
        }
    }

    #[inline]
    fn is(&self, child: &Child) -> bool {
        // PERF: the word is all there is to a short segment, so that it needs no second look.
        child.word == self.word && (self.text.len() < WORD || *child.segment == *self.text)
    }
}

/// A one in each byte.
const LOW_BITS: u64 = u64::from_le_bytes([1; WORD]);

/// How many children are looked through one by one before a table is made.
const FEW: usize = 6;

/// The static transitions of a state.
#[derive(Clone, Debug, Default)]
struct Children {
    all: Vec<Child>,
    /// Where in `all` a child is, plus one, at the place its word hashes to or behind it; at most
    /// half full. The keys are the rules' own texts: nobody from outside can make them collide.
    table: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Child {
    word: u64,
    to: StateId,
    segment: Box<[u8]>,
}

impl Children {
    #[inline]
    fn get(&self, segment: &Segment<'_>) -> Option<StateId> {
        if self.table.is_empty() {
            return self.all.iter().find(|child| segment.is(child)).map(|child| child.to);
        }
        for place in self.places(segment.word) {
            let child = self.all.get((*self.table.get(place)? as usize).checked_sub(1)?)?;
            if segment.is(child) {
                return Some(child.to);
            }
        }
        None
    }

    fn get_or_insert(&mut self, text: &[u8], next: StateId) -> StateId {
        let segment = Segment::whole(text);
        if let Some(found) = self.get(&segment) {
            return found;
        }
        self.all.push(Child { word: segment.word, to: next, segment: text.into() });
        if self.all.len() > FEW && self.all.len() * 2 > self.table.len() {
            self.table = vec![0; (self.all.len() * 4).next_power_of_two()];
            let words: Vec<u64> = self.all.iter().map(|child| child.word).collect();
            for (index, word) in words.into_iter().enumerate() {
                self.enter(word, index);
            }
        } else if !self.table.is_empty() {
            self.enter(segment.word, self.all.len() - 1);
        }
        next
    }

    /// Put a child into the first free place of the table.
    fn enter(&mut self, word: u64, index: usize) {
        let free = self.places(word).find(|&place| self.table.get(place) == Some(&0));
        if let Some(slot) = free.and_then(|place| self.table.get_mut(place)) {
            *slot = u32::try_from(index + 1).unwrap_or(u32::MAX);
        }
    }

    /// The places of the table in the order in which a word looks at them.
    #[inline]
    fn places(&self, word: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.table.len().wrapping_sub(1);
        #[expect(clippy::cast_possible_truncation, reason = "the mask takes the low bits only")]
        let first = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        (0..=mask).map(move |step| first.wrapping_add(step) & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_found_in_the_list_and_in_the_table() {
        let mut children = Children::default();
        let segments: Vec<Vec<u8>> = (0..40_usize).map(|n| vec![b'a'; n + 1]).collect();
        for (index, segment) in segments.iter().enumerate() {
            let to = u32::try_from(index).unwrap();
            assert_eq!(children.get_or_insert(segment, to), to);
            for (index, segment) in segments.iter().take(index + 1).enumerate() {
                assert_eq!(children.get(&Segment::whole(segment)), u32::try_from(index).ok());
            }
            assert_eq!(children.get(&Segment::whole(b"b")), None);
        }
    }

    #[test]
    fn words_tell_short_segments_apart() {
        let word = |text| Segment::whole(text).word;
        assert_ne!(word(b"a"), word(b"a\0"));
        assert_ne!(word(b""), word(b"\0"));
    }

    #[test]
    fn the_first_segment_is_the_same_however_it_is_found() {
        for length in 0..20 {
            for rest in ["", "/", "/b", "/bcdefghijklmn", "//"] {
                let text = format!("{}{rest}", "a".repeat(length));
                let (segment, more) = Segment::first(text.as_bytes());
                let wanted = Segment::whole(&text.as_bytes()[..length]);
                assert_eq!((segment.text, segment.word), (wanted.text, wanted.word), "{text}");
                assert_eq!(more, !rest.is_empty(), "{text}");
            }
        }
    }
}
