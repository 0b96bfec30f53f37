"""The program ``kolben``: Flask's command line, and what only Kolben has."""

from __future__ import annotations

import sys
import typing as t

from . import FlaskGroup
from . import cli as flask_cli
from .bench import bench_command
from .compare import compare_command
from .doctor import doctor_command
from .execute import exec_command
from .insight import routes_command
from .record import run_command
from .serve import make_serve_command

if t.TYPE_CHECKING:
    import click

__all__ = ["main", "program"]

_OWN: dict[str, t.Callable[[], click.Command]] = {
    "bench": lambda: bench_command,
    "compare": lambda: compare_command,
    "doctor": lambda: doctor_command,
    "exec": lambda: exec_command,
    "routes": lambda: routes_command,
    "run": lambda: run_command,
    "serve": make_serve_command,
}


class _Program(FlaskGroup):
    """The commands of ``flask``, which may be added to there, and Kolben's own."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        make = _OWN.get(name)
        return super().get_command(ctx, name) if make is None else make()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_OWN})

    def main(self, args: t.Sequence[str] | None = None, *others: t.Any, **extra: t.Any) -> t.Any:
        args = sys.argv[1:] if args is None else args
        if list(args[:1]) == ["exec"]:
            # Another program is about to run: no app is looked for, no `.env` is loaded.
            extra["prog_name"] = "kolben exec"
            return exec_command.main(args[1:], **extra)
        return super().main(args, *others, **extra)


program = _Program(name="kolben", help=flask_cli.help)
program.commands = flask_cli.commands


def main() -> None:
    """Run the program."""
    program.main()
