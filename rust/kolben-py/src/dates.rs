//! Dates and ages.

use kolben_core::header::date::{Date, Parsed, parse};
use pyo3::prelude::*;
use pyo3::types::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyFloat, PyInt, PyString, PyTimeAccess, PyTzInfo,
    PyTzInfoAccess,
};

use crate::text;

/// The aware datetime that a text stands for, `None` if it is no date, `NotImplemented` if only
/// `email.utils` can tell.
#[pyfunction]
pub(crate) fn read_date<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let (date, offset) = match parse(&text::bytes_of(value)?) {
        Parsed::Date(date, offset) => (date, offset),
        Parsed::Invalid => return Ok(py.None().into_bound(py)),
        Parsed::Unsure => return Ok(py.NotImplemented().into_bound(py)),
    };
    let zone = match offset {
        0 => PyTzInfo::utc(py)?.to_owned(),
        _ => PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, offset, 0, true)?)?,
    };
    let ((year, month, day), (hour, minute, second)) = (date.day(), date.time());
    let date = PyDateTime::new(py, year, month, day, hour, minute, second, 0, Some(&zone))?;
    Ok(date.into_any())
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

/// The duration that a plain count of seconds stands for; `NotImplemented` for anything else.
#[pyfunction]
pub(crate) fn read_age<'py>(value: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let text = text::bytes_of(value)?;
    let odd = |byte: &u8| matches!(byte, b'!'..=b'*' | b',' | b'.' | b'/' | b':'..=b'^' | b'`'..=b'~');
    if text.first().is_some_and(odd) {
        // No integer of Python's begins so.
        return Ok(py.None().into_bound(py));
    }
    if text.is_empty() || text.len() > 9 || !text.iter().all(u8::is_ascii_digit) {
        return Ok(py.NotImplemented().into_bound(py));
    }
    let seconds = text.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    Ok(PyDelta::new(py, 0, seconds, 0, true)?.into_any())
}
