//! `Range` and `Content-Range`.
//!
//! ```text
//! range         = unit "=" spec *( "," spec )
//! spec          = first "-" [ last ] / "-" length
//! content-range = unit SP ( first "-" last / "*" ) "/" ( length / "*" )
//! ```
//!
//! Ranges must ascend without overlap, and only the last may be open. More than
//! [`MOST_RANGES`] are refused.
//!
//! ```
//! use kolben_core::header::range;
//!
//! let found = range::parse(b"bytes=0-4,10-").unwrap();
//! assert_eq!(found.unit, b"bytes");
//! assert_eq!(found.spans.as_slice(), [(0, Some(5)), (10, None)]);
//! ```

use smallvec::SmallVec;

use super::scan::{any, partition, parts, trim};

/// As many ranges as one header may ask for.
pub const MOST_RANGES: usize = 100;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The header is malformed, or asks for too much.
    Invalid,
    /// A number has more digits than fit; who can count further may.
    Huge,
}

/// What [`parse`] finds.
#[derive(Debug, PartialEq, Eq)]
pub struct Ranges<'a> {
    /// The unit, trimmed, in the header's case.
    pub unit: &'a [u8],
    /// Start and, unless open, stop of each range; a negative start counts from the end.
    pub spans: SmallVec<[(i64, Option<i64>); 8]>,
}

/// Reads a `Range`.
pub fn parse(value: &[u8]) -> Result<Ranges<'_>, Error> {
    let (unit, Some(specs)) = partition(value, b'=') else {
        return Err(Error::Invalid);
    };
    let mut spans = SmallVec::new();
    let mut open = false;
    let mut end = 0;
    let mut huge = false;
    for (count, spec) in parts(specs, b',').enumerate() {
        if count == MOST_RANGES {
            return Err(Error::Invalid);
        }
        let span = match span(trim(spec)) {
            // The ones that follow may yet be malformed or too many.
            Err(Error::Huge) => {
                huge = true;
                continue;
            }
            span => span?,
        };
        if open || (span.0 >= 0 && span.0 < end) {
            return Err(Error::Invalid);
        }
        match span.1 {
            Some(stop) => end = stop,
            None => open = true,
        }
        spans.push(span);
    }
    if huge {
        return Err(Error::Huge);
    }
    Ok(Ranges { unit: trim(unit), spans })
}

fn span(spec: &[u8]) -> Result<(i64, Option<i64>), Error> {
    if spec.first() == Some(&b'-') {
        return match integer(spec)? {
            0 => Err(Error::Invalid),
            length => Ok((length, None)),
        };
    }
    let (first, Some(last)) = partition(spec, b'-') else {
        return Err(Error::Invalid);
    };
    let first = integer(trim(first))?;
    let last = trim(last);
    if last.is_empty() {
        return Ok((first, None));
    }
    let stop = integer(last)? + 1;
    if first >= stop { Err(Error::Invalid) } else { Ok((first, Some(stop))) }
}

/// An integer of ASCII digits with an optional minus, spaces and tabs around it.
pub fn integer(text: &[u8]) -> Result<i64, Error> {
    let text = trim(text);
    let (digits, sign) = match text {
        [b'-', digits @ ..] => (digits, -1),
        digits => (digits, 1),
    };
    if digits.is_empty() || any(digits, |digit| !digit.is_ascii_digit()) {
        return Err(Error::Invalid);
    }
    if digits.len() > 18 {
        return Err(Error::Huge);
    }
    Ok(sign * digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

/// What [`parse_content`] finds.
#[derive(Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// The unit in the header's case.
    pub unit: &'a [u8],
    /// Start and stop; `None` for a star.
    pub span: Option<(i64, i64)>,
    /// The length of the whole; `None` for a star.
    pub length: Option<i64>,
}

/// Reads a `Content-Range`.
pub fn parse_content(value: &[u8]) -> Result<Content<'_>, Error> {
    let (unit, rest) = partition(trim(value), b' ');
    let (range, Some(length)) = partition(rest.unwrap_or_default(), b'/') else {
        return Err(Error::Invalid);
    };
    let length = if length == b"*" { None } else { Some(integer(length)?) };
    if range == b"*" {
        return match length {
            Some(..0) => Err(Error::Invalid),
            _ => Ok(Content { unit, span: None, length }),
        };
    }
    let (first, Some(last)) = partition(range, b'-') else {
        return Err(Error::Invalid);
    };
    // Both, for a malformed one counts before a huge one.
    let (first, last) = (integer(first), integer(last));
    if first == Err(Error::Invalid) || last == Err(Error::Invalid) {
        return Err(Error::Invalid);
    }
    let (first, stop) = (first?, last? + 1);
    if first < 0 || first >= stop || length.is_some_and(|length| first >= length) {
        return Err(Error::Invalid);
    }
    Ok(Content { unit, span: Some((first, stop)), length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(value: &str) -> Option<Vec<(i64, Option<i64>)>> {
        parse(value.as_bytes()).ok().map(|ranges| ranges.spans.into_vec())
    }

    #[test]
    fn a_suffix_counts_from_the_end() {
        assert_eq!(spans("bytes=-5"), Some(vec![(-5, None)]));
        assert_eq!(spans("bytes=0-1, -5"), Some(vec![(0, Some(2)), (-5, None)]));
        assert_eq!(spans("bytes=-0"), None);
    }

    #[test]
    fn ranges_must_ascend() {
        assert_eq!(spans("bytes=5-6,0-1"), None);
        assert_eq!(spans("bytes=0-,5-6"), None);
        assert_eq!(spans("bytes=3-2"), None);
    }

    #[test]
    fn cve_2025_62727_too_many_ranges_are_refused() {
        let header = |count: usize| {
            let specs: Vec<_> = (0..count).map(|at| format!("{at}-{at}")).collect();
            format!("bytes={}", specs.join(","))
        };
        assert_eq!(spans(&header(MOST_RANGES)).map(|spans| spans.len()), Some(MOST_RANGES));
        assert_eq!(spans(&header(MOST_RANGES + 1)), None);
    }

    #[test]
    fn numbers_that_do_not_fit_are_told_apart() {
        assert_eq!(parse(b"bytes=0-9999999999999999999"), Err(Error::Huge));
        assert_eq!(integer(b" -42\t"), Ok(-42));
        assert_eq!(integer(b"1_0"), Err(Error::Invalid));
    }

    #[test]
    fn a_content_range_may_leave_out_either_half() {
        let found = |value: &str| parse_content(value.as_bytes()).map(|it| (it.span, it.length));
        assert_eq!(found("bytes 0-4/10"), Ok((Some((0, 5)), Some(10))));
        assert_eq!(found("bytes */10"), Ok((None, Some(10))));
        assert_eq!(found("bytes 0-4/*"), Ok((Some((0, 5)), None)));
        assert_eq!(found("bytes 10-11/10"), Err(Error::Invalid));
    }
}
