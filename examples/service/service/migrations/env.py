"""Alembic runs this for each migration; the app's engine is the one that is migrated."""

from __future__ import annotations

from alembic import context

from service.database import Base, db

with db.engine.connect() as connection:
    # SQLite cannot alter most of a table, which Alembic then makes anew.
    batch = connection.dialect.name == "sqlite"
    context.configure(connection, target_metadata=Base.metadata, render_as_batch=batch)
    with context.begin_transaction():
        context.run_migrations()
