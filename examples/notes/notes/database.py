"""The connection to SQLite: one for each request, opened when it is first asked for."""

from __future__ import annotations

import pathlib
import sqlite3
import typing as t

import click

from kolben import Flask, current_app, g
from kolben.cli import with_appcontext


def connect(path: str) -> sqlite3.Connection:
    """Open a database.

    :param path: Its file, which is made if it is missing.
    """
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    # SQLite looks at foreign keys only if asked to.
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def get() -> sqlite3.Connection:
    """Return the connection of this request."""
    if "database" not in g:
        g.database = connect(current_app.config["DATABASE"])
    return t.cast("sqlite3.Connection", g.database)


def close(_: BaseException | None = None) -> None:
    """Close the connection of this request, if there is one."""
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()


def make_tables() -> None:
    """Make all tables anew, and empty."""
    with current_app.open_resource("schema.sql", "r") as schema:
        get().executescript(schema.read())


@click.command("init-db")
@click.confirmation_option(prompt="All users, notes and files will be removed. Go on?")
@with_appcontext
def init_db_command() -> None:
    """Remove all data and make the tables anew."""
    make_tables()
    for upload in pathlib.Path(current_app.config["UPLOADS"]).iterdir():
        upload.unlink()
    click.echo(f"Made {current_app.config['DATABASE']}.")


def init_app(app: Flask) -> None:
    """Give an app its database, which is made if it is not there."""
    app.teardown_appcontext(close)
    app.cli.add_command(init_db_command)
    with app.app_context():
        if not get().execute("SELECT 1 FROM sqlite_master WHERE name = 'file'").fetchone():
            make_tables()
