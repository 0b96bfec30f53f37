"""Frameworks with a server of their own, for `make bench-serve`.

usage: python -m benches.wire_own FRAMEWORK PORT
"""

from __future__ import annotations

import sys

from . import wire_apps


def main(framework: str, port: int) -> None:
    """Serve the app of a framework on one worker."""
    app = getattr(wire_apps, framework)()
    if framework == "sanic":
        app.run("127.0.0.1", port, single_process=True, access_log=False, motd=False)
    else:
        app.start("127.0.0.1", port)


if __name__ == "__main__":
    framework, port = sys.argv[1:]
    # Robyn reads the arguments of the program.
    del sys.argv[1:]
    main(framework, int(port))
