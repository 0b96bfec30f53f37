//! Text across the border: Python's `str`, lone surrogates included, as bytes and back.

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::string::PyStringData;
use pyo3::types::{PyList, PyString};
use smallvec::SmallVec;
use std::borrow::Cow;

use crate::shared::Shared;

/// The bytes of a `str` in generalised UTF-8.
#[inline]
pub(crate) fn bytes_of<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, [u8]>> {
    match plain(text)? {
        Some(text) => Ok(Cow::Borrowed(text.as_bytes())),
        None => with_surrogates(text).map(Cow::Owned),
    }
}

/// The text of a `str`; `None` if it has lone surrogates, which no UTF-8 stands for.
#[inline]
pub(crate) fn plain<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Option<&'a str>> {
    // PERF: asked first, for an exception takes longer than most headers (benches/sweep.py).
    if !is_ascii(text) && has_surrogates(text)? {
        return Ok(None);
    }
    text.to_str().map(Some)
}

/// The bytes of a `str` in UTF-8; lone surrogates raise as they do in `str.encode`.
#[inline]
pub(crate) fn encoded<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a [u8]> {
    match plain(text)? {
        Some(text) => Ok(text.as_bytes()),
        None => Err(text.call_method0(intern!(text.py(), "encode")).err().unwrap_or_else(not_text)),
    }
}

#[cold]
fn not_text() -> PyErr {
    PyValueError::new_err("not UTF-8, and no lone surrogates either")
}

/// Whether a `str` is known to be ASCII, without a look at its characters.
#[inline]
pub(crate) fn is_ascii(text: &Bound<'_, PyString>) -> bool {
    // SAFETY: a live `str`.
    unsafe { ffi::PyUnicode_IS_COMPACT_ASCII(text.as_ptr()) != 0 }
}

/// Whether a character stands in a `str` of any width.
pub(crate) fn contains(text: &Bound<'_, PyString>, byte: u8) -> PyResult<bool> {
    let length = text.len()?.cast_signed();
    // SAFETY: a live `str`, searched within its bounds.
    Ok(unsafe { ffi::PyUnicode_FindChar(text.as_ptr(), byte.into(), 0, length, 1) } >= 0)
}

/// Whether a search for one character tells enough to be worth it, before all of the text is read:
/// where the text would have to be made readable first, and where it is so long that the search of
/// the system's library, which Python uses, is the faster one (benches/sweep.py, 1 MiB).
pub(crate) fn is_worth_a_search(text: &Bound<'_, PyString>) -> PyResult<bool> {
    const LONG: usize = 4096;
    Ok(!is_ascii(text) || text.len()? > LONG)
}

/// A `str` beyond ASCII in quotes; `None` if it holds quotes or backslashes.
pub(crate) fn in_quotes<'py>(text: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyString>>> {
    if contains(text, b'"')? || contains(text, b'\\')? {
        return Ok(None);
    }
    let length = text.len()?.cast_signed();
    // SAFETY: a live `str`, and a new one with two places more and room for the same characters, which
    // is ours to fill in before anybody else sees it. Each call says if it failed, with an exception.
    unsafe {
        let widest = match ffi::PyUnicode_KIND(text.as_ptr()) {
            ffi::PyUnicode_1BYTE_KIND => 0xff,
            ffi::PyUnicode_2BYTE_KIND => 0xffff,
            _ => 0x10_ffff,
        };
        let made = Bound::from_owned_ptr_or_err(text.py(), ffi::PyUnicode_New(length + 2, widest))?;
        let out = made.as_ptr();
        if ffi::PyUnicode_CopyCharacters(out, 1, text.as_ptr(), 0, length) < 0
            || ffi::PyUnicode_WriteChar(out, 0, b'"'.into()) < 0
            || ffi::PyUnicode_WriteChar(out, length + 1, b'"'.into()) < 0
        {
            return Err(PyErr::fetch(text.py()));
        }
        Ok(Some(made.cast_into_unchecked()))
    }
}

/// All of the `str`s in a list, with a separator between them.
pub(crate) fn joined<'py>(separator: &str, texts: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyString>> {
    let py = texts.py();
    let separator = PyString::new(py, separator);
    // SAFETY: two live objects; the call gives a new reference to a `str`, or null and an exception.
    unsafe {
        let made = ffi::PyUnicode_Join(separator.as_ptr(), texts.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(py, made)?.cast_into_unchecked())
    }
}

/// The first and the last character of a `str`; `None` if it has less than two.
pub(crate) fn ends(text: &Bound<'_, PyString>) -> PyResult<Option<[u32; 2]>> {
    let length = text.len()?.cast_signed();
    // SAFETY: a live `str`, read within its bounds.
    let read = |at| unsafe { ffi::PyUnicode_ReadChar(text.as_ptr(), at) };
    Ok((length > 1).then(|| [read(0), read(length - 1)]))
}

#[cold]
pub(crate) fn has_surrogates(text: &Bound<'_, PyString>) -> PyResult<bool> {
    const MANY: usize = 256;
    // SAFETY: nothing changes a `str` as long as it lives.
    Ok(match unsafe { text.data() }? {
        PyStringData::Ucs1(_) => false,
        // In lots without an early end, so that many are looked at at a time.
        PyStringData::Ucs2(units) => units
            .chunks(MANY)
            .any(|units| units.iter().fold(0, |seen, unit| seen | u16::from(unit & 0xf800 == 0xd800)) != 0),
        PyStringData::Ucs4(units) => units
            .chunks(MANY)
            .any(|units| units.iter().fold(0, |seen, unit| seen | u32::from(unit & !0x7ff == 0xd800)) != 0),
    })
}

/// One `str` after the other.
pub(crate) fn concat<'py>(
    first: &Bound<'py, PyString>,
    second: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: two live `str`s; the call gives a new reference to another, or null and an exception.
    unsafe {
        let made = ffi::PyUnicode_Concat(first.as_ptr(), second.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(first.py(), made)?.cast_into_unchecked())
    }
}

/// The `str` for bytes in Latin-1.
pub(crate) fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let kind = ffi::PyUnicode_1BYTE_KIND.cast_signed();
    // SAFETY: as many bytes as is said; the call gives a new reference to a `str`, or null and an
    // exception.
    unsafe {
        let text = ffi::PyUnicode_FromKindAndData(kind, bytes.as_ptr().cast(), bytes.len().cast_signed());
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}

/// The `str` for bytes in Latin-1, not all of them ASCII, and ASCII behind them.
pub(crate) fn latin1_and_ascii<'py>(
    py: Python<'py>,
    head: &[u8],
    tail: &[u8],
) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: the call gives a new `str` of as many characters of one byte, which are ours to fill in
    // before anybody else sees it, or null and an exception.
    unsafe {
        let made = ffi::PyUnicode_New((head.len() + tail.len()).cast_signed(), 0xff);
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        let characters = ffi::PyUnicode_DATA(made.as_ptr()).cast::<u8>();
        std::ptr::copy_nonoverlapping(head.as_ptr(), characters, head.len());
        std::ptr::copy_nonoverlapping(tail.as_ptr(), characters.add(head.len()), tail.len());
        Ok(made.cast_into_unchecked())
    }
}

/// What an error message shows of a text, which may be of any length.
pub(crate) fn shown<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyString>> {
    const ENOUGH: isize = 100;
    // SAFETY: a live `str`; the call gives a new reference to another, or null and an exception.
    let head = unsafe {
        Bound::from_owned_ptr_or_err(text.py(), ffi::PyUnicode_Substring(text.as_ptr(), 0, ENOUGH))?
    };
    head.repr()
}

#[cold]
fn with_surrogates(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len()? * 3);
    // SAFETY: nothing changes a `str` as long as it lives.
    match unsafe { text.data() }? {
        PyStringData::Ucs1(units) => units.iter().for_each(|unit| encode(u32::from(*unit), &mut bytes)),
        PyStringData::Ucs2(units) => units.iter().for_each(|unit| encode(u32::from(*unit), &mut bytes)),
        PyStringData::Ucs4(units) => units.iter().for_each(|unit| encode(*unit, &mut bytes)),
    }
    Ok(bytes)
}

fn encode(point: u32, bytes: &mut Vec<u8>) {
    if let Some(character) = char::from_u32(point) {
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [.., high, low] = point.to_be_bytes();
        bytes.extend([0xed, 0x80 | (high & 0x0f) << 2 | low >> 6, 0x80 | low & 0x3f]);
    }
}

/// The `str` for bytes in generalised UTF-8.
#[inline]
pub(crate) fn text_of<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if bytes.is_ascii() {
        // PERF: a decoder would look for what is not there.
        return ascii(py, bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => wide(py, text),
        Err(_) => with_lone_surrogates(py, bytes),
    }
}

/// PERF: bench query-100. Python's decoder makes its result twice.
fn wide<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
    let (count, most) =
        text.chars().fold((0, 127), |(count, most), character| (count + 1, u32::from(character).max(most)));
    // SAFETY: the call gives a new `str` of so many characters, which are ours to fill in before
    // anybody else sees it, or null and an exception. Its units are as wide as its largest character
    // takes, and are as many as there are characters.
    unsafe {
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_New(count, most))?;
        let data = ffi::PyUnicode_DATA(made.as_ptr());
        let characters = text.chars().enumerate();
        match most {
            ..=0xff => characters.for_each(|(at, it)| data.cast::<u8>().add(at).write(it as u8)),
            0x100..=0xffff => characters.for_each(|(at, it)| data.cast::<u16>().add(at).write(it as u16)),
            _ => characters.for_each(|(at, it)| data.cast::<u32>().add(at).write(it.into())),
        }
        Ok(made.cast_into_unchecked())
    }
}

#[cold]
fn with_lone_surrogates<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let mut points = Vec::with_capacity(bytes.len() / 2);
    let mut rest = bytes;
    while let Some(chunk) = rest.utf8_chunks().next() {
        points.extend(chunk.valid().chars().map(u32::from));
        rest = match rest.get(chunk.valid().len()..).unwrap_or_default() {
            [0xed, middle @ 0xa0..=0xbf, last @ 0x80..=0xbf, rest @ ..] => {
                points.push(0xd000 | u32::from(middle & 0x3f) << 6 | u32::from(last & 0x3f));
                rest
            }
            [] => break,
            _ => return Err(not_text()),
        };
    }
    let kind = ffi::PyUnicode_4BYTE_KIND.cast_signed();
    // SAFETY: as many units of four bytes as is said; the call gives a new reference to a `str`, or
    // null and an exception.
    unsafe {
        let text = ffi::PyUnicode_FromKindAndData(kind, points.as_ptr().cast(), points.len().cast_signed());
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}

/// The `str` for ASCII bytes.
#[inline]
pub(crate) fn ascii<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if bytes.len() == 1 {
        // Python has these already.
        return latin1(py, bytes);
    }
    // SAFETY: the call gives a new `str` of as many characters of one byte, which are ours to fill in
    // before anybody else sees it, or null and an exception. The bytes are ASCII, as was promised.
    unsafe {
        let text = ffi::PyUnicode_New(bytes.len().cast_signed(), 127);
        let text = Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked::<PyString>();
        if !bytes.is_empty() {
            let characters = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), characters, bytes.len());
        }
        Ok(text)
    }
}

/// The names that were made last. The keys of a header are few and come with every request: a
/// string that is here already has its hash. A name is where its own hash puts it, so no choice
/// of names makes a look-up longer.
static NAMES: [Shared<PyString>; 1024] = [const { Shared::empty() }; 1024];
pub(crate) const LONGEST_NAME: usize = 32;

/// Makes a string that is likely to be made again.
pub(crate) fn name<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let place = match text.len() {
        // The interpreter has the empty one already.
        1..=LONGEST_NAME => NAMES.get(slot(text)),
        _ => None,
    };
    let Some(place) = place else {
        return text_of(py, text);
    };
    if let Some(known) = place.get(py).map(|known| known.into_bound(py))
        && is_text(&known, text)
    {
        return Ok(known);
    }
    let name = text_of(py, text)?;
    place.set(py, Some(name.clone().unbind()));
    Ok(name)
}

#[inline]
fn slot(text: &[u8]) -> usize {
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let words = text.as_chunks::<8>().0.iter();
    let hash = words.fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // Whatever is left over, with some bytes twice rather than one by one.
    let half = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
    let last = match (text.last_chunk::<8>(), text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(last), ..) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => half(first) << 32 | half(last),
        _ => text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    usize::try_from(mix(hash, last) % NAMES.len() as u64).unwrap_or_default()
}

/// Whether a `str` has those bytes in UTF-8.
#[inline]
fn is_text(known: &Bound<'_, PyString>, bytes: &[u8]) -> bool {
    if !is_ascii(known) {
        return known.to_str().is_ok_and(|known| known.as_bytes() == bytes);
    }
    // SAFETY: a live ASCII `str` has as many characters of one byte as is its length.
    let characters = unsafe {
        let length = ffi::PyUnicode_GET_LENGTH(known.as_ptr()).cast_unsigned();
        std::slice::from_raw_parts(ffi::PyUnicode_DATA(known.as_ptr()).cast::<u8>(), length)
    };
    characters == bytes
}

/// Makes such a string of ASCII in lower case.
pub(crate) fn name_lower<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if text.len() > LONGEST_NAME {
        return mapped(py, text, |byte| byte.to_ascii_lowercase());
    }
    if !text.iter().any(u8::is_ascii_uppercase) {
        return name(py, text);
    }
    let mut lower = SmallVec::<[u8; LONGEST_NAME]>::from_slice(text);
    lower.make_ascii_lowercase();
    name(py, &lower)
}

/// The `str` for ASCII bytes, each of which stands for another.
#[inline]
pub(crate) fn mapped<'py>(
    py: Python<'py>,
    bytes: &[u8],
    map: impl Fn(u8) -> u8,
) -> PyResult<Bound<'py, PyString>> {
    if let [byte] = bytes {
        return ascii(py, &[map(*byte)]);
    }
    let text = ascii(py, bytes)?;
    // SAFETY: nobody else has seen the new `str` yet, which has as many characters of one byte. (The
    // one without any, which is everybody's, has nothing to assign to.)
    let characters = unsafe {
        let data = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
        std::slice::from_raw_parts_mut(data, bytes.len())
    };
    for character in characters {
        // Assigned in any case, so that many are at a time.
        *character = map(*character);
    }
    Ok(text)
}
