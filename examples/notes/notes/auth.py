"""Accounts: registering, logging in and out, and who is there."""

from __future__ import annotations

import typing as t
from functools import wraps

from kolben import Blueprint, Flask, flash, g, redirect, render_template, request, session, url_for
from kolben.typing import ResponseReturnValue

from . import store

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

P = t.ParamSpec("P")


def current_user() -> store.Row | None:
    """Return who is logged in."""
    if "user" not in g:
        user_id = session.get("user_id")
        g.user = None if user_id is None else store.find_user(user_id)
    return t.cast("store.Row | None", g.user)


def login_required(
    view: t.Callable[P, ResponseReturnValue],
) -> t.Callable[P, ResponseReturnValue]:
    """Send those who are not logged in to the login page, and back here afterwards."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if current_user() is None:
            here = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("auth.login", next=here))
        return view(*args, **kwargs)

    return checked


@blueprint.route("/register", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    """Make an account."""
    if request.method == "POST":
        name = request.form["name"].strip()
        try:
            user_id = store.add_user(name, request.form["password"])
        except store.RefusedError as error:
            flash(str(error), "error")
        else:
            _log_in(user_id)
            flash(f"Welcome, {name}.")
            return redirect(url_for("pages.home"))
    return render_template("register.html")


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Log in."""
    if request.method == "POST":
        user = store.check_user(request.form["name"].strip(), request.form["password"])
        if user is not None:
            _log_in(user["id"])
            return redirect(_way_back() or url_for("pages.home"))
        flash("The name or the password is wrong.", "error")
    return render_template("login.html")


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Log out."""
    session.clear()
    flash("You are logged out.")
    return redirect(url_for("pages.home"))


@blueprint.route("/account", methods=["GET", "POST"])
@login_required
def account() -> ResponseReturnValue:
    """Show an account, and make a token for the API."""
    user = current_user()
    assert user is not None
    token = store.make_token(user) if request.method == "POST" else None
    return render_template("account.html", token=token)


def _log_in(user_id: str) -> None:
    # Nothing of what was there before belongs to this user.
    session.clear()
    session["user_id"] = user_id


def _way_back() -> str | None:
    """Return where the user wanted to go, if that is a page of ours."""
    path = request.args.get("next", "")
    # "//host/" and "/\host/" are other sites to a browser, and it leaves out tabs and line ends.
    safe = path.startswith("/") and path.isprintable() and path[1:2] not in ("/", "\\")
    return path if safe else None


def init_app(app: Flask) -> None:
    """Register the pages of this module, and tell templates who is there."""
    app.register_blueprint(blueprint)
    app.add_template_global(current_user)
