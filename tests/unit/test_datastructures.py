"""Headers: what is the same as Werkzeug's, what is safer, and which overrides count."""

from __future__ import annotations

import copy
import gc
import pickle
import typing as t
import weakref

import pytest
from werkzeug import datastructures as werkzeug
from werkzeug.exceptions import BadRequestKeyError

from kolben.datastructures import EnvironHeaders, Headers

ENVIRON = {
    "HTTP_X_ID": "7",
    "HTTP_COOKIE": "a=b",
    "CONTENT_TYPE": "text/plain",
    "CONTENT_LENGTH": "",
    "HTTP_CONTENT_TYPE": "never",
    "wsgi.version": (1, 0),
}


def test_is_a_werkzeug_header_object() -> None:
    assert isinstance(Headers(), werkzeug.Headers)
    assert isinstance(EnvironHeaders({}), werkzeug.EnvironHeaders)
    assert isinstance(EnvironHeaders({}), Headers)


def test_keeps_order_case_and_duplicates() -> None:
    headers = Headers([("X-b", "1"), ("x-A", "2"), ("X-B", "3")])
    assert list(headers) == [("X-b", "1"), ("x-A", "2"), ("X-B", "3")]
    assert headers.getlist("x-B") == ["1", "3"]
    headers["X-B"] = "4"
    assert headers.to_wsgi_list() == [("X-B", "4"), ("x-A", "2")]


def test_names_fold_like_text() -> None:
    # The Kelvin sign is a k in lower case.
    headers = Headers([("X-\u212aey", "1")])
    assert headers["x-key"] == "1"
    assert "X-KEY" in headers


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\n"])
@pytest.mark.parametrize("place", ["name", "value"])
def test_no_way_in_for_line_ends(bad: str, place: str) -> None:
    name, value = ("X" + bad, "1") if place == "name" else ("X", "1" + bad)
    ways: list[t.Callable[[Headers], object]] = [
        lambda headers: headers.add(name, value),
        lambda headers: headers.add_header(name, value),
        lambda headers: headers.add(name, value, filename="x"),
        lambda headers: headers.set(name, value),
        lambda headers: headers.set(name, value, filename="x"),
        lambda headers: headers.setdefault(name, value),
        lambda headers: headers.setlist(name, [value]),
        lambda headers: headers.setlistdefault(name, [value]),
        lambda headers: headers.extend([(name, value)]),
        lambda headers: headers.extend({name: [value]}),
        lambda headers: headers.update({name: value}),
        lambda headers: headers.__setitem__(name, value),
        lambda headers: headers.__setitem__(0, (name, value)),
        lambda headers: headers.__setitem__(slice(0, 1), [(name, value)]),
        lambda headers: headers | {name: value},
        lambda headers: headers.__ior__({name: value}),
        lambda headers: Headers([(name, value)]),
        lambda headers: Headers({name: value}),
    ]
    for way in ways:
        headers = Headers([("A", "b")])
        with pytest.raises(ValueError, match="must not contain"):
            way(headers)
        assert list(headers) == [("A", "b")]


def test_equals_werkzeugs_own_headers() -> None:
    assert Headers([("A", "b")]) == werkzeug.Headers([("a", "b")])
    assert werkzeug.Headers([("a", "b")]) == Headers([("A", "b")])
    assert Headers([("A", "b")]) != Headers([("A", "c")])


def test_copies_and_pickles() -> None:
    headers = Headers([("A", "b"), ("a", "c")])
    for made in (
        headers.copy(),
        copy.copy(headers),
        copy.deepcopy(headers),
        pickle.loads(pickle.dumps(headers)),
    ):
        assert type(made) is Headers
        assert list(made) == list(headers)
        made.add("D", "e")
        assert "D" not in headers


def test_a_subclass_with_state_pickles() -> None:
    headers = Tagged([("A", "b")])
    headers.tag = "t"
    headers.loud = "x"
    assert headers.loud == "X"
    made = pickle.loads(pickle.dumps(headers))
    assert list(made) == [("A", "b")]
    assert made.tag == "t"
    del headers.tag
    assert headers.tag == ""
    with pytest.raises(AttributeError):
        del headers.tag


class Tagged(Headers):
    tag = ""

    @property
    def loud(self) -> str:
        return self.__dict__["_loud"].upper()

    @loud.setter
    def loud(self, value: str) -> None:
        self._loud = value


def test_the_list_may_be_replaced() -> None:
    headers = Headers([("A", "b")])
    headers._list = [("C", "d")]
    assert headers["c"] == "d"
    assert "A" not in headers
    headers.add("E", "f")
    assert list(headers) == [("C", "d"), ("E", "f")]
    assert len(headers) == 2


class TestOverrides:
    """Each method that another is built on counts, on a subclass and on an instance."""

    def test_get_key_serves_every_look_up(self) -> None:
        class Upper(Headers):
            def _get_key(self, key: str) -> str:
                if key == "no":
                    raise KeyError(key)
                return key.upper()

        headers = Upper([("A", "b")])
        assert headers.get("a") == headers["a"] == headers.setdefault("a", "x") == "A"
        assert headers.get("no", "default") == "default"
        assert "z" in headers
        assert "no" not in headers

    def test_get_key_on_the_instance(self) -> None:
        headers = Headers([("A", "b")])
        headers._get_key = lambda key: "mine"  # type: ignore[method-assign]
        assert headers.get("a") == headers["zz"] == "mine"
        assert "zz" in headers

    def test_iter_serves_getlist_and_copies(self) -> None:
        class Doubled(Headers):
            def __iter__(self) -> t.Iterator[tuple[str, str]]:
                for entry in super().__iter__():
                    yield entry
                    yield entry

        headers = Doubled([("A", "b")])
        assert headers.getlist("a") == ["b", "b"]
        assert list(headers.values()) == ["b", "b"]
        assert Headers(headers).getlist("a") == ["b", "b"]
        assert headers.to_wsgi_list() == [("A", "b")] * 2

    def test_add_serves_extend_and_the_constructor(self) -> None:
        class Loud(Headers):
            def add(self, key: str, value: t.Any, /, **kwargs: t.Any) -> None:
                super().add(key, value + "!", **kwargs)

        headers = Loud([("A", "b")])
        headers.extend([("C", "d")])
        headers.add_header("E", "f")
        assert list(headers) == [("A", "b!"), ("C", "d!"), ("E", "f!")]

    def test_extend_serves_the_constructor(self) -> None:
        class Deaf(Headers):
            def extend(self, *args: t.Any, **kwargs: t.Any) -> None:
                pass

        assert list(Deaf([("A", "b")])) == []

    def test_set_serves_items_and_update(self) -> None:
        class Loud(Headers):
            def set(self, key: str, value: t.Any, /, **kwargs: t.Any) -> None:
                super().set(key, value + "!", **kwargs)

        headers = Loud()
        headers["A"] = "b"
        headers.update({"C": "d"})
        headers.setdefault("E", "f")
        assert list(headers) == [("A", "b!"), ("C", "d!"), ("E", "f!")]

    def test_set_on_the_instance(self) -> None:
        headers = Headers()
        seen: list[str] = []
        headers.set = lambda key, value: seen.append(key)  # type: ignore[method-assign,assignment]
        headers["A"] = "b"
        assert seen == ["A"]

    def test_a_method_patched_on_the_class(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Headers, "_get_key", lambda self, key: "patched")
        assert Headers().get("a") == "patched"

    def test_environ_get_key(self) -> None:
        class Fixed(EnvironHeaders):
            def _get_key(self, key: str) -> str:
                return "fixed"

        headers = Fixed({})
        assert headers["a"] == headers.get("b") == "fixed"
        assert "c" in headers

    def test_environ_iter(self) -> None:
        class One(EnvironHeaders):
            def __iter__(self) -> t.Iterator[tuple[str, str]]:
                yield "X-One", "1"

        headers = One(ENVIRON)
        assert headers.getlist("x-one") == ["1"]
        assert len(headers) == 1


class TestEnviron:
    def test_is_a_live_view(self) -> None:
        environ = dict(ENVIRON)
        headers = EnvironHeaders(environ)
        assert headers["x-id"] == "7"
        environ["HTTP_X_ID"] = "8"
        assert headers.get("X-Id", type=int) == 8
        del environ["HTTP_X_ID"]
        assert "X-Id" not in headers
        assert headers.environ is environ

    def test_lists_what_werkzeug_lists(self) -> None:
        theirs = werkzeug.EnvironHeaders(ENVIRON)
        ours = EnvironHeaders(ENVIRON)
        assert list(ours) == list(theirs)
        assert len(ours) == len(theirs)
        for name in ("X-Id", "x_id", "Content-Type", "content-length", "Cookie", "none"):
            assert ours.getlist(name) == theirs.getlist(name)
            assert ours.get(name) == theirs.get(name)
            assert (name in ours) == (name in theirs)

    def test_cannot_be_changed_or_copied(self) -> None:
        headers = EnvironHeaders(dict(ENVIRON))
        for change in (
            lambda: headers.add("A", "b"),
            lambda: headers.set("A", "b"),
            lambda: headers.extend([("A", "b")]),
            lambda: headers.__setitem__("A", "b"),
            lambda: headers.__delitem__("A"),
            lambda: headers.copy(),
            lambda: headers | {},
        ):
            with pytest.raises(TypeError):
                change()

    def test_missing_names_are_bad_requests(self) -> None:
        with pytest.raises(BadRequestKeyError):
            Headers()["missing"]
        with pytest.raises(KeyError):
            EnvironHeaders({})["missing"]
        with pytest.raises(BadRequestKeyError):
            EnvironHeaders({})[1]  # type: ignore[index]

    def test_equality_is_identity_of_the_environ(self) -> None:
        environ = dict(ENVIRON)
        assert EnvironHeaders(environ) == EnvironHeaders(environ)
        assert EnvironHeaders(environ) != EnvironHeaders(dict(environ))

    def test_another_environ_may_be_assigned(self) -> None:
        headers = EnvironHeaders({})
        headers.environ = {"HTTP_A": "b"}
        assert headers["a"] == headers.get("A") == "b"
        assert list(headers) == [("A", "b")]


def test_thousands_of_looked_up_names_do_not_pile_up() -> None:
    headers = EnvironHeaders({"HTTP_X_4999": "1"})
    found = [number for number in range(5000) if headers.get(f"x-{number}")]
    assert found == [4999]


class TestColumns:
    """The iterators that `keys` and `values` return."""

    def test_are_what_werkzeug_s_are(self) -> None:
        for entries in ([], [("A", "b"), ("a", "c"), ("X-É", "d")]):
            ours, theirs = Headers(entries), werkzeug.Headers(entries)
            assert list(ours.keys()) == list(theirs.keys())
            assert list(ours.keys(lower=True)) == list(theirs.keys(lower=True))
            assert list(ours.values()) == list(theirs.values())

    def test_see_what_changes_meanwhile_and_stay_at_their_end(self) -> None:
        headers = Headers([("A", "1"), ("B", "2")])
        keys = headers.keys()
        assert next(keys) == "A"
        headers.add("C", "3")
        assert list(keys) == ["B", "C"]
        headers.add("D", "4")
        assert list(keys) == []
        values = headers.values()
        del headers["A"]
        assert next(values) == "2"

    def test_take_entries_of_any_shape(self) -> None:
        headers = Headers()
        headers._list.append(["A", "b"])  # type: ignore[arg-type]
        assert (list(headers.keys()), list(headers.values())) == (["A"], ["b"])

    def test_keep_the_headers_alive_no_longer_than_needed(self) -> None:
        headers = Headers([("A", "b")])
        keys = headers.keys()
        headers.me = keys  # type: ignore[attr-defined]
        gone = weakref.ref(headers)
        del headers, keys
        gc.collect()
        assert gone() is None

    def test_a_list_that_was_assigned_counts(self) -> None:
        headers = Headers([("A", "b")])
        assert list(headers.keys()) == ["A"]
        headers._list = [("C", "d")]
        assert (list(headers.keys()), list(headers.values())) == (["C"], ["d"])

    def test_items_of_a_subclass_count(self) -> None:
        class Loud(Headers):
            def items(self, lower: bool = False) -> t.Iterator[tuple[str, str]]:
                return ((name, value + "!") for name, value in super().items(lower))

        assert list(Loud([("A", "b")]).values()) == ["b!"]

    def test_iter_of_a_subclass_counts(self) -> None:
        class One(Headers):
            def __iter__(self) -> t.Iterator[tuple[str, str]]:
                return iter([("X", "y")])

        headers = One([("A", "b")])
        assert (list(headers.keys()), list(headers.values())) == (["X"], ["y"])

    def test_items_on_the_instance_count(self) -> None:
        headers = Headers([("A", "b")])
        assert list(headers.values()) == ["b"]
        headers.items = lambda lower=False: iter([("X", "y")])  # type: ignore[method-assign]
        assert list(headers.values()) == ["y"]


class TestPatchedAfterFirstUse:
    """A class that was seen to be the original is looked at again once it is changed."""

    def test_get_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        headers = Headers([("A", "b")])
        assert headers.get("a") == "b"
        with monkeypatch.context() as patch:
            patch.setattr(Headers, "_get_key", lambda self, key: "patched")
            assert headers.get("a") == headers["a"] == "patched"
        assert headers.get("a") == "b"

    @pytest.mark.parametrize("name", ["items", "__iter__"])
    def test_what_columns_iterate_over(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        headers = Headers([("A", "b")])
        assert list(headers.values()) == ["b"]
        with monkeypatch.context() as patch:
            patch.setattr(Headers, name, lambda self, lower=False: iter([("X", "y")]))
            assert (list(headers.keys()), list(headers.values())) == (["X"], ["y"])
        assert list(headers.values()) == ["b"]

    def test_what_others_are_made_of(self, monkeypatch: pytest.MonkeyPatch) -> None:
        headers = Headers([("A", "b")])
        assert list(Headers(headers)) == [("A", "b")]
        monkeypatch.setattr(Headers, "add", lambda self, key, value: self._list.append((key, "p")))
        assert list(Headers(headers)) == [("A", "p")]

    def test_an_environ(self, monkeypatch: pytest.MonkeyPatch) -> None:
        headers = EnvironHeaders(dict(ENVIRON))
        assert headers.get("x-id") == "7"
        monkeypatch.setattr(EnvironHeaders, "_get_key", lambda self, key: "patched")
        assert headers.get("x-id") == "patched"

    def test_a_base(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Mine(Headers):
            pass

        headers = Mine([("A", "b")])
        assert list(headers.values()) == ["b"]
        monkeypatch.setattr(Headers, "items", lambda self, lower=False: iter([("X", "y")]))
        assert list(headers.values()) == ["y"]
