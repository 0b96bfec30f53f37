import types
import typing as t

from typing_extensions import Self, disjoint_base
from werkzeug.routing import Rule

__all__ = [
    "MISSING",
    "REDIRECT",
    "SPECIAL",
    "AdapterCore",
    "AppContextCore",
    "CoreError",
    "EnvironHeadersCore",
    "HeadersCore",
    "Lazy",
    "MapCore",
    "MultipartCore",
    "Pattern",
    "RequestContextCore",
    "Route",
    "RuleCore",
    "Table",
    "TableBuilder",
    "__version__",
    "answer_plainly",
    "begin_response",
    "build_url",
    "dump_header",
    "dump_options_header",
    "get_content_length",
    "hold",
    "hold_bodies",
    "hold_contexts",
    "hold_json",
    "hold_requests",
    "hold_responses",
    "iri_to_uri",
    "is_host_trusted",
    "is_plain_domain",
    "json_is_untouched",
    "make_plain_response",
    "make_proxy",
    "make_request_context",
    "panic_on_purpose",
    "parse_accept_header",
    "parse_age",
    "parse_authorization",
    "parse_cache_control_header",
    "parse_challenge",
    "parse_content_range_header",
    "parse_cookie",
    "parse_csp_header",
    "parse_date",
    "parse_decoded_cookie",
    "parse_dict_header",
    "parse_etags",
    "parse_if_range_header",
    "parse_list_header",
    "parse_options_header",
    "parse_query",
    "parse_range_header",
    "parse_set_header",
    "plain_request_iri",
    "quote_header_value",
    "read_body",
    "send_plain_response",
    "send_response",
    "unquote_etag",
    "unquote_header_value",
    "uri_to_iri",
    "write_cookie",
    "write_date",
    "write_query",
]

__version__: str

MISSING: t.Final = 0
REDIRECT: t.Final = 1
SPECIAL: t.Final = 2

class CoreError(RuntimeError): ...

def panic_on_purpose() -> None: ...
@t.final
class Pattern:
    def __new__(
        cls,
        rule: Rule,
        domain: str,
        path: str,
        parse_arguments: t.Callable[[str], tuple[tuple[t.Any, ...], dict[str, t.Any]]],
    ) -> Pattern: ...
    def trace(self) -> list[tuple[bool, str]]: ...
    @property
    def variable_count(self) -> int: ...
    def variables(self) -> list[str]: ...
    def parts(self) -> list[tuple[str, bool, bool, bool, list[int], list[float]]]: ...

@t.final
class Route:
    def __new__(cls, rule: Rule, pattern: Pattern) -> Route: ...
    def build(self, values: dict[str, t.Any], append_unknown: bool) -> tuple[str, str] | None: ...

@t.final
class TableBuilder:
    def __new__(cls) -> TableBuilder: ...
    def add(self, route: Route) -> None: ...
    def entries(self) -> list[tuple[Rule, Pattern]]: ...
    def table(self, map_class: type, merge_slashes: bool, redirecting: set[int]) -> Table: ...

@t.final
class Table:
    def match(
        self,
        domain: str,
        path: str,
        method: str,
        websocket: bool,
        want_rule: bool,
        /,
    ) -> tuple[t.Any, ...]: ...

_Response = t.TypeVar("_Response")

@disjoint_base
class MapCore:
    _remap: bool
    default_subdomain: t.Any
    host_matching: bool
    _table: Table | None
    _rules_by_endpoint: dict[t.Any, list[Rule]]
    def __new__(cls, *_arguments: t.Any, **_keywords: t.Any) -> Self: ...
    def bind_to_environ(
        self,
        environ: t.Any,
        server_name: str | None = None,
        subdomain: str | None = None,
    ) -> t.Any: ...

@disjoint_base
class RuleCore:
    _route: Route | None
    def __new__(cls, *_arguments: t.Any, **_keywords: t.Any) -> Self: ...

@disjoint_base
class AdapterCore:
    map: t.Any
    server_name: str
    script_name: str
    subdomain: str | None
    url_scheme: str
    path_info: str
    default_method: str
    query_args: t.Any
    websocket: bool
    def __new__(cls, *_arguments: t.Any, **_keywords: t.Any) -> Self: ...
    def __init__(
        self,
        map: t.Any,
        server_name: str,
        script_name: str,
        subdomain: str | None,
        url_scheme: str,
        path_info: str,
        default_method: str,
        query_args: t.Any = None,
    ) -> None: ...
    def match(
        self,
        path_info: str | None = None,
        method: str | None = None,
        return_rule: bool = False,
        query_args: t.Mapping[str, t.Any] | str | None = None,
        websocket: bool | None = None,
    ) -> tuple[t.Any, t.Mapping[str, t.Any]]: ...
    def build(
        self,
        endpoint: t.Any,
        values: t.Mapping[str, t.Any] | None = None,
        method: str | None = None,
        force_external: bool = False,
        append_unknown: bool = True,
        url_scheme: str | None = None,
    ) -> str: ...

def build_url(
    rules: list[Rule],
    values: dict[str, t.Any],
    skip_none: bool,
    method: str | None,
    default_method: str | None,
    append_unknown: bool,
    host: str | None,
    /,
) -> t.Any: ...
def parse_accept_header(value: str | None, cls: t.Any = None) -> t.Any: ...
def parse_age(value: str | None = None) -> t.Any: ...
def parse_cache_control_header(
    value: str | None, on_update: t.Any = None, cls: t.Any = None
) -> t.Any: ...
def parse_csp_header(value: str | None, on_update: t.Any = None, cls: t.Any = None) -> t.Any: ...
def parse_date(value: str | None) -> t.Any: ...
def parse_challenge(cls: type[t.Any], value: str | None) -> t.Any: ...
def parse_if_range_header(value: str | None) -> t.Any: ...
def parse_set_header(value: str | None, on_update: t.Any = None) -> t.Any: ...
def unquote_etag(etag: str | None) -> tuple[t.Any, ...]: ...
def parse_authorization(cls: type[t.Any], value: str | None) -> t.Any: ...
def parse_cookie(header: t.Any, cls: t.Any = None) -> t.Any: ...
def parse_decoded_cookie(cookie: t.Any = None, cls: t.Any = None) -> t.Any: ...
def parse_etags(value: str | None) -> t.Any: ...
def parse_range_header(value: str | None, make_inclusive: t.Any = True) -> t.Any: ...
def parse_content_range_header(value: str | None, on_update: t.Any = None) -> t.Any: ...
def parse_query(query: str, cls: t.Any = None) -> t.Any: ...
def hold(**originals: t.Any) -> None: ...
def is_plain_domain(domain: str) -> bool: ...
def write_cookie(
    key: str,
    value: str,
    domain: str | None,
    expires: str | None,
    max_age: object,
    secure: object,
    httponly: object,
    path: str | None,
    samesite: str | None,
    partitioned: object,
) -> str: ...
def write_date(value: object) -> str | None: ...
def dump_header(iterable: t.Iterable[t.Any]) -> str: ...
def dump_options_header(header: str | None, options: t.Any) -> str: ...
def parse_dict_header(value: str) -> dict[str, str | None]: ...
def parse_list_header(value: str) -> list[str]: ...
def parse_options_header(value: str | None) -> tuple[str, dict[str, str]]: ...
def quote_header_value(value: object, allow_token: bool = True) -> str: ...
def unquote_header_value(value: str) -> str: ...
def get_content_length(
    http_content_length: str | None = None, http_transfer_encoding: str | None = None
) -> t.Any: ...
def is_host_trusted(host: str, trusted: t.Iterable[str] | None) -> bool | None: ...
def uri_to_iri(uri: str) -> str: ...
def plain_request_iri(
    scheme: str,
    host: str,
    root_path: str | None,
    path: str | None,
    query_string: bytes | None,
) -> str | None: ...
def iri_to_uri(iri: str) -> str: ...
def write_query(pairs: t.Iterable[tuple[t.Any, t.Any]]) -> str: ...
@disjoint_base
class HeadersCore:
    def __new__(cls, *args: t.Any, **kwargs: t.Any) -> Self: ...
    def __init__(self, defaults: t.Any = None) -> None: ...
    @property
    def _list(self) -> t.Any: ...
    def _get_key(self, key: t.Any) -> t.Any: ...
    def get(self, key: t.Any, default: t.Any = None, type: t.Any = None) -> t.Any: ...
    def getlist(self, key: t.Any, type: t.Any = None) -> t.Any: ...
    def add(self, key: t.Any, value: t.Any, /, **kwargs: t.Any) -> None: ...
    def set(self, key: t.Any, value: t.Any, /, **kwargs: t.Any) -> None: ...
    def extend(self, arg: t.Any = None, /, **kwargs: t.Any) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __getitem__(self, key: t.Any, /) -> t.Any: ...
    def __setitem__(self, key: t.Any, value: t.Any, /) -> None: ...
    def __delitem__(self, key: t.Any, /) -> None: ...
    def __iter__(self) -> t.Iterator[t.Any]: ...
    def __len__(self) -> int: ...
    def items(self, lower: t.Any = False) -> t.Iterator[t.Any]: ...
    def keys(self, lower: t.Any = False) -> t.Iterator[t.Any]: ...
    def values(self) -> t.Iterator[t.Any]: ...
    def __setattr__(self, name: str, value: t.Any, /) -> None: ...
    def __delattr__(self, name: str, /) -> None: ...
    def __getstate__(self) -> dict[str, t.Any]: ...
    def __setstate__(self, state: dict[str, t.Any]) -> None: ...

@disjoint_base
class EnvironHeadersCore(HeadersCore):
    def __init__(self, environ: t.Any) -> None: ...
    @property
    def environ(self) -> t.Any: ...

@t.final
class Lazy:
    def __new__(cls, function: t.Callable[[t.Any], t.Any], /) -> Self: ...
    def __get__(self, instance: t.Any, owner: t.Any = None, /) -> t.Any: ...
    @property
    def __name__(self) -> str: ...
    @property
    def fget(self) -> t.Any: ...

@t.final
class MultipartCore:
    def __new__(
        cls,
        boundary: bytes,
        max_form_memory_size: int | None,
        max_parts: int | None,
        parse_options_header: t.Callable[[str | None], tuple[str, dict[str, str]]],
        /,
    ) -> Self: ...
    def receive_data(self, data: bytes | None, /) -> None: ...
    def next_event(self) -> tuple[t.Any, ...]: ...
    def feed(
        self, data: bytes | None, fields: list[tuple[str, str]], raw: bool, /
    ) -> tuple[list[tuple[t.Any, ...]], Exception | None]: ...
    @property
    def buffer(self) -> bytes: ...
    @property
    def state(self) -> str: ...

@disjoint_base
class AppContextCore:
    app: t.Any
    g: t.Any
    url_adapter: t.Any
    def __new__(cls, *_arguments: t.Any, **_keywords: t.Any) -> Self: ...
    def __init__(self, app: t.Any) -> None: ...
    def push(self) -> None: ...
    def pop(self, exc: t.Any = ...) -> None: ...

@disjoint_base
class RequestContextCore:
    app: t.Any
    request: t.Any
    url_adapter: t.Any
    flashes: t.Any
    _after_request_functions: list[t.Any]
    _session: t.Any
    @property
    def _has_nothing_to_finish(self) -> bool: ...
    def __new__(cls, *_arguments: t.Any, **_keywords: t.Any) -> Self: ...
    def __init__(
        self,
        app: t.Any,
        environ: t.Any,
        request: t.Any | None = None,
        session: t.Any | None = None,
    ) -> None: ...
    def push(self) -> None: ...
    def pop(self, exc: t.Any = ...) -> None: ...

def answer_plainly(app: t.Any, /) -> t.Any | None: ...
def make_request_context(class_: t.Any, app: t.Any, environ: t.Any, /) -> t.Any: ...
def hold_contexts(objects: dict[str, t.Any], classes: dict[str, type]) -> None: ...
def begin_response(
    response: t.Any,
    body: t.Any | None,
    status: t.Any | None,
    headers: t.Any | None,
    mimetype: t.Any | None,
    content_type: t.Any | None,
    direct_passthrough: t.Any,
    /,
) -> bool: ...
def make_plain_response(
    class_: type[_Response], body: t.Any, status: t.Any | None, mimetype: t.Any | None = None, /
) -> _Response | None: ...
def send_plain_response(
    response: t.Any, environ: t.Any, start_response: t.Any, /
) -> t.Iterable[bytes] | None: ...
def send_response(
    response: t.Any, environ: t.Any, start_response: t.Any, /
) -> t.Iterable[bytes]: ...
def hold_bodies(request: type, disconnected: type[Exception]) -> None: ...
def read_body(request: t.Any, /) -> bytes | None: ...
def hold_json(provider: type, json: types.ModuleType, encoder: types.ModuleType) -> None: ...
def json_is_untouched() -> bool: ...
def hold_requests(request: type, headers: type) -> None: ...
def hold_responses(
    response: type, headers: type, lines: dict[int, str], content_types: dict[str | None, str]
) -> None: ...
def make_proxy(local_proxy: t.Any, variable: t.Any, name: str | None = None) -> t.Any: ...
