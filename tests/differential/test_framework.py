"""Flask and Kolben: what one makes the other reads, and the same app answers the same."""

from __future__ import annotations

import io
import os
import pickle
import random
import typing as t

import flask
import pytest
from itsdangerous import TimestampSigner
from werkzeug.exceptions import HTTPException

import kolben

from . import framework_cases as cases

#: As for routing: how many times the usual number of cases; set, it also makes each run another.
SCALE = os.environ.get("KOLBEN_FUZZ_SCALE")
WAYS = [
    pytest.param(flask, kolben, id="from flask to kolben"),
    pytest.param(kolben, flask, id="from kolben to flask"),
]
COOKIES = FLASHES = CONFIGS = TABLES = 1250
APPS, REQUESTS = 150, 20


def seeds(count: int) -> t.Iterator[int]:
    """So many numbers to make cases from; a failed case is made again from its number."""
    start = random.randrange(2**32) if SCALE else 0
    return iter(range(start, start + max(1, int(count * float(SCALE or 1)))))


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of signatures stands still, so that cookies can be compared."""
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_700_000_000)
    monkeypatch.setattr(TimestampSigner, "timestamp_to_datetime", lambda self, ts: None)


def plain(value: t.Any) -> t.Any:
    """A value in a form in which its type counts, and that of all within."""
    if isinstance(value, dict):
        return (type(value), [(plain(key), plain(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), [plain(item) for item in value])
    return (type(value), repr(value))


def new_app(package: t.Any) -> t.Any:
    app = package.Flask(__name__)
    app.secret_key = "the same in both"
    return app


# --- sessions and flashes ------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_a_session_cookie_crosses(one: t.Any, other: t.Any) -> None:
    """The other reads what the first wrote, and would have written the same."""
    writer, reader = new_app(one), new_app(other)
    for seed in seeds(COOKIES):
        items = cases.mapping(random.Random(seed), 3)
        session, mirror = written(writer, items), written(reader, items)
        assert session == mirror, seed
        request = reader.request_class({"HTTP_COOKIE": session.partition(";")[0]})
        read = reader.session_interface.open_session(reader, request)
        assert plain(dict(read)) == plain(stored(one, items)), seed


def written(app: t.Any, items: dict[str, t.Any]) -> str:
    """The header with the cookie of a session with these items."""
    session, response = app.session_interface.session_class(), app.response_class()
    session.update(items)
    with app.app_context():
        app.session_interface.save_session(app, session, response)
    return t.cast("str", response.headers["Set-Cookie"])


def stored(package: t.Any, items: dict[str, t.Any]) -> t.Any:
    """What tagged JSON keeps of the items; it sorts them as the app says that is active."""
    serializer = package.json.tag.TaggedJSONSerializer()
    with new_app(package).app_context():
        return serializer.loads(serializer.dumps(items))


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_a_flash_crosses(one: t.Any, other: t.Any) -> None:
    writer, reader = new_app(one), new_app(other)
    messages: list[tuple[str, t.Any]] = []

    @writer.get("/")
    def flash_all() -> str:
        for category, message in messages:
            one.flash(message, category)
        return ""

    @reader.get("/<filtered>")
    def show(filtered: str) -> str:
        chosen = ["a", "é"] if filtered == "some" else []
        return repr(other.get_flashed_messages(True, chosen) + other.get_flashed_messages())

    client = reader.test_client(use_cookies=False)
    for seed in seeds(FLASHES):
        dice = random.Random(seed)
        count = dice.randrange(1, 4)
        messages[:] = [(cases.text(dice), cases.value(dice, 1)) for _ in range(count)]
        cookie = writer.test_client().get("/").headers["Set-Cookie"].partition(";")[0]
        wanted = stored(one, {"m": messages})["m"]
        for filtered, chosen in (("all", None), ("some", ("a", "é"))):
            seen = [item for item in wanted if chosen is None or item[0] in chosen]
            found = client.get(f"/{filtered}", headers={"Cookie": cookie}).text
            assert found == repr(seen + [message for _, message in wanted]), seed


# --- configs -------------------------------------------------------------------------------------


class Renamed(pickle.Unpickler):
    """Takes one package's classes for the other's, as an app does that was switched."""

    def __init__(self, data: bytes, package: str) -> None:
        super().__init__(io.BytesIO(data))
        self.package = package

    def find_class(self, module: str, name: str) -> t.Any:
        outer, dot, inner = module.partition(".")
        return super().find_class(
            f"{self.package}{dot}{inner}" if outer in ("flask", "kolben") else module, name
        )


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_a_pickled_config_crosses(one: t.Any, other: t.Any) -> None:
    for seed in seeds(CONFIGS):
        dice = random.Random(seed)
        config = one.Config(f"/root/{seed}", new_app(one).default_config)
        config.update({f"KEY_{number}": cases.value(dice) for number in range(3)})
        data = pickle.dumps(config, dice.randrange(pickle.HIGHEST_PROTOCOL + 1))
        assert type(pickle.loads(data)) is one.Config
        crossed = Renamed(data, other.__name__).load()
        assert type(crossed) is other.Config
        assert plain(dict(crossed)) == plain(dict(config)), seed
        assert vars(crossed) == vars(config)
        assert crossed.get_namespace("KEY_") == config.get_namespace("KEY_")


# --- URLs ----------------------------------------------------------------------------------------


def built(made: cases.Made, seed: int) -> list[t.Any]:
    """The URLs, or the errors, of every endpoint with values drawn from a number."""
    dice = random.Random(seed)
    table = []
    endpoints = sorted({rule.endpoint for rule in made.app.url_map.iter_rules()})
    with made.app.test_request_context("/", base_url="http://example.org/"):
        for endpoint in [*endpoints, "nowhere", ".home"]:
            values: dict[str, t.Any] = {
                name: dice.choice(("1", 2, "é /?#", 1.5, None, ["a", "b"], "p"))
                for name in dice.sample("xyzfwq", 5)
            }
            special = dice.choice(
                ({}, {"_external": True}, {"_anchor": "ä b"}, {"_scheme": "https"}, {"_method": 5})
            )
            try:
                table.append((endpoint, made.flask.url_for(endpoint, **values, **special)))
            except Exception as error:  # any: both must raise alike
                table.append((endpoint, type(error), str(error)))
    return table


def matched(made: cases.Made, table: list[t.Any]) -> list[t.Any]:
    """Where the URLs of a table lead."""
    adapter = made.app.url_map.bind("example.org")
    found = []
    for entry in table:
        path = str(entry[1]).replace("http://example.org", "").partition("?")[0]
        try:
            endpoint, values = adapter.match(path.partition("#")[0])
            found.append((endpoint, plain(values)))
        except HTTPException as error:
            found.append((type(error), getattr(error, "new_url", None)))
    return found


def test_a_table_of_urls_crosses_both_ways() -> None:
    cased = 0
    for seed in seeds(TABLES // 5):
        ours, theirs = cases.Made("kolben", seed), cases.Made("flask", seed)
        our_table, their_table = built(ours, seed), built(theirs, seed)
        assert our_table == their_table, seed
        assert matched(ours, their_table) == matched(theirs, our_table), seed
        cased += len(our_table)
    assert cased >= (TABLES if SCALE is None else 1)


# --- whole requests ------------------------------------------------------------------------------


def test_random_apps_answer_the_same() -> None:
    statuses = set()
    for seed in seeds(APPS):
        ours, theirs = cases.Made("kolben", seed), cases.Made("flask", seed)
        assert ours.log == theirs.log, seed
        assert ours.paths() == theirs.paths(), seed
        dice = random.Random(seed)
        for number in range(REQUESTS):
            request = cases.question(ours, dice)
            found, wanted = cases.ask(ours, request), cases.ask(theirs, request)
            assert found == wanted, (seed, number, request)
            statuses.add(found[0])
    # The apps are worth it only if they answer in many ways.
    assert len(statuses) > (20 if SCALE is None else 0)
