"""Rules that stand in each other's way."""

from __future__ import annotations


class Conflict: ...


class Conflicts: ...
