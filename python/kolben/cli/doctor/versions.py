"""The versions that an app runs on, and the core."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import typing as t

from ...core import core_status
from .rows import Row

_API = "3.1"
_STANDS_ON = ("Werkzeug", "Jinja2", "click", "itsdangerous", "blinker", "MarkupSafe")


def look_at_versions() -> t.Iterator[Row]:
    """Look at Kolben, what it stands on, and the real Flask, if there is one."""
    version = importlib.metadata.version("kolben")
    yield Row("fine", "version", "Kolben", f"{version}, with the API of Flask {_API}.3")
    yield _core()
    yield Row(
        "fine", "version", "Python", f"{platform.python_version()} ({sys.implementation.name})"
    )
    for name in _STANDS_ON:
        yield Row("fine", "version", name, importlib.metadata.version(name))
    yield _real_flask()


def _core() -> Row:
    status = core_status()
    if status.compiled:
        return Row("fine", "core-compiled", "Core", str(status))
    if status.reason.startswith("KOLBEN_PURE"):
        advice = "Without KOLBEN_PURE it would be several times faster."
        return Row("note", "core-pure-asked", "Core", str(status), advice)
    advice = "It is several times slower. Install Kolben again, on this Python."
    return Row("warning", "core-pure", "Core", str(status), advice)


#: What is said where only both together will do.
NEEDS_REAL_FLASK = (
    "The real Flask is not installed here: 'pip install flask==3.1.3' puts it beside"
    " Kolben, for the comparison only."
)


def real_flask() -> importlib.metadata.Distribution | None:
    """Return the distribution of the real Flask, whether or not Kolben is in its place."""
    # Asked for what lies in folders, the drop-in says nothing.
    found = importlib.metadata.distributions(name="flask", path=sys.path)
    return next(iter(found), None)


def _real_flask() -> Row:
    flask = real_flask()
    if flask is None:
        text = "is not installed, and not needed; 'kolben compare' would need it"
        return Row("fine", "real-flask-missing", "Real Flask", text)
    if flask.version.startswith(f"{_API}."):
        return Row("fine", "real-flask", "Real Flask", f"{flask.version} is installed, too")
    return Row(
        "note",
        "real-flask-other",
        "Real Flask",
        f"{flask.version} is installed, and Kolben answers as {_API}",
        f"What changed between {flask.version} and {_API} changes for this app as well.",
    )
