//! The walk from a path to a rule.
//!
//! Static transitions come before dynamic ones, dynamic ones in order of weight; whatever does not
//! end in a rule is given up for the next. A rule whose methods or protocol differ is remembered,
//! so that the answer can be "not that method" in place of "not found". If the walk stands one
//! slash before a rule that insists on it, that is the answer, whatever else might match. If there
//! is no answer, a second walk takes runs of slashes for one.

use super::part::{Dynamic, Spans};
use super::tree::{ROOT, RuleId, Segment, State, StateId, Tree};
use memchr::memmem;
use smallvec::SmallVec;

/// The texts of a rule's values, in order.
pub type Values<'h> = SmallVec<[&'h [u8]; 8]>;

/// What only the caller can say about a rule.
pub trait Judge {
    /// What may go wrong on the caller's side.
    type Error;

    /// Whether the rule takes the request's method.
    fn allows(&mut self, rule: RuleId) -> Result<bool, Self::Error>;

    /// Match the whole of `target` with a foreign expression and append the ranges of its values.
    fn foreign(&mut self, part: &Dynamic, target: &[u8], spans: &mut Spans) -> Result<Foreign, Self::Error>;
}

/// What a foreign expression found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It does not match.
    Nothing,
    /// It matches.
    Match,
    /// It matches, and the optional slash at its end was there.
    MatchWithSlash,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Request<'h> {
    domain: &'h [u8],
    path: &'h [u8],
    websocket: bool,
    merge_slashes: bool,
    /// Domain and path in one, for the odd map whose domain rules reach into the path.
    joined: Vec<u8>,
}

/// The rules that matched but for their method, and whether one did but for its protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misses {
    /// Rules that take other methods. One may stand here twice.
    pub wrong_method: SmallVec<[RuleId; 4]>,
    /// Whether a websocket met an HTTP rule, or the other way round.
    pub wrong_protocol: bool,
}

/// The router's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This rule.
    Match(RuleId),
    /// Ask for this path instead.
    Redirect(Vec<u8>),
    /// No rule.
    Missing,
}

impl Tree {
    /// A question to this tree. The path is empty or begins with a slash.
    #[inline]
    pub fn request<'h>(
        &self,
        domain: &'h [u8],
        path: &'h [u8],
        websocket: bool,
        merge_slashes: bool,
    ) -> Request<'h> {
        let joined = self.joined(domain, path);
        Request { domain, path, websocket, merge_slashes, joined }
    }

    fn joined(&self, domain: &[u8], path: &[u8]) -> Vec<u8> {
        if self.joins_domain { [domain, b"/", path].concat() } else { Vec::new() }
    }

    /// Find the rule that answers and append its values, in the order of its variables. Rules that
    /// were passed over for their method or protocol are noted in `misses`.
    #[inline]
    pub fn find<'h, J: Judge>(
        &self,
        request: &'h Request<'_>,
        judge: &mut J,
        values: &mut Values<'h>,
        misses: &mut Misses,
    ) -> Result<Outcome, J::Error> {
        let target = Target { domain: request.domain, path: request.path, joined: &request.joined };
        let websocket = request.websocket;
        let mut walk = Walk { tree: self, target, websocket, judge, misses, values };
        match walk.run()? {
            Step::Found(rule) => Ok(Outcome::Match(rule)),
            Step::SlashRequired => Ok(Outcome::Redirect([request.path, b"/"].concat())),
            Step::Nothing => self.find_merged(request, judge, misses),
        }
    }

    /// Look again with each run of slashes as one.
    #[cold]
    fn find_merged<J: Judge>(
        &self,
        request: &Request<'_>,
        judge: &mut J,
        misses: &mut Misses,
    ) -> Result<Outcome, J::Error> {
        // Without such a run the second walk could only repeat the first.
        if !request.merge_slashes || memmem::find(request.path, b"//").is_none() {
            return Ok(Outcome::Missing);
        }
        let path = merge_slashes(request.path);
        let joined = self.joined(request.domain, &path);
        let target = Target { domain: request.domain, path: &path, joined: &joined };
        let (websocket, values) = (request.websocket, &mut Values::new());
        let mut walk = Walk { tree: self, target, websocket, judge, misses, values };
        Ok(match walk.run()? {
            Step::Found(rule) if self.flags(rule).merge_slashes => Outcome::Redirect(path.clone()),
            Step::SlashRequired => Outcome::Redirect([&*path, b"/"].concat()),
            Step::Found(_) | Step::Nothing => Outcome::Missing,
        })
    }
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut merged = Vec::with_capacity(path.len());
    for &byte in path {
        if byte != b'/' || merged.last() != Some(&b'/') {
            merged.push(byte);
        }
    }
    merged
}

/// The text that is walked along.
#[derive(Clone, Copy)]
struct Target<'t> {
    domain: &'t [u8],
    path: &'t [u8],
    joined: &'t [u8],
}

/// How far the walk has come: the offset in the path where the next segment begins, or one of these.
type Cursor = usize;

/// The domain and the whole path are ahead.
const DOMAIN: Cursor = usize::MAX;
/// Nothing is ahead.
const END: Cursor = usize::MAX - 1;
/// An empty segment is ahead: the slash that a suffixed part gave back.
const SLASH: Cursor = usize::MAX - 2;

impl<'t> Target<'t> {
    /// The next segment and what is ahead behind it.
    #[inline]
    fn segment(&self, cursor: Cursor) -> (Segment<'t>, Cursor) {
        if cursor >= SLASH {
            return match cursor {
                DOMAIN => (Segment::whole(self.domain), 0),
                _ => (Segment::EMPTY, END),
            };
        }
        let segment = Segment::of_path(self.path, cursor);
        let end = cursor + segment.text.len();
        (segment, if end < self.path.len() { end + 1 } else { END })
    }

    /// Everything that is ahead.
    fn rest(&self, cursor: Cursor) -> &'t [u8] {
        match cursor {
            DOMAIN => self.joined,
            _ => self.path.get(cursor..).unwrap_or_default(),
        }
    }
}

/// How a walk ended.
#[derive(Clone, Copy)]
enum Step {
    Found(RuleId),
    SlashRequired,
    Nothing,
}

/// A place on the walk to come back to.
struct Choice {
    state: StateId,
    cursor: Cursor,
    /// The number of its dynamic transitions already tried.
    tried: usize,
    /// The number of values found before it.
    values: usize,
}

struct Walk<'w, 't, J> {
    tree: &'w Tree,
    target: Target<'t>,
    websocket: bool,
    judge: &'w mut J,
    misses: &'w mut Misses,
    values: &'w mut Values<'t>,
}

impl<'t, J: Judge> Walk<'_, 't, J> {
    /// Where the walk begins.
    #[inline]
    fn start(&self) -> (StateId, Cursor) {
        // PERF: nearly every walk begins with an empty domain and a slash, and where neither leaves
        // a choice the first two steps are known.
        match self.tree.behind_first_slash {
            Some(id) if self.target.domain.is_empty() && self.target.path.first() == Some(&b'/') => (id, 1),
            _ => (ROOT, DOMAIN),
        }
    }

    /// Walk until something is found or nothing is left to try.
    fn run(&mut self) -> Result<Step, J::Error> {
        let mut choices: SmallVec<[Choice; 4]> = SmallVec::new();
        let (mut id, mut cursor) = self.start();
        // How many dynamic transitions were tried here; `None` before the static one was.
        let mut tried = None;
        'walk: loop {
            'stuck: {
                let Some(state) = self.tree.state(id) else { break 'stuck };
                if cursor == END {
                    match self.arrive(state)? {
                        Step::Nothing => break 'stuck,
                        step => return Ok(step),
                    }
                }
                let (segment, next) = self.target.segment(cursor);
                if tried.is_none()
                    && let Some(child) = state.child(&segment)
                {
                    // PERF: most states have nothing else to try, and need no way back.
                    if !state.edges.is_empty() || state.forgives(&segment, next == END) {
                        choices.push(Choice { state: id, cursor, tried: 0, values: self.values.len() });
                    }
                    (id, cursor) = (child, next);
                    continue 'walk;
                }
                let first = tried.take().unwrap_or(0);
                for (index, edge) in state.edges.iter().enumerate().skip(first) {
                    let target = if edge.part.is_final { self.target.rest(cursor) } else { segment.text };
                    let values = self.values.len();
                    let Some(slash) = self.capture(&edge.part, target)? else { continue };
                    if index + 1 < state.edges.len() || state.forgives(&segment, next == END) {
                        choices.push(Choice { state: id, cursor, tried: index + 1, values });
                    }
                    cursor = match (edge.part.is_final, slash) {
                        (false, _) => next,
                        (true, true) => SLASH,
                        (true, false) => END,
                    };
                    id = edge.to;
                    continue 'walk;
                }
                if state.forgives(&segment, next == END)
                    && let Some(rule) = self.forgive_slash(state)?
                {
                    return Ok(Step::Found(rule));
                }
            }
            let Some(choice) = choices.pop() else { return Ok(Step::Nothing) };
            self.values.truncate(choice.values);
            (id, cursor, tried) = (choice.state, choice.cursor, Some(choice.tried));
        }
    }

    /// The path ends here: is there a rule, or one a slash further on?
    #[inline]
    fn arrive(&mut self, state: &State) -> Result<Step, J::Error> {
        for &rule in &state.rules {
            if self.takes(rule)? {
                return Ok(Step::Found(rule));
            }
        }
        let branch = state.slash.and_then(|child| self.tree.state(child));
        for &rule in branch.map(|state| state.rules.as_slice()).unwrap_or_default() {
            let flags = self.tree.flags(rule);
            if flags.websocket == self.websocket && self.judge.allows(rule)? {
                return Ok(if flags.strict_slashes { Step::SlashRequired } else { Step::Found(rule) });
            }
        }
        Ok(Step::Nothing)
    }

    /// The path ends one slash behind this state: rules that are not strict do not mind.
    #[cold]
    fn forgive_slash(&mut self, state: &State) -> Result<Option<RuleId>, J::Error> {
        for &rule in &state.rules {
            if !self.tree.flags(rule).strict_slashes && self.takes(rule)? {
                return Ok(Some(rule));
            }
        }
        Ok(None)
    }

    /// Whether a rule whose pattern fits takes the request; if not, remember why.
    #[inline(always)]
    fn takes(&mut self, rule: RuleId) -> Result<bool, J::Error> {
        if !self.judge.allows(rule)? {
            self.miss(rule);
            return Ok(false);
        }
        let same = self.tree.flags(rule).websocket == self.websocket;
        self.misses.wrong_protocol |= !same;
        Ok(same)
    }

    #[cold]
    fn miss(&mut self, rule: RuleId) {
        self.misses.wrong_method.push(rule);
    }

    /// Match one part and keep its values. `Some` says whether its optional slash was there.
    #[inline]
    fn capture(&mut self, part: &Dynamic, target: &'t [u8]) -> Result<Option<bool>, J::Error> {
        if part.foreign().is_none() {
            return Ok(part.find(target, self.tree.digits, self.values));
        }
        self.capture_foreign(part, target)
    }

    #[inline(never)]
    fn capture_foreign(&mut self, part: &Dynamic, target: &'t [u8]) -> Result<Option<bool>, J::Error> {
        let mut spans = Spans::new();
        let found = self.judge.foreign(part, target, &mut spans)?;
        self.values.extend(spans.iter().map(|&(start, end)| target.get(start..end).unwrap_or_default()));
        Ok(match found {
            Foreign::Nothing => None,
            Foreign::Match => Some(false),
            Foreign::MatchWithSlash => Some(true),
        })
    }
}

/// A judge that knows the methods of each rule, for use without Python.
#[derive(Clone, Debug, Default)]
pub struct Methods<'a> {
    /// The request's method.
    pub method: &'a str,
    /// Each rule's methods; a rule without an entry takes all.
    pub of_rule: Vec<Option<Vec<&'a str>>>,
}

impl Judge for Methods<'_> {
    type Error = std::convert::Infallible;

    fn allows(&mut self, rule: RuleId) -> Result<bool, Self::Error> {
        let methods = self.of_rule.get(rule.index()).and_then(Option::as_ref);
        Ok(methods.is_none_or(|methods| methods.contains(&self.method)))
    }

    fn foreign(&mut self, _: &Dynamic, _: &[u8], _: &mut Spans) -> Result<Foreign, Self::Error> {
        Ok(Foreign::Nothing)
    }
}
