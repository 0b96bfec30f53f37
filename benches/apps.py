"""Whole requests, in process: Kolben beside Flask, Falcon, Bottle and no framework at all.

usage: python -m benches.apps [--quick] [ROW ...]

Each row sends one request again and again to the same app on each framework, in rounds that take
turns, from a fresh environ to the last byte of the body. The ratio is the median of the ratios of
the rounds. All have to send the same body with the same content type, or the run ends.
"""

from __future__ import annotations

import contextlib
import gc
import json
import statistics
import sys
import time
import typing as t

import flask

import kolben

from .app_cases import FORM, MULTIPART, environ, make_app
from .app_peers import make_bottle, make_falcon, make_raw
from .machine import MICRO, OUT, TIMES, describe_machine


class Case(t.NamedTuple):
    """A row: a request, and what is to be reached."""

    request: dict[str, t.Any]
    flask: float | None = None
    falcon: float | None = None
    app: str = "plain"
    #: The others' pages of errors, and their ways to write JSON, are their own.
    same_body: bool = True


JSON = {"CONTENT_TYPE": "application/json"}
FORWARDED = {"HTTP_X_FORWARDED_FOR": "192.0.2.1", "HTTP_X_FORWARDED_PROTO": "https"}
COOKIE = {"HTTP_COOKIE": "session=none; theme=dark"}
CASES = {
    "hello": Case({"path": "/hello"}, 14, 1.4),
    "param": Case({"path": "/user/42"}, 14, 1.4),
    "deep": Case({"path": "/org/7/repo/kolben"}, 14, 1.4),
    "headers": Case({"path": "/headers?q=1&z=2", **COOKIE}, 12, 1.4),
    "json": Case({"path": "/json"}, 9, 1.5, same_body=False),
    "echo": Case(
        {"path": "/echo", "method": "POST", "body": b'{"a": 1, "b": [1, 2]}', **JSON},
        8,
        1.3,
        same_body=False,
    ),
    "404": Case({"path": "/nothing"}, 10, 1.3, same_body=False),
    "session": Case({"path": "/session", **COOKIE}, 4, app="secret"),
    "hooks": Case({"path": "/hooks"}, 9, app="hooks"),
    "template": Case({"path": "/template"}, 2.5),
    "url_for": Case({"path": "/urls"}, 7),
    "static": Case({"path": "/static/text.txt"}, 2.5),
    "static, not changed": Case({"path": "/static/text.txt", "known": "etag"}, 2.5),
    "form": Case(
        {
            "path": "/form",
            "method": "POST",
            "body": FORM,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
        },
        8,
    ),
    "upload": Case(
        {
            "path": "/upload",
            "method": "POST",
            "body": MULTIPART,
            "CONTENT_TYPE": "multipart/form-data; boundary=b",
        },
        3,
    ),
    "async view": Case({"path": "/async"}, 15),
    "proxies, 100 times": Case({"path": "/proxies"}, 8, app="secret"),
    "with ProxyFix": Case({"path": "/user/42", **FORWARDED}, app="proxied"),
    "with a Request of its own": Case({"path": "/user/42"}, app="own request"),
    "with dispatch_request patched": Case({"path": "/user/42"}, app="patched"),
}


def answer(app: t.Any, request: dict[str, t.Any]) -> tuple[str, dict[str, str], bytes]:
    """Send one request and return all of the answer."""
    sent: list[t.Any] = []
    body = app(
        environ(**request), lambda status, headers, error=None: sent.extend((status, headers))
    )
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    status, headers = sent
    return status, {name.lower(): value for name, value in headers}, data


BATCH = 20


def start_response(status: str, headers: t.Any, error: t.Any = None) -> None:
    """Take status and headers, as a server does."""


def send_all(app: t.Any, environs: t.Iterable[dict[str, t.Any]]) -> None:
    """Send requests, and read each answer to its end."""
    for made in environs:
        body = app(made, start_response)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()


def measure(app: t.Any, request: dict[str, t.Any], count: int) -> float:
    """The time of a request, in seconds."""
    taken = 0.0
    for start in range(0, count, BATCH):
        # Few at a time: a server hands on an environ that it has made just now.
        environs = [environ(**request) for _ in range(min(BATCH, count - start))]
        begun = time.perf_counter()
        send_all(app, environs)
        taken += time.perf_counter() - begun
    return taken / count


@contextlib.contextmanager
def receivers(case: Case, apps: t.Iterable[t.Any]) -> t.Iterator[None]:
    """Connect the receivers of a row; a signal that anybody hears costs every app."""
    signals = [app.extensions["signal"] for app in apps] if case.app == "hooks" else []
    for signal, receive in signals:
        signal.connect(receive)
    yield
    for signal, receive in signals:
        signal.disconnect(receive)


def check_same(case: Case, request: dict[str, t.Any], apps: dict[str, t.Any]) -> None:
    """End the run if the peers do not answer alike."""
    expected = answer(apps["flask"], request)
    for name, app in apps.items():
        status, headers, body = answer(app, request)
        compared = case.same_body or name == "kolben"
        if status.split()[0] != expected[0].split()[0] or (compared and body != expected[2]):
            raise SystemExit(
                f"{name} answers {status} {body!r}, Flask {expected[0]} {expected[2]!r}"
            )
        types = {made.get("content-type", "").lower() for made in (headers, expected[1])}
        if compared and len(types) > 1:
            raise SystemExit(f"{name}: another content type, {headers}")


def whole_request(case: Case, apps: dict[str, t.Any]) -> dict[str, t.Any]:
    """The request of a row, which all peers answer alike."""
    request = dict(case.request)
    if request.pop("known", None):
        request["HTTP_IF_NONE_MATCH"] = answer(apps["flask"], request)[1]["etag"]
    check_same(case, request, apps)
    return request


def run_row(case: Case, apps: dict[str, t.Any], rounds: int) -> dict[str, list[float]]:
    """The times of each peer, round by round."""
    request = whole_request(case, apps)
    times: dict[str, list[float]] = {name: [] for name in apps}
    with receivers(case, apps.values()):
        counts = {name: max(5, int(0.01 / measure(app, request, 20))) for name, app in apps.items()}
        gc.collect()
        gc.disable()
        for _ in range(rounds):
            for name, app in apps.items():
                times[name].append(measure(app, request, counts[name]))
        gc.enable()
    return times


def make_peers() -> dict[str, dict[str, t.Any]]:
    """The apps of the rows, by their kind and by framework."""
    packages = {"kolben": kolben, "flask": flask}
    kinds: dict[str, dict[str, bool]] = {
        "plain": {},
        "secret": {"secret": True},
        "hooks": {"hooks": True},
        "proxied": {"proxied": True},
        "own request": {"own_request": True},
        "patched": {"patched": True},
    }
    apps: dict[str, dict[str, t.Any]] = {
        kind: {name: make_app(package, **options) for name, package in packages.items()}
        for kind, options in kinds.items()
    }
    others = {"falcon": make_falcon(), "bottle": make_bottle(), "raw": make_raw()}
    apps["plain and others"] = {**apps["plain"], **others}
    return apps


def peers_of(case: Case, apps: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """The apps that a row is measured on."""
    return apps["plain and others"] if case.falcon else apps[case.app]


class Found(t.NamedTuple):
    """What was measured for a row: least times in seconds, and ratios, by peer."""

    least: dict[str, float]
    ratios: dict[str, float]


def measure_rows(names: t.Iterable[str], rounds: int) -> t.Iterator[tuple[str, Found]]:
    """Measure rows one by one."""
    apps = make_peers()
    for name in names:
        case = CASES[name]
        peers = peers_of(case, apps)
        times = run_row(case, peers, rounds)
        ratios = {
            peer: statistics.median(
                theirs / ours for theirs, ours in zip(times[peer], times["kolben"], strict=True)
            )
            for peer in peers
            if peer != "kolben"
        }
        yield name, Found({peer: min(all_of) for peer, all_of in times.items()}, ratios)


def measure_all(names: t.Iterable[str], rounds: int) -> tuple[dict[str, t.Any], bool]:
    """Measure rows and print them; what was found, and whether each bar was reached."""
    print(
        f"| row | {MICRO} | against Flask | must reach | against Falcon | must reach |"
        " against Bottle | against a function |"
    )
    print("|---" * 8 + "|")
    report: dict[str, t.Any] = {}
    reached = True
    for name, found in measure_rows(names, rounds):
        case = CASES[name]
        report[name] = {"least": found.least, **found.ratios}
        cells = [f"{found.least['kolben'] * 1e6:.1f}"]
        for peer, bar in (("flask", case.flask), ("falcon", case.falcon)):
            ratio = found.ratios.get(peer)
            if ratio is None:
                cells += ["", ""]
                continue
            is_missed = bar is not None and ratio < bar
            reached = reached and not is_missed
            mark = " **missed**" if is_missed else ""
            cells += [f"{ratio:.2f}{TIMES}{mark}", "" if bar is None else f">= {bar:g}"]
        for peer in ("bottle", "raw"):
            cells.append(f"{found.ratios[peer]:.2f}{TIMES}" if peer in found.ratios else "")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return report, reached


def main(arguments: list[str]) -> int:
    """Measure the rows and print them; 1 if a bar was missed."""
    rounds = 7 if "--quick" in arguments else 31
    chosen = [argument for argument in arguments if not argument.startswith("--")] or list(CASES)
    print(f"{describe_machine()}\n")
    report, reached = measure_all(chosen, rounds)
    OUT.mkdir(exist_ok=True)
    (OUT / "apps.json").write_text(json.dumps(report, indent=1), "utf-8")
    print(f"\nwritten: {OUT / 'apps.json'}")
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
