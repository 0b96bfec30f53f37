"""``python -m notes``: serves the app on this machine, on the port that ``PORT`` names."""

from __future__ import annotations

import os
import socket
import sys

from werkzeug.serving import make_server

from . import create_app

HOST = "127.0.0.1"


def main() -> int:
    """Serve until Ctrl-C, and return the exit code."""
    wanted = os.environ.get("PORT") or "5000"
    try:
        listener = socket.create_server((HOST, int(wanted)))
    except (OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a port"
        print(f"Port {wanted} cannot be used ({reason}); set PORT to another.", file=sys.stderr)
        return 1
    with listener:
        server = make_server(HOST, 0, create_app(), threaded=True, fd=listener.fileno())
        print(f"Notes is at http://{HOST}:{server.port} (stop it with Ctrl-C)", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
