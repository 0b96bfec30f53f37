//! Splits a segment among several values, as a backtracking expression would, in linear time.
//!
//! A table is filled from the end: may the pieces from number *i* on match from place *p* to the
//! end? Then one walk from the front gives each value the longest extent (the shortest, for a
//! path) from which the rest can still match. That is the first match a backtracking engine
//! finds, without the backtracking: the work is *pieces × length*.

use super::digits::{CodePoints, Digits};
use super::matcher::{Matcher, UUID_LENGTH, starts_with_uuid};
use super::part::{Piece, Spans};
use smallvec::SmallVec;

/// One character of a target: a byte where all of it is ASCII, a code point elsewhere.
trait Unit: Copy + PartialEq + Into<u32> {
    fn is(self, byte: u8) -> bool {
        self.into() == u32::from(byte)
    }
}

impl Unit for u8 {}
impl Unit for u32 {}

/// Match all of `target`, append the range of each value to `spans`, and say whether it matched.
pub(super) fn split(target: &[u8], pieces: &[Piece], digits: Digits, spans: &mut Spans) -> bool {
    if target.is_ascii() {
        return Splitter::new(target, digits).is_some_and(|splitter| splitter.run(pieces, spans));
    }
    let (mut offsets, units): (Vec<usize>, Vec<u32>) = CodePoints::new(target).unzip();
    offsets.push(target.len());
    let first = spans.len();
    let found = Splitter::new(&units, digits).is_some_and(|splitter| splitter.run(pieces, spans));
    for span in spans.iter_mut().skip(first) {
        let offset = |unit: usize| offsets.get(unit).copied().unwrap_or(target.len());
        *span = (offset(span.0), offset(span.1));
    }
    found
}

const NEVER: u32 = u32::MAX;

/// A column of the table: for each place, something about the rest of the target.
type Column = SmallVec<[u32; 40]>;

struct Splitter<'t, U> {
    target: &'t [U],
    digits: Digits,
    length: usize,
}

/// The places where a value that begins somewhere may end.
#[derive(Clone, Copy)]
struct Extent {
    first: usize,
    last: usize,
    greedy: bool,
}

impl<'t, U: Unit> Splitter<'t, U> {
    fn new(target: &'t [U], digits: Digits) -> Option<Self> {
        // Places are kept in 32 bits: nothing longer is a path.
        u32::try_from(target.len()).ok().filter(|&length| length < NEVER)?;
        Some(Self { target, digits, length: target.len() })
    }

    fn run(&self, pieces: &[Piece], spans: &mut Spans) -> bool {
        let stops = Stops::new(self, pieces);
        let mut reach = Reach::new(pieces.len(), self.length);
        self.fill(pieces, &stops, &mut reach);
        if !reach.get(0, 0) {
            return false;
        }
        let mut at = 0;
        for (index, piece) in pieces.iter().enumerate() {
            let Some(end) = self.end_of(piece, at, &stops, |place| reach.get(index + 1, place)) else {
                return false;
            };
            if matches!(piece, Piece::Capture(_)) {
                spans.push((at, end));
            }
            at = end;
        }
        true
    }

    /// Fill the table from the last piece to the first.
    fn fill(&self, pieces: &[Piece], stops: &Stops, reach: &mut Reach) {
        reach.set(pieces.len(), self.length);
        // For each place, the nearest one from there on at which the following pieces match.
        let mut nearest: Column = smallvec::smallvec![NEVER; self.length + 2];
        for (index, piece) in pieces.iter().enumerate().rev() {
            let mut near = NEVER;
            for place in (0..=self.length).rev() {
                if reach.get(index + 1, place) {
                    near = narrow(place);
                }
                store(&mut nearest, place, near);
            }
            for place in 0..=self.length {
                let fits = match self.extent(piece, place, stops) {
                    Some(extent) => {
                        nearest.get(extent.first).is_some_and(|&near| near as usize <= extent.last)
                    }
                    None => self.end_of(piece, place, stops, |end| reach.get(index + 1, end)).is_some(),
                };
                if fits {
                    reach.set(index, place);
                }
            }
        }
    }

    /// Where `piece`, beginning at `place`, ends if the rest is to match.
    fn end_of(
        &self,
        piece: &Piece,
        place: usize,
        stops: &Stops,
        rest_matches: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        if let Some(extent) = self.extent(piece, place, stops) {
            let mut ends = extent.first..=extent.last;
            return if extent.greedy {
                ends.rfind(|&end| rest_matches(end))
            } else {
                ends.find(|&end| rest_matches(end))
            };
        }
        let rest = self.target.get(place..)?;
        match piece {
            Piece::Literal(text) => self.literal_end(text, place, &rest_matches),
            Piece::Capture(Matcher::Any(items)) => {
                items.iter().find_map(|item| self.literal_end(item, place, &rest_matches))
            }
            Piece::Capture(Matcher::Uuid) => starts_with_uuid(rest.iter().map(|&unit| unit.into()))
                .then_some(place + UUID_LENGTH)
                .filter(|&end| rest_matches(end)),
            Piece::Capture(_) => None,
        }
    }

    /// Where `text` ends if it stands at `place` and the rest matches behind it.
    fn literal_end(&self, text: &[u8], place: usize, rest_matches: impl Fn(usize) -> bool) -> Option<usize> {
        let mut units = self.target.get(place..)?.iter();
        let mut end = place;
        for (_, wanted) in CodePoints::new(text) {
            if (*units.next()?).into() != wanted {
                return None;
            }
            end += 1;
        }
        rest_matches(end).then_some(end)
    }

    /// The ends that a value of variable length may have, whatever follows. `None` for pieces of
    /// fixed text; an empty extent where there is no match.
    fn extent(&self, piece: &Piece, place: usize, stops: &Stops) -> Option<Extent> {
        let Piece::Capture(matcher) = piece else { return None };
        let nowhere = Extent { first: 1, last: 0, greedy: true };
        let behind_sign = |signed: bool| match self.target.get(place) {
            Some(unit) if signed && unit.is(b'-') => place + 1,
            _ => place,
        };
        let extent = match matcher {
            Matcher::Text(bounds) => {
                let (shortest, longest) = bounds.bounds();
                let last = stops.slash(place).min(place.saturating_add(longest));
                Extent { first: place.saturating_add(shortest), last, greedy: true }
            }
            Matcher::Integer { signed } => {
                let start = behind_sign(*signed);
                Extent { first: start + 1, last: stops.digit(start), greedy: true }
            }
            Matcher::Decimal { signed } => {
                let start = behind_sign(*signed);
                let dot = stops.digit(start);
                if dot > start && self.target.get(dot).is_some_and(|unit| unit.is(b'.')) {
                    Extent { first: dot + 2, last: stops.digit(dot + 1), greedy: true }
                } else {
                    nowhere
                }
            }
            Matcher::Path => match self.target.get(place) {
                Some(unit) if !unit.is(b'/') => {
                    Extent { first: place + 1, last: stops.line(place + 1), greedy: false }
                }
                _ => nowhere,
            },
            Matcher::Any(_) | Matcher::Uuid => return None,
            Matcher::Foreign(_) => nowhere,
        };
        Some(if extent.first <= extent.last { extent } else { nowhere })
    }
}

/// For each place, how far a run of one kind of character reaches from it.
struct Stops {
    length: usize,
    slashes: Column,
    digits: Column,
    lines: Column,
}

impl Stops {
    fn new<U: Unit>(splitter: &Splitter<'_, U>, pieces: &[Piece]) -> Self {
        let wants = |test: fn(&Matcher) -> bool| {
            pieces.iter().any(|piece| matches!(piece, Piece::Capture(matcher) if test(matcher)))
        };
        let column = |wanted: bool, inside: &dyn Fn(U) -> bool| {
            let mut column = Column::new();
            if wanted {
                column.resize(splitter.length + 1, narrow(splitter.length));
                let mut stop = splitter.length;
                for (place, &unit) in splitter.target.iter().enumerate().rev() {
                    if !inside(unit) {
                        stop = place;
                    }
                    store(&mut column, place, narrow(stop));
                }
            }
            column
        };
        let digits = splitter.digits;
        Self {
            length: splitter.length,
            slashes: column(wants(|m| matches!(m, Matcher::Text(_))), &|unit| !unit.is(b'/')),
            digits: column(
                wants(|m| matches!(m, Matcher::Integer { .. } | Matcher::Decimal { .. })),
                &|unit| digits.contains(unit.into()),
            ),
            lines: column(wants(|m| matches!(m, Matcher::Path)), &|unit| !unit.is(b'\n')),
        }
    }

    fn slash(&self, place: usize) -> usize {
        self.stop(&self.slashes, place)
    }

    fn digit(&self, place: usize) -> usize {
        self.stop(&self.digits, place)
    }

    fn line(&self, place: usize) -> usize {
        self.stop(&self.lines, place)
    }

    fn stop(&self, column: &Column, place: usize) -> usize {
        column.get(place).map_or(self.length, |&stop| stop as usize)
    }
}

/// One bit for each piece and place: whether the pieces from there on match.
struct Reach {
    bits: SmallVec<[u64; 8]>,
    row: usize,
}

impl Reach {
    fn new(pieces: usize, length: usize) -> Self {
        let row = length / 64 + 1;
        Self { bits: smallvec::smallvec![0; (pieces + 1) * row], row }
    }

    fn get(&self, piece: usize, place: usize) -> bool {
        let word = self.bits.get(piece * self.row + place / 64);
        place / 64 < self.row && word.is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn set(&mut self, piece: usize, place: usize) {
        if let Some(word) = self.bits.get_mut(piece * self.row + place / 64) {
            *word |= 1 << (place % 64);
        }
    }
}

fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NEVER)
}

fn store(column: &mut Column, place: usize, value: u32) {
    if let Some(slot) = column.get_mut(place) {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pieces: &[&str], target: &str) -> Option<Vec<String>> {
        let piece = |text: &&str| match text.strip_prefix('=') {
            Some(literal) => Piece::Literal(literal.as_bytes().into()),
            None => Piece::Capture(Matcher::from_regex(text.as_bytes())),
        };
        let pieces: Vec<_> = pieces.iter().map(piece).collect();
        let mut spans = Spans::new();
        let found = split(target.as_bytes(), &pieces, Digits::default(), &mut spans);
        found.then(|| spans.iter().map(|&(start, end)| target.get(start..end).unwrap().to_owned()).collect())
    }

    #[test]
    fn greedy_values_take_all_they_can() {
        assert_eq!(texts(&["[^/]{1,}", "=-", "[^/]{1,}"], "a-b-c").unwrap(), ["a-b", "c"]);
        assert_eq!(texts(&["[^/]{1,}", "[^/]{1,}"], "abc").unwrap(), ["ab", "c"]);
        assert_eq!(texts(&["[^/]{1,2}", "[^/]{2}"], "äöü").unwrap(), ["ä", "öü"]);
        assert_eq!(texts(&[r"\d+", r"\d+"], "123").unwrap(), ["12", "3"]);
        assert_eq!(texts(&[r"-?\d+", r"-?\d+"], "1-2").unwrap(), ["1", "-2"]);
        assert_eq!(texts(&[r"\d+\.\d+", "=.", r"\d+"], "1.2.3").unwrap(), ["1.2", "3"]);
        assert_eq!(texts(&[r"\d+\.\d+", r"\d+"], "1.23").unwrap(), ["1.2", "3"]);
        assert_eq!(texts(&["(?:a|ab)", "[^/]{1,}"], "abc").unwrap(), ["a", "bc"]);
        assert_eq!(texts(&["(?:ab|a)", "=b"], "ab").unwrap(), ["a"]);
    }

    #[test]
    fn paths_take_as_little_as_they_can() {
        assert_eq!(texts(&["[^/].*?", "=/", "[^/].*?"], "a/b/c").unwrap(), ["a", "b/c"]);
        assert_eq!(texts(&["[^/].*?", "=/", "[^/]{1,}"], "a/b/c").unwrap(), ["a/b", "c"]);
        assert_eq!(texts(&["[^/].*?", "=/", "[^/].*?"], "a//b"), Some(vec!["a/".into(), "b".into()]));
        assert_eq!(texts(&["[^/].*?", "=x"], "a\nx"), None);
    }

    #[test]
    fn no_match() {
        assert_eq!(texts(&["[^/]{1,}", "=-", "[^/]{1,}"], "abc"), None);
        assert_eq!(texts(&["[^/]{1,}", "=-"], ""), None);
    }

    #[test]
    fn long_hostile_targets_end_soon() {
        let target = format!("{}y", "a-".repeat(100_000));
        let pieces = ["[^/]{1,}", "=-", "[^/]{1,}", "=-", "[^/]{1,}", "=-x"];
        assert_eq!(texts(&pieces, &target), None);
    }
}
