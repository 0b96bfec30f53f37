//! The parts of Kolben that know nothing of Python: the URL router and the header grammars.
//!
//! Text comes in as bytes in *generalised UTF-8* (UTF-8 that may also hold lone surrogates, which
//! Python strings can), plain values go out. Nothing here panics, whatever the input.
#![forbid(unsafe_code)]

pub mod header;
pub mod multipart;
pub mod router;
