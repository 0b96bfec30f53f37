//! One module per grammar of HTTP's header fields.
//!
//! Every function reads bytes in generalised UTF-8 and cuts them at ASCII characters only, so what
//! it gives back is generalised UTF-8 too. Each takes time linear in its input and never recurses.

pub mod accept;
pub mod age;
pub mod auth;
pub mod cookie;
pub mod csp;
pub mod date;
pub mod dict;
pub mod etag;
pub mod extended;
pub mod host;
pub mod iri;
pub mod list;
pub mod options;
pub mod query;
pub mod quote;
pub mod quoted;
pub mod range;
mod scan;
