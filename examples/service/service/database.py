"""The database: its tables, its check, and the command that migrates it."""

from __future__ import annotations

import datetime
import pathlib
import typing as t

import click
from alembic import command
from alembic.config import Config
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if t.TYPE_CHECKING:
    from kolben import Flask
    from kolben.ops import Ops


class Base(DeclarativeBase):
    """What the tables have in common."""


db = SQLAlchemy(model_class=Base)


def now() -> datetime.datetime:
    """Return the time, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


class Account(Base):
    """Somebody who orders."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]


class Order(Base):
    """Something that is ordered. A task turns ``new`` into ``done``."""

    __tablename__ = "order_"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    item: Mapped[str]
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(default="new")
    made: Mapped[datetime.datetime] = mapped_column(default=now)

    def as_dict(self) -> dict[str, t.Any]:
        """Return what the API tells of it."""
        names = ("id", "item", "quantity", "state")
        return {name: getattr(self, name) for name in names}


def init_app(app: Flask, ops: Ops) -> None:
    """Connect an app with its database.

    :param app: The app.
    :param ops: Where the check is registered.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = app.config["DATABASE_URL"]
    if not app.config["DATABASE_URL"].startswith("sqlite"):
        # A connection that the database has closed meanwhile is noticed before it is used. There
        # are as many as there are threads.
        options = {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 0, "pool_timeout": 5}
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    app.cli.add_command(migrate)
    ops.check("database", timeout=2)(lambda: db.session.execute(text("select 1")).scalar() == 1)


@click.command("migrate")
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database to a revision; the newest, unless another is named."""
    config = Config()
    config.set_main_option("script_location", str(pathlib.Path(__file__).parent / "migrations"))
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
    click.echo(f"The database is at {revision}.")
