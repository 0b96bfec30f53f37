"""Flask-Babel, as an app uses it."""

import datetime
import decimal

import flask
import pytest
from flask_babel import (
    Babel,
    force_locale,
    format_currency,
    format_date,
    format_datetime,
    format_decimal,
    format_percent,
    format_time,
    format_timedelta,
    get_locale,
    get_timezone,
    gettext,
    lazy_gettext,
    ngettext,
    refresh,
)

MOMENT = datetime.datetime(2010, 4, 12, 13, 46)


@pytest.fixture
def app():
    app = flask.Flask(__name__)
    app.secret_key = "x" * 20
    return app


def test_formats_of_the_default_locale(app):
    Babel(app)
    with app.test_request_context():
        assert format_date(MOMENT) == "Apr 12, 2010"
        assert "1:46" in format_time(MOMENT)
        assert format_decimal(1234.5) == "1,234.5"
        assert format_percent(0.19) == "19%"
        assert format_currency(1234, "EUR") == "€1,234.00"
        assert format_timedelta(datetime.timedelta(days=6)) == "1 week"


def test_a_locale_and_a_zone_by_the_request(app):
    Babel(
        app,
        locale_selector=lambda: flask.request.args.get("l", "en"),
        timezone_selector=lambda: flask.request.args.get("z"),
    )

    @app.route("/")
    def index():
        return {
            "locale": str(get_locale()),
            "zone": str(get_timezone()),
            "date": format_datetime(MOMENT, "yyyy-MM-dd HH:mm"),
            "number": format_decimal(decimal.Decimal("1234.5")),
        }

    client = app.test_client()
    assert client.get("/?l=de&z=Europe/Vienna").json == {
        "locale": "de",
        "zone": "Europe/Vienna",
        "date": "2010-04-12 15:46",
        "number": "1.234,5",
    }
    assert client.get("/").json["number"] == "1,234.5"


def test_a_locale_is_kept_for_a_request_until_refreshed(app):
    asked = []
    Babel(app, locale_selector=lambda: asked.append(1) or "de")
    with app.test_request_context():
        assert str(get_locale()) == str(get_locale()) == "de"
        assert len(asked) == 1
        refresh()
        get_locale()
        assert len(asked) == 2
        with force_locale("fr"):
            assert str(get_locale()) == "fr"
        assert str(get_locale()) == "de"


def test_texts_without_a_catalogue(app):
    Babel(app)
    later = lazy_gettext("Hello %(name)s", name="you")
    with app.test_request_context():
        assert gettext("Hello") == "Hello"
        assert ngettext("%(num)s apple", "%(num)s apples", 3) == "3 apples"
        assert str(later) == "Hello you"
        assert flask.json.dumps({"a": str(later)}) == '{"a": "Hello you"}'


def test_templates(app):
    Babel(app, default_locale="de")
    app.jinja_env.globals["moment"] = MOMENT

    @app.route("/")
    def index():
        return flask.render_template_string(
            "{{ moment|dateformat('yyyy') }} {{ 1234.5|numberformat }} {{ gettext('x') }}"
            "{% trans %} y{% endtrans %}"
        )

    assert app.test_client().get("/").text == "2010 1.234,5 x y"


def test_within_an_app_context(app):
    Babel(app, default_locale="de_AT")
    with app.app_context():
        assert str(get_locale()) == "de_AT"
    assert get_locale() is None
