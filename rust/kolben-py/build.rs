//! Tells the code which interpreter it is built for.

fn main() {
    // `Py_GIL_DISABLED`, for one.
    pyo3_build_config::use_pyo3_cfgs();
}
