"""``python -m kolben.cli``, and ``python -m flask`` where Kolben takes its place."""

from __future__ import annotations

# `python -m flask` runs this as a module of `flask`, where `.` would be that.
from kolben.cli import main

main()
