"""The extensions whose own tests run here, and what those need."""

from __future__ import annotations

import typing as t


class Extension(t.NamedTuple):
    """An extension at one release."""

    #: Its name in the registry.
    name: str
    version: str
    #: What its tests need besides.
    needs: tuple[str, ...] = ()
    #: Where its tests are in its sdist.
    tests: str = "tests"
    #: Further options for pytest.
    options: tuple[str, ...] = ()


EXTENSIONS = (
    # Its tests expect errors of this SQLAlchemy.
    Extension("Flask-SQLAlchemy", "3.1.1", ("sqlalchemy<2.1",)),
    Extension("Flask-WTF", "1.3.0", ("Flask-Babel", "email-validator")),
    Extension("Flask-Login", "0.6.3", ("blinker", "asgiref", "semantic-version")),
    Extension("Flask-CORS", "6.0.5"),
    Extension("Flask-Migrate", "4.1.0", ("Flask-SQLAlchemy==3.1.1", "pytest-timeout")),
    Extension("Flask-Caching", "2.5.1", ("asgiref", "pytest-asyncio", "pytest-xprocess", "redis")),
    Extension("pytest-flask", "1.3.0"),
    # Its tests of Redis, Memcached and MongoDB start those with Docker.
    Extension(
        "Flask-Limiter",
        "4.1.1",
        (
            *("asgiref", "flask-restful", "flask-restx", "hiro", "lovely-pytest-docker"),
            *("pymemcache", "pymongo", "pytest-check", "pytest-cov", "pytest-mock", "redis"),
        ),
    ),
)
