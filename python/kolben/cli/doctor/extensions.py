"""The extensions of an app, and what is known of them on Kolben."""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import re
import sys
import typing as t

from .rows import Row

if t.TYPE_CHECKING:
    from ...app import Flask

#: What `make extensions` found out.
KNOWN = pathlib.Path(__file__).with_name("extensions.json")

_NEEDS_FLASK = re.compile(r"flask\s*(\(.*\)|[<>=!~\[;].*)?", re.IGNORECASE)
_THEMSELVES = {"flask", "kolben"}


def look_at_extensions(app: Flask) -> t.Iterator[Row]:
    """Look at what is in ``app.extensions``, and at imported distributions that need Flask."""
    known = json.loads(KNOWN.read_text("utf-8"))["extensions"]
    owners = importlib.metadata.packages_distributions()
    names, unowned = _of_app(app, owners)
    for package in {name.partition(".")[0] for name in sys.modules}:
        for owner in owners.get(package, ()):
            key = _canonical(owner)
            if key not in names and (_needs_flask(owner) or key in known):
                names[key] = owner
    for key, name in sorted(names.items()):
        yield _row(name, importlib.metadata.version(name), known.get(key))
    if not names and not unowned:
        yield Row("fine", "extensions", "No extensions", "none was imported")
    for name, module in sorted(unowned.items()):
        text = f"of {module}, which belongs to no installed distribution"
        yield Row("fine", "extension-own", f"{name!r}", text)


def _of_app(app: Flask, owners: t.Mapping[str, list[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the distributions of ``app.extensions``, and the modules of those that have none."""
    names: dict[str, str] = {}
    unowned: dict[str, str] = {}
    for name, value in app.extensions.items():
        kind = value if isinstance(value, type) else type(value)
        package = kind.__module__.partition(".")[0]
        # Some put a plain dictionary there, under the name of their own module.
        found = [
            owner
            for top in (package, str(name), f"flask_{name}")
            for owner in owners.get(top, ())
            if _needs_flask(owner)
        ]
        names.update({_canonical(owner): owner for owner in found})
        if package not in owners and package not in sys.stdlib_module_names:
            unowned[str(name)] = kind.__module__
    return names, unowned


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needs_flask(distribution: str) -> bool:
    if _canonical(distribution) in _THEMSELVES:
        return False
    requires = importlib.metadata.requires(distribution) or ()
    return any(
        _NEEDS_FLASK.fullmatch(requirement.strip()) and "extra ==" not in requirement
        for requirement in requires
    )


def _row(name: str, version: str, known: dict[str, t.Any] | None) -> Row:
    subject = f"{name} {version}"
    if known is None:
        return Row(
            "note",
            "extension-unknown",
            subject,
            "nothing is known: its tests have not been run on Kolben",
            "'kolben compare' shows whether the app answers the same.",
        )
    whose = "of our tests" if known["suite"] == "ours" else "of its tests"
    tests = f"{known['kolben']} of the {known['flask']} {whose} that pass on Flask pass"
    if known["lost"]:
        return Row("warning", "extension-loses", subject, f"{tests} (release {known['version']})")
    if known["version"] != version:
        text = f"{tests} of release {known['version']}; this one was not tried"
        return Row("fine", "extension-other-release", subject, text)
    return Row("fine", "extension-passes", subject, tests)
