//! What a WSGI environ says of host and path, for binding a map to it.

use crate::text::text_of;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

pub(crate) type Text<'py> = Bound<'py, PyString>;

/// What an adapter is made of.
pub(crate) struct Parts<'py> {
    pub(crate) server_name: Text<'py>,
    pub(crate) subdomain: Text<'py>,
    /// The current host, if it is none of the server name's.
    pub(crate) mismatch: Option<Text<'py>>,
    pub(crate) scheme: Text<'py>,
    pub(crate) websocket: bool,
    /// It ends in a slash.
    pub(crate) script_name: Text<'py>,
    pub(crate) path_info: Text<'py>,
    pub(crate) query: Option<Text<'py>>,
    pub(crate) method: Bound<'py, PyAny>,
}

/// Read the parts of a map adapter from an environ.
///
/// `None` means that there is something unusual about the host or the types of the values, and
/// that Werkzeug should be asked.
pub(crate) fn read<'py>(
    environ: &Bound<'py, PyDict>,
    server_name: Option<&Text<'py>>,
    want_subdomain: bool,
) -> PyResult<Option<Parts<'py>>> {
    let py = environ.py();
    let text = |name: &Text<'py>| -> PyResult<Option<Text<'py>>> {
        Ok(environ.get_item(name)?.and_then(|value| value.cast_into::<PyString>().ok()))
    };
    let (Some(url_scheme), Some(host), Some(method)) = (
        text(intern!(py, "wsgi.url_scheme"))?,
        text(intern!(py, "HTTP_HOST"))?,
        environ.get_item(intern!(py, "REQUEST_METHOD"))?,
    ) else {
        return Ok(None);
    };
    let connection = text(intern!(py, "HTTP_CONNECTION"))?;
    let wants_upgrade = connection.as_ref().is_some_and(|value| lists_upgrade(value));
    let upgrade = if wants_upgrade { text(intern!(py, "HTTP_UPGRADE"))? } else { None };
    let is_websocket = upgrade
        .is_some_and(|value| value.to_str().is_ok_and(|value| value.eq_ignore_ascii_case("websocket")));
    let is_secure = url_scheme.to_str()? == "https";
    let scheme = match (is_websocket, is_secure) {
        (false, _) => url_scheme.clone(),
        (true, false) => intern!(py, "ws").clone(),
        (true, true) => intern!(py, "wss").clone(),
    };
    let Ok(host_text) = host.to_str() else { return Ok(None) };
    let standard_port = match url_scheme.to_str()? {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        _ => "",
    };
    let current = host_text.strip_suffix(standard_port).unwrap_or(host_text);
    if !is_simple_host(current) {
        return Ok(None);
    }
    let lowered;
    let current = if current.bytes().any(|byte| byte.is_ascii_uppercase()) {
        lowered = current.to_ascii_lowercase();
        lowered.as_str()
    } else {
        current
    };
    // A server may name the protocol in the scheme itself.
    let websocket = matches!(scheme.to_str()?, "ws" | "wss");
    let empty = intern!(py, "");
    let (server_name, subdomain, mismatch) = match server_name {
        None => {
            let name = if current.len() == host_text.len() && current.as_ptr() == host_text.as_ptr() {
                host.clone()
            } else {
                PyString::new(py, current)
            };
            (name, empty.clone(), None)
        }
        Some(server_name) => {
            let Ok(name) = server_name.to_str() else { return Ok(None) };
            let name = name.to_ascii_lowercase();
            let port = match scheme.to_str()? {
                "http" | "ws" => ":80",
                "https" | "wss" => ":443",
                _ => "",
            };
            let name = name.strip_suffix(port).unwrap_or(&name);
            if !is_simple_host(name) {
                return Ok(None);
            }
            let (subdomain, mismatch) = match (want_subdomain, subdomain_of(current, name)) {
                (false, _) => (empty.clone(), None),
                (true, Some(subdomain)) => (PyString::new(py, &subdomain), None),
                (true, None) => (intern!(py, "<invalid>").clone(), Some(PyString::new(py, current))),
            };
            (PyString::new(py, name), subdomain, mismatch)
        }
    };
    let decoded = |name| text(name)?.map(|value| decode(py, value)).transpose();
    let slash = || intern!(py, "/").clone();
    let script_name = decoded(intern!(py, "SCRIPT_NAME"))?.unwrap_or_else(slash);
    let script_name = match script_name.to_str()?.as_bytes().last() {
        Some(b'/') => script_name,
        None => slash(),
        Some(_) => script_name.add("/")?.cast_into()?,
    };
    Ok(Some(Parts {
        server_name,
        subdomain,
        mismatch,
        websocket,
        scheme,
        script_name,
        path_info: decoded(intern!(py, "PATH_INFO"))?.unwrap_or_else(slash),
        query: decoded(intern!(py, "QUERY_STRING"))?,
        method,
    }))
}

/// What matching a URL needs of an environ, where any host will do and it is no websocket.
pub(crate) struct Glance {
    pub(crate) path: Py<PyString>,
    pub(crate) method: Py<PyString>,
}

impl Glance {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let (path, method) = (self.path.clone_ref(py), self.method.clone_ref(py));
        Self { path, method }
    }
}

/// Read what matching a URL needs from an environ; `None` if [`read`] has to have a closer look.
pub(crate) fn glance(environ: &Bound<'_, PyDict>) -> PyResult<Option<Glance>> {
    let py = environ.py();
    let text = |name| -> PyResult<Option<Text<'_>>> {
        Ok(environ.get_item(name)?.and_then(|value: Bound<'_, PyAny>| value.cast_into().ok()))
    };
    let (Some(scheme), Some(host), Some(method), Some(path)) = (
        text(intern!(py, "wsgi.url_scheme"))?,
        text(intern!(py, "HTTP_HOST"))?,
        text(intern!(py, "REQUEST_METHOD"))?,
        text(intern!(py, "PATH_INFO"))?,
    ) else {
        return Ok(None);
    };
    let is_plain_scheme = matches!(scheme.to_str(), Ok("http" | "https"));
    if !is_plain_scheme || !host.to_str().is_ok_and(is_simple_host) || method.len()? == 0 {
        return Ok(None);
    }
    if let Some(connection) = text(intern!(py, "HTTP_CONNECTION"))?
        && lists_upgrade(&connection)
    {
        return Ok(None);
    }
    let path = decode(py, path)?.unbind();
    Ok(Some(Glance { path, method: method.unbind() }))
}

/// `name [ ":" port ]` where Werkzeug would change nothing but the case: ASCII labels of fitting
/// length, and a port that is one.
fn is_simple_host(host: &str) -> bool {
    let mut label = 0;
    for (place, byte) in host.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' if label < 63 => label += 1,
            b'.' if label > 0 => label = 0,
            b':' if label > 0 => return host.get(place + 1..).is_some_and(is_port),
            _ => return false,
        }
    }
    label > 0
}

/// A number from 1 to 65535 without leading zeros.
fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// What stands before the server name in the current host, if it ends in it.
fn subdomain_of(current: &str, server_name: &str) -> Option<String> {
    if current == server_name {
        return Some(String::new());
    }
    let before = current.strip_suffix(server_name)?.strip_suffix('.')?;
    Some(before.to_owned())
}

/// Whether `upgrade` is among the options of a `Connection` header.
fn lists_upgrade(connection: &Text<'_>) -> bool {
    connection.to_str().is_ok_and(|value| {
        value.split(',').any(|option| option.trim_matches([' ', '\t']).eq_ignore_ascii_case("upgrade"))
    })
}

/// A WSGI string (bytes in the guise of latin-1) as the UTF-8 text it stands for.
fn decode<'py>(py: Python<'py>, value: Text<'py>) -> PyResult<Text<'py>> {
    let text = value.to_str()?;
    if text.is_ascii() {
        return Ok(value);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
    match bytes {
        Some(bytes) => text_of(py, String::from_utf8_lossy(&bytes).as_bytes()),
        // No latin-1: let Python raise what it raises.
        None => Ok(value.call_method1(intern!(py, "encode"), (intern!(py, "latin1"),))?.cast_into()?),
    }
}
