//! `Content-Security-Policy`.
//!
//! ```text
//! policy    = [ directive ] *( OWS ";" OWS [ directive ] )
//! directive = name SP value
//! ```
//!
//! ```
//! use kolben_core::header::csp;
//!
//! let found: Vec<_> = csp::directives(b"font-src 'self'; sandbox").collect();
//! assert_eq!(found, [(&b"font-src"[..], &b"'self'"[..])]);
//! ```

use super::scan::{partition, parts, trim};

/// The directives in order; one without a value is left out.
pub fn directives(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    parts(value, b';').filter_map(|directive| {
        let (name, value) = partition(trim(directive), b' ');
        value.map(|value| (trim(name), trim(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_space_separates_name_and_value() {
        let found: Vec<_> = directives(b"a\tb;c \t d ;; e").collect();
        assert_eq!(found, [(&b"c"[..], &b"d"[..])]);
    }
}
