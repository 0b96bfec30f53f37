"""Work that is done after the answer: by Celery, or at once where there is no broker."""

from __future__ import annotations

import typing as t

from celery import Celery, Task

from .database import Order, db

if t.TYPE_CHECKING:
    from kolben import Flask
    from kolben.ops import Ops


def init_app(app: Flask, ops: Ops) -> None:  # noqa: ARG001 - as for the other modules
    """Give an app its Celery.

    :param app: The app.
    :param ops: Not used: the service takes orders while the broker is away, too.
    """

    class InContext(Task):
        """A task that runs inside of an app context."""

        def __call__(self, *args: t.Any, **options: t.Any) -> t.Any:
            with app.app_context():
                return self.run(*args, **options)

    broker = app.config["CELERY_BROKER_URL"]
    celery = Celery(app.name, task_cls=InContext)
    celery.conf.update(
        broker_url=broker or "memory://",
        task_always_eager=not broker,
        task_ignore_result=True,
        # A task that a killed worker had in hand is done again; each can be done twice.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_connect_timeout": 2} if "redis" in broker else {},
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
        worker_hijack_root_logger=False,
    )
    celery.set_default()
    celery.task(name="service.fulfil")(fulfil)
    app.extensions["celery"] = celery


def fulfil(order_id: int) -> None:
    """Do what an order asks for.

    :param order_id: The order.
    """
    order = db.session.get(Order, order_id)
    if order is not None and order.state == "new":
        order.state = "done"
        db.session.commit()
