//! The states of the router and the transitions between them.
//!
//! Each state is reached by exactly one chain of parts, so a walk enters it at most once for a
//! path: the whole search is bounded by the number of states and by the path's length.

use super::digits::Digits;
use super::part::{Dynamic, Part};
use memchr::memchr;
use smallvec::SmallVec;
use std::sync::Arc;

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
    pub(super) rules: SmallVec<[RuleId; 4]>,
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
    /// Shared with the trees that this one was cloned from, and copied when it changes.
    states: Vec<Arc<State>>,
    rules: Vec<RuleFlags>,
    foreigns: u32,
    /// The state behind an empty domain and a slash, if there is no other way than that.
    pub(super) behind_first_slash: Option<StateId>,
    /// Whether a part of some rule's domain reaches into the path.
    pub(super) joins_domain: bool,
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
        Self {
            states: vec![Arc::default()],
            rules: Vec::new(),
            foreigns: 0,
            behind_first_slash: None,
            joins_domain: false,
            digits,
        }
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
            Arc::make_mut(state).rules.push(rule);
        }
        self.behind_first_slash = self.find_start();
        let root_edges = self.state(ROOT).map(|root| root.edges.as_slice()).unwrap_or_default();
        self.joins_domain = root_edges.iter().any(|edge| edge.part.is_final);
        rule
    }

    /// The state behind an empty domain and a slash, if there is no other way than that.
    fn find_start(&self) -> Option<StateId> {
        let root = self.state(ROOT).filter(|state| state.edges.is_empty())?;
        self.state(root.slash?).filter(|state| state.edges.is_empty())?.slash
    }

    #[inline]
    pub(super) fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id as usize).map(|state| &**state)
    }

    #[inline]
    pub(super) fn flags(&self, rule: RuleId) -> RuleFlags {
        self.rules.get(rule.index()).copied().unwrap_or_default()
    }

    /// The state behind `part`, made if there is none.
    fn step(&mut self, from: StateId, part: &Part) -> StateId {
        let next = StateId::try_from(self.states.len()).unwrap_or(StateId::MAX);
        let Some(state) = self.states.get_mut(from as usize).map(Arc::make_mut) else { return from };
        let to = match part {
            Part::Static(text) if text.is_empty() => *state.slash.get_or_insert(next),
            Part::Static(text) => state.children.get_or_insert(text, next),
            Part::Dynamic(part) => {
                let mut part = (**part).clone();
                if from == ROOT {
                    part.mind_slashes();
                }
                state.edge(part, next, &mut self.foreigns)
            }
        };
        if to == next {
            self.states.push(Arc::default());
        }
        to
    }
}

impl State {
    #[inline]
    pub(super) fn child(&self, segment: &Segment<'_>) -> Option<StateId> {
        if segment.text.is_empty() { self.slash } else { self.children.get(segment) }
    }

    /// Whether a rule here may take the path although a slash is left of it.
    #[inline]
    pub(super) fn forgives(&self, segment: &Segment<'_>, is_last: bool) -> bool {
        segment.text.is_empty() && is_last && !self.rules.is_empty()
    }

    fn edge(&mut self, mut part: Dynamic, next: StateId, foreigns: &mut u32) -> StateId {
        let start = self.edges.partition_point(|edge| edge.part.weight.order(&part.weight).is_lt());
        let end = self.edges.partition_point(|edge| edge.part.weight.order(&part.weight).is_le());
        let equals = self.edges.get(start..end).unwrap_or_default();
        if let Some(edge) = equals.iter().find(|edge| edge.part == part) {
            return edge.to;
        }
        if let Some(number) = &mut part.foreign {
            *number = *foreigns;
            *foreigns += 1;
        }
        // Most states have one edge or none: room for more would be most of a rule's memory.
        self.edges.reserve_exact(1);
        self.edges.insert(end, Edge { part, to: next });
        next
    }
}

/// A segment of a path, with its first and last bytes as numbers.
///
/// PERF: most comparisons are of these numbers and the length, and come with the search for the
/// slash at nearly no cost; a byte by byte comparison took a third of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'t> {
    pub(super) text: &'t [u8],
    /// Its first eight bytes, and zeros behind its end.
    head: u64,
    /// Its last eight bytes; zero if it has fewer.
    tail: u64,
}

const WORD: usize = size_of::<u64>();

const SLASH: u64 = 0x2f;

/// A one in each byte.
const LOW_BITS: u64 = u64::from_le_bytes([1; WORD]);

impl<'t> Segment<'t> {
    pub(super) const EMPTY: Self = Self { text: &[], head: 0, tail: 0 };

    /// This text as one segment, whatever slashes it has.
    #[inline]
    pub(super) fn whole(text: &'t [u8]) -> Self {
        let tail = text.last_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        Self { text, head: load(text, 0, text.len()), tail }
    }

    /// The segment of a path that begins at `start`.
    #[inline]
    pub(super) fn of_path(path: &'t [u8], start: usize) -> Self {
        let rest = path.get(start..).unwrap_or_default();
        let head = load(path, start, rest.len());
        let found = slashes_in(head);
        if found != 0 {
            let bits = found.trailing_zeros() & !7;
            let text = rest.get(..(bits / 8) as usize).unwrap_or(rest);
            return Self { text, head: head & ((1 << bits) - 1), tail: 0 };
        }
        if rest.len() < WORD {
            return Self { text: rest, head, tail: 0 };
        }
        let found = slashes_in(load(path, start + WORD, rest.len() - WORD));
        let length = if found != 0 {
            WORD + (found.trailing_zeros() / 8) as usize
        } else {
            memchr(b'/', rest).unwrap_or(rest.len())
        };
        let text = rest.get(..length).unwrap_or(rest);
        let tail = text.last_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        Self { text, head, tail }
    }

    #[inline]
    fn is(&self, child: &Child) -> bool {
        child.head == self.head
            && child.tail == self.tail
            && child.length as usize == self.text.len()
            && (self.text.len() <= 2 * WORD || child.long.as_ref().is_some_and(|long| **long == *self.text))
    }
}

/// The bytes that are slashes, each as a set high bit; exact up to the first.
#[inline]
fn slashes_in(word: u64) -> u64 {
    let zero_for_slash = word ^ (LOW_BITS * SLASH);
    zero_for_slash.wrapping_sub(LOW_BITS) & !zero_for_slash & (LOW_BITS << 7)
}

/// The eight bytes of `text` from `start` on, of which `left` are left, with zeros behind its end.
#[inline]
fn load(text: &[u8], start: usize, left: usize) -> u64 {
    if left >= WORD {
        let chunk = text.get(start..).and_then(<[u8]>::first_chunk);
        return chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    }
    // PERF: near the end of a longer text, one load and a shift are quicker than a copy.
    match text.last_chunk() {
        Some(_) if left == 0 => 0,
        Some(chunk) => u64::from_le_bytes(*chunk) >> (8 * (WORD - left)),
        None => text.iter().skip(start).rev().fold(0, |bytes, &byte| bytes << 8 | u64::from(byte)),
    }
}

/// The static transitions of a state: an open hash table by the segments' ends.
///
/// Its keys are the rules' own texts: nobody from outside can make them collide.
#[derive(Clone, Debug, Default)]
struct Children {
    /// A power of two of places, at most half of them taken; or one place; or none.
    places: Vec<Child>,
    count: usize,
    /// Chosen so that no two children of a small table want the same place.
    seed: u32,
}

/// A place of the table; free if the length is zero.
#[derive(Clone, Debug, Default)]
struct Child {
    head: u64,
    tail: u64,
    /// The whole segment, if head and tail do not cover it.
    #[expect(clippy::box_collection, reason = "a thin pointer: most children have none")]
    long: Option<Box<Vec<u8>>>,
    length: u32,
    to: StateId,
}

/// Tables up to this size are free of collisions.
const SMALL_TABLE: usize = 128;

/// How many seeds are tried for it.
const SEEDS: u32 = 24;

impl Children {
    #[inline]
    fn get(&self, segment: &Segment<'_>) -> Option<StateId> {
        let mask = self.places.len().wrapping_sub(1);
        let first = hash(segment.head, segment.tail, self.seed);
        let child = self.places.get(first & mask)?;
        if segment.is(child) {
            return Some(child.to);
        }
        if child.length == 0 || mask < SMALL_TABLE {
            // Free, or without collisions: there is nothing behind it.
            return None;
        }
        let behind = (1..=mask).map(|step| self.places.get(first.wrapping_add(step) & mask));
        let mut taken = behind.map_while(|child| child.filter(|child| child.length > 0));
        taken.find(|child| segment.is(child)).map(|child| child.to)
    }

    fn get_or_insert(&mut self, text: &[u8], next: StateId) -> StateId {
        let segment = Segment::whole(text);
        if let Some(found) = self.get(&segment) {
            return found;
        }
        self.count += 1;
        if self.count > 1 && self.count * 2 > self.places.len() {
            self.resize((self.count * 2).next_power_of_two());
        } else if self.count == 1 {
            self.resize(1);
        }
        let child = Child {
            head: segment.head,
            tail: segment.tail,
            long: (text.len() > 2 * WORD).then(|| Box::new(text.to_vec())),
            length: u32::try_from(text.len()).unwrap_or(u32::MAX),
            to: next,
        };
        let wanted = hash(child.head, child.tail, self.seed) & (self.places.len() - 1);
        let collides = self.places.get(wanted).is_some_and(|other| other.length > 0);
        self.enter(child);
        // PERF: a second look costs a mispredicted branch, more than the first look itself.
        while collides && self.places.len() <= SMALL_TABLE && !self.reseed() {
            self.resize(self.places.len() * 2);
        }
        next
    }

    /// Find a seed with which each child has its place to itself.
    fn reseed(&mut self) -> bool {
        let mask = self.places.len() - 1;
        let is_taken = |child: &&Child| child.length > 0;
        let found = (0..SEEDS).find(|&seed| {
            let mut taken = 0_u128;
            self.places.iter().filter(is_taken).all(|child| {
                let place = 1_u128 << (hash(child.head, child.tail, seed) & mask & (SMALL_TABLE - 1));
                let is_free = taken & place == 0;
                taken |= place;
                is_free
            })
        });
        if let Some(seed) = found {
            self.seed = seed;
            self.resize(self.places.len());
        }
        found.is_some()
    }

    /// Put all children into a table of this size.
    fn resize(&mut self, size: usize) {
        for child in std::mem::replace(&mut self.places, vec![Child::default(); size]) {
            if child.length > 0 {
                self.enter(child);
            }
        }
    }

    /// Put a child into the first free place from where it hashes to.
    fn enter(&mut self, child: Child) {
        let first = hash(child.head, child.tail, self.seed);
        let mask = self.places.len().wrapping_sub(1);
        let mut places = (0..=mask).map(|step| first.wrapping_add(step) & mask);
        let is_free = |place: &usize| self.places.get(*place).is_some_and(|other| other.length == 0);
        let free = places.find(is_free);
        if let Some(place) = free.and_then(|place| self.places.get_mut(place)) {
            *place = child;
        }
    }
}

#[inline]
fn hash(head: u64, tail: u64, seed: u32) -> usize {
    let mixed = head.wrapping_add(tail.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    #[expect(clippy::cast_possible_truncation, reason = "a mask takes the low bits")]
    let hash = (mixed >> (40 - seed)) as usize;
    hash
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
    fn a_segment_is_the_same_however_it_is_found() {
        for length in 0..36 {
            for rest in ["", "/", "/b", "/bcdefghijklmnopqrstuvw", "//"] {
                for before in ["", "/", "0123456789abcdef/"] {
                    let path = format!("{before}{}{rest}", "a".repeat(length));
                    let start = before.len();
                    let segment = Segment::of_path(path.as_bytes(), start);
                    let wanted = Segment::whole(&path.as_bytes()[start..start + length]);
                    assert_eq!(segment, wanted, "{path}");
                }
            }
        }
    }
}
