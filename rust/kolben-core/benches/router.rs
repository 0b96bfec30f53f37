//! The router alone, beside matchit, on the routes of `benches/routes.txt`.
//!
//! Run by `make bench`, which reads the means from criterion's files.

#![expect(clippy::expect_used, reason = "a benchmark on wrong data should stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use kolben_core::router::{
    Converter, Item, Matcher, Methods, Misses, Outcome, RuleFlags, Token, Tree, Values, parts, scan,
};
use std::hint::black_box;

const ROUTES: &str = include_str!("../../../benches/routes.txt");

/// The rules of the table, without their methods.
fn rules() -> Vec<&'static str> {
    let lines = ROUTES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().nth(1)).collect()
}

/// A converter by its name in a rule: its expression, its weight, and a value for it.
fn converter(name: Option<&[u8]>) -> (&'static str, f64, &'static str) {
    match name {
        Some(b"int") => (r"\d+", 50.0, "12345"),
        Some(b"float") => (r"\d+\.\d+", 50.0, "52.5"),
        Some(b"uuid") => (
            "[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}",
            100.0,
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ),
        Some(b"path") => ("[^/].*?", 200.0, "css/site/main.css"),
        _ => ("[^/]{1,}", 100.0, "alpha"),
    }
}

/// A rule as the router's items, as matchit's pattern, and as a path that it matches.
fn forms(rule: &str) -> (Vec<Item>, String, String) {
    let (mut items, mut pattern, mut path) = (Vec::new(), String::new(), String::new());
    for token in scan(rule.as_bytes()).expect("the table's rules are well formed") {
        match token {
            Token::Slash => {
                items.push(Item::Slash);
                pattern.push('/');
                path.push('/');
            }
            Token::Literal(text) => {
                items.push(Item::Literal(text.into()));
                pattern.push_str(&String::from_utf8_lossy(text));
                path.push_str(&String::from_utf8_lossy(text));
            }
            Token::Variable { name, converter: kind, .. } => {
                let (regex, weight, value) = converter(kind);
                let isolating = kind != Some(b"path");
                let matcher = Matcher::from_regex(regex.as_bytes());
                let converter = Box::new(Converter { matcher, isolating, weight });
                items.push(Item::Variable { name: name.into(), converter });
                // matchit wants one name for one place.
                pattern.push_str(if isolating { "{value}" } else { "{*value}" });
                path.push_str(value);
            }
        }
    }
    (items, pattern, path)
}

fn router(criterion: &mut Criterion) {
    let mut tree = Tree::default();
    let mut peer = matchit::Router::new();
    let mut paths = Vec::new();
    for (number, rule) in rules().into_iter().enumerate() {
        let (items, mut pattern, path) = forms(rule);
        // matchit takes no name twice in one pattern.
        let mut count = 0;
        while let Some(at) = pattern.find("{value}") {
            pattern.replace_range(at..at + 7, &format!("{{v{count}}}"));
            count += 1;
        }
        tree.add(&parts(&[], &items), RuleFlags::default());
        peer.insert(pattern, number).expect("the table has no conflicts for matchit");
        paths.push(path);
    }
    let mut group = criterion.benchmark_group("all-routes");
    group.bench_function("kolben", |bencher| {
        bencher.iter(|| {
            for path in &paths {
                let request = tree.request(b"", black_box(path.as_bytes()), false, true);
                let mut values = Values::new();
                let outcome =
                    tree.find(&request, &mut Methods::default(), &mut values, &mut Misses::default());
                assert!(matches!(black_box((&outcome, &values)).0, Ok(Outcome::Match(_))));
            }
        });
    });
    group.bench_function("matchit", |bencher| {
        bencher.iter(|| {
            for path in &paths {
                assert!(black_box(peer.at(black_box(path))).is_ok());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, router);
criterion_main!(benches);
