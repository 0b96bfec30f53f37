"""What a map can say about itself."""

from __future__ import annotations

import typing as t

from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing.matcher import State

if t.TYPE_CHECKING:
    from .conflicts import Conflicts
    from .explain import Explanation


class Insight(WerkzeugMap):
    """Explains matches, and finds rules that stand in each other's way."""

    def explain(
        self,
        path: str,
        method: str = "GET",
        *,
        server_name: str = "localhost",
        subdomain: str | None = None,
        websocket: bool = False,
        query_args: t.Mapping[str, t.Any] | str | None = None,
    ) -> Explanation:
        """Tell which rules a request comes by, in order, and why each is taken or passed over.

        The result prints itself in lines for people.
        """
        from .explain import explain  # noqa: PLC0415 - an app that only answers goes without

        adapter = self.bind(
            server_name,
            subdomain=subdomain,
            url_scheme="ws" if websocket else "http",
            path_info=path,
            query_args=query_args,
        )
        return explain(adapter, self._states(), method.upper())

    def conflicts(self) -> Conflicts:
        """Find rules that can never match, and pairs whose order decides which of them does.

        The result prints itself in lines for people.
        """
        from .conflicts import find_conflicts  # noqa: PLC0415 - as above

        return find_conflicts(self._states())

    def _states(self) -> State:
        """The root of Werkzeug's states of all rules that can match."""
        self.update()
        return self._matcher._root
