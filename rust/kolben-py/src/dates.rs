//! Dates and ages.

use kolben_core::header::age::{self, Age};
use kolben_core::header::date::{self, Date, Parsed, parse};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::string::PyStringData;
use pyo3::types::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyFloat, PyInt, PyString, PyTimeAccess, PyTzInfo,
    PyTzInfoAccess,
};

use crate::{made, text};

/// Parse a date as mail and HTTP write it into an aware datetime, ``None`` if it is none.
///
/// :param value: the text; without a zone it is in UTC.
#[pyfunction]
#[pyo3(signature = (value))]
pub(crate) fn parse_date<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(value) = value else {
        return Ok(py.None().into_bound(py));
    };
    if !text::is_ascii(value) {
        let few = date::few_words(characters(value)?);
        return if few { Ok(py.None().into_bound(py)) } else { slowly(value) };
    }
    let (date, offset) = match parse(value.to_str()?.as_bytes()) {
        Parsed::Date(date, offset) => (date, offset),
        Parsed::Blank if !is_blank_no_date(py)? => return slowly(value),
        Parsed::Invalid | Parsed::Blank => return Ok(py.None().into_bound(py)),
        Parsed::Unsure => return slowly(value),
    };
    let zone = match offset {
        0 => PyTzInfo::utc(py)?.to_owned(),
        _ => PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, offset, 0, true)?)?,
    };
    let ((year, month, day), (hour, minute, second)) = (date.day(), date.time());
    let date = PyDateTime::new(py, year, month, day, hour, minute, second, 0, Some(&zone))?;
    Ok(date.into_any())
}

/// The characters of a `str`, U+FFFD for lone surrogates.
fn characters<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Box<dyn Iterator<Item = char> + 'a>> {
    let wide = |unit: &u32| char::from_u32(*unit).unwrap_or(char::REPLACEMENT_CHARACTER);
    // SAFETY: nothing changes a `str` as long as it lives.
    Ok(match unsafe { text.data() }? {
        PyStringData::Ucs1(units) => Box::new(units.iter().copied().map(char::from)),
        PyStringData::Ucs2(units) => Box::new(units.iter().map(move |unit| wide(&u32::from(*unit)))),
        PyStringData::Ucs4(units) => Box::new(units.iter().map(wide)),
    })
}

/// What only `email.utils` can tell.
fn slowly<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    made::originals(value.py())?.parse_date.bind(value.py()).call1((value,))
}

/// Whether this Python takes a blank text for no date. Some releases raise an exception.
fn is_blank_no_date(py: Python<'_>) -> PyResult<bool> {
    static ANSWER: PyOnceLock<bool> = PyOnceLock::new();
    let ask = || Ok::<_, PyErr>(slowly(intern!(py, " ")).is_ok_and(|found| found.is_none()));
    ANSWER.get_or_try_init(py, ask).copied()
}

/// The text of a datetime in UTC, a naive one, a date or a timestamp; `None` for anything else.
#[pyfunction]
pub(crate) fn write_date<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyString>>> {
    let Some(date) = date_of(value)? else {
        return Ok(None);
    };
    let mut out = Vec::with_capacity(32);
    date.write(&mut out);
    text::text_of(value.py(), &out).map(Some)
}

fn date_of(value: &Bound<'_, PyAny>) -> PyResult<Option<Date>> {
    if let Ok(value) = value.cast_exact::<PyDateTime>() {
        if let Some(zone) = value.get_tzinfo()
            && !zone.is(PyTzInfo::utc(value.py())?)
        {
            return Ok(None);
        }
        let (hour, minute, second) = (value.get_hour(), value.get_minute(), value.get_second());
        return Ok(date(value, hour, minute, second));
    }
    if let Ok(value) = value.cast_exact::<PyDate>() {
        return Ok(date(value, 0, 0, 0));
    }
    if let Ok(value) = value.cast_exact::<PyFloat>() {
        return Ok(whole_seconds(value.value()).and_then(Date::from_timestamp));
    }
    if let Ok(value) = value.cast_exact::<PyInt>() {
        return Ok(value.extract().ok().and_then(Date::from_timestamp));
    }
    Ok(None)
}

fn date(value: &impl PyDateAccess, hour: u8, minute: u8, second: u8) -> Option<Date> {
    let (year, month, day) = (value.get_year(), value.get_month(), value.get_day());
    Date::new(year.into(), month.into(), day.into(), hour.into(), minute.into(), second.into())
}

/// The second that a timestamp falls in once it is rounded to microseconds, as datetimes are.
fn whole_seconds(timestamp: f64) -> Option<i64> {
    // Beyond this no date is left anyway.
    if !(-1e12..1e12).contains(&timestamp) {
        return None;
    }
    let microseconds = (timestamp.fract() * 1e6).round_ties_even();
    let carry = if microseconds >= 1e6 {
        1
    } else if microseconds < 0.0 {
        -1
    } else {
        0
    };
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds above")]
    let seconds = timestamp.trunc() as i64;
    Some(seconds + carry)
}

/// Parse a count of seconds, ``None`` if it is none or negative.
#[pyfunction]
#[pyo3(signature = (value = None))]
pub(crate) fn parse_age<'py>(
    py: Python<'py>,
    value: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(value) = value else {
        return Ok(py.None().into_bound(py));
    };
    // PERF: the first character tells of most of what is long and beyond ASCII.
    if !text::is_ascii(value) && characters(value)?.next().is_some_and(|first| !age::may_be_part(first)) {
        return Ok(py.None().into_bound(py));
    }
    let seconds = match age::parse(&text::bytes_of(value)?) {
        Age::Seconds(seconds) => seconds,
        Age::Invalid => return Ok(py.None().into_bound(py)),
        Age::Unsure => return made::originals(py)?.parse_age.bind(py).call1((value,)),
    };
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    match (i32::try_from(days), i32::try_from(seconds)) {
        (Ok(days @ ..=999_999_999), Ok(seconds)) => Ok(PyDelta::new(py, days, seconds, 0, false)?.into_any()),
        // More than Python's durations go up to.
        _ => Ok(py.None().into_bound(py)),
    }
}
