"""The configuration: what Flask's own tests do not look at."""

from __future__ import annotations

import errno
import json
import os
import pickle
import types
import typing as t

import pytest


@pytest.fixture
def config(target, tmp_path):
    return target.Config(tmp_path, {"A": 1})


def test_an_attribute_of_the_app_is_its_key(target_module, target):
    attribute = target_module("config").ConfigAttribute

    class App(target.Flask):
        plain = attribute("A_KEY")
        number = attribute("A_NUMBER", get_converter=int)

    app = App("an_app")
    assert App.plain.__name__ == "A_KEY"
    app.plain, app.number = "value", "7"
    assert (app.config["A_KEY"], app.config["A_NUMBER"]) == ("value", "7")
    assert (app.plain, app.number) == ("value", 7)
    del app.config["A_KEY"]
    with pytest.raises(KeyError):
        _ = app.plain


def test_a_subclass_may_set_items_its_own_way(target, tmp_path, monkeypatch):
    class Config(target.Config):
        def __setitem__(self, key: str, value: t.Any) -> None:
            super().__setitem__(key, (value,))

    config = Config(tmp_path)
    config.from_mapping({"A": 1, "b": 1}, C=2, d=2)
    config.from_object(types.SimpleNamespace(E=3, f=3))
    monkeypatch.setenv("KOLBEN_TEST_G", "4")
    config.from_prefixed_env("KOLBEN_TEST")
    assert dict(config) == {"A": (1,), "C": (2,), "E": (3,), "G": (4,)}


def test_keywords_win_over_the_mapping(config):
    assert config.from_mapping({"A": 2, "B": 2}, B=3) is True
    assert dict(config) == {"A": 2, "B": 3}
    assert config.from_mapping() is True
    assert config.from_mapping([("C", 1)]) is True
    assert config["C"] == 1


def test_the_environment_fills_inner_dicts(config, monkeypatch):
    inner = {"KEPT": 1}
    config["DEEP"] = inner
    for name, text in {
        "X_B": "[1, null]",
        "X_C": "not json",
        "X_DEEP__NEW__one": "1.5",
        "X_DEEP__KEPT": '"x"',
        "XY": "0",
    }.items():
        monkeypatch.setenv(name, text)
    assert config.from_prefixed_env("X") is True
    assert config == {"A": 1, "B": [1, None], "C": "not json", "DEEP": inner}
    assert inner == {"KEPT": "x", "NEW": {"one": 1.5}}


def test_the_environment_is_read_in_order_and_by_any_loader(config, monkeypatch):
    seen = []

    def loads(text: str) -> str:
        seen.append(text)
        if text == "2":
            raise LookupError
        return text * 2

    for name in ("X_3", "X_1", "X_2"):
        monkeypatch.setenv(name, name[-1])
    config.from_prefixed_env("X", loads=loads)
    assert seen == ["1", "2", "3"]
    assert (config["1"], config["2"], config["3"]) == ("11", "2", "33")


def test_a_python_file_knows_where_it_is(config, tmp_path):
    (tmp_path / "a.cfg").write_text("import os\nWHERE = __file__, __name__\nlower = 1\n")
    assert config.from_pyfile("a.cfg") is True
    assert config == {"A": 1, "WHERE": (str(tmp_path / "a.cfg"), "config")}


def load_pyfile(config: t.Any, name: str, silent: bool) -> bool:
    return config.from_pyfile(name, silent=silent)


def load_file(config: t.Any, name: str, silent: bool) -> bool:
    return config.from_file(name, load=json.load, silent=silent)


@pytest.mark.parametrize("load", [load_pyfile, load_file])
def test_missing_files(config, tmp_path, load):
    (tmp_path / "file").write_text("")
    for name, code in (("missing", errno.ENOENT), (".", errno.EISDIR), ("file/a", errno.ENOTDIR)):
        with pytest.raises(OSError, match="Unable to load configuration file") as caught:
            load(config, name, False)
        assert caught.value.errno == code
        # COMPAT: a file in place of a folder is passed over in one of the two only.
        if code == errno.ENOTDIR and load is load_file:
            with pytest.raises(NotADirectoryError):
                load(config, name, True)
        else:
            assert load(config, name, True) is False


def test_a_mistake_in_a_file_is_raised_as_it_is(config, tmp_path):
    (tmp_path / "a.cfg").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        config.from_pyfile("a.cfg", silent=True)


def test_a_binary_file(config, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"B")
    assert config.from_file("a.bin", load=lambda file: {file.read().decode(): 1}, text=False)
    assert config["B"] == 1


def test_a_variable_that_names_no_file(config, monkeypatch):
    monkeypatch.delenv("A_FILE", raising=False)
    assert config.from_envvar("A_FILE", silent=True) is False
    with pytest.raises(RuntimeError, match="The environment variable 'A_FILE' is not set and as"):
        config.from_envvar("A_FILE")
    monkeypatch.setenv("A_FILE", "missing")
    assert config.from_envvar("A_FILE", silent=True) is False
    with pytest.raises(FileNotFoundError):
        config.from_envvar("A_FILE")


def test_an_object_by_its_name(config):
    config.from_object("errno")
    assert config["ENOENT"] == errno.ENOENT
    with pytest.raises(ImportError):
        config.from_object("no.such.object")


def test_a_namespace(config):
    config.update(IMG_Path="p", IMG_SIZE=1, OTHER=2)
    assert config.get_namespace("IMG_") == {"path": "p", "size": 1}
    assert config.get_namespace("IMG_", lowercase=False) == {"Path": "p", "SIZE": 1}
    assert config.get_namespace("IMG_", trim_namespace=False) == {"img_path": "p", "img_size": 1}
    assert config.get_namespace("NONE_") == {}


def test_it_is_a_dict_that_can_be_pickled(config):
    copy = pickle.loads(pickle.dumps(config))
    assert type(copy) is type(config)
    assert (copy, copy.root_path) == (config, config.root_path)
    assert repr(copy) == "<Config {'A': 1}>"
    assert os.fspath(copy.root_path)
