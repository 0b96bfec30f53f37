//! The URL router: rules in, one decision out.
//!
//! ```text
//! rule text --scan--> tokens --part--> parts --tree--> states --search--> outcome
//!                        \--build--> URL templates
//! ```
//!
//! A rule's text is cut into [`Token`]s once. Together with what its converters say of themselves
//! ([`Converter`]) they give the [`Part`]s, one per path segment, that a [`Tree`] branches on.
//! [`Tree::find`] walks it in time linear in the path.
//!
//! ```
//! use kolben_core::router::{
//!     Converter, Item, Matcher, Methods, Misses, Outcome, RuleFlags, Tree, Values, parts,
//! };
//!
//! let digits = Converter { matcher: Matcher::from_regex(br"\d+"), isolating: true, weight: 50.0 };
//! let rule = [
//!     Item::Slash,
//!     Item::Literal((*b"user").into()),
//!     Item::Slash,
//!     Item::Variable { name: (*b"id").into(), converter: Box::new(digits) },
//! ];
//! let mut tree = Tree::default();
//! let user = tree.add(&parts(&[], &rule), RuleFlags::default());
//!
//! let request = tree.request(b"", b"/user/42", false, true);
//! let mut values = Values::new();
//! let outcome = tree.find(&request, &mut Methods::default(), &mut values, &mut Misses::default());
//! assert_eq!(outcome, Ok(Outcome::Match(user)));
//! assert_eq!(values.as_slice(), [b"42"]);
//! ```

mod build;
mod digits;
mod matcher;
mod part;
mod scan;
mod search;
mod split;
mod tree;

pub use build::{Slot, Template, quote_into, quote_query_into};
pub use digits::Digits;
pub use matcher::{Count, Matcher};
pub use part::{Converter, Dynamic, Item, Part, Piece, Spans, Weight, parts};
pub use scan::{Malformed, Token, scan};
pub use search::{Foreign, Judge, Methods, Misses, Outcome, Request, Values};
pub use tree::{RuleFlags, RuleId, Tree};
