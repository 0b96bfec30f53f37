"""Why a path matches what it matches."""

from __future__ import annotations


class Explanation: ...


class Step: ...
