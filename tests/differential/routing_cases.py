"""Rule sets, and paths near to them and far from them.

Hypothesis draws the rule sets, as plain data from which either implementation makes its map. The
paths come from a seeded generator: a rule set is worth many of them, and drawing each one would
take longer than matching it.
"""

from __future__ import annotations

import dataclasses
import random
import re
import typing as t
import uuid

from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.routing import (
    BaseConverter,
    IntegerConverter,
    PathConverter,
    UnicodeConverter,
    ValidationError,
)

# --- converters of the tests' own --------------------------------------------------------------


class WordConverter(BaseConverter):
    """Its own expression, weight and conversions."""

    regex = "[a-z]+"
    weight = 60

    def to_python(self, value: str) -> t.Any:
        return value.upper()

    def to_url(self, value: t.Any) -> str:
        return str(value).lower()


class ChoosyConverter(BaseConverter):
    """Refuses some values in both directions."""

    weight = 99.5

    def to_python(self, value: str) -> t.Any:
        if "a" in value:
            raise ValidationError
        return [value]

    def to_url(self, value: t.Any) -> str:
        if value == "b":
            raise ValidationError
        return super().to_url(value)


class TreeConverter(BaseConverter):
    """Reaches over slashes, because its expression says so."""

    regex = "[a-z]+(?:/[a-z]+)*"


class SlashyConverter(BaseConverter):
    """Has a slash in its expression and claims to keep to one segment."""

    regex = "a/?b*"
    part_isolating = True


class RestConverter(BaseConverter):
    """Takes the rest, even if it is nothing."""

    regex = ".*?"
    part_isolating = False
    weight = 300


class MaybeConverter(BaseConverter):
    """May match nothing."""

    regex = "[0-9]*"


class GroupedConverter(BaseConverter):
    """Has groups in its expression."""

    regex = "(?P<inner>a|ab)(c)?"


class FailingConverter(BaseConverter):
    """Has a fault that is no refusal."""

    regex = "[^/]+x"

    def to_python(self, value: str) -> t.Any:
        raise LookupError(value)


class BrokenConverter(BaseConverter):
    """Has an expression that is none."""

    regex = "(["


class HeavyTextConverter(UnicodeConverter):
    """Werkzeug's text with another weight."""

    weight = 101


class HexConverter(IntegerConverter):
    """Werkzeug's integer with another conversion."""

    regex = "[0-9a-f]+"

    def to_python(self, value: str) -> t.Any:
        return int(value, 16)


class StubbornPathConverter(PathConverter):
    """Werkzeug's path in one segment."""

    part_isolating = True


CONVERTERS: dict[str, type[BaseConverter]] = {
    "word": WordConverter,
    "choosy": ChoosyConverter,
    "tree": TreeConverter,
    "slashy": SlashyConverter,
    "rest": RestConverter,
    "maybe": MaybeConverter,
    "grouped": GroupedConverter,
    "failing": FailingConverter,
    "broken": BrokenConverter,
    "heavy": HeavyTextConverter,
    "hex": HexConverter,
    "onepath": StubbornPathConverter,
}

#: How a converter is named in a rule, and values that it may take.
KINDS: dict[str, tuple[str, ...]] = {
    "": ("a", "b", "ab", "1", "é", "a-b"),
    "default": ("a", "b"),
    "string": ("a", "abc", "ü"),
    "string(minlength=2)": ("ab", "a", "äö"),
    "string(maxlength=2)": ("ab", "abc", "a"),
    "string(minlength=2, maxlength=3)": ("ab", "abcd", "a"),
    "string(length=2)": ("ab", "de", "a", "éé"),
    "string(minlength=0)": ("", "a"),
    "string(1)": ("a",),
    "any(a, b)": ("a", "b", "ab"),
    "any(a, ab, abc)": ("a", "ab", "abc"),
    'any("a.b", "(c)", a-b, "")': ("a.b", "(c)", ""),
    'any("x/y", z)': ("x/y", "z"),
    "path": ("a", "a/b", "a/b/c", "a//b", "b/"),
    "int": ("1", "0", "007", "٣٤", "9" * 30),
    "int(min=2, max=9)": ("1", "2", "9", "10", "٣"),
    "int(signed=True)": ("-1", "1", "-0"),
    "int(signed=True, min=-3)": ("-4", "-3", "3"),
    "int(fixed_digits=3)": ("007", "7", "1234", "٣٤٥"),
    "int(min=1.5)": ("1", "2"),
    "float": ("1.5", "0.0", "12.50", "1.", "٣.٤"),
    "float(min=1, max=2.5)": ("0.5", "1.0", "2.5", "2.51"),
    "float(signed=True)": ("-1.5", "1.5"),
    "uuid": (str(uuid.UUID(int=2**100 + 7)), str(uuid.UUID(int=1)).upper(), "a"),
    "word": ("a", "abc", "A"),
    "choosy": ("a", "b", "c"),
    "tree": ("a", "a/b", "a/b/c"),
    "slashy": ("a", "ab", "a/b"),
    "rest": ("", "a", "a/b", "\n"),
    "maybe": ("", "1", "12"),
    "grouped": ("a", "ab", "abc", "ac"),
    "failing": ("ax", "x"),
    "heavy": ("a", "b"),
    "hex": ("a", "1f"),
    "onepath": ("a", "b"),
}

COMMON_KINDS = ("", "", "", "int", "string", "path", "float", "any(a, ab, abc)")

NAMES = ("x", "y", "z", "lang", "page", "_v")

STATICS = ("a", "b", "ab", "1", "a.b", "é", "a b", "%2f", "x>y", "|", "a+b", "..", "~")

LINKS = ("-", ".", "", "-x", "/", "--", "é", ",")

METHODS = ("GET", "POST", "PUT", "HEAD", "OPTIONS", "delete")

_VARIABLE = re.compile(r"<(?:(?P<kind>[a-z]+(?:\(.*?\))?):)?(?P<name>[a-z_]+)>")


@dataclasses.dataclass(frozen=True)
class RuleSet:
    """One map as plain data."""

    rules: tuple[tuple[str, dict[str, t.Any]], ...]
    options: dict[str, t.Any]

    @property
    def is_wide(self) -> bool:
        """Whether a part holds several values, so that Werkzeug's time may explode."""
        return any(
            len(_VARIABLE.findall(text)) > 1 or "path" in text or "rest" in text
            for text, _ in self.rules
        )

    def make(self, module: t.Any) -> tuple[t.Any, list[str | None]]:
        """The map, and for each rule the class of the error that adding it raised."""
        url_map = module.Map(converters=CONVERTERS, **self.options)
        errors: list[str | None] = []
        for index, (text, options) in enumerate(self.rules):
            errors.append(_add(module, url_map, text, {"endpoint": index, **options}))
        return url_map, errors


def _add(module: t.Any, url_map: t.Any, text: str, options: dict[str, t.Any]) -> str | None:
    """Add a rule and give the class of the error that this raises."""
    try:
        url_map.add(module.Rule(text, **options))
    except Exception as error:
        return type(error).__name__
    return None


# --- rules -------------------------------------------------------------------------------------


def _weighted(common: t.Sequence[t.Any], rare: t.Sequence[t.Any]) -> st.SearchStrategy[t.Any]:
    return st.one_of(st.sampled_from(common), st.sampled_from(common), st.sampled_from(rare))


KIND = _weighted(COMMON_KINDS, tuple(KINDS))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """The text of a rule."""
    names = list(NAMES)
    text = ""
    for _ in range(draw(st.integers(0, 4))):
        text += draw(_weighted(("/",), ("/", "//")))
        for _ in range(draw(_weighted((1,), (1, 2, 3)))):
            if names and draw(st.booleans()):
                kind = draw(KIND)
                text += f"<{kind}:{names.pop(0)}>" if kind else f"<{names.pop(0)}>"
            else:
                text += draw(st.sampled_from(STATICS))
            text += draw(_weighted(("",), LINKS))
    text = text or "/"
    if not text.endswith("/") and draw(st.booleans()):
        text += "/"
    if draw(st.integers(0, 60)) == 60:
        text += draw(
            st.sampled_from(("<", "<x", "<1>", "<x>", "<nope:q>", "<broken:q>", "<int(:q>"))
        )
    return text


@st.composite
def rules(draw: st.DrawFn, by_host: bool) -> tuple[str, dict[str, t.Any]]:
    """A rule's text and its options."""
    text = draw(texts())
    options: dict[str, t.Any] = {}
    rarely = st.integers(0, 9).map(lambda number: number == 9)
    if draw(st.integers(0, 2)) == 2:
        options["methods"] = draw(st.lists(st.sampled_from(METHODS), max_size=3))
    if draw(rarely):
        options["websocket"] = True
    if draw(st.integers(0, 2)) == 2:
        options["endpoint"] = draw(st.sampled_from(("one", "two")))
    for name in ("strict_slashes", "merge_slashes"):
        if draw(rarely):
            options[name] = draw(st.booleans())
    for name in ("alias", "build_only"):
        if draw(rarely):
            options[name] = True
    names = [name for _, name in _VARIABLE.findall(text)]
    if draw(st.integers(0, 4)) == 4:
        candidates = st.sampled_from((*names, "x", "page"))
        values = st.sampled_from(("a", "b", 1, 7, None))
        options["defaults"] = draw(st.dictionaries(candidates, values, max_size=2))
    if draw(rarely):
        targets = ("/target", "other/<x>", "<x>/<y>", "http://elsewhere/", "")
        options["redirect_to"] = draw(st.sampled_from(targets))
    domains = ("", "a", "<x>", "<any(a, b):sub>", "<int:n>.a", "a.<path:p>")
    if by_host:
        options["host"] = draw(st.sampled_from(("example.com", "<h>", "<h>.example.com", "a.b")))
    elif draw(st.integers(0, 4)) == 4:
        options["subdomain"] = draw(st.sampled_from(domains))
    return text, options


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """A few rules that share their vocabulary, so that they get in each other's way."""
    by_host = draw(st.integers(0, 5)) == 5
    options: dict[str, t.Any] = {"host_matching": True} if by_host else {}
    for name in ("strict_slashes", "merge_slashes", "redirect_defaults"):
        if draw(st.integers(0, 4)) == 4:
            options[name] = False
    if draw(st.integers(0, 8)) == 8:
        options["default_subdomain"] = "a"
    if draw(st.integers(0, 8)) == 8:
        options["sort_parameters"] = True
    found = [draw(rules(by_host)) for _ in range(draw(st.sampled_from((5, 7, 3, 9, 1, 2, 12))))]
    return RuleSet(tuple(found), options)


# --- paths -------------------------------------------------------------------------------------

ODD = ("\0", "\ud800", "\n", "٣", "é", "\x1c", " ", "%", "..", "%2f", "<", "\U0001d7ce", "//", "-")

FAR = (
    "",
    "/",
    "//",
    "///",
    "a",
    "/..%2f..%2fetc",
    "/\0",
    "/\udcff\ud800",
    "/a\n",
    "/\n",
    "/٣/٤",
    "/" + "1" * 5000,
    "/" + "/" * 300,
    "/a" * 100,
    "http://other/a",
)


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of an adapter."""

    path: str
    method: str | None
    websocket: bool | None
    query: str | None


def fill(text: str, chance: random.Random) -> str:
    """A path for a rule: each variable becomes a value that its converter likes, mostly."""

    def value(match: re.Match[str]) -> str:
        likes = KINDS.get(match["kind"] or "", ("a",))
        return chance.choice(likes if chance.random() < 0.9 else STATICS)

    return _VARIABLE.sub(value, text)


def _drop_slash(path: str, chance: random.Random) -> str:
    return path.rstrip("/")


def _add_slash(path: str, chance: random.Random) -> str:
    return path + "/"


def _double_slash(path: str, chance: random.Random) -> str:
    place = path.find("/", chance.randrange(len(path) + 1))
    return path if place < 0 else f"{path[:place]}/{path[place:]}"


def _merge(path: str, chance: random.Random) -> str:
    return re.sub("/+", "/", path)


def _insert(path: str, chance: random.Random) -> str:
    place = chance.randrange(len(path) + 1)
    return path[:place] + chance.choice(ODD) + path[place:]


def _remove(path: str, chance: random.Random) -> str:
    place = chance.randrange(len(path) + 1)
    return path[:place] + path[place + 1 :]


def _swap_case(path: str, chance: random.Random) -> str:
    return path.swapcase()


def _repeat(path: str, chance: random.Random) -> str:
    return path + path


def _cut(path: str, chance: random.Random) -> str:
    return path[: chance.randrange(len(path) + 1)]


MUTATIONS = (
    _drop_slash,
    _add_slash,
    _double_slash,
    _merge,
    _insert,
    _remove,
    _swap_case,
    _repeat,
    _cut,
)


def _path(cases: RuleSet, chance: random.Random) -> str:
    dice = chance.random()
    if dice < 0.06:
        path = chance.choice(FAR)
    elif dice < 0.1:
        path = "".join(
            chance.choice((*ODD, "/", "/", "a", "1")) for _ in range(chance.randrange(20))
        )
    else:
        path = fill(chance.choice(cases.rules)[0], chance)
        for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
            path = chance.choice(MUTATIONS)(path, chance)
    # Several values in a segment may take Werkzeug very long.
    return path[:40] if cases.is_wide else path


def bindings(cases: RuleSet, seed: int) -> dict[str, t.Any]:
    """Arguments for ``Map.bind`` with which some of the rules can be reached."""
    chance = random.Random(seed)
    _, rule = chance.choice(cases.rules)
    options: dict[str, t.Any] = {"server_name": "example.com"}
    if cases.options.get("host_matching"):
        options["server_name"] = fill(rule["host"], chance).partition("/")[0] or "a"
    elif "subdomain" in rule:
        options["subdomain"] = fill(rule["subdomain"], chance)
    if chance.random() < 0.2:
        options["url_scheme"] = chance.choice(("ws", "https", "wss", ""))
    if chance.random() < 0.2:
        options["script_name"] = chance.choice(("/app", "/app/", "", "app"))
    if chance.random() < 0.2:
        options["query_args"] = chance.choice(({"b": "1", "ä": "x y"}, "raw=ä", {}))
    return options


def questions(cases: RuleSet, seed: int, count: int) -> t.Iterator[Question]:
    """Paths near to the rules, and some far from them, with methods and protocols."""
    chance = random.Random(seed)
    for _ in range(count):
        yield Question(
            _path(cases, chance),
            chance.choice((None, None, None, "GET", "POST", "put", "OPTIONS", "HEAD", "")),
            chance.choice((*[None] * 8, True, False)),
            chance.choice((None, None, None, "q=1&r=ä", "")),
        )


# --- values for URLs ---------------------------------------------------------------------------

VALUES: tuple[t.Any, ...] = (
    *("a", "b", "ab", "a/b", "é ü", "", "1", "1.5", "\ud800", "x&y=z", "+%"),
    *(1, 0, -7, 10**30, True, 1.5, float("inf"), None, b"bytes", uuid.UUID(int=5)),
    *(["a", "b"], [1, None], (), [], {"k": "v"}),
)


class Text(str):
    """A subclass of `str`."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True)
class Wish:
    """What URL is wanted."""

    endpoint: t.Any
    values: t.Any
    options: dict[str, t.Any]


def _values(arguments: set[str], defaults: t.Any, chance: random.Random) -> dict[str, t.Any]:
    values: dict[str, t.Any] = {}
    for name in sorted(arguments):
        if chance.random() < 0.93:
            values[name] = chance.choice(
                VALUES if chance.random() < 0.5 else ("a", "b", 1, 7, "1.5")
            )
        if defaults and name in defaults and chance.random() < 0.5:
            values[name] = defaults[name]
    while chance.random() < 0.3:
        values[chance.choice(("extra", "q", "é", "a b", "x", "self", Text("q")))] = chance.choice(
            VALUES
        )
    return values


def wishes(url_map: t.Any, seed: int, count: int) -> t.Iterator[Wish]:
    """Endpoints of a map, with fitting and unfitting values."""
    chance = random.Random(seed)
    rules = list(url_map.iter_rules())
    for _ in range(count):
        rule = chance.choice(rules) if rules else None
        endpoint = rule.endpoint if rule and chance.random() < 0.97 else "missing"
        values: t.Any = _values(rule.arguments, rule.defaults, chance) if rule else {}
        shape = chance.random()
        if shape < 0.1:
            values = MultiDict(values)
        elif shape < 0.15 and not values:
            values = None
        options: dict[str, t.Any] = {}
        if chance.random() < 0.3:
            options["method"] = chance.choice((None, "GET", "POST", "nope"))
        if chance.random() < 0.2:
            options["force_external"] = True
        if chance.random() < 0.2:
            options["append_unknown"] = False
        if chance.random() < 0.2:
            options["url_scheme"] = chance.choice(("", "https", "ws", "wss", "ftp", None))
        yield Wish(endpoint, values, options)


# --- environs ----------------------------------------------------------------------------------

HOSTS = (
    *("example.com", "EXAMPLE.com", "example.com:80", "example.com:443", "example.com:5000"),
    *("a.example.com", "a.b.example.com:80", "notexample.com", ".example.com", "a..example.com"),
    *("xn--bcher-kva.example.com", "bücher.example.com", "", ":80", "example.com:", "localhost"),
    *("127.0.0.1:8080", "[::1]:80", "example.com:99999", "example.com:080", "example.com.", "a b"),
    *("a" * 64 + ".example.com", "ex_ample.com", "example.com:ab", "com", "é\x80"),
)


def environs(seed: int, count: int) -> t.Iterator[tuple[dict[str, t.Any], dict[str, t.Any]]]:
    """Environs and options for ``bind_to_environ``."""
    chance = random.Random(seed)
    for _ in range(count):
        environ: dict[str, t.Any] = {
            "wsgi.url_scheme": chance.choice(("http", "http", "https", "ws", "wss", "ftp")),
            "REQUEST_METHOD": chance.choice(("GET", "POST", "get", "HEAD")),
            "SERVER_NAME": chance.choice(("example.com", "localhost", "127.0.0.1", "::1")),
            "SERVER_PORT": chance.choice(("80", "443", "5000")),
        }
        optional: dict[str, tuple[str, ...]] = {
            "HTTP_HOST": HOSTS,
            "PATH_INFO": ("/", "", "/a", "a", "/\xc3\xa9", "/\xff", "//a", "/a/\xed\xa0\x80"),
            "SCRIPT_NAME": ("", "/", "/app", "/app/", "app", "/\xc3\xa9"),
            "QUERY_STRING": ("", "a=b", "\xc3\xa9=1", "\xff"),
            "HTTP_CONNECTION": (
                "Upgrade",
                "keep-alive, upgrade",
                "close",
                "",
                "upgraded",
                "\tUPGRADE ",
            ),
            "HTTP_UPGRADE": ("websocket", "WebSocket", "h2c", ""),
        }
        for name, choices in optional.items():
            if chance.random() < 0.85:
                environ[name] = chance.choice(choices)
        options: dict[str, t.Any] = {}
        names = (
            None,
            "example.com",
            "Example.com:80",
            "example.com:443",
            "a.b",
            "example.com:5000",
            "",
        )
        if chance.random() < 0.6:
            options["server_name"] = chance.choice(names)
        if chance.random() < 0.2:
            options["subdomain"] = chance.choice(("", "a", None, "b.c"))
        yield environ, options
