"""``python -m kolben``."""

from __future__ import annotations

from .cli.program import main

main()
