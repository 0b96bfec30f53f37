"""``kolben compare``: the same requests to an app on the real Flask and on Kolben."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import typing as t

import click

from .. import ScriptInfo
from ..doctor.versions import NEEDS_REAL_FLASK, real_flask
from .facts import CHANGING, Difference, Fact, differences, facts_of
from .requests import SentRequest, read_har, read_paths

__all__ = ["compare_command"]

_SIDE = pathlib.Path(__file__).with_name("side.py")
_FLASK, _KOLBEN = "0", "1"
#: How much of an answer is shown.
_MOST_DIFFERENCES = 8
_LONGEST_VALUE = 200


class _CannotCompareError(click.ClickException):
    """There is nothing to compare; code 1 says that something differs."""

    exit_code = 2


class Side(t.NamedTuple):
    """What one side has answered."""

    version: str
    answers: list[dict[str, t.Any]]

    @property
    def milliseconds(self) -> list[float]:
        """The time of each answer."""
        return [answer["seconds"] * 1000 for answer in self.answers]

    def summary(self) -> dict[str, t.Any]:
        """Return version and times for JSON."""
        times = self.milliseconds
        return {
            "version": self.version,
            "milliseconds": round(sum(times), 3),
            "median_milliseconds": round(statistics.median(times), 3),
        }


class Compared(t.NamedTuple):
    """A request, and what differs in its answers."""

    request: SentRequest
    status: str
    different: list[Difference]
    #: What differs from one run on Flask to the next as well.
    varying: list[Difference]

    def as_dict(self) -> dict[str, t.Any]:
        """Return it for JSON."""
        return {
            "request": f"{self.request.method} {self.request.path}",
            "status": self.status,
            "differences": [one._asdict() for one in self.different],
            "varying": [one._asdict() for one in self.varying],
        }


@click.command("compare", short_help="Compare the app's answers on Flask and on Kolben.")
@click.option("-A", "--app", "app_import_path", metavar="IMPORT", help="The app: 'module:name'.")
@click.option(
    "--requests",
    "har",
    type=click.File(encoding="utf-8"),
    help="A HAR file, as 'kolben run --record' and browsers write it.",
)
@click.option(
    "--paths",
    type=click.File(encoding="utf-8"),
    help="A file with a request in each line: '/a', 'DELETE /a/1', 'POST /a x=1', 'POST /a {…}'.",
)
@click.option(
    "--cookies",
    type=click.Choice(["auto", "jar", "recorded"]),
    default="auto",
    help="A jar for each side, or the cookies in the HAR; by default those, if there are any.",
)
@click.option(
    "--before", metavar="COMMAND", help="Run before each run, to make the database anew, say."
)
@click.option("--all-headers", is_flag=True, help="Compare Date, Server and the like, too.")
@click.option("--ignore-header", multiple=True, metavar="NAME", help="Do not compare this one.")
@click.option("--timeout", default=300.0, help="The seconds that a run may take.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def compare_command(
    ctx: click.Context,
    /,
    app_import_path: str | None,
    har: t.TextIO | None,
    paths: t.TextIO | None,
    as_json: bool,
    **options: t.Any,
) -> None:
    """Send the same requests to the app on Flask and on Kolben.

    Each side runs in a process of its own, with KOLBEN_AS_FLASK set to 0 or 1.
    Each difference in status, headers, cookies and body is shown. Where there
    are any, Flask answers once more: what differs then is not held against
    Kolben. It ends with code 1 if something differs, and with 2 if the sides
    cannot be compared.
    """
    requests, left_out = _requests(har, paths)
    name = app_import_path or ctx.ensure_object(ScriptInfo).app_import_path
    runner = Runner(name, requests, **options)
    flask, kolben, compared = runner.compare()
    if as_json:
        click.echo(json.dumps(_as_dict(flask, kolben, compared), indent=2))
    else:
        if left_out:
            click.echo(f"{left_out} requests to other hosts are left out.")
        _print(flask, kolben, compared)
    ctx.exit(int(any(one.different for one in compared)))


def _requests(har: t.TextIO | None, paths: t.TextIO | None) -> tuple[list[SentRequest], int]:
    given = har or paths
    if given is None or (har and paths):
        raise click.UsageError("Say either '--requests FILE.har' or '--paths FILE'.")
    try:
        text = given.read()
        requests, left_out = read_har(text) if har else (read_paths(text), 0)
    except ValueError as error:
        raise _CannotCompareError(f"{given.name}: {error}") from None
    if not requests:
        raise _CannotCompareError(f"{given.name} holds no requests.")
    return requests, left_out


class Runner:
    """Runs the sides.

    :param app: The app's import name.
    :param requests: What to send.
    :param cookies: ``auto``, ``jar`` or ``recorded``.
    :param before: A command to run before each run.
    :param all_headers: Whether to compare all headers.
    :param ignore_header: Headers not to compare.
    :param timeout: The seconds that a run may take.
    """

    def __init__(
        self,
        app: str | None,
        requests: list[SentRequest],
        *,
        cookies: str,
        before: str | None,
        all_headers: bool,
        ignore_header: t.Iterable[str],
        timeout: float,
    ) -> None:
        self.requests = requests
        recorded = cookies == "recorded" or (
            cookies == "auto" and any(request.has_cookies for request in requests)
        )
        self.job = json.dumps(
            {
                "app": app,
                "jar": not recorded,
                "requests": [request.as_dict(recorded) for request in requests],
            }
        )
        self.before = before
        self.timeout = timeout
        names = {name.lower() for name in ignore_header}
        self.ignored = names if all_headers else names | CHANGING

    def compare(self) -> tuple[Side, Side, list[Compared]]:
        """Run both sides, and find what differs."""
        if real_flask() is None:
            raise _CannotCompareError(NEEDS_REAL_FLASK)
        flask, kolben = self.run(_FLASK), self.run(_KOLBEN)
        found = [
            differences(ours, theirs)
            for ours, theirs in zip(self._facts(flask), self._facts(kolben), strict=True)
        ]
        varying: list[set[Fact]] = [set() for _ in found]
        if any(found):
            again = self._facts(self.run(_FLASK))
            varying = [
                {(one.what, one.where) for one in differences(first, second)}
                for first, second in zip(self._facts(flask), again, strict=True)
            ]
        compared = []
        for place, request in enumerate(self.requests):
            apart: tuple[list[Difference], list[Difference]] = ([], [])
            for one in found[place]:
                apart[(one.what, one.where) in varying[place]].append(one)
            compared.append(Compared(request, flask.answers[place]["status"], *apart))
        return flask, kolben, compared

    def _facts(self, side: Side) -> list[dict[Fact, str]]:
        return [facts_of(answer, self.ignored) for answer in side.answers]

    def run(self, as_flask: str) -> Side:
        """Run one side."""
        environment = {**os.environ, "KOLBEN_AS_FLASK": as_flask}
        name = "Kolben" if as_flask == _KOLBEN else "Flask"
        if self.before is not None:
            subprocess.run(self.before, shell=True, check=True, env=environment, stdout=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            job, answers = pathlib.Path(folder, "job"), pathlib.Path(folder, "answers")
            job.write_text(self.job, "utf-8")
            try:
                done = subprocess.run(
                    [sys.executable, _SIDE, job, answers],
                    check=False,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=self.timeout,
                )
            except subprocess.TimeoutExpired:
                message = f"On {name}, the answers took more than {self.timeout:g} seconds."
                raise _CannotCompareError(message) from None
            if not answers.exists():
                output = done.stdout.decode("utf-8", "replace")[-2000:]
                raise _CannotCompareError(f"On {name}, the process ended early:\n{output}")
            result = json.loads(answers.read_text("utf-8"))
        if "error" in result:
            raise _CannotCompareError(f"On {name}, the app does not import:\n{result['error']}")
        return Side(result["version"], result["answers"])


# --- what is printed -----------------------------------------------------------------------------


def _as_dict(flask: Side, kolben: Side, compared: list[Compared]) -> dict[str, t.Any]:
    return {
        "flask": flask.summary(),
        "kolben": kolben.summary(),
        "requests": len(compared),
        "different": sum(bool(one.different) for one in compared),
        "answers": [one.as_dict() for one in compared],
    }


def _print(flask: Side, kolben: Side, compared: list[Compared]) -> None:
    for one in compared:
        if one.different:
            _print_answer(one)
    different = sum(bool(one.different) for one in compared)
    varying = sum(len(one.varying) for one in compared)
    color = "yellow" if different else "green"
    same = f"{len(compared) - different} of {len(compared)} answers are the same"
    click.secho(f"{same}; {different} differ." if different else f"{same}.", fg=color, bold=True)
    if varying:
        click.echo(f"{varying} differences are there from run to run on Flask as well.")
    times = [side.summary() for side in (flask, kolben)]
    # The first answers of a process import what the others only use.
    medians = [time["median_milliseconds"] for time in times]
    for name, time in zip(("Flask", "Kolben"), times, strict=True):
        click.echo(
            f"{name:<6} {time['version']:<8} {time['milliseconds']:9.2f} ms in all,"
            f" {time['median_milliseconds']:.3f} ms in the middle"
        )
    if medians[1]:
        click.echo(f"Kolben is {medians[0] / medians[1]:.1f} times as fast in the middle.")


def _print_answer(one: Compared) -> None:
    click.secho(f"{one.request.method} {one.request.path}", bold=True)
    for difference in one.different[:_MOST_DIFFERENCES]:
        click.echo(f"  {difference.what} {difference.where}".rstrip())
        for name, value, color in (
            ("Flask", difference.flask, "red"),
            ("Kolben", difference.kolben, "green"),
        ):
            click.echo(f"    {name:<7} {_shown(value, color)}")
    more = len(one.different) - _MOST_DIFFERENCES
    if more > 0:
        click.echo(f"  and {more} more")


def _shown(value: str | None, color: str) -> str:
    if value is None:
        return click.style("has none", dim=True)
    # Control characters would be carried out by the terminal.
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in value)
    short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
    return click.style(short, fg=color)
