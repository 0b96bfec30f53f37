"""A pytest plugin: ``import flask``, and ``flask.x``, give Kolben's modules themselves."""

from __future__ import annotations

import kolben

kolben.install_as_flask()


def pytest_report_header() -> str:
    """Say in the header what runs."""
    import flask

    assert flask is kolben
    return f"kolben {kolben.core_status()} as flask"
