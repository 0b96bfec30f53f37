"""Waitress: `python serve.py`. One process with threads, on any system, Windows included."""

from __future__ import annotations

import importlib
import os

from waitress import serve


def main() -> None:
    """Serve the app that APP names, as `module:name`."""
    module, _, name = os.environ.get("APP", "shop:app").partition(":")
    app = getattr(importlib.import_module(module), name or "app")
    serve(
        app,
        listen=os.environ.get("LISTEN", "127.0.0.1:8000"),
        threads=8,
        # One process has one interpreter: for more cores start more of them behind a proxy.
        connection_limit=1000,
        backlog=1024,
        channel_timeout=30,
        max_request_header_size=65536,
        max_request_body_size=16 << 20,
        # `ProxyFix` reads what the proxy says; headers with an underscore are not taken for others.
        clear_untrusted_proxy_headers=False,
        ident=None,
    )


if __name__ == "__main__":
    main()
