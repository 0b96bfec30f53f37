"""Credentials: the core keeps them outside of the object's dictionary, and nobody can tell."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import typing as t
import weakref

import pytest
from werkzeug import datastructures as ds

from kolben import headers
from kolben.core import compiled

BASIC = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
BEARER = "Bearer mF_9.B5f-4.1JqM"
DIGEST = 'Digest username="Mufasa", nc=00000001'
HEADERS = [BASIC, BEARER, DIGEST, "bearer  a= ", "Bearer a=b", "Bearer ", "Bearer", "Basic YQ=="]

Class = t.Any


@pytest.fixture(params=[headers.Authorization, ds.Authorization], ids=["kolben", "werkzeug"])
def cls(request: pytest.FixtureRequest) -> Class:
    """Kolben's class, and Werkzeug's, which shows what to expect."""
    return request.param


@pytest.mark.parametrize("header", HEADERS)
def test_everything_that_is_seen(header: str) -> None:
    ours, theirs = headers.Authorization.from_header(header), ds.Authorization.from_header(header)
    assert ours is not None
    assert ours == theirs
    assert theirs == ours
    assert (str(ours), repr(ours)) == (str(theirs), repr(theirs))
    for name in ("type", "token", "parameters", "username", "password", "nc", "other"):
        assert getattr(ours, name) == getattr(theirs, name), name
        assert (ours.get(name, "?"), ours[name]) == (theirs.get(name, "?"), theirs[name])
        assert (name in ours) is (name in theirs)
    again = headers.Authorization.from_header(header)
    assert list(vars(again).items()) == list(vars(theirs).items())
    assert type(ours) is headers.Authorization
    assert isinstance(ours, ds.Authorization)


def test_attributes_can_be_assigned_and_deleted(cls: Class) -> None:
    found = cls.from_header(BASIC)
    found.type, found.token = "other", "abc"
    assert str(found) == "Other abc"
    del found.token
    assert found.token is None  # as of a parameter that is missing
    assert "token" not in vars(found)
    with pytest.raises(AttributeError):
        del found.token
    found.parameters = {"username": "me"}
    assert (found.username, found.password) == ("me", None)
    found.username = "mine"
    assert (found.username, found["username"]) == ("mine", "me")
    assert vars(found)["username"] == "mine"
    del found.username
    assert found.username == "me"
    with pytest.raises(AttributeError):
        del found.username
    found = cls.from_header(BASIC)
    found.password = "mine"
    assert (found.username, found.password, found["password"]) == ("Aladdin", "mine", "open sesame")
    del found.password
    assert found.password == "open sesame"


def test_attributes_can_be_deleted_before_anything_was_read(cls: Class) -> None:
    for name in ("type", "token"):
        found = cls.from_header(BEARER)
        delattr(found, name)
        assert getattr(found, name) is None
        with pytest.raises(AttributeError):
            delattr(found, name)
    found = cls.from_header(BASIC)
    del found.parameters
    with pytest.raises(RecursionError):  # __getattr__ looks into the parameters
        found.username  # noqa: B018


def test_the_parameters_are_one_dictionary(cls: Class) -> None:
    for header in (BASIC, BEARER, DIGEST):
        found = cls.from_header(header)
        assert found.parameters is found.parameters
        found.parameters["username"] = "changed"
        assert (found.username, found.get("username")) == ("changed", "changed")
        found.parameters.clear()
        assert (found.username, found.password) == (None, None)


def test_the_dictionary_of_the_object(cls: Class) -> None:
    found = cls.from_header(BEARER)
    found.extra = 1
    own = vars(found)
    assert own == {"type": "bearer", "parameters": {}, "token": BEARER[7:], "extra": 1}
    own["token"] = "changed"
    assert found.token == "changed"
    found.type = "other"
    assert own["type"] == "other"
    assert vars(found) is own
    del own["type"]
    assert found.type is None
    found.__dict__ = {"type": "a", "token": "b"}
    assert str(found) == "A b"
    found.__dict__.update(token="c")
    assert found.token == "c"
    with pytest.raises(TypeError):
        found.__dict__ = None
    assert "parameters" in dir(cls.from_header(BEARER))


def test_made_without_a_header(cls: Class) -> None:
    parameters: dict[str, str | None] = {"a": "b"}
    made = cls("digest", parameters)
    assert made.parameters is parameters
    assert vars(made) == {"type": "digest", "parameters": parameters, "token": None}
    assert cls("bearer", token="a") == cls.from_header("Bearer a")
    assert cls("bearer", None, "a").parameters == {}
    assert cls(auth_type="a", data=parameters).a == "b"
    made.__init__("other")
    assert vars(made) == {"type": "other", "parameters": {}, "token": None}
    with pytest.raises(TypeError):
        cls()


def test_pickles(cls: Class) -> None:
    if sys.version_info < (3, 11) and (cls is ds.Authorization or compiled is None):
        pytest.skip("Python 3.10 takes the parameter `__getstate__`, which is None, for the method")
    found = cls.from_header(BASIC)
    made, arguments, state = found.__reduce_ex__(4)[:3]
    assert arguments == (cls,)
    assert state == vars(cls.from_header(BASIC))
    restored = made(*arguments)
    vars(restored).update(state)
    assert restored == found
    # As of Werkzeug's: looking for `__setstate__` looks into the parameters.
    with pytest.raises(RecursionError):
        copy.copy(found)
    with pytest.raises(RecursionError):
        pickle.loads(pickle.dumps(found))


class Restored(headers.Authorization):
    """Can be restored, because it asks for nothing before it is."""

    __slots__ = ("slot",)

    def __getattr__(self, name: str) -> str | None:
        if name.startswith("__"):
            raise AttributeError(name)
        return super().__getattr__(name)


def test_a_subclass_that_can_be_pickled_and_copied() -> None:
    for header in (BASIC, BEARER):
        found = Restored.from_header(header)
        assert found is not None
        found.slot = found.extra = "kept"
        for restored in (
            pickle.loads(pickle.dumps(found)),
            copy.copy(found),
            copy.deepcopy(found),
        ):
            assert restored == found
            assert vars(restored) == vars(found)
            assert restored.slot == "kept"


def test_references(cls: Class) -> None:
    found = cls.from_header(BASIC)
    found.itself = found.parameters["itself"] = found
    gone = weakref.ref(found)
    del found
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("header", [BASIC, BEARER, DIGEST])
class TestOverrides:
    def test_a_property(self, cls: Class, header: str) -> None:
        class Own(cls):
            token = property(lambda self: "mine", lambda self, value: None)
            username = property(lambda self: "me")

        found = Own.from_header(header)
        assert (found.token, found.username, "token" in vars(found)) == ("mine", "me", False)

    def test_a_class_attribute(self, cls: Class, header: str) -> None:
        class Own(cls):
            type = token = username = "of the class"

        found, expected = Own.from_header(header), cls.from_header(header)
        assert (found.type, found.token) == (expected.type, expected.token)
        assert found.username == "of the class"
        assert vars(found) == vars(expected)

    def test_slots(self, cls: Class, header: str) -> None:
        class Own(cls):
            __slots__ = ("token",)

        found = Own.from_header(header)
        assert found.token == cls.from_header(header).token
        assert set(vars(found)) == {"type", "parameters"}

    def test_methods(self, cls: Class, header: str) -> None:
        class Own(cls):
            def __init__(self, *arguments: t.Any) -> None:
                super().__init__(*arguments)
                self.made_by = "me"

            def __getattr__(self, name: str) -> str:
                return f"no {name}"

        found = Own.from_header(header)
        assert (found.made_by, found.username) == ("me", "no username")
        assert found == cls.from_header(header)

    def test_assignments(self, cls: Class, header: str) -> None:
        seen = []

        class Own(cls):
            def __setattr__(self, name: str, value: object) -> None:
                seen.append(name)
                super().__setattr__(name, value)

        assert Own.from_header(header) == cls.from_header(header)
        assert seen == ["type", "parameters", "token"]

    def test_the_parameters_of_a_subclass(self, cls: Class, header: str) -> None:
        class Own(cls):
            @property
            def parameters(self) -> dict[str, str]:
                return {"username": "me"}

            @parameters.setter
            def parameters(self, value: object) -> None:
                pass

        assert (Own.from_header(header).username, Own.from_header(header)["username"]) == (
            "me",
        ) * 2

    @pytest.mark.parametrize("patched", [headers.Authorization, ds.Authorization])
    @pytest.mark.parametrize("name", ["type", "parameters", "token"])
    def test_patched_properties(
        self, cls: Class, header: str, name: str, patched: Class, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if cls is ds.Authorization and patched is not cls:
            pytest.skip("nothing to be seen")
        written: list[object] = []
        own = property(lambda self: "patched", lambda self, value: written.append(value))
        before, plain = cls.from_header(header), getattr(cls.from_header(header), name)
        monkeypatch.setattr(patched, name, own, raising=False)
        assert getattr(before, name) == "patched"
        made = cls.from_header(header)
        assert (getattr(made, name), written) == ("patched", [plain])
        setattr(before, name, "new")
        assert written[1:] == ["new"]
        monkeypatch.undo()
        assert getattr(before, name) == plain
        assert getattr(cls.from_header(header), name) == plain

    def test_patched_names_of_parameters(
        self, cls: Class, header: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, plain = cls.from_header(header), cls.from_header(header).username
        monkeypatch.setattr(ds.Authorization, "username", "patched", raising=False)
        assert before.username == cls.from_header(header).username == "patched"
        before.username = "mine"
        assert before.username == "mine"
        del before.username
        written: list[object] = []
        own = property(lambda self: "property", lambda self, value: written.append(value))
        monkeypatch.setattr(ds.Authorization, "username", own)
        before.username = "mine"
        assert (before.username, written) == ("property", ["mine"])
        monkeypatch.undo()
        monkeypatch.setattr(ds.Authorization, "__getattr__", lambda self, name: f"no {name}")
        assert before.username == cls.from_header(header).username == "no username"
        monkeypatch.undo()
        assert before.username == plain

    def test_patched_constructors(
        self, cls: Class, header: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original, seen = ds.Authorization.__init__, []

        def patched(self: t.Any, *arguments: t.Any) -> None:
            seen.append(arguments[0])
            original(self, *arguments)

        monkeypatch.setattr(ds.Authorization, "__init__", patched)
        assert cls.from_header(header).type == seen[0]
        assert vars(cls("a", {}, "b")) == {"type": "a", "parameters": {}, "token": "b"}
        assert seen[1:] == ["a"]
        monkeypatch.undo()
        assert cls.from_header(header).type == seen[0]
        assert len(seen) == 2
