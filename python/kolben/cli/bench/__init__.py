"""``kolben bench``: how fast the user's own app answers, on Kolben and beside Flask."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import typing as t

import click

from .. import ScriptInfo
from ..compare.requests import SentRequest, UnreadableError, read_paths
from ..doctor.versions import NEEDS_REAL_FLASK, real_flask
from .chart import bars

__all__ = ["bench_command"]

_SIDE = pathlib.Path(__file__).with_name("side.py")
_ROUNDS = 5
#: As many paths are measured if none is named.
_MOST_PATHS = 12


class _CannotMeasureError(click.ClickException):
    """There is nothing to measure."""

    exit_code = 2


class Side:
    """A process that answers questions about the app on one of the two.

    :param name: ``kolben`` or ``flask``.
    :param app: The app's import name.
    """

    def __init__(self, name: str, app: str | None) -> None:
        self.name = name
        environment = {**os.environ, "KOLBEN_AS_FLASK": "1" if name == "kolben" else "0"}
        self._process = subprocess.Popen(
            [sys.executable, _SIDE, app or ""],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            begun = self._answer()
        except _CannotMeasureError:
            self.close()
            raise
        self.version: str = begun["version"]
        self.paths: list[str] = begun["paths"]

    def ask(self, what: str, request: SentRequest, **others: t.Any) -> t.Any:
        """Ask a question about a request, and wait for the answer."""
        question = {"do": what, "request": request.as_dict(cookies=True), **others}
        pipe = t.cast("t.IO[str]", self._process.stdin)
        try:
            pipe.write(json.dumps(question) + "\n")
            pipe.flush()
        except BrokenPipeError:
            raise _CannotMeasureError(f"On {self.name}, the process has ended early.") from None
        return self._answer()

    def _answer(self) -> t.Any:
        line = t.cast("t.IO[str]", self._process.stdout).readline()
        answer = json.loads(line) if line else {"error": "the process has ended early"}
        if "error" in answer:
            raise _CannotMeasureError(f"On {self.name}, the app fails:\n{answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


class Measured(t.NamedTuple):
    """The times of a request on one side, in microseconds."""

    median: float
    p99: float
    #: Where the time goes; empty where it was not asked for.
    phases: dict[str, float]

    @property
    def rate(self) -> float:
        """Requests that one thread answers in a second."""
        return 1e6 / self.median


class Row(t.NamedTuple):
    """A request, how it is answered, and the times of each side."""

    request: SentRequest
    status: str
    sides: dict[str, Measured]
    #: The median of the ratios of the rounds.
    ratio: float | None

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.request.method} {self.request.path}"


@click.command("bench", short_help="Measure how fast the app answers.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("-A", "--app", "app_import_path", metavar="IMPORT", help="The app: 'module:name'.")
@click.option("--vs", type=click.Choice(["flask"]), help="Measure the same on the real Flask.")
@click.option(
    "--seconds",
    default=1.0,
    type=click.FloatRange(0.01, 60),
    show_default=True,
    help="How long each path is measured, on each side.",
)
@click.option("--no-phases", is_flag=True, help="Leave out where the time goes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--svg", type=click.File("w", encoding="utf-8", lazy=True), help="Draw a chart.")
@click.pass_context
def bench_command(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    app_import_path: str | None,
    vs: str | None,
    seconds: float,
    no_phases: bool,
    as_json: bool,
    svg: t.TextIO | None,
) -> None:
    """Measure how fast the app answers, in process and without a server.

    A PATH is '/a/1', or a request as 'kolben compare' reads it: 'POST /a {"x": 1}'.
    Without any, the paths of rules without variables are measured. The sides
    take turns, each in a process of its own; the ratio is the median of the
    rounds. Requests are really sent: mind what your views do.
    """
    name = app_import_path or ctx.ensure_object(ScriptInfo).app_import_path
    if vs and real_flask() is None:
        raise _CannotMeasureError(NEEDS_REAL_FLASK)
    with contextlib.ExitStack() as stack:
        names = ("kolben", vs) if vs else ("kolben",)
        sides = [stack.enter_context(contextlib.closing(Side(side, name))) for side in names]
        requests = _requests(paths, sides[0].paths)
        progress = stack.enter_context(_Progress(len(requests) * _ROUNDS))
        rows = [_measure(request, sides, seconds, not no_phases, progress) for request in requests]
    if svg is not None:
        svg.write(_chart(rows))
    versions = {one.name: one.version for one in sides}
    if as_json:
        click.echo(json.dumps(_as_dict(versions, rows), indent=2))
    else:
        _print(versions, rows)


def _requests(given: tuple[str, ...], plain: list[str]) -> list[SentRequest]:
    try:
        requests = read_paths("\n".join(given or plain[:_MOST_PATHS]))
    except UnreadableError as error:
        raise _CannotMeasureError(str(error)) from None
    if not requests:
        raise _CannotMeasureError(
            "The app has no rule without variables; name a path: 'kolben bench /user/1'."
        )
    return requests


class _Progress:
    """A line on the terminal that says how far the work is."""

    def __init__(self, steps: int) -> None:
        self._steps, self._done = steps, 0
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def step(self, name: str) -> None:
        """Say that one more round of a path begins."""
        if self._is_shown:
            share = f"{self._done * 100 // self._steps:3d} %"
            click.echo(f"\r\x1b[K{share}  {name[:60]}", err=True, nl=False)
        self._done += 1

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            click.echo("\r\x1b[K", err=True, nl=False)


def _measure(
    request: SentRequest, sides: list[Side], seconds: float, phases: bool, progress: _Progress
) -> Row:
    statuses = [side.ask("once", request)["status"] for side in sides]
    taken: dict[str, list[int]] = {side.name: [] for side in sides}
    medians: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(_ROUNDS):
        progress.step(f"{request.method} {request.path}")
        for side in sides:
            times = side.ask("measure", request, seconds=seconds / _ROUNDS)["taken"]
            taken[side.name] += times
            medians[side.name].append(statistics.median(times))
    found: dict[str, dict[str, float]] = {}
    if phases:
        found = {
            side.name: side.ask("phases", request, seconds=seconds / _ROUNDS)["phases"]
            for side in sides
        }
    ratio = None
    if len(sides) > 1:
        ours, theirs = (medians[side.name] for side in sides)
        ratio = statistics.median(other / own for own, other in zip(ours, theirs, strict=True))
    measured = {
        name: Measured(
            statistics.median(times) / 1000,
            sorted(times)[len(times) * 99 // 100] / 1000,
            {phase: spent / 1000 for phase, spent in found.get(name, {}).items()},
        )
        for name, times in taken.items()
    }
    return Row(request, statuses[0], measured, ratio)


# --- what is printed -----------------------------------------------------------------------------


def _as_dict(versions: dict[str, str], rows: list[Row]) -> dict[str, t.Any]:
    return {
        "versions": versions,
        "requests": [
            {
                "request": row.name,
                "status": row.status,
                "ratio": row.ratio,
                **{
                    name: {
                        "median_us": round(one.median, 3),
                        "p99_us": round(one.p99, 3),
                        "requests_per_second": round(one.rate),
                        "phases_us": {phase: round(us, 3) for phase, us in one.phases.items()},
                    }
                    for name, one in row.sides.items()
                },
            }
            for row in rows
        ],
    }


def _chart(rows: list[Row]) -> str:
    names = [name for name, _ in next(iter(rows)).sides.items()]
    return bars(
        f"Time of a request: {' and '.join(names)}",
        "\N{MICRO SIGN}s",
        [(row.name, [(side, one.median) for side, one in row.sides.items()]) for row in rows],
    )


def _print(versions: dict[str, str], rows: list[Row]) -> None:
    click.echo(", ".join(f"{name} {version}" for name, version in versions.items()))
    width = min(48, max(len(row.name) for row in rows))
    compared = len(versions) > 1
    head = f"{'':<{width}}  {'status':<6} {'median':>11} {'p99':>11} {'requests/s':>11}"
    click.secho(head + (f" {'Flask':>11} {'ratio':>7}" if compared else ""), dim=True)
    for row in rows:
        own = row.sides["kolben"]
        line = (
            f"{row.name[:width]:<{width}}  {row.status[:3]:<6}"
            f" {_microseconds(own.median)} {_microseconds(own.p99)} {own.rate:>11,.0f}"
        )
        if row.ratio is not None:
            line += f" {_microseconds(row.sides['flask'].median)} "
            line += click.style(f"{row.ratio:>6.1f}\N{MULTIPLICATION SIGN}", bold=True)
        click.echo(line)
        for name, one in row.sides.items():
            if one.phases:
                shares = ", ".join(
                    f"{phase} {us:.1f}" for phase, us in one.phases.items() if us >= 0.05
                )
                click.secho(f"  {name}: {shares} \N{MICRO SIGN}s", dim=True)
    if any(one.phases for row in rows for one in row.sides.values()):
        click.echo(
            "Phases are measured apart, with clocks around the app's methods: they show where the"
            " time goes,\nand add up to more than the median, which has no clocks in it."
        )


def _microseconds(value: float) -> str:
    return f"{value:>8.1f} \N{MICRO SIGN}s"
