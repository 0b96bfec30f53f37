//! The few steps that all grammars share: sets of bytes, trimming, cutting.

/// A set of bytes with a look-up of one load.
pub(crate) struct ByteSet([bool; 256]);

impl ByteSet {
    /// The set of the bytes in `members`.
    pub(crate) const fn of(members: &[u8]) -> Self {
        Self([false; 256]).with(members)
    }

    /// This set with ASCII letters and digits.
    pub(crate) const fn alphanumeric(self) -> Self {
        self.with(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }

    /// This set with the control characters below the space.
    pub(crate) const fn controls(self) -> Self {
        self.with(b"\0\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f")
            .with(b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f")
    }

    /// This set with the bytes in `members`.
    #[expect(clippy::indexing_slicing, reason = "a panic at compile time is a build error")]
    const fn with(self, members: &[u8]) -> Self {
        let mut table = self.0;
        let mut at = 0;
        while at < members.len() {
            table[members[at] as usize] = true;
            at += 1;
        }
        Self(table)
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|member| *member)
    }

    /// Whether every byte of `text` is a member.
    pub(crate) fn holds(&self, text: &[u8]) -> bool {
        text.iter().all(|byte| self.contains(*byte))
    }

    /// Cuts `text` after its longest head of members.
    pub(crate) fn span<'a>(&self, text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let end = text.iter().position(|byte| !self.contains(*byte)).unwrap_or(text.len());
        cut(text, end)
    }
}

/// `tchar` of RFC 9110.
pub(crate) static TOKEN: ByteSet = ByteSet::of(b"!#$%&'*+-.^_`|~").alphanumeric();

/// Cuts `text` at `at`, or at its end if that comes first.
pub(crate) fn cut(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    text.split_at_checked(at).unwrap_or((text, &[]))
}

/// What stands after the first `count` bytes.
pub(crate) fn after(text: &[u8], count: usize) -> &[u8] {
    text.get(count..).unwrap_or_default()
}

/// Whether any byte is `wanted`, which is found out for many at a time.
#[inline]
pub(crate) fn any(text: &[u8], wanted: impl Fn(u8) -> bool) -> bool {
    text.chunks(128).any(|lot| lot.iter().fold(0, |seen, byte| seen | u8::from(wanted(*byte))) != 0)
}

/// Drops leading spaces and tabs.
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Drops spaces and tabs at both ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let mut text = trim_start(text);
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

/// PERF: bench urlencoded. For so few bytes, a vector search takes longer to begin than a search of
/// eight at a time to end.
const SHORT: usize = 64;

/// The high bit of each byte of `word` that is `byte`; above the lowest of them, also of others.
const fn matches(word: u64, byte: u8) -> u64 {
    let differs = word ^ (LOW * byte as u64);
    differs.wrapping_sub(LOW) & !differs & HIGH
}

/// Where `byte` first stands.
#[inline]
pub(crate) fn find(text: &[u8], byte: u8) -> Option<usize> {
    if text.len() > SHORT {
        return memchr::memchr(byte, text);
    }
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = matches(u64::from_le_bytes(*word), byte);
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    match text.last_chunk::<8>() {
        // What was seen before is not found in it.
        Some(last) => {
            let found = matches(u64::from_le_bytes(*last), byte);
            (found != 0).then(|| text.len() - 8 + found.trailing_zeros() as usize / 8)
        }
        None => rest.iter().position(|found| *found == byte),
    }
}

/// Whether each of the bytes stands in `text` at all.
#[inline]
pub(crate) fn contains_each<const N: usize>(text: &[u8], bytes: [u8; N]) -> [bool; N] {
    if text.len() > SHORT {
        return bytes.map(|byte| memchr::memchr(byte, text).is_some());
    }
    let mut seen = [0; N];
    let mut look = |word: u64| {
        for (seen, byte) in seen.iter_mut().zip(bytes) {
            *seen |= matches(word, byte);
        }
    };
    let half = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
    for word in text.as_chunks::<8>().0 {
        look(u64::from_le_bytes(*word));
    }
    // Some of them are seen a second time, which is no harm.
    match (text.last_chunk::<8>(), text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(last), ..) => look(u64::from_le_bytes(*last)),
        (None, Some(first), Some(last)) => look(half(first) << 32 | half(last)),
        _ => return bytes.map(|byte| text.contains(&byte)),
    }
    seen.map(|seen| seen != 0)
}

/// What stands before and after the first `separator`; `None` where there is no separator.
#[inline]
pub(crate) fn partition(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match find(text, separator) {
        Some(at) => {
            let (head, tail) = cut(text, at);
            (head, Some(after(tail, 1)))
        }
        None => (text, None),
    }
}

/// The parts between separators, found many bytes at a time.
pub(crate) fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let (part, tail) = partition(rest?, separator);
        rest = tail;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_only_spaces_and_tabs() {
        assert_eq!(trim(b" \t a\n \t"), b"a\n");
        assert_eq!(trim(b" \t "), b"");
    }

    #[test]
    fn cuts_at_the_first_separator() {
        assert_eq!(partition(b"a=b=c", b'='), (&b"a"[..], Some(&b"b=c"[..])));
        assert_eq!(partition(b"a", b'='), (&b"a"[..], None));
    }

    #[test]
    fn a_cut_past_the_end_leaves_nothing_over() {
        assert_eq!(cut(b"ab", 3), (&b"ab"[..], &b""[..]));
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..80 {
            for at in 0..length {
                // Neighbours that differ in the lowest bit are what a careless trick mistakes.
                let mut text = vec![b'='; length];
                for byte in text.iter_mut().skip(at) {
                    *byte = b'<';
                }
                assert_eq!(find(&text, b'<'), Some(at));
                assert_eq!(find(&text, b'='), (at > 0).then_some(0));
                assert_eq!(contains_each(&text, [b'<', b'=']), [true, at > 0]);
            }
            assert_eq!(find(&vec![0x80; length], 0), None);
            assert_eq!(contains_each(&vec![b'='; length], [b'<', 0]), [false, false]);
        }
    }
}
