"""Notes: a small web app with accounts, forms, files and a JSON API, on SQLite."""

from __future__ import annotations

import os
import typing as t

from kolben import Flask

from . import api, auth, csrf, database, errors, files, pages, secret


def create_app(settings: t.Mapping[str, t.Any] | None = None) -> Flask:
    """Make the app.

    Settings are taken from the defaults below, then from variables of the environment such as
    ``NOTES_SECRET_KEY`` or ``NOTES_PER_PAGE``, and then from the argument.

    :param settings: More settings, for tests.
    """
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        DATABASE=os.path.join(app.instance_path, "notes.sqlite"),
        UPLOADS=os.path.join(app.instance_path, "uploads"),
        PER_PAGE=8,
        # The largest request. An upload is the largest part of one.
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.config.from_prefixed_env("NOTES")
    app.config.from_mapping(settings)

    os.makedirs(app.instance_path, exist_ok=True)
    os.makedirs(app.config["UPLOADS"], exist_ok=True)
    if not app.secret_key:
        app.secret_key = secret.load_or_make(os.path.join(app.instance_path, "secret_key"))

    for module in (database, csrf, errors, auth, pages, files, api):
        module.init_app(app)
    return app
