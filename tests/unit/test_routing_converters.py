"""How the converters of a rule are made, and what may be overridden or patched in it."""

from __future__ import annotations

import copy
import functools
import pickle
import typing as t

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.routing import converters as werkzeug

KINDS = {
    "default": werkzeug.UnicodeConverter,
    "string": werkzeug.UnicodeConverter,
    "path": werkzeug.PathConverter,
    "int": werkzeug.IntegerConverter,
    "float": werkzeug.FloatConverter,
    "uuid": werkzeug.UUIDConverter,
}


def make(module: t.Any, kind: str, **options: t.Any) -> t.Any:
    """A map with one rule, which has one variable of that kind."""
    return module.Map([module.Rule(f"/<{kind}:name>", endpoint="found")], **options)


def converter_of(made: t.Any) -> t.Any:
    [rule] = made.iter_rules()
    return rule._converters["name"]


def match(made: t.Any, text: str) -> t.Any:
    try:
        return made.bind("example.com").match(f"/{text}")[1]["name"]
    except NotFound:
        return NotFound


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_has_converters_of_its_own(module: t.Any, kind: str) -> None:
    first, second = make(module, kind), make(module, kind)
    one, other = converter_of(first), converter_of(second)
    assert one is not other
    assert type(one) is type(other) is KINDS[kind]
    genuine = KINDS[kind](first)
    assert vars(one) == vars(genuine)
    assert list(vars(one)) == list(vars(genuine))
    assert vars(other) == {**vars(genuine), "map": second}
    assert one.regex == genuine.regex
    one.regex = "changed"
    assert other.regex == genuine.regex


def test_copies_and_pickles(module: t.Any) -> None:
    made = make(module, "int")
    rule = next(made.iter_rules()).empty()
    assert rule._converters == {}
    again = module.Map([copy.copy(rule)])
    assert match(again, "12") == 12
    assert match(module.Map([pickle.loads(pickle.dumps(rule))]), "12") == 12


def test_a_rule_has_its_own_get_converter(module: t.Any) -> None:
    rule = module.Rule("/<name>", endpoint="found")
    rule.get_converter = lambda name, kind, args, options: werkzeug.IntegerConverter(rule.map)
    assert match(module.Map([rule]), "12") == 12


@pytest.mark.parametrize("early", [True, False])
def test_get_converter_is_patched(module: t.Any, monkeypatch: t.Any, early: bool) -> None:
    if not early:
        make(module, "default")
    asked = []
    original = module.Rule.get_converter

    def get_converter(self: t.Any, name: str, kind: str, args: t.Any, options: t.Any) -> t.Any:
        asked.append((name, kind, args, dict(options)))
        return original(self, name, kind, args, options)

    monkeypatch.setattr(module.Rule, "get_converter", get_converter)
    assert match(make(module, "int"), "12") == 12
    make(module, "string(length=2)")
    assert asked == [("name", "int", (), {}), ("name", "string", (), {"length": 2})]


def test_a_map_has_its_own_converters(module: t.Any) -> None:
    class Shouted(werkzeug.UnicodeConverter):
        def to_python(self, value: str) -> str:
            return value.upper()

    assert match(make(module, "string", converters={"string": Shouted}), "a") == "A"
    made = module.Map()
    made.converters["int"] = Shouted
    made.add(module.Rule("/<int:name>", endpoint="found"))
    assert match(made, "a") == "A"
    other = module.Map()
    other.converters = {"int": functools.partial(Shouted)}
    other.add(module.Rule("/<int:name>", endpoint="found"))
    assert match(other, "a") == "A"
    with pytest.raises(LookupError, match="the converter 'string' does not exist"):
        other.add(module.Rule("/<string:name>", endpoint="found"))


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("owner", [werkzeug.IntegerConverter, werkzeug.NumberConverter])
def test_a_constructor_is_patched(
    module: t.Any, monkeypatch: t.Any, early: bool, owner: t.Any
) -> None:
    if not early:
        make(module, "int")
    original = owner.__init__

    def start(self: t.Any, map: t.Any, *args: t.Any, **options: t.Any) -> None:
        original(self, map, *args, **options)
        self.max = 9

    with monkeypatch.context() as patched:
        patched.setattr(owner, "__init__", start)
        made = make(module, "int")
        assert (match(made, "9"), match(made, "10")) == (9, NotFound)
    assert match(make(module, "int"), "10") == 10


@pytest.mark.parametrize("early", [True, False])
def test_how_attributes_are_set_is_patched(module: t.Any, monkeypatch: t.Any, early: bool) -> None:
    if not early:
        make(module, "string")
    calls = []

    def set_one(self: t.Any, attribute: str, value: t.Any) -> None:
        calls.append(attribute)
        object.__setattr__(self, attribute, value)

    monkeypatch.setattr(werkzeug.BaseConverter, "__setattr__", set_one)
    make(module, "string")
    assert calls == ["map", "regex"]


@pytest.mark.parametrize("name", ["to_python", "num_convert"])
def test_a_converter_is_changed_before_the_rule_is_read(module: t.Any, name: str) -> None:
    class Rule(module.Rule):  # type: ignore[misc]
        def get_converter(self, *args: t.Any) -> t.Any:
            converter = super().get_converter(*args)
            setattr(converter, name, lambda value: f"own {value}")
            return converter

    assert match(module.Map([Rule("/<int:name>", endpoint="found")]), "12") == "own 12"


def test_the_builders_of_a_rule(module: t.Any) -> None:
    rule = module.Rule("/<int:name>", endpoint="found")
    for name in ("_build", "_build_unknown", "no_such_thing"):
        with pytest.raises(AttributeError, match=f"'Rule' object has no attribute '{name}'"):
            getattr(rule, name)
    module.Map([rule])
    assert rule._build(name=12) == ("", "/12")
    assert rule._build_unknown(name=12, other=1) == ("", "/12?other=1")
    assert rule._build is rule._build
    rule.rule = "/new/<int:name>"
    rule.refresh()
    assert rule._build(name=12) == ("", "/new/12")


@pytest.mark.parametrize("name", ["to_python", "to_url", "num_convert"])
@pytest.mark.parametrize("error", [AttributeError, RuntimeError])
def test_a_method_that_is_there_only_later(module: t.Any, name: str, error: type) -> None:
    ready: list[t.Callable[[t.Any], t.Any]] = []

    def read(self: t.Any) -> t.Any:
        if not ready:
            raise error("not yet")
        return ready[0]

    own = type("Own", (werkzeug.IntegerConverter,), {name: property(read)})
    made = module.Map(converters={"own": own})
    made.add(module.Rule("/<own:name>", endpoint="e"))
    ready.append(str if name == "to_url" else int)
    assert match(made, "5") == 5
    assert made.bind("localhost").build("e", {"name": 5}) == "/5"


@pytest.mark.parametrize("name", ["to_python", "to_url"])
@pytest.mark.parametrize("owner", ["class", "base"])
@pytest.mark.parametrize("kind", ["string", "int", "float", "uuid"])
def test_a_class_is_patched_when_rules_are_bound(
    module: t.Any, monkeypatch: t.Any, kind: str, owner: str, name: str
) -> None:
    texts = {"int": "12", "float": "1.5", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
    text = texts.get(kind, "a")
    made = make(module, kind)
    adapter = made.bind("example.com")
    value = adapter.match(f"/{text}")[1]["name"]
    assert adapter.build("found", {"name": value}) == f"/{text}"
    cls = KINDS[kind]
    holder = next(base for base in cls.__mro__ if name in vars(base)) if owner == "base" else cls
    with monkeypatch.context() as patched:
        patched.setattr(holder, name, lambda self, value: "patched")
        for _ in range(2):
            assert match(made, text) == ("patched" if name == "to_python" else value)
            built = made.bind("example.com").build("found", {"name": value})
            assert built == ("/patched" if name == "to_url" else f"/{text}")
    assert match(made, text) == value
    assert made.bind("example.com").build("found", {"name": value}) == f"/{text}"
