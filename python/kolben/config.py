"""The configuration: a dict with loaders, and attributes that forward to it."""

from __future__ import annotations

import errno
import json
import os
import types
import typing as t

from werkzeug.utils import import_string

if t.TYPE_CHECKING:
    import collections.abc as cabc

    import typing_extensions as te

    from .registry import App

__all__ = ["Config", "ConfigAttribute"]

T = t.TypeVar("T")


class ConfigAttribute(t.Generic[T]):
    """An attribute of the app that reads and writes one key of its config.

    :param name: The key.
    :param get_converter: What a value goes through when it is read.
    """

    def __init__(self, name: str, get_converter: t.Callable[[t.Any], T] | None = None) -> None:
        self.__name__ = name
        self.get_converter = get_converter

    @t.overload
    def __get__(self, obj: None, owner: None) -> te.Self: ...

    @t.overload
    def __get__(self, obj: App, owner: type[App]) -> T: ...

    def __get__(self, obj: App | None, owner: type[App] | None = None) -> T | te.Self:
        if obj is None:
            return self
        value = obj.config[self.__name__]
        convert = self.get_converter
        return t.cast("T", value if convert is None else convert(value))

    def __set__(self, obj: App, value: t.Any) -> None:
        obj.config[self.__name__] = value


def _unloadable(error: OSError) -> None:
    error.strerror = f"Unable to load configuration file ({error.strerror})"


class Config(dict):  # type: ignore[type-arg]
    """A dict that can be filled from files, objects and the environment.

    Keys are in upper case; the loaders pass over names in lower case, which a config file may
    use for values of its own.

    :param root_path: The folder that relative file names start from.
    :param defaults: The values to begin with.
    """

    def __init__(
        self, root_path: str | os.PathLike[str], defaults: dict[str, t.Any] | None = None
    ) -> None:
        super().__init__({} if defaults is None else defaults)
        self.root_path = root_path

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Load the Python file whose path an environment variable holds.

        :param variable_name: The variable.
        :param silent: Whether a variable that is not set, or a missing file, is no error.
        :return: Whether a file was loaded.
        """
        path = os.environ.get(variable_name)
        if path:
            return self.from_pyfile(path, silent=silent)
        if silent:
            return False
        raise RuntimeError(
            f"The environment variable {variable_name!r} is not set and as such configuration"
            " could not be loaded. Set this variable and make it point to a configuration file"
        )

    def from_prefixed_env(
        self, prefix: str = "FLASK", *, loads: t.Callable[[str], t.Any] = json.loads
    ) -> bool:
        """Load the environment variables that begin with a prefix, in sorted order.

        ``FLASK_A__B=1`` sets ``config["A"]["B"]``, and makes the inner dict if it is missing.

        :param prefix: What the names begin with; an underscore follows.
        :param loads: Reads a value; where it raises, the value stays a string.
        :return: ``True``.
        """
        start = f"{prefix}_"
        for name in sorted(name for name in os.environ if name.startswith(start)):
            text = os.environ[name]
            try:
                value = loads(text)
            except Exception:
                value = text
            *outer, key = name.removeprefix(start).split("__")
            target: t.Any = self
            for part in outer:
                if part not in target:
                    target[part] = {}
                target = target[part]
            target[key] = value
        return True

    def from_pyfile(self, filename: str | os.PathLike[str], silent: bool = False) -> bool:
        """Run a Python file and take its names in upper case.

        :param filename: The file; a relative name starts from the root path.
        :param silent: Whether a missing file is no error.
        :return: Whether the file was loaded.
        """
        path = os.path.join(self.root_path, filename)
        module = types.ModuleType("config")
        module.__file__ = path
        try:
            with open(path, "rb") as file:
                exec(compile(file.read(), path, "exec"), vars(module))
        except OSError as error:
            if silent and error.errno in (errno.ENOENT, errno.EISDIR, errno.ENOTDIR):
                return False
            _unloadable(error)
            raise
        self.from_object(module)
        return True

    def from_object(self, obj: object | str) -> None:
        """Take the attributes of an object whose names are in upper case.

        :param obj: A module, a class or an instance, or the import name of one. A dict's keys
            are no attributes: for these see :meth:`from_mapping`.
        """
        source = import_string(obj) if isinstance(obj, str) else obj
        for name in dir(source):
            if name.isupper():
                self[name] = getattr(source, name)

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: t.Callable[[t.IO[t.Any]], t.Mapping[str, t.Any]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Load a file of another format: ``from_file("config.toml", tomllib.load, text=False)``.

        :param filename: The file; a relative name starts from the root path.
        :param load: Reads a mapping from the open file.
        :param silent: Whether a missing file is no error.
        :param text: Whether the file is opened as text.
        :return: Whether the file was loaded.
        """
        path = os.path.join(self.root_path, filename)
        try:
            with open(path, "r" if text else "rb") as file:
                values = load(file)
        except OSError as error:
            if silent and error.errno in (errno.ENOENT, errno.EISDIR):
                return False
            _unloadable(error)
            raise
        return self.from_mapping(values)

    def from_mapping(
        self, mapping: cabc.Mapping[str, t.Any] | None = None, **kwargs: t.Any
    ) -> bool:
        """Take the items whose keys are in upper case.

        :param mapping: The items.
        :param kwargs: More items, which win.
        :return: ``True``.
        """
        values: dict[str, t.Any] = {} if mapping is None else dict(mapping)
        for key, value in {**values, **kwargs}.items():
            if key.isupper():
                self[key] = value
        return True

    def get_namespace(
        self, namespace: str, lowercase: bool = True, trim_namespace: bool = True
    ) -> dict[str, t.Any]:
        """Return the items whose keys begin with a prefix, ready to be keyword arguments.

        :param namespace: The prefix.
        :param lowercase: Whether keys are returned in lower case.
        :param trim_namespace: Whether keys are returned without the prefix.
        """
        start = len(namespace) if trim_namespace else 0
        found = {key[start:]: self[key] for key in self if key.startswith(namespace)}
        return {key.lower(): found[key] for key in found} if lowercase else found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict.__repr__(self)}>"
