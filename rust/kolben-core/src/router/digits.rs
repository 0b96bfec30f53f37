//! The decimal digits of Unicode (category Nd), which is what `\d` means in Python.
//!
//! Every script's digits are ten code points in a row, so the table holds the zeros only, each
//! with the version of Unicode that brought it: a Python knows the digits of its own version.

/// (zero, major version of Unicode), sorted; 13 stands for "13 or before".
const ZEROS: &[(u32, u8)] = &[
    (0x660, 13),
    (0x6f0, 13),
    (0x7c0, 13),
    (0x966, 13),
    (0x9e6, 13),
    (0xa66, 13),
    (0xae6, 13),
    (0xb66, 13),
    (0xbe6, 13),
    (0xc66, 13),
    (0xce6, 13),
    (0xd66, 13),
    (0xde6, 13),
    (0xe50, 13),
    (0xed0, 13),
    (0xf20, 13),
    (0x1040, 13),
    (0x1090, 13),
    (0x17e0, 13),
    (0x1810, 13),
    (0x1946, 13),
    (0x19d0, 13),
    (0x1a80, 13),
    (0x1a90, 13),
    (0x1b50, 13),
    (0x1bb0, 13),
    (0x1c40, 13),
    (0x1c50, 13),
    (0xa620, 13),
    (0xa8d0, 13),
    (0xa900, 13),
    (0xa9d0, 13),
    (0xa9f0, 13),
    (0xaa50, 13),
    (0xabf0, 13),
    (0xff10, 13),
    (0x104a0, 13),
    (0x10d30, 13),
    (0x10d40, 16),
    (0x11066, 13),
    (0x110f0, 13),
    (0x11136, 13),
    (0x111d0, 13),
    (0x112f0, 13),
    (0x11450, 13),
    (0x114d0, 13),
    (0x11650, 13),
    (0x116c0, 13),
    (0x116d0, 16),
    (0x116da, 16),
    (0x11730, 13),
    (0x118e0, 13),
    (0x11950, 13),
    (0x11bf0, 16),
    (0x11c50, 13),
    (0x11d50, 13),
    (0x11da0, 13),
    (0x11de0, 17),
    (0x11f50, 15),
    (0x16130, 16),
    (0x16a60, 13),
    (0x16ac0, 13),
    (0x16b50, 13),
    (0x16d70, 16),
    (0x1ccf0, 16),
    (0x1d7ce, 13),
    (0x1d7d8, 13),
    (0x1d7e2, 13),
    (0x1d7ec, 13),
    (0x1d7f6, 13),
    (0x1e140, 13),
    (0x1e2f0, 13),
    (0x1e4f0, 15),
    (0x1e5f1, 16),
    (0x1e950, 13),
    (0x1fbf0, 13),
];

/// The decimal digits of one version of Unicode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits {
    version: u8,
}

impl Default for Digits {
    fn default() -> Self {
        Self::of_unicode(14)
    }
}

impl Digits {
    /// The digits that Unicode has in its version `major`.
    pub fn of_unicode(major: u8) -> Self {
        Self { version: major }
    }

    /// Whether this code point is a decimal digit.
    #[inline]
    pub fn contains(self, code_point: u32) -> bool {
        if code_point < 0x80 {
            return code_point.wrapping_sub(0x30) < 10;
        }
        let after = ZEROS.partition_point(|&(zero, _)| zero <= code_point);
        after
            .checked_sub(1)
            .and_then(|index| ZEROS.get(index))
            .is_some_and(|&(zero, since)| code_point - zero < 10 && since <= self.version)
    }
}

/// The code points of generalised UTF-8 (lone surrogates included), with their offsets.
///
/// Bytes that are no such text give U+FFFD one by one; nothing is skipped.
pub(super) struct CodePoints<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> CodePoints<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }
}

impl Iterator for CodePoints<'_> {
    type Item = (usize, u32);

    #[inline]
    fn next(&mut self) -> Option<(usize, u32)> {
        let rest = self.bytes.get(self.offset..)?;
        let first = u32::from(*rest.first()?);
        let tail = |index: usize| rest.get(index).map(|&byte| u32::from(byte) & 0x3f);
        let decoded = match first {
            0..=0x7f => Some((first, 1)),
            0xc0..=0xdf => tail(1).map(|a| ((first & 0x1f) << 6 | a, 2)),
            0xe0..=0xef => tail(1).zip(tail(2)).map(|(a, b)| ((first & 0xf) << 12 | a << 6 | b, 3)),
            0xf0..=0xf7 => tail(1)
                .zip(tail(2))
                .zip(tail(3))
                .map(|((a, b), c)| ((first & 7) << 18 | a << 12 | b << 6 | c, 4)),
            _ => None,
        };
        let (code_point, width) = decoded.unwrap_or((0xfffd, 1));
        let at = self.offset;
        self.offset += width;
        Some((at, code_point))
    }
}

/// How many code points a text has.
pub(super) fn count(text: &[u8]) -> usize {
    if text.is_ascii() { text.len() } else { CodePoints::new(text).count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_apart() {
        assert!(ZEROS.windows(2).all(|pair| pair[0].0 + 10 <= pair[1].0));
    }

    #[test]
    fn a_later_unicode_has_more_digits() {
        let of = |version| (0..0x11_0000).filter(|&c| Digits::of_unicode(version).contains(c)).count();
        assert_eq!((of(13), of(14), of(15), of(16)), (650 + 10, 660, 680, 760));
    }

    #[test]
    fn surrogates_and_broken_bytes_are_one_code_point_each() {
        let text = b"a\xed\xa0\x80\xff\xe2\x82\xac";
        let found: Vec<_> = CodePoints::new(text).collect();
        assert_eq!(found, [(0, 0x61), (1, 0xd800), (4, 0xfffd), (5, 0x20ac)]);
    }
}
