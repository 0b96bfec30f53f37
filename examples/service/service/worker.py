"""What Celery's worker loads: ``celery --app service.worker worker``."""

from __future__ import annotations

from . import create_app

celery = create_app().extensions["celery"]
