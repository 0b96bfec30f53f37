//! From IRI to URI and back.
//!
//! ```text
//! iri       = [ scheme "://" authority ] [ path ] [ "?" query ] [ "#" fragment ]
//! authority = host [ ":" port ]
//! ```
//!
//! This covers what a web application sees all day: no user, no IPv6 address, no IDNA and no
//! control character. Anything else is `None`, for somebody who knows more URLs to look at.
//!
//! ```
//! use kolben_core::header::iri;
//!
//! let uri = iri::to_uri("http://A/é?ü".as_bytes());
//! assert_eq!(uri.as_deref(), Some(&b"http://a/%C3%A9?%C3%BC"[..]));
//! assert_eq!(iri::from_uri(b"/%C3%A9%20").as_deref(), Some("/é%20".as_bytes()));
//! ```

use super::host;
use super::query::keep_invalid;
use super::quote::{self, Part};
use super::scan::{ByteSet, after, any, cut, partition};

struct Pieces<'a> {
    scheme: &'a [u8],
    host: &'a [u8],
    port: &'a [u8],
    path: &'a [u8],
    query: &'a [u8],
    fragment: &'a [u8],
}

/// Takes a plain URL apart.
fn split(url: &[u8]) -> Option<Pieces<'_>> {
    // PERF: the first byte alone tells for most of what is left to Python (benches/sweep.py).
    let first = url.first();
    if first.is_some_and(|byte| *byte <= b' ') || odd_scheme(url) || any(url, |byte| byte < b' ') {
        return None;
    }
    let (rest, fragment) = partition(url, b'#');
    let (rest, query) = partition(rest, b'?');
    let mut pieces = Pieces {
        scheme: &[],
        host: &[],
        port: &[],
        path: rest,
        query: query.unwrap_or_default(),
        fragment: fragment.unwrap_or_default(),
    };
    let no_scheme = rest.first() == Some(&b'/') || memchr::memchr(b':', url).is_none();
    if no_scheme {
        // A leading space would be dropped, two slashes announce a host.
        let odd = rest.starts_with(b"//") || url.first() == Some(&b' ');
        return (!odd).then_some(pieces);
    }
    let (scheme, rest) = partition(rest, b':');
    let rest = rest?.strip_prefix(b"//")?;
    if scheme.is_empty() || !scheme.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let (authority, path) = cut(rest, memchr::memchr(b'/', rest).unwrap_or(rest.len()));
    let (name, port) = partition(authority, b':');
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !name.iter().all(plain) || !host::is_plain(name) || punycode(name) {
        return None;
    }
    if let Some(port) = port {
        host::port(port)?;
        pieces.port = port;
    }
    pieces.scheme = scheme;
    pieces.host = name;
    pieces.path = path;
    Some(pieces)
}

/// Whether a colon comes after something that is no plain scheme, and before any slash.
fn odd_scheme(url: &[u8]) -> bool {
    let end = url.iter().position(|byte| !byte.is_ascii_alphabetic());
    match end.and_then(|end| url.get(end)) {
        None | Some(b':' | b'/' | b'?' | b'#') => false,
        Some(_) => url.iter().find(|byte| matches!(byte, b':' | b'/')) == Some(&b':'),
    }
}

fn punycode(name: &[u8]) -> bool {
    name.windows(4).any(|window| window.eq_ignore_ascii_case(b"xn--"))
}

/// Puts a URL together, `convert` applied to its parts.
fn join(pieces: &Pieces<'_>, convert: impl Fn(&[u8], Part, &mut Vec<u8>)) -> Vec<u8> {
    let lengths = pieces.path.len() + pieces.query.len() + pieces.fragment.len();
    let mut out = Vec::with_capacity(lengths + pieces.host.len() + pieces.scheme.len() + 16);
    if !pieces.host.is_empty() {
        out.extend(pieces.scheme.iter().map(u8::to_ascii_lowercase));
        out.extend_from_slice(b"://");
        out.extend(pieces.host.iter().map(u8::to_ascii_lowercase));
        if !pieces.port.is_empty() {
            out.push(b':');
            out.extend_from_slice(pieces.port);
        }
    }
    convert(pieces.path, Part::Path, &mut out);
    for (mark, text, part) in [(b'?', pieces.query, Part::Query), (b'#', pieces.fragment, Part::Fragment)] {
        if !text.is_empty() {
            out.push(mark);
            convert(text, part, &mut out);
        }
    }
    out
}

/// Percent-encodes what a URI may not hold.
pub fn to_uri(iri: &[u8]) -> Option<Vec<u8>> {
    split(iri).map(|pieces| join(&pieces, quote::write))
}

/// Decodes what does not change the meaning: everything but control characters, spaces, percent
/// signs and what separates the parts.
pub fn from_uri(uri: &[u8]) -> Option<Vec<u8>> {
    split(uri).map(|pieces| {
        join(&pieces, |text, part, out| {
            let kept = match part {
                Part::Query => &KEPT_IN_QUERY,
                Part::Fragment => &KEPT_IN_FRAGMENT,
                Part::Path | Part::CookiePath => &KEPT_IN_PATH,
            };
            out.extend_from_slice(&keep_invalid(text, Some(kept)));
        })
    })
}

static KEPT_IN_FRAGMENT: ByteSet = ByteSet::of(b"% \x7f").controls();
static KEPT_IN_QUERY: ByteSet = ByteSet::of(b"% \x7f&=+#").controls();
static KEPT_IN_PATH: ByteSet = ByteSet::of(b"% \x7f/?#").controls();

/// The URL of a request from its percent-decoded parts: the root alone if there is no `path`.
pub fn request_url(root: &[u8], path: Option<&[u8]>, query: &[u8], out: &mut Vec<u8>) {
    let mut root = root;
    while let [head @ .., b'/'] = root {
        root = head;
    }
    quote::write(root, Part::Path, out);
    out.push(b'/');
    if let Some(mut path) = path {
        while path.first() == Some(&b'/') {
            path = after(path, 1);
        }
        quote::write(path, Part::Path, out);
        if !query.is_empty() {
            out.push(b'?');
            quote::write(query, Part::Query, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> (Option<String>, Option<String>) {
        let own = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (to_uri(text.as_bytes()).map(own), from_uri(text.as_bytes()).map(own))
    }

    #[test]
    fn each_part_keeps_what_separates_it() {
        let (_, iri) = both("http://a:80/%2F%41?%26%3d%2B%41#%26%25");
        assert_eq!(iri.as_deref(), Some("http://a:80/%2FA?%26%3d%2BA#&%25"));
    }

    #[test]
    fn odd_urls_are_left_alone() {
        for odd in [
            "http://a@b/",
            "http://[::1]/",
            "http://é/",
            "//a/b",
            " a",
            "http://a:080/",
            "http:///",
            "http://xn--a/",
            "http://a..b/",
            "/a\tb",
            "mailto:a",
            "http://a:/",
        ] {
            assert_eq!(both(odd), (None, None), "{odd:?}");
        }
    }

    #[test]
    fn a_relative_path_has_no_colon() {
        assert_eq!(both("a/é ").0.as_deref(), Some("a/%C3%A9%20"));
        assert_eq!(both("").0.as_deref(), Some(""));
        assert_eq!(both("a:b"), (None, None));
    }

    #[test]
    fn empty_parts_go_with_their_marks() {
        assert_eq!(both("/a?#").0.as_deref(), Some("/a"));
        assert_eq!(both("HTTP://A").0.as_deref(), Some("http://a"));
    }

    #[test]
    fn the_url_of_a_request_is_quoted() {
        let mut url = Vec::new();
        request_url(b"/root/", Some("//é;".as_bytes()), b"a=b c", &mut url);
        assert_eq!(url, b"/root/%C3%A9;?a=b%20c");
    }
}
