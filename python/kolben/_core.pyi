import typing as t

from werkzeug.routing import Rule

__version__: str

MISSING: t.Final = 0
REDIRECT: t.Final = 1
SPECIAL: t.Final = 2
OVERRIDDEN: t.Final = 3

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
    def variables(self) -> list[str]: ...
    def parts(self) -> list[tuple[str, bool, bool, bool, list[int], list[float]]]: ...

@t.final
class Route:
    def __new__(cls, rule: Rule, pattern: Pattern) -> Route: ...
    def build(
        self, values: dict[str, t.Any], append_unknown: bool
    ) -> tuple[str, str] | None: ...

@t.final
class TableBuilder:
    def __new__(cls) -> TableBuilder: ...
    def add(self, route: Route) -> None: ...
    def table(self, map_class: type, merge_slashes: bool, redirecting: set[int]) -> Table: ...

@t.final
class Table:
    def match(
        self,
        adapter: t.Any,
        domain: str,
        path: str,
        method: str,
        websocket: bool,
        want_rule: bool,
        /,
    ) -> tuple[t.Any, ...]: ...

def build_url(
    rules: list[t.Any],
    adapter: t.Any,
    values: dict[str, t.Any] | None,
    skip_none: bool,
    method: str | None,
    default_method: str | None,
    append_unknown: bool,
    here: str | None,
    prefer_here: bool,
    script_name: str | None,
    /,
) -> t.Any: ...
def environ_parts(
    environ: dict[str, t.Any], server_name: str | None, want_subdomain: bool, /
) -> (
    tuple[str, str, str | None, str, str, str, str | None, t.Any] | None
): ...
