//! `Column`: the names or the values of headers, read as they are asked for.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

/// An iterator over one item of each pair in a list. Like a list's own, it sees what is added to
/// the list or taken from it meanwhile, and once it has ended it stays so.
#[pyclass(frozen, module = "kolben._core")]
pub(crate) struct Column {
    list: Py<PyList>,
    index: usize,
    next: AtomicUsize,
}

impl Column {
    pub(crate) fn of(list: &Bound<'_, PyList>, index: usize) -> Self {
        Self { list: list.clone().unbind(), index, next: AtomicUsize::new(0) }
    }
}

#[pymethods]
impl Column {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.list)
    }

    fn __iter__<'a, 'py>(slf: &'a Bound<'py, Self>) -> &'a Bound<'py, Self> {
        slf
    }

    fn __next__<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (column, py) = (slf.get(), slf.py());
        let at = column.next.load(Ordering::Relaxed);
        let list = column.list.bind(py);
        if at >= list.len() {
            column.next.store(usize::MAX, Ordering::Relaxed);
            return Ok(None);
        }
        let entry = list.get_item(at)?;
        column.next.store(at + 1, Ordering::Relaxed);
        match entry.cast_exact::<PyTuple>() {
            Ok(pair) => pair.get_item(column.index).map(Some),
            Err(_) => entry.get_item(column.index).map(Some),
        }
    }
}
