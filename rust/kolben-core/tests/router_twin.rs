//! The router against a twin that is written for clearness, and against any bytes at all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may fail")]

use kolben_core::router::{
    Converter, Item, Matcher, Methods, Misses, Outcome, RuleFlags, Tree, Values, parts, scan,
};
use proptest::prelude::*;
use std::cmp::Ordering;

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(&'static str),
    Value(Kind),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Any,
    Two,
    Integer,
    Path,
    Choice,
}

impl Kind {
    fn regex(self) -> &'static [u8] {
        match self {
            Self::Any => b"[^/]{1,}",
            Self::Two => b"[^/]{2}",
            Self::Integer => br"-?\d+",
            Self::Path => b"[^/].*?",
            Self::Choice => b"(?:a|ab|\\-)",
        }
    }

    fn weight(self) -> f64 {
        match self {
            Self::Integer => 50.0,
            Self::Path => 200.0,
            _ => 100.0,
        }
    }

    /// The ends of all its matches at the head of `text`, the one to be tried first being first.
    fn ends(self, text: &str) -> Vec<usize> {
        let segment = text.find('/').unwrap_or(text.len());
        match self {
            Self::Any => (1..=segment).rev().collect(),
            Self::Two => (2..=segment).take(1).collect(),
            Self::Integer => {
                let sign = usize::from(text.starts_with('-'));
                let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
                (sign + 1..=sign + digits).rev().collect()
            }
            Self::Path if segment == 0 => Vec::new(),
            Self::Path => (1..=text[1..].find('\n').map_or(text.len(), |at| at + 1)).collect(),
            Self::Choice => {
                let items = ["a", "ab", "-"].into_iter().filter(|item| text.starts_with(item));
                items.map(str::len).collect()
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Rule {
    segments: Vec<Vec<Piece>>,
    /// Whether it ends in a slash.
    branch: bool,
    method: Option<&'static str>,
    flags: RuleFlags,
}

impl Rule {
    /// The rule as the router takes it.
    fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for segment in &self.segments {
            items.push(Item::Slash);
            items.extend(segment.iter().map(item));
        }
        if self.branch || self.segments.is_empty() {
            items.push(Item::Slash);
        }
        items
    }

    /// The rule as the twin takes it.
    fn steps(&self) -> Vec<Step> {
        let empty = || Step::Static(String::new());
        // The domain, and what is before the first slash.
        let mut steps = vec![empty(), empty()];
        let is_path = |segment: &Vec<Piece>| segment.contains(&Piece::Value(Kind::Path));
        let plain = self.segments.iter().position(is_path).unwrap_or(self.segments.len());
        steps.extend(self.segments[..plain].iter().map(|segment| step(segment)));
        let rest = &self.segments[plain..];
        if !rest.is_empty() {
            // From the first path on, one step takes all that is left.
            let weight = Weight::of(&rest.concat());
            let pieces = rest.join(&Piece::Text("/"));
            steps.push(Step::Dynamic { pieces, weight, is_final: true, suffixed: self.branch });
        }
        if self.branch || self.segments.is_empty() {
            steps.push(empty());
        }
        steps
    }
}

fn item(piece: &Piece) -> Item {
    match piece {
        Piece::Text(text) => Item::Literal(text.as_bytes().into()),
        Piece::Value(kind) => {
            let matcher = Matcher::from_regex(kind.regex());
            let (isolating, weight) = (*kind != Kind::Path, kind.weight());
            let converter = Box::new(Converter { matcher, isolating, weight });
            Item::Variable { name: b"x".as_slice().into(), converter }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Weight {
    texts: Vec<usize>,
    values: Vec<f64>,
}

impl Weight {
    fn of(pieces: &[Piece]) -> Self {
        let mut weight = Self { texts: Vec::new(), values: Vec::new() };
        for piece in pieces {
            match piece {
                Piece::Text(text) => weight.texts.push(text.len()),
                Piece::Value(kind) => weight.values.push(kind.weight()),
            }
        }
        weight
    }

    fn cmp(&self, other: &Self) -> Ordering {
        (other.texts.len().cmp(&self.texts.len()))
            .then_with(|| other.texts.cmp(&self.texts))
            .then_with(|| other.values.len().cmp(&self.values.len()))
            .then_with(|| self.values.partial_cmp(&other.values).unwrap())
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Static(String),
    Dynamic { pieces: Vec<Piece>, weight: Weight, is_final: bool, suffixed: bool },
}

fn step(segment: &[Piece]) -> Step {
    if let [Piece::Text(text)] = segment {
        return Step::Static((*text).to_owned());
    }
    let weight = Weight::of(segment);
    Step::Dynamic { pieces: segment.to_vec(), weight, is_final: false, suffixed: false }
}

/// A state of the twin, with its ways on in the order in which they are tried.
#[derive(Default)]
struct Node {
    ways: Vec<(Step, Node)>,
    rules: Vec<usize>,
}

impl Node {
    fn add(&mut self, steps: &[Step], rule: usize) {
        let Some((first, rest)) = steps.split_first() else { return self.rules.push(rule) };
        let place = self.ways.iter().position(|(step, _)| step == first).unwrap_or_else(|| {
            self.ways.push((first.clone(), Self::default()));
            self.ways.len() - 1
        });
        self.ways[place].1.add(rest, rule);
    }

    fn sort(&mut self) {
        self.ways.sort_by(|(one, _), (other, _)| match (one, other) {
            (Step::Static(_), Step::Static(_)) => Ordering::Equal,
            (Step::Static(_), _) => Ordering::Less,
            (_, Step::Static(_)) => Ordering::Greater,
            (Step::Dynamic { weight: one, .. }, Step::Dynamic { weight: other, .. }) => one.cmp(other),
        });
        self.ways.iter_mut().for_each(|(_, node)| node.sort());
    }
}

#[derive(Debug, PartialEq)]
enum End {
    Rule(usize, Vec<String>),
    SlashRequired,
}

struct Twin<'a> {
    rules: &'a [Rule],
    root: Node,
    websocket: bool,
}

impl<'a> Twin<'a> {
    fn new(rules: &'a [Rule], websocket: bool) -> Self {
        let mut root = Node::default();
        for (number, rule) in rules.iter().enumerate() {
            root.add(&rule.steps(), number);
        }
        root.sort();
        Self { rules, root, websocket }
    }

    /// A rule with its values, or another path, or neither.
    fn answer(&self, path: &str) -> (Option<(usize, Vec<String>)>, Option<String>) {
        match self.search_path(path) {
            Some(End::Rule(rule, values)) => return (Some((rule, values)), None),
            Some(End::SlashRequired) => return (None, Some(format!("{path}/"))),
            None => {}
        }
        let mut merged = path.to_owned();
        while merged.contains("//") {
            merged = merged.replace("//", "/");
        }
        let to = match self.search_path(&merged) {
            Some(End::Rule(rule, _)) => self.rules[rule].flags.merge_slashes.then_some(merged),
            Some(End::SlashRequired) => Some(format!("{merged}/")),
            None => None,
        };
        (None, to)
    }

    fn search_path(&self, path: &str) -> Option<End> {
        let segments: Vec<_> = std::iter::once("").chain(path.split('/')).collect();
        self.search(&self.root, &segments, &[])
    }

    fn takes(&self, rule: usize) -> bool {
        let rule = &self.rules[rule];
        rule.method.is_none_or(|method| method == "GET") && rule.flags.websocket == self.websocket
    }

    fn search(&self, node: &Node, segments: &[&str], values: &[String]) -> Option<End> {
        let Some((first, rest)) = segments.split_first() else { return self.arrive(node, values) };
        for (step, next) in &node.ways {
            let end = match step {
                Step::Static(text) if text == first => self.search(next, rest, values),
                Step::Static(_) => None,
                Step::Dynamic { pieces, is_final: false, .. } => split(pieces, first)
                    .and_then(|more| self.search(next, rest, &[values, more.as_slice()].concat())),
                Step::Dynamic { pieces, suffixed, .. } => {
                    self.search_rest(next, pieces, *suffixed, &segments.join("/"), values)
                }
            };
            if end.is_some() {
                return end;
            }
        }
        let lenient = |rule: &&usize| !self.rules[**rule].flags.strict_slashes && self.takes(**rule);
        let rule = node.rules.iter().find(lenient).filter(|_| segments == [""]);
        rule.map(|&rule| End::Rule(rule, values.to_vec()))
    }

    /// Everything is consumed: a rule, or one that lacks its slash.
    fn arrive(&self, node: &Node, values: &[String]) -> Option<End> {
        if let Some(&rule) = node.rules.iter().find(|rule| self.takes(**rule)) {
            return Some(End::Rule(rule, values.to_vec()));
        }
        let (_, branch) = node.ways.iter().find(|(step, _)| *step == Step::Static(String::new()))?;
        let &rule = branch.rules.iter().find(|rule| self.takes(**rule))?;
        let strict = self.rules[rule].flags.strict_slashes;
        Some(if strict { End::SlashRequired } else { End::Rule(rule, values.to_vec()) })
    }

    fn search_rest(
        &self,
        next: &Node,
        pieces: &[Piece],
        suffixed: bool,
        target: &str,
        values: &[String],
    ) -> Option<End> {
        let body = if suffixed { target.strip_suffix('/').unwrap_or(target) } else { target };
        if suffixed && body.ends_with('/') {
            return None;
        }
        let more = split(pieces, body)?;
        let ahead: &[&str] = if body.len() < target.len() { &[""] } else { &[] };
        self.search(next, ahead, &[values, more.as_slice()].concat())
    }
}

/// Split a text among pieces by trying everything, in the order of a backtracking engine.
fn split(pieces: &[Piece], text: &str) -> Option<Vec<String>> {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty().then(Vec::new) };
    match first {
        Piece::Text(wanted) => split(rest, text.strip_prefix(wanted)?),
        Piece::Value(kind) => kind.ends(text).into_iter().find_map(|end| {
            let mut values = split(rest, &text[end..])?;
            values.insert(0, text[..end].to_owned());
            Some(values)
        }),
    }
}

/// Pieces in which no two texts stand side by side: in a rule they would be one.
fn segment() -> impl Strategy<Value = Vec<Piece>> {
    use Kind::{Any, Choice, Integer, Path, Two};
    let piece = prop_oneof![
        prop::sample::select(vec!["a", "b", "ab", "-", "1"]).prop_map(Piece::Text),
        prop::sample::select(vec![Any, Any, Two, Integer, Path, Choice]).prop_map(Piece::Value),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|mut pieces| {
        pieces.dedup_by(|next, before| matches!((next, before), (Piece::Text(_), Piece::Text(_))));
        pieces
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1)).prop_map(
        |(strict_slashes, merge_slashes, websocket)| RuleFlags { websocket, strict_slashes, merge_slashes },
    );
    let method = prop::sample::select(vec![None, None, Some("GET"), Some("POST")]);
    (prop::collection::vec(segment(), 0..4), any::<bool>(), method, flags)
        .prop_map(|(segments, branch, method, flags)| Rule { segments, branch, method, flags })
}

fn path() -> impl Strategy<Value = String> {
    let pieces = vec!["/", "/", "/", "a", "b", "ab", "-", "1", "12", "\n"];
    prop::collection::vec(prop::sample::select(pieces), 0..9)
        .prop_map(|pieces| format!("/{}", pieces.concat().trim_start_matches('/')))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_router_answers_as_its_twin_does(
        rules in prop::collection::vec(rule(), 1..8),
        paths in prop::collection::vec(path(), 16),
        websocket in prop::bool::weighted(0.1),
    ) {
        let mut tree = Tree::default();
        for rule in &rules {
            tree.add(&parts(&[], &rule.items()), rule.flags);
        }
        let twin = Twin::new(&rules, websocket);
        let of_rule = rules.iter().map(|rule| rule.method.map(|method| vec![method])).collect();
        let mut methods = Methods { method: "GET", of_rule };
        for path in paths {
            let request = tree.request(b"", path.as_bytes(), websocket, true);
            let (mut values, mut misses) = (Values::new(), Misses::default());
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let found = match tree.find(&request, &mut methods, &mut values, &mut misses).unwrap() {
                Outcome::Match(id) => (Some((id.index(), values.iter().map(|v| text(v)).collect())), None),
                Outcome::Redirect(to) => (None, Some(text(&to))),
                Outcome::Missing => (None, None),
            };
            prop_assert_eq!(found, twin.answer(&path), "{:?}", path);
        }
    }

    #[test]
    fn any_bytes_are_a_rule_or_malformed(rule in prop::collection::vec(any::<u8>(), 0..64)) {
        let malformed = scan(&rule).err();
        prop_assert!(malformed.is_none_or(|fault| rule.get(fault.at) == Some(&b'<')));
    }

    #[test]
    fn any_bytes_are_some_expression(regex in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(Matcher::from_regex(&regex).regex(), regex);
    }

    #[test]
    fn any_bytes_may_be_routed(
        kinds in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 1..6),
        text in prop::collection::vec(any::<u8>(), 0..12),
        domain in prop::collection::vec(any::<u8>(), 0..12),
        path in prop::collection::vec(prop_oneof![Just(b'/'), any::<u8>()], 0..48),
    ) {
        let regexes = [b"[^/]+".as_slice(), br"\d+", b"[^/].*?", b"(?:a|\xff)", br"-?\d+\.\d+", b"[^/]{2}"];
        let mut items = vec![Item::Slash, Item::Literal(text.into())];
        for (regex, kind) in regexes.into_iter().zip(kinds) {
            let matcher = Matcher::from_regex(regex);
            let converter = Box::new(Converter { matcher, isolating: kind.len() % 2 == 0, weight: 1.0 });
            items.push(Item::Variable { name: b"x".as_slice().into(), converter });
            items.push(if kind.len() == 3 { Item::Slash } else { Item::Literal(kind.into()) });
        }
        let mut tree = Tree::default();
        tree.add(&parts(&[], &items), RuleFlags::default());
        tree.add(&parts(&items, &[]), RuleFlags { strict_slashes: false, ..RuleFlags::default() });
        let request = tree.request(&domain, &path, false, true);
        let found = tree.find(&request, &mut Methods::default(), &mut Values::new(), &mut Misses::default());
        prop_assert!(found.is_ok());
    }
}

#[test]
fn a_domain_with_a_slash_is_no_segment() {
    let converter = Converter { matcher: Matcher::from_regex(b"[^/]{1,}"), isolating: true, weight: 100.0 };
    let domain = [Item::Variable { name: b"x".as_slice().into(), converter: Box::new(converter) }];
    let mut tree = Tree::default();
    tree.add(&parts(&domain, &[Item::Slash]), RuleFlags::default());
    for (domain, outcome) in [("a", true), ("a/b", false)] {
        let request = tree.request(domain.as_bytes(), b"/", false, true);
        let found = tree.find(&request, &mut Methods::default(), &mut Values::new(), &mut Misses::default());
        assert_eq!(matches!(found, Ok(Outcome::Match(_))), outcome, "{domain}");
    }
}
