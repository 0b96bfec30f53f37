"""The API: accounts and tokens, orders, and a session."""

from __future__ import annotations

import typing as t

import kombu.exceptions
import redis.exceptions
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from kolben import Blueprint, abort, current_app, jsonify, request, session

from .database import Account, Order, db

if t.TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

    from kolben import Flask

blueprint = Blueprint("api", __name__)


def init_app(app: Flask) -> None:
    """Give an app the API.

    :param app: The app.
    """
    app.config["JWT_SECRET_KEY"] = app.config["SECRET_KEY"]
    JWTManager(app)
    app.register_blueprint(blueprint)


@blueprint.errorhandler(400)
@blueprint.errorhandler(404)
@blueprint.errorhandler(409)
@blueprint.errorhandler(413)
def tell(error: HTTPException) -> t.Any:
    """Answer an error in JSON."""
    return {"error": error.description}, error.code


def field(name: str, kind: type, most: int = 200) -> t.Any:
    """Return a field of the request's JSON, or refuse the request."""
    body = request.get_json()
    value = body.get(name) if isinstance(body, dict) else None
    if type(value) is not kind or not value or (isinstance(value, str) and len(value) > most):
        abort(400, f"{name!r} is missing or no {kind.__name__}.")
    return value


@blueprint.post("/accounts")
def add_account() -> t.Any:
    """Make an account."""
    name, password = field("name", str), field("password", str)
    if len(password) < 8:
        abort(400, "A password has eight characters or more.")
    db.session.add(Account(name=name, password=generate_password_hash(password)))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        abort(409, "There is such an account.")
    return {"name": name}, 201


@blueprint.post("/token")
def make_token() -> t.Any:
    """Make a token for an account."""
    name, password = field("name", str), field("password", str)
    account = db.session.scalar(db.select(Account).where(Account.name == name))
    if account is None or not check_password_hash(account.password, password):
        return {"error": "Name or password is wrong."}, 401
    return {"token": create_access_token(identity=str(account.id))}


@blueprint.post("/orders")
@jwt_required()
def add_order() -> t.Any:
    """Take an order, and have it done."""
    item, quantity = field("item", str), field("quantity", int)
    if not 0 < quantity < 1000:
        abort(400, "'quantity' is from 1 to 999.")
    order = Order(account_id=int(get_jwt_identity()), item=item, quantity=quantity)
    db.session.add(order)
    db.session.commit()
    try:
        current_app.extensions["celery"].tasks["service.fulfil"].delay(order.id)
    except (kombu.exceptions.OperationalError, redis.exceptions.RedisError):
        current_app.logger.exception("Order %d waits for the broker", order.id)
    db.session.refresh(order)
    return order.as_dict(), 202


@blueprint.get("/orders")
@jwt_required()
def list_orders() -> t.Any:
    """List the orders of an account."""
    mine = Order.account_id == int(get_jwt_identity())
    orders = db.session.scalars(db.select(Order).where(mine).order_by(Order.id))
    return jsonify([order.as_dict() for order in orders])


@blueprint.get("/orders/<int:order_id>")
@jwt_required()
def show_order(order_id: int) -> t.Any:
    """Show an order; those of others are not there."""
    order = db.session.get(Order, order_id)
    if order is None or order.account_id != int(get_jwt_identity()):
        abort(404, "There is no such order.")
    return order.as_dict()


@blueprint.post("/visits")
def visit() -> t.Any:
    """Count the visits of a browser, in its session."""
    session["visits"] = session.get("visits", 0) + 1
    return {"visits": session["visits"]}
