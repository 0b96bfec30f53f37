//! Notices when somebody overrides or patches a method that the core would otherwise pass by.

use crate::known::genuine;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;
use std::sync::atomic::{AtomicU32, Ordering};

/// Remembers that a class was seen to have the original methods, for as long as it is unchanged.
///
/// PERF: looking the methods up on each request would cost as much as the routing. CPython gives
/// each state of a class a number for its own method cache; as long as the number is the same,
/// neither the class nor a base of it was changed, and what was seen still holds.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: AtomicU32,
}

impl Watch {
    /// Whether the class of `object` is as it was when it was seen to have its original methods. If
    /// not, ask [`Watch::is_original`].
    #[inline]
    pub(crate) fn is_same(&self, object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: the object is alive, and so is its class.
        self.is_unchanged(unsafe { ffi::Py_TYPE(object.as_ptr()) })
    }

    #[inline]
    fn is_unchanged(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: both callers have the class of a live object.
        let state = unsafe { state_of(class) };
        state != 0 && state == self.seen.load(Ordering::Relaxed)
    }

    /// Whether `class` still has its original methods. `look` says so by looking them up.
    #[inline]
    pub(crate) fn is_original(
        &self,
        class: &Bound<'_, PyType>,
        look: impl FnOnce() -> PyResult<bool>,
    ) -> PyResult<bool> {
        if self.is_unchanged(class.as_type_ptr()) {
            return Ok(true);
        }
        let original = look()?;
        if original {
            // Looking a method up makes CPython give the class a number if it has none.
            // SAFETY: the class is alive as long as it is borrowed.
            self.seen.store(unsafe { state_of(class.as_type_ptr()) }, Ordering::Relaxed);
        }
        Ok(original)
    }
}

/// The number of the present state of a class; zero if it has none.
///
/// # Safety
///
/// The pointer is that of a live type object.
#[inline]
pub(crate) unsafe fn state_of(class: *mut ffi::PyTypeObject) -> u32 {
    // SAFETY: the field is aligned and initialised, and an atomic load is sound beside the
    // interpreter's own writes, which are atomic where several threads may run.
    unsafe { AtomicU32::from_ptr(&raw mut (*class).tp_version_tag) }.load(Ordering::Relaxed)
}

/// Whether `class` has the methods that Kolben gave to its own class `original`.
#[cold]
pub(crate) fn has_originals(class: &Bound<'_, PyType>, original: &str, methods: &[&str]) -> PyResult<bool> {
    let original = class.py().import("kolben.routing")?.getattr(original)?;
    let ours = original.getattr("_originals")?;
    for method in methods {
        if !class.getattr(*method)?.is(&genuine(ours.get_item(method)?)?) {
            return Ok(false);
        }
    }
    Ok(true)
}
