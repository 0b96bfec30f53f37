//! `MultipartCore`: the multipart decoder, event by event or a chunk at a time.

use kolben_core::multipart::{Decoder, Event, Headers, Limits, Refusal, State};
use pyo3::exceptions::{PyUnicodeDecodeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use std::cell::Cell;

/// What an event or an operation is; the first item of its tuple.
mod kind {
    pub(super) const PREAMBLE: u8 = 0;
    pub(super) const PART: u8 = 1;
    pub(super) const DATA: u8 = 2;
    pub(super) const EPILOGUE: u8 = 3;
    pub(super) const NEED_DATA: u8 = 4;
    pub(super) const FIELD: u8 = 5;
}

/// A part whose body is on its way.
struct Open {
    name: Py<PyAny>,
    /// `None` for a file.
    field: Option<Field>,
}

/// A form field whose value is on its way.
struct Field {
    /// Kept where Python has to find the charset.
    headers: Option<Headers>,
    data: Vec<u8>,
}

/// The decoder behind `kolben.formparser`.
#[pyclass(module = "kolben._core")]
pub(crate) struct MultipartCore {
    /// Boxed: it holds vectors of 32 bytes, and Python aligns its objects to 16.
    decoder: Box<Decoder>,
    most_in_field: Option<u64>,
    /// Python's `parse_options_header`, for dispositions that are not plain.
    parse_options: Py<PyAny>,
    open: Option<Open>,
}

fn too_large(py: Python<'_>) -> PyErr {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = CLASS
        .get_or_try_init(py, || {
            py.import("werkzeug.exceptions")?.getattr("RequestEntityTooLarge").map(Bound::unbind)
        })
        .and_then(|class| class.bind(py).call0());
    made.map_or_else(|error| error, PyErr::from_value)
}

fn raised(py: Python<'_>, refusal: Refusal) -> PyErr {
    match refusal {
        Refusal::TooLarge => too_large(py),
        Refusal::NoDisposition => PyValueError::new_err("Missing Content-Disposition header"),
        Refusal::NotText(line) => match std::str::from_utf8(&line) {
            Err(error) => PyUnicodeDecodeError::new_err_from_utf8(py, &line, error),
            Ok(_) => PyValueError::new_err("Header lines must be UTF-8"),
        },
        Refusal::Unfinished(state) => PyValueError::new_err(format!(
            "Invalid form-data cannot parse beyond State.{}",
            state_name(state)
        )),
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Preamble => "PREAMBLE",
        State::Part => "PART",
        State::Data => "DATA",
        State::DataStart => "DATA_START",
        State::Epilogue => "EPILOGUE",
        State::Complete => "COMPLETE",
    }
}

fn entries<'py>(py: Python<'py>, headers: &Headers) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, headers.entries.iter().map(|(name, value)| (name, value)))
}

/// The name and the filename of a part; `None` where they are missing.
fn disposition<'py>(
    parse_options: &Bound<'py, PyAny>,
    headers: &Headers,
) -> PyResult<(Bound<'py, PyAny>, Option<Bound<'py, PyAny>>)> {
    let py = parse_options.py();
    if let Some(plain) = headers.plain_disposition() {
        let name = plain.name.into_pyobject(py)?;
        let filename = plain.filename.map(|text| PyString::new(py, text).into_any());
        return Ok((name, filename));
    }
    let value = headers.get("content-disposition");
    let options = parse_options.call1((value,))?.get_item(1)?.cast_into::<PyDict>()?;
    let name = options.get_item(intern!(py, "name"))?;
    let filename = options.get_item(intern!(py, "filename"))?;
    // COMPAT: a file is a part whose filename is there and not None.
    let filename = filename.filter(|found| !found.is_none());
    Ok((name.unwrap_or_else(|| py.None().into_bound(py)), filename))
}

/// Where the results of a chunk go.
struct Results<'a, 'py> {
    /// Finished fields, as name and value.
    fields: &'a Bound<'py, PyList>,
    /// Everything else, in order.
    operations: &'a Bound<'py, PyList>,
    /// Whether Python wants to decode every field itself.
    raw: bool,
    /// Whether a field waits among the operations.
    waits: Cell<bool>,
    most_in_field: Option<u64>,
}

impl Results<'_, '_> {
    fn open(&self, parse_options: &Py<PyAny>, headers: Headers) -> PyResult<Open> {
        let py = self.fields.py();
        let (name, filename) = disposition(parse_options.bind(py), &headers)?;
        let field = if let Some(filename) = filename {
            let found = entries(py, &headers)?;
            self.operations.append((kind::PART, &name, filename, found))?;
            None
        } else {
            let odd = self.raw || headers.get("content-type").is_some();
            Some(Field { headers: odd.then_some(headers), data: Vec::new() })
        };
        let name = name.unbind();
        Ok(Open { name, field })
    }

    fn data(&self, open: &mut Open, data: &[u8], more: bool) -> PyResult<()> {
        let py = self.fields.py();
        let Some(field) = &mut open.field else {
            return self.operations.append((kind::DATA, PyBytes::new(py, data), more));
        };
        let size = field.data.len() as u64 + data.len() as u64;
        if self.most_in_field.is_some_and(|most| size > most) {
            return Err(too_large(py));
        }
        if more || !field.data.is_empty() {
            field.data.extend_from_slice(data);
        }
        if more {
            return Ok(());
        }
        let whole = if field.data.is_empty() { data } else { &field.data };
        let name = open.name.bind(py);
        if let Some(headers) = &field.headers {
            let value = PyBytes::new(py, whole);
            self.waits.set(true);
            self.operations.append((kind::FIELD, name, value, entries(py, headers)?))
        } else if self.waits.get() {
            // It comes after one that Python has to add first.
            self.operations.append((kind::FIELD, name, String::from_utf8_lossy(whole), py.None()))
        } else {
            self.fields.append((name, String::from_utf8_lossy(whole)))
        }
    }
}

impl MultipartCore {
    fn run(&mut self, results: &Results<'_, '_>) -> PyResult<()> {
        let py = results.fields.py();
        loop {
            match self.decoder.next().map_err(|refusal| raised(py, refusal))? {
                Event::NeedData | Event::Epilogue(_) => return Ok(()),
                Event::Preamble(_) => {}
                Event::Part(headers) => {
                    self.open = Some(results.open(&self.parse_options, headers)?);
                }
                Event::Data { data, more } => {
                    if let Some(open) = &mut self.open {
                        results.data(open, data, more)?;
                    }
                }
            }
        }
    }
}

#[pymethods]
impl MultipartCore {
    #[new]
    #[pyo3(signature = (boundary, max_form_memory_size, max_parts, parse_options_header, /))]
    fn new(
        boundary: &[u8],
        max_form_memory_size: Option<i64>,
        max_parts: Option<i64>,
        parse_options_header: Py<PyAny>,
    ) -> Self {
        // A negative limit allows nothing, as zero does: no body is empty.
        let limit = |most: Option<i64>| most.map(|most| u64::try_from(most).unwrap_or(0));
        let limits = Limits { memory: limit(max_form_memory_size), parts: limit(max_parts) };
        Self {
            decoder: Box::new(Decoder::new(boundary, limits)),
            most_in_field: limits.memory,
            parse_options: parse_options_header,
            open: None,
        }
    }

    /// Take in a chunk, or `None` at the end.
    #[pyo3(signature = (data, /))]
    fn receive_data(&mut self, py: Python<'_>, data: Option<&[u8]>) -> PyResult<()> {
        let Some(data) = data else {
            self.decoder.finish();
            return Ok(());
        };
        self.decoder.push(data).map_err(|refusal| raised(py, refusal))
    }

    /// The next event as a tuple: its kind, and what it holds.
    fn next_event<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let event = self.decoder.next().map_err(|refusal| raised(py, refusal))?;
        match event {
            Event::Preamble(data) => (kind::PREAMBLE, PyBytes::new(py, data)).into_pyobject(py),
            Event::Part(headers) => {
                let (name, filename) = disposition(self.parse_options.bind(py), &headers)?;
                (kind::PART, name, filename, entries(py, &headers)?).into_pyobject(py)
            }
            Event::Data { data, more } => (kind::DATA, PyBytes::new(py, data), more).into_pyobject(py),
            Event::Epilogue(data) => (kind::EPILOGUE, PyBytes::new(py, data)).into_pyobject(py),
            Event::NeedData => (kind::NEED_DATA,).into_pyobject(py),
        }
    }

    /// Take in a chunk and work through it.
    ///
    /// Fields that are finished and need no charset go to `fields` as name and value. Everything
    /// else comes back as a list of operations, with the exception that ends them, if any.
    #[pyo3(signature = (data, fields, raw, /))]
    fn feed<'py>(
        &mut self,
        data: Option<&Bound<'py, PyBytes>>,
        fields: &Bound<'py, PyList>,
        raw: bool,
    ) -> (Bound<'py, PyList>, Option<Bound<'py, PyAny>>) {
        let py = fields.py();
        let operations = PyList::empty(py);
        let most_in_field = self.most_in_field;
        let waits = Cell::new(false);
        let results = Results { fields, operations: &operations, raw, waits, most_in_field };
        let done =
            self.receive_data(py, data.map(PyBytesMethods::as_bytes)).and_then(|()| self.run(&results));
        let error = done.err().map(|error| error.into_value(py).into_bound(py).into_any());
        (operations, error)
    }

    /// The bytes that wait for more.
    #[getter]
    fn buffer<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.decoder.waiting())
    }

    /// The name of the state.
    #[getter]
    fn state(&self) -> &'static str {
        state_name(self.decoder.state())
    }
}
