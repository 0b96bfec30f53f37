"""What a map can say about itself."""

from __future__ import annotations


class Insight:
    """Explains matches and finds rules that contradict each other."""
