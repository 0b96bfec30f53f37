//! From the text of a value to Python's object, and back into a URL.
//!
//! Werkzeug's own converters are done here as long as nobody has overridden what they do; every
//! other converter is asked.

use crate::known::{function_of, genuine};
use crate::route::Url;
use crate::text::{bytes_of, text_of};
use crate::watch::Watch;
use kolben_core::router::quote_into;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyException;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

/// Werkzeug's functions, to see whether a converter still has them.
struct Originals {
    text_to_python: Py<PyAny>,
    text_to_url: Py<PyAny>,
    number_to_python: Py<PyAny>,
    number_to_url: Py<PyAny>,
    uuid_to_python: Py<PyAny>,
    uuid_to_url: Py<PyAny>,
    validation_error: Py<PyType>,
    uuid: Py<PyType>,
    /// Whether a UUID made without its constructor is one.
    uuid_is_plain: bool,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

fn originals(py: Python<'_>) -> PyResult<&Originals> {
    ORIGINALS.get_or_try_init(py, || {
        let converters = py.import("werkzeug.routing.converters")?;
        let function = |class: &str, name: &str| -> PyResult<Py<PyAny>> {
            Ok(genuine(converters.getattr(class)?.getattr(name)?)?.unbind())
        };
        let uuid = py.import("uuid")?.getattr("UUID")?.cast_into::<PyType>()?;
        let sample = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8;
        let genuine = uuid.call1(("6ba7b810-9dad-11d1-80b4-00c04fd430c8",))?;
        let uuid_is_plain = plain_uuid(&uuid, sample).and_then(|made| {
            let same = made.eq(&genuine)? && made.repr()?.as_any().eq(genuine.repr()?)?;
            Ok(same && made.getattr("is_safe")?.is(&genuine.getattr("is_safe")?))
        });
        Ok(Originals {
            text_to_python: function("BaseConverter", "to_python")?,
            text_to_url: function("BaseConverter", "to_url")?,
            number_to_python: function("NumberConverter", "to_python")?,
            number_to_url: function("NumberConverter", "to_url")?,
            uuid_to_python: function("UUIDConverter", "to_python")?,
            uuid_to_url: function("UUIDConverter", "to_url")?,
            validation_error: converters.getattr("ValidationError")?.cast_into::<PyType>()?.unbind(),
            uuid: uuid.unbind(),
            uuid_is_plain: uuid_is_plain.unwrap_or(false),
        })
    })
}

/// Whether an error is Werkzeug's `ValidationError`.
pub(crate) fn is_validation_error(py: Python<'_>, error: &PyErr) -> bool {
    originals(py).is_ok_and(|originals| error.is_instance(py, originals.validation_error.bind(py)))
}

/// The limits of a number converter that are plain integers.
#[derive(Clone, Copy, PartialEq)]
struct Limits {
    digits: usize,
    least: Option<i64>,
    most: Option<i64>,
}

impl Limits {
    fn of(converter: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = converter.py();
        let limit = |name| -> PyResult<Option<Option<i64>>> {
            let value = converter.getattr(name)?;
            if value.is_none() {
                return Ok(Some(None));
            }
            Ok(value.cast_exact::<PyInt>().ok().and_then(|value| value.extract().ok()).map(Some))
        };
        let digits = limit(intern!(py, "fixed_digits"))?;
        let (least, most) = (limit(intern!(py, "min"))?, limit(intern!(py, "max"))?);
        Ok(match (digits, least, most) {
            (Some(Some(digits)), Some(least), Some(most)) => {
                usize::try_from(digits).ok().map(|digits| Self { digits, least, most })
            }
            _ => None,
        })
    }

    /// The limits, if there are any.
    fn boxed(self) -> Option<Box<Self>> {
        let any = self.digits != 0 || self.least.is_some() || self.most.is_some();
        any.then(|| Box::new(self))
    }

    fn allow(&self, number: i64, length: usize) -> bool {
        (self.digits == 0 || self.digits == length)
            && self.least.is_none_or(|least| number >= least)
            && self.most.is_none_or(|most| number <= most)
    }
}

#[derive(PartialEq)]
enum ToPython {
    Text,
    /// Without limits, which is the usual case, or with them.
    Integer(Option<Box<Limits>>),
    Decimal(Option<Box<Limits>>),
    Uuid,
    Ask,
}

#[derive(PartialEq)]
enum ToUrl {
    Text,
    Integer { digits: usize },
    Decimal,
    Uuid,
    Ask,
}

/// How often a converter was asked.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A number that is another one when a converter, which may do anything, has been asked meanwhile.
pub(crate) fn calls_of_converters() -> usize {
    CALLS.load(Ordering::Relaxed)
}

/// One variable of a rule.
pub(crate) struct Conversion {
    pub(crate) name: Py<PyString>,
    converter: Py<PyAny>,
    to_python: ToPython,
    to_url: ToUrl,
    /// Remembers the class that was last seen to have what the two stand for.
    watch: Watch,
}

/// Values that do not fit their rule after all.
pub(crate) enum Refusal {
    /// The converter said so.
    Invalid,
    /// Something went wrong in it.
    Error(PyErr),
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Self {
        Self::Error(error)
    }
}

impl Conversion {
    pub(crate) fn new<'py>(name: &Bound<'py, PyString>, converter: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = converter.py();
        let originals = originals(py)?;
        let class = converter.get_type();
        // Before what is seen now, so that the first URL need not look again, unless it has changed.
        let watch = Watch::default();
        watch.is_original(&class, || class.getattr_opt(intern!(py, "to_python")).map(|_| true))?;
        // PERF: an object whose `__dict__` is asked for keeps it, and slows down the collector.
        let found = |name: &Bound<'py, PyString>| -> PyResult<Option<Bound<'py, PyAny>>> {
            let of_class = class.getattr_opt(name)?;
            let Some(original) = &of_class else { return Ok(None) };
            let found = match converter.getattr(name) {
                Ok(found) => found,
                // It may have it by the time that a URL comes.
                Err(error) if error.is_instance_of::<PyException>(py) => return Ok(None),
                Err(error) => return Err(error),
            };
            let is_same = found.is(original) || function_of(&found)? == Some(original.as_ptr());
            Ok(of_class.filter(|_| is_same))
        };
        let is = |found: &Option<Bound<'py, PyAny>>, original: *mut ffi::PyObject| {
            found.as_ref().is_some_and(|found| found.as_ptr() == original)
        };
        let (decode, encode) = (found(intern!(py, "to_python"))?, found(intern!(py, "to_url"))?);
        let decodes_number = is(&decode, originals.number_to_python.as_ptr());
        let encodes_number = is(&encode, originals.number_to_url.as_ptr());
        let mut limits = None;
        let (mut is_integer, mut is_decimal) = (false, false);
        if decodes_number || encodes_number {
            let number = found(intern!(py, "num_convert"))?;
            is_integer = is(&number, py.get_type::<PyInt>().as_ptr());
            is_decimal = is(&number, py.get_type::<PyFloat>().as_ptr());
            if is_integer || is_decimal {
                limits = Limits::of(converter)?;
            }
        }
        let to_python = if is(&decode, originals.text_to_python.as_ptr()) {
            ToPython::Text
        } else if is(&decode, originals.uuid_to_python.as_ptr()) && originals.uuid_is_plain {
            ToPython::Uuid
        } else {
            match limits.filter(|_| decodes_number) {
                Some(limits) if is_integer => ToPython::Integer(limits.boxed()),
                Some(limits) => ToPython::Decimal(limits.boxed()),
                None => ToPython::Ask,
            }
        };
        let to_url = if is(&encode, originals.text_to_url.as_ptr()) {
            ToUrl::Text
        } else if is(&encode, originals.uuid_to_url.as_ptr()) {
            ToUrl::Uuid
        } else {
            match limits.filter(|_| encodes_number) {
                Some(limits) if is_integer => ToUrl::Integer { digits: limits.digits },
                Some(limits) if is_decimal && limits.digits == 0 => ToUrl::Decimal,
                _ => ToUrl::Ask,
            }
        };
        let (name, converter) = (name.clone().unbind(), converter.clone().unbind());
        Ok(Self { name, converter, to_python, to_url, watch })
    }

    /// Whether the converter's class does still what was seen when the rule was bound.
    #[inline]
    fn holds(&self, py: Python<'_>) -> bool {
        let converter = self.converter.bind(py);
        self.watch.is_same(converter) || self.holds_again(converter)
    }

    #[cold]
    fn holds_again(&self, converter: &Bound<'_, PyAny>) -> bool {
        let look = || {
            let now = Self::new(self.name.bind(converter.py()), converter)?;
            Ok(now.to_python == self.to_python && now.to_url == self.to_url)
        };
        self.watch.is_original(&converter.get_type(), look).unwrap_or(false)
    }

    pub(crate) fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.name)?;
        visit.call(&self.converter)
    }

    /// Python's object for a value's text.
    #[inline]
    pub(crate) fn decode<'py>(&self, py: Python<'py>, text: &[u8]) -> Result<Bound<'py, PyAny>, Refusal> {
        match &self.to_python {
            _ if !self.holds(py) => self.ask(py, text),
            ToPython::Text => Ok(text_of(py, text)?.into_any()),
            ToPython::Integer(limits) => self.decode_integer(py, text, limits.as_deref()),
            ToPython::Decimal(limits) => self.decode_decimal(py, text, limits.is_some()),
            ToPython::Uuid => match uuid_number(text) {
                Some(number) => Ok(plain_uuid(originals(py)?.uuid.bind(py), number)?),
                None => self.ask(py, text),
            },
            ToPython::Ask => self.ask(py, text),
        }
    }

    fn decode_integer<'py>(
        &self,
        py: Python<'py>,
        text: &[u8],
        limits: Option<&Limits>,
    ) -> Result<Bound<'py, PyAny>, Refusal> {
        // What is not plain digits in 64 bits is Python's to read.
        let Some(number) = small_integer(text) else { return self.ask(py, text) };
        if limits.is_some_and(|limits| !limits.allow(number, text.len())) {
            return Err(Refusal::Invalid);
        }
        Ok(number.into_pyobject(py).map_err(PyErr::from)?.into_any())
    }

    fn decode_decimal<'py>(
        &self,
        py: Python<'py>,
        text: &[u8],
        limited: bool,
    ) -> Result<Bound<'py, PyAny>, Refusal> {
        let plain = text.is_ascii() && !limited;
        match std::str::from_utf8(text).ok().filter(|_| plain).and_then(|text| text.parse::<f64>().ok()) {
            Some(number) => Ok(PyFloat::new(py, number).into_any()),
            None => self.ask(py, text),
        }
    }

    #[cold]
    fn ask<'py>(&self, py: Python<'py>, text: &[u8]) -> Result<Bound<'py, PyAny>, Refusal> {
        CALLS.fetch_add(1, Ordering::Relaxed);
        let text = text_of(py, text)?;
        self.converter.bind(py).call_method1(intern!(py, "to_python"), (text,)).map_err(|error| {
            if is_validation_error(py, &error) { Refusal::Invalid } else { Refusal::Error(error) }
        })
    }

    /// Append a value's text in a URL.
    #[inline]
    pub(crate) fn encode_into(&self, value: &Bound<'_, PyAny>, url: &mut Url) -> PyResult<()> {
        match &self.to_url {
            _ if !self.holds(value.py()) => {}
            ToUrl::Text => {
                if let Ok(text) = value.cast_exact::<PyString>()
                    && let Ok(text) = text.to_str()
                {
                    quote_into(text.as_bytes(), url);
                    return Ok(());
                }
                if let Some(number) = exact_integer(value) {
                    push_integer(number, url);
                    return Ok(());
                }
            }
            ToUrl::Integer { digits } => {
                if let Some(number) = exact_integer(value) {
                    if *digits == 0 {
                        push_integer(number, url);
                    } else {
                        let sign = if number < 0 { "-" } else { "" };
                        let width = digits.saturating_sub(sign.len());
                        url.extend(format!("{sign}{:0width$}", number.unsigned_abs()).into_bytes());
                    }
                    return Ok(());
                }
            }
            ToUrl::Decimal => {
                if value.is_exact_instance_of::<PyFloat>() {
                    url.extend_from_slice(&bytes_of(&value.str()?)?);
                    return Ok(());
                }
            }
            ToUrl::Uuid => {
                if value.get_type().is(&originals(value.py())?.uuid)
                    && let Ok(number) = value.getattr(intern!(value.py(), "int"))?.extract::<u128>()
                {
                    push_uuid(number, url);
                    return Ok(());
                }
            }
            ToUrl::Ask => {}
        }
        let py = value.py();
        let text = self.converter.bind(py).call_method1(intern!(py, "to_url"), (value,))?;
        let text = text.str()?;
        url.extend_from_slice(&bytes_of(&text)?);
        Ok(())
    }
}

/// An `int` (and no `bool`) that fits in 64 bits.
pub(crate) fn exact_integer(value: &Bound<'_, PyAny>) -> Option<i64> {
    value.cast_exact::<PyInt>().ok()?.extract().ok()
}

/// Append a number in decimal digits.
pub(crate) fn push_integer(number: i64, url: &mut Url) {
    let mut digits = [0_u8; 20];
    let mut left = number.unsigned_abs();
    let mut first = digits.len();
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        first = place;
        if left == 0 {
            break;
        }
    }
    if number < 0 {
        url.push(b'-');
    }
    url.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Append a number as a UUID spells it.
fn push_uuid(number: u128, url: &mut Url) {
    for place in (0..32_u32).rev() {
        let digit = u8::try_from(number >> (4 * place) & 15).unwrap_or(0);
        url.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        if matches!(place, 24 | 20 | 16 | 12) {
            url.push(b'-');
        }
    }
}

/// `-?[0-9]{1,18}`.
fn small_integer(text: &[u8]) -> Option<i64> {
    let (digits, sign) = match text {
        [b'-', digits @ ..] => (digits, -1),
        digits => (digits, 1),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number * sign)
}

/// The number that a UUID spells.
fn uuid_number(text: &[u8]) -> Option<u128> {
    let digits = text.iter().filter(|&&byte| byte != b'-');
    digits.clone().count().eq(&32).then_some(())?;
    digits
        .map(|&byte| char::from(byte).to_digit(16))
        .try_fold(0, |number, digit| Some(number << 4 | u128::from(digit?)))
}

/// A `uuid.UUID` without the detour through its constructor, which takes longer than the routing.
fn plain_uuid<'py>(class: &Bound<'py, PyType>, number: u128) -> PyResult<Bound<'py, PyAny>> {
    static UNKNOWN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = class.py();
    let unknown = UNKNOWN.get_or_try_init(py, || -> PyResult<_> {
        Ok(py.import("uuid")?.getattr("SafeUUID")?.getattr("unknown")?.unbind())
    })?;
    let number = number.into_pyobject(py)?;
    // SAFETY: allocating gives a new, empty instance, or null and an exception. The instance's own
    // `__setattr__` refuses to set anything; the generic one, which `object` has, is what the
    // constructor of `UUID` uses too. The names and values are live objects.
    unsafe {
        let uuid = Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class.as_type_ptr(), 0))?;
        let set = |name: &Bound<'_, PyString>, value: *mut ffi::PyObject| {
            let failed = ffi::PyObject_GenericSetAttr(uuid.as_ptr(), name.as_ptr(), value);
            if failed == 0 { Ok(()) } else { Err(PyErr::fetch(py)) }
        };
        set(intern!(py, "int"), number.as_ptr())?;
        set(intern!(py, "is_safe"), unknown.as_ptr())?;
        Ok(uuid)
    }
}

/// The conversions of a rule's `_converters`, in their order.
pub(crate) fn conversions_of(converters: &Bound<'_, PyDict>) -> PyResult<Box<[Conversion]>> {
    converters
        .iter()
        .map(|(name, converter)| {
            let name = name.cast_into::<PyString>()?;
            Conversion::new(&PyString::intern(name.py(), name.to_str()?), &converter)
        })
        .collect()
}
