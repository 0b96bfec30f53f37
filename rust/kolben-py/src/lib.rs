//! The Python module `kolben._core`: it adapts `kolben-core` and adds nothing of its own.

mod accept;
mod adapter;
mod app_context;
mod auth;
mod authorization;
mod body;
mod building;
mod columns;
mod conditions;
mod context;
mod contextvar;
mod conversion;
mod converters;
mod cookies;
mod dates;
mod dispatch;
mod environ;
mod environ_headers;
mod form;
mod headers;
mod hooks;
mod json;
mod known;
mod known_app;
mod lazy;
mod links;
mod lists;
mod made;
mod map;
mod multi_dict;
mod multipart;
mod opening;
mod pattern;
mod pieces;
mod policies;
mod proxy;
mod ranges;
mod request_context;
mod requests;
mod response;
mod route;
mod rule;
mod sessions;
mod shared;
mod signals;
mod table;
mod text;
mod urls;
mod watch;

use pyo3::exceptions::{PyImportError, PyRuntimeError};
use pyo3::ffi;
use pyo3::panic::PanicException;
use pyo3::prelude::*;

/// Its classes belong to one interpreter: in any other, Kolben's pure mode carries on.
fn refuse_sub_interpreters() -> PyResult<()> {
    // SAFETY: a module is initialised with its interpreter's state attached.
    match unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) } {
        0 => Ok(()),
        id => Err(PyImportError::new_err(format!(
            "it serves the main interpreter only, and this is number {id}"
        ))),
    }
}

/// Makes an ordinary exception of what `PyO3` raises for a panic, which ends the process by default: a
/// fault of the core is an error of one request, and the worker lives on.
///
/// PERF: no entry of the module has to be guarded by itself, for `PyO3` guards all of them.
fn tame_panics(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let class = py.get_type::<PanicException>();
    class.setattr("__bases__", (py.get_type::<PyRuntimeError>(),))?;
    class.setattr("__name__", "CoreError")?;
    class.setattr("__qualname__", "CoreError")?;
    class.setattr("__module__", "kolben.core")?;
    class.setattr("__doc__", "A fault of the core, caught before it could do harm.")?;
    module.add("CoreError", class)
}

/// Panics. How else could a test see what becomes of a panic?
#[pyfunction]
fn panic_on_purpose() {
    #[expect(clippy::panic, reason = "that is its purpose")]
    {
        panic!("on purpose");
    }
}

/// The compiled core of Kolben.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::panic_on_purpose;
    use super::{refuse_sub_interpreters, tame_panics};
    use crate::table::{MISSING, REDIRECT, SPECIAL};
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::accept::parse_accept_header;
    #[pymodule_export]
    use crate::adapter::AdapterCore;
    #[pymodule_export]
    use crate::app_context::AppContextCore;
    #[pymodule_export]
    use crate::auth::parse_challenge;
    #[pymodule_export]
    use crate::authorization::{AuthorizationCore, hold_authorization};
    #[pymodule_export]
    use crate::body::{hold_bodies, read_body};
    #[pymodule_export]
    use crate::building::build_url;
    #[pymodule_export]
    use crate::conditions::{parse_etags, parse_if_range_header, unquote_etag};
    #[pymodule_export]
    use crate::context::hold_contexts;
    #[pymodule_export]
    use crate::converters::hold_converters;
    #[pymodule_export]
    use crate::cookies::{is_plain_domain, parse_cookie, parse_decoded_cookie, write_cookie};
    #[pymodule_export]
    use crate::dates::{parse_age, parse_date, write_date};
    #[pymodule_export]
    use crate::dispatch::answer_plainly;
    #[pymodule_export]
    use crate::environ_headers::EnvironHeadersCore;
    #[pymodule_export]
    use crate::form::{hold_forms, read_form};
    #[pymodule_export]
    use crate::headers::HeadersCore;
    #[pymodule_export]
    use crate::json::{hold_json, json_is_untouched};
    #[pymodule_export]
    use crate::lazy::Lazy;
    #[pymodule_export]
    use crate::links::build_link;
    #[pymodule_export]
    use crate::lists::{
        dump_header, dump_options_header, parse_dict_header, parse_list_header, parse_options_header,
        parse_set_header, quote_header_value, unquote_header_value,
    };
    #[pymodule_export]
    use crate::made::hold;
    #[pymodule_export]
    use crate::map::MapCore;
    #[pymodule_export]
    use crate::multipart::MultipartCore;
    #[pymodule_export]
    use crate::opening::{make_request_context, open_context};
    #[pymodule_export]
    use crate::pattern::Pattern;
    #[pymodule_export]
    use crate::policies::{parse_cache_control_header, parse_csp_header};
    #[pymodule_export]
    use crate::proxy::make_proxy;
    #[pymodule_export]
    use crate::ranges::{get_content_length, parse_content_range_header, parse_range_header};
    #[pymodule_export]
    use crate::request_context::RequestContextCore;
    #[pymodule_export]
    use crate::requests::hold_requests;
    #[pymodule_export]
    use crate::response::{
        begin_response, hold_responses, make_plain_response, send_plain_response, send_response,
    };
    #[pymodule_export]
    use crate::route::Route;
    #[pymodule_export]
    use crate::rule::RuleCore;
    #[pymodule_export]
    use crate::table::{Table, TableBuilder};
    #[pymodule_export]
    use crate::urls::{iri_to_uri, is_host_trusted, parse_query, plain_request_iri, uri_to_iri, write_query};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        refuse_sub_interpreters()?;
        tame_panics(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("MISSING", MISSING)?;
        module.add("REDIRECT", REDIRECT)?;
        module.add("SPECIAL", SPECIAL)
    }
}
