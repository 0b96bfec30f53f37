"""A map bound to a host: where a request meets the rules."""

from __future__ import annotations

import typing as t

from werkzeug.datastructures import MultiDict
from werkzeug.routing import BuildError
from werkzeug.routing import MapAdapter as WerkzeugMapAdapter
from werkzeug.routing import Rule as WerkzeugRule

from .._core import AdapterCore, build_url

if t.TYPE_CHECKING:
    from .map import Map


# Its overloads know no `bool` that is not a literal.
_werkzeug_match = t.cast("t.Callable[..., tuple[t.Any, t.Any]]", WerkzeugMapAdapter.match)


class MapAdapter(AdapterCore, WerkzeugMapAdapter):
    """Werkzeug's adapter, with the same arguments and attributes.

    A plain match and a plain URL are the core's own. A redirect, an alias, a URL with a host, or
    anything that a subclass overrides comes to the methods here.
    """

    map: Map
    _originals: t.ClassVar[dict[str, t.Any]]

    def _match(
        self,
        path_info: str | None,
        method: str | None,
        return_rule: bool,
        query_args: t.Mapping[str, t.Any] | str | None,
        websocket: bool | None,
    ) -> tuple[t.Any | WerkzeugRule, t.Mapping[str, t.Any]]:
        """Match what the core alone has not answered."""
        url_map = self.map
        if url_map._remap:
            url_map.update()
            url_map._is_serving = True
            if not url_map._remap:
                return self.match(path_info, method, return_rule, query_args, websocket)
        # Werkzeug's way, with the core's matcher in it.
        return _werkzeug_match(self, path_info, method, return_rule, query_args, websocket)

    def _build(
        self,
        endpoint: t.Any,
        values: t.Mapping[str, t.Any] | None,
        method: str | None,
        force_external: bool,
        append_unknown: bool,
        url_scheme: str | None,
    ) -> str:
        """Build a URL that the core alone has not built."""
        url_map = self.map
        url_map.update()
        given = values
        # A multidict may hold a `None` that is meant.
        skip_none = not isinstance(values, MultiDict)
        if type(values) is not dict:
            values = _plain_values(values) if values else {}
        built = NotImplemented
        is_original = type(self)._partial_build is MapAdapter._originals["_partial_build"]
        if is_original and (method is None or isinstance(method, str)):
            built = build_url(
                url_map._rules_by_endpoint.get(endpoint, _NO_RULES),
                values,
                skip_none,
                method,
                self.default_method,
                append_unknown,
                self.server_name if url_map.host_matching else None,
            )
        if built is NotImplemented:
            return WerkzeugMapAdapter.build(
                self, endpoint, given, method, force_external, append_unknown, url_scheme
            )
        if built is None:
            if skip_none:
                values = {key: value for key, value in values.items() if value is not None}
            raise BuildError(endpoint, values, method, self)
        return self._with_host(*built, force_external, url_scheme)

    def _with_host(
        self,
        domain: str,
        path: str,
        websocket: bool,
        force_external: bool,
        scheme: str | None,
    ) -> str:
        """Put a URL together that may need scheme and host."""
        if scheme is None:
            scheme = self.url_scheme
        host = self.get_host(domain)
        path = path.lstrip("/")
        is_secure = scheme in ("https", "wss")
        if websocket:
            # A browser wants the whole URL of a websocket.
            scheme = "wss" if is_secure else "ws"
        else:
            if scheme:
                scheme = "https" if is_secure else "http"
            here = host == self.server_name if self.map.host_matching else domain == self.subdomain
            if here and not force_external:
                return f"{self.script_name.rstrip('/')}/{path}"
        prefix = f"{scheme}:" if scheme else ""
        return f"{prefix}//{host}{self.script_name[:-1]}/{path}"

    # The attributes live in the core, not in `__dict__`: copies have to be told.

    def __getstate__(self) -> dict[str, t.Any]:
        return {**self.__dict__, **{name: getattr(self, name) for name in _ATTRIBUTES}}

    def __setstate__(self, state: dict[str, t.Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


_ATTRIBUTES = (
    "map",
    "server_name",
    "script_name",
    "subdomain",
    "url_scheme",
    "path_info",
    "default_method",
    "query_args",
    "websocket",
)


MapAdapter._originals = {
    name: getattr(MapAdapter, name)
    for name in ("__init__", "__new__", "get_default_redirect", "_partial_build")
}

_NO_RULES: t.Final[list[WerkzeugRule]] = []


def _plain_values(values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The values of any mapping as a dict; of a multidict, a single value as itself."""
    if isinstance(values, MultiDict):
        lists = dict.items(values)
        return {key: found[0] if len(found) == 1 else found for key, found in lists if found}
    return dict(values.items())
