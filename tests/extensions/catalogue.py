"""The extensions whose tests run here, and what those need."""

from __future__ import annotations

import typing as t

from .services import Service


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
    #: The servers that its tests talk to.
    services: tuple[Service, ...] = ()
    #: A file of `acceptance` with tests of ours, where its release comes without any.
    ours: str = ""
    pytest: str = "pytest<9"

    @property
    def key(self) -> str:
        """Its name, as names are compared."""
        return self.name.lower().replace("_", "-")


_LIMITER_NEEDS = (
    *("asgiref", "flask-restful", "flask-restx", "hiro"),
    *("pymemcache", "pymongo", "pytest-check", "pytest-cov", "pytest-mock", "redis"),
)

EXTENSIONS = (
    # Its tests expect errors of this SQLAlchemy.
    Extension("Flask-SQLAlchemy", "3.1.1", ("sqlalchemy<2.1",)),
    Extension("Flask-WTF", "1.3.0", ("Flask-Babel", "email-validator")),
    Extension("Flask-Login", "0.6.3", ("blinker", "asgiref", "semantic-version")),
    Extension("Flask-CORS", "6.0.5"),
    Extension("Flask-Migrate", "4.1.0", ("Flask-SQLAlchemy==3.1.1", "pytest-timeout")),
    Extension(
        "Flask-Session",
        "0.8.0",
        ("redis", "pymemcache", "cachelib", "Flask-SQLAlchemy"),
        services=(("redis-server", 6379), ("memcached", 11211)),
        ours="test_flask_session.py",
    ),
    Extension(
        "Flask-Caching",
        "2.5.1",
        ("asgiref", "pylibmc", "pytest-asyncio", "pytest-xprocess", "redis"),
        services=(("redis-server", 6360), ("memcached", 11212)),
    ),
    Extension("pytest-flask", "1.3.0"),
    # It starts its servers with Docker, and has a plug-in of ours in that one's place.
    Extension(
        "Flask-Limiter",
        "4.1.1",
        _LIMITER_NEEDS,
        options=("-p", "running_services"),
        services=(("redis-server", 46379), ("memcached", 31211)),
    ),
    Extension(
        "opentelemetry-instrumentation-flask",
        "0.66b1",
        ("opentelemetry-sdk", "opentelemetry-test-utils==0.66b1"),
    ),
    Extension(
        "sentry-sdk",
        "2.75.0",
        (
            *("Flask-Login", "blinker", "pytest-forked", "pytest-localserver", "pytest-cov"),
            *("jsonschema", "executing", "asttokens", "responses", "pysocks", "socksio"),
            *("httpcore[http2]", "setuptools", "freezegun", "Brotli", "docker"),
        ),
        tests="tests/integrations/flask",
    ),
    Extension(
        "Flask-RESTful", "0.3.10", ("pytz", "six", "blinker", "mock", "nose"), pytest="pytest<8"
    ),
    Extension(
        "flask-restx",
        "1.3.2",
        ("blinker", "Faker", "mock", "pytest-benchmark", "pytest-flask", "pytest-mock", "tzlocal"),
        # It reads a file that the release leaves out.
        options=("--ignore=tests/test_postman.py",),
    ),
    Extension("flask-smorest", "0.47.0", ("PyYAML",)),
    Extension("flask-marshmallow", "1.5.0", ("Flask-SQLAlchemy", "marshmallow-sqlalchemy")),
    Extension("Flask-HTTPAuth", "4.8.1", ("asgiref",)),
    Extension(
        "Flask-JWT-Extended",
        "4.7.4",
        ("cryptography", "python-dateutil"),
        # Its keys are too short for the PyJWT that it asks for.
        options=("-W", "ignore::jwt.warnings.InsecureKeyLengthWarning"),
    ),
    Extension("Flask-SocketIO", "5.7.0", ("redis",), tests="test_socketio.py"),
    Extension("Flask-Assets", "2.1.0", ("setuptools<81",), pytest="pytest<8"),
    Extension("flask-talisman", "1.1.0", tests="flask_talisman/talisman_test.py"),
    Extension("prometheus-flask-exporter", "0.23.2"),
    Extension(
        "apiflask",
        "3.1.2",
        (
            "asgiref",
            "flask-login",
            "openapi-spec-validator",
            "pydantic[email]",
            "pytest-cov",
            "pyyaml",
        ),
    ),
    Extension(
        "Flask-Security",
        "5.9.2",
        (
            *(
                "argon2-cffi",
                "bcrypt",
                "Flask-Babel",
                "Flask-Mail",
                "Flask-Mailman",
                "Flask-SQLAlchemy",
            ),
            *("Flask-SQLAlchemy-Lite", "sqlalchemy", "cryptography", "phonenumberslite"),
            *("qrcode", "webauthn", "zxcvbn", "requests", "check-manifest", "pyqrcode", "authlib"),
            *("mongoengine", "mongomock", "peewee", "email-validator", "freezegun", "setuptools"),
        ),
    ),
    Extension(
        "Flask-Admin",
        "2.2.1",
        (
            *("arrow", "azure-storage-blob", "beautifulsoup4", "colour", "email-validator"),
            *("Flask-Babel", "Flask-Mail", "Flask-SQLAlchemy", "Flask-SQLAlchemy-Lite"),
            *("Flask-WTF", "mongoengine", "moto[s3]", "peewee", "Pillow", "psycopg2-binary"),
            *("pymongo", "pytest-mock", "sqlalchemy-utils", "tablib", "wtf-peewee", "wtforms<3.2"),
        ),
        # These want MongoDB, PostgreSQL or Azure's storage.
        options=(
            *("--ignore=flask_admin/tests/geoa", "--ignore=flask_admin/tests/mongoengine"),
            *(
                "--ignore=flask_admin/tests/pymongo",
                "--ignore=flask_admin/tests/sqla/test_postgres.py",
            ),
            "--ignore=flask_admin/tests/fileadmin/test_fileadmin_azure.py",
        ),
        tests="flask_admin/tests",
    ),
    Extension("Flask-Babel", "4.0.0", ours="test_flask_babel.py"),
    Extension("Flask-Bcrypt", "1.0.1", ours="test_flask_bcrypt.py"),
    Extension("Flask-DebugToolbar", "0.16.0", ("setuptools",), ours="test_flask_debugtoolbar.py"),
    Extension("Flask-Mail", "0.10.0", ours="test_flask_mail.py"),
    Extension("Flask-PyMongo", "3.0.1", ("mongomock",), ours="test_flask_pymongo.py"),
    Extension("Flask-Mailman", "1.1.1", ours="test_flask_mailman.py"),
    Extension("Authlib", "1.9.8", ("requests",), ours="test_authlib.py"),
    Extension("connexion", "3.3.0", ("connexion[flask]==3.3.0", "httpx"), ours="test_connexion.py"),
    Extension("dash", "4.4.1", ours="test_dash.py"),
)
