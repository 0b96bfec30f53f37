import typing as t

from typing_extensions import Self, disjoint_base
from werkzeug.routing import Rule

__all__ = [
    "MISSING",
    "REDIRECT",
    "SPECIAL",
    "AdapterCore",
    "MapCore",
    "Pattern",
    "Route",
    "RuleCore",
    "Table",
    "TableBuilder",
    "__version__",
    "build_url",
]

__version__: str

MISSING: t.Final = 0
REDIRECT: t.Final = 1
SPECIAL: t.Final = 2

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

@disjoint_base
class MapCore:
    _remap: bool
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
