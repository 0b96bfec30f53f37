//! A place for one Python object that many threads read and few write.
//!
//! Under the GIL a plain cell will do. Without one it is an atomic pointer, so that readers wait for
//! nobody either way.

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

#[cfg(Py_GIL_DISABLED)]
mod place {
    use arc_swap::ArcSwapOption;
    use pyo3::prelude::*;
    use std::sync::Arc;

    pub(crate) struct Place<T>(ArcSwapOption<Py<T>>);

    impl<T> Place<T> {
        pub(crate) const fn empty() -> Self {
            Self(ArcSwapOption::const_empty())
        }

        #[inline]
        pub(crate) fn read<R>(&self, _py: Python<'_>, read: impl FnOnce(Option<&Py<T>>) -> R) -> R {
            read(self.0.load().as_deref())
        }

        pub(crate) fn write(&self, _py: Python<'_>, value: Option<Py<T>>) {
            self.0.store(value.map(Arc::new));
        }

        /// For the garbage collector, which stops all other threads.
        pub(crate) fn visit<R>(&self, visit: impl FnOnce(Option<&Py<T>>) -> R) -> R {
            visit(self.0.load().as_deref())
        }
    }
}

#[cfg(not(Py_GIL_DISABLED))]
mod place {
    use pyo3::prelude::*;
    use std::cell::UnsafeCell;

    pub(crate) struct Place<T>(UnsafeCell<Option<Py<T>>>);

    // SAFETY: every access needs the GIL: `read` and `write` by their `Python` token, `visit` because
    // the garbage collector, its only caller, runs with it. None of them lets it go while it holds a
    // reference into the cell.
    unsafe impl<T> Sync for Place<T> {}

    impl<T> Place<T> {
        pub(crate) const fn empty() -> Self {
            Self(UnsafeCell::new(None))
        }

        #[inline]
        pub(crate) fn read<R>(&self, _py: Python<'_>, read: impl FnOnce(Option<&Py<T>>) -> R) -> R {
            // SAFETY: see above; `read` clones the reference or looks at it, and runs no Python code.
            read(unsafe { &*self.0.get() }.as_ref())
        }

        pub(crate) fn write(&self, py: Python<'_>, value: Option<Py<T>>) {
            // SAFETY: see above. The old value is dropped when the cell holds the new one, because
            // its end may run Python code that comes back here.
            let old = unsafe { std::mem::replace(&mut *self.0.get(), value) };
            // PERF: bench authorization-bearer; one that is bound is not asked whether it may be dropped.
            drop(old.map(|old| old.into_bound(py)));
        }

        pub(crate) fn visit<R>(&self, visit: impl FnOnce(Option<&Py<T>>) -> R) -> R {
            // SAFETY: see above.
            visit(unsafe { &*self.0.get() }.as_ref())
        }
    }
}

/// A place that holds a Python object of type `T`, or nothing.
pub(crate) struct Shared<T>(place::Place<T>);

impl<T> Shared<T> {
    pub(crate) const fn empty() -> Self {
        Self(place::Place::empty())
    }

    /// The object that is there now.
    #[inline]
    pub(crate) fn get(&self, py: Python<'_>) -> Option<Py<T>> {
        self.0.read(py, |value| value.map(|value| value.clone_ref(py)))
    }

    /// Whether there is an object.
    #[inline]
    pub(crate) fn is_some(&self, py: Python<'_>) -> bool {
        self.0.read(py, |value| value.is_some())
    }

    /// Put another object there, or nothing.
    pub(crate) fn set(&self, py: Python<'_>, value: Option<Py<T>>) {
        self.0.write(py, value);
    }

    /// Show the object to the garbage collector.
    pub(crate) fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.visit(|value| visit.call(value))
    }
}
