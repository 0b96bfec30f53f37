"""A map bound to a host: where a request meets the rules."""

from __future__ import annotations

import typing as t

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound
from werkzeug.routing import BuildError
from werkzeug.routing import MapAdapter as WerkzeugMapAdapter
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing import WebsocketMismatch

from .._core import build_url
from .._core import MISSING

if t.TYPE_CHECKING:
    from .map import Map


class MapAdapter(WerkzeugMapAdapter):
    """Werkzeug's adapter, with the same arguments and attributes.

    A plain match and a plain URL are the core's; a redirect, an alias, or anything that a subclass
    overrides takes Werkzeug's own way, with the core's matcher in it.
    """

    map: Map  # type: ignore[assignment]
    _originals: t.ClassVar[dict[str, t.Any]]

    def match(  # type: ignore[override]
        self,
        path_info: str | None = None,
        method: str | None = None,
        return_rule: bool = False,
        query_args: t.Mapping[str, t.Any] | str | None = None,
        websocket: bool | None = None,
    ) -> tuple[t.Any | WerkzeugRule, t.Mapping[str, t.Any]]:
        """Find the endpoint, or the rule, and the arguments for a path.

        Raises `NotFound`, `MethodNotAllowed`, `WebsocketMismatch` or `RequestRedirect`.
        """
        map = self.map
        if map._remap:
            map.update()
            map._is_serving = True
        table = map._table
        if table is not None:
            # PERF: one crossing, and no object made on the way to it (benches/test_routing.py).
            answer = table.match(
                self,
                self.server_name if self.subdomain is None or map.host_matching else self.subdomain,
                self.path_info if path_info is None else path_info,
                method or self.default_method,
                self.websocket if websocket is None else websocket,
                return_rule,
            )
            if len(answer) == 2:
                return answer
            if answer[0] == MISSING:
                _, methods, wrong_protocol = answer
                if methods:
                    raise MethodNotAllowed(valid_methods=list(methods))
                if wrong_protocol:
                    raise WebsocketMismatch()
                raise NotFound()
        return super().match(path_info, method, return_rule, query_args, websocket)

    def build(
        self,
        endpoint: t.Any,
        values: t.Mapping[str, t.Any] | None = None,
        method: str | None = None,
        force_external: bool = False,
        append_unknown: bool = True,
        url_scheme: str | None = None,
    ) -> str:
        """Build the URL for an endpoint.

        Values that the rule has no variable for become a query string, unless `append_unknown` is
        off. The URL has a host only where it needs one, or with `force_external`.
        """
        map = self.map
        if map._remap:
            map.update()
        # A multidict may hold a `None` that is meant.
        skip_none = not isinstance(values, MultiDict)
        if values and type(values) is not dict:
            values = _plain_values(values)
        by_host = map.host_matching
        built = build_url(
            map._rules_by_endpoint.get(endpoint, _NO_RULES),
            self,
            values or None,
            skip_none,
            method,
            self.default_method,
            append_unknown,
            self.server_name if by_host else self.subdomain,
            by_host,
            None if force_external else self.script_name,
        )
        if type(built) is str:
            return built
        if built is NotImplemented:
            return super().build(
                endpoint, values, method, force_external, append_unknown, url_scheme
            )
        if built is None:
            values = values or {}
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


MapAdapter._originals = {
    name: getattr(MapAdapter, name) for name in ("get_default_redirect", "_partial_build")
}

_NO_RULES: t.Final[list[WerkzeugRule]] = []


def _plain_values(values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The values of any mapping as a dict; of a multidict, a single value as itself."""
    if isinstance(values, MultiDict):
        lists = dict.items(values)
        return {
            key: found[0] if len(found) == 1 else found for key, found in lists if found
        }
    return dict(values.items())
