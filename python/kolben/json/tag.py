"""JSON that keeps types which JSON does not have: an object of one key, the tag, holds the value.

Sessions are written with it. A type is added with a :class:`JSONTag` of its own; one that is a
special kind of another goes before that one::

    class TagOrderedDict(JSONTag):
        key = " od"

        def check(self, value):
            return isinstance(value, OrderedDict)

        def to_json(self, value):
            return [[name, self.serializer.tag(item)] for name, item in value.items()]

        def to_python(self, value):
            return OrderedDict(value)

    app.session_interface.serializer.register(TagOrderedDict, index=0)
"""

from __future__ import annotations

import typing as t
from base64 import b64decode, b64encode
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from markupsafe import Markup

from ..headers import http_date, parse_date
from . import dumps, loads

__all__ = [
    "JSONTag",
    "PassDict",
    "PassList",
    "TagBytes",
    "TagDateTime",
    "TagDict",
    "TagMarkup",
    "TagTuple",
    "TagUUID",
    "TaggedJSONSerializer",
]


class JSONTag:
    """How one type is written and read.

    :param serializer: The serializer that it belongs to.
    """

    __slots__ = ("serializer",)

    #: The tag. Without one the values are written and not marked.
    key: str = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: t.Any) -> bool:
        """Say whether a value is of this type."""
        raise NotImplementedError

    def to_json(self, value: t.Any) -> t.Any:
        """Turn a value into something that JSON has a form for."""
        raise NotImplementedError

    def to_python(self, value: t.Any) -> t.Any:
        """Turn that back into the value."""
        raise NotImplementedError

    def tag(self, value: t.Any) -> dict[str, t.Any]:
        """Turn a value into JSON, under the tag."""
        return {self.key: self.to_json(value)}


class TagDict(JSONTag):
    """A dict that could be taken for a tagged value; its key gets two underscores at the end."""

    __slots__ = ()
    key = " di"

    def check(self, value: t.Any) -> bool:
        if not isinstance(value, dict) or len(value) != 1:
            return False
        (name,) = value
        return name in self.serializer.tags

    def to_json(self, value: t.Any) -> t.Any:
        ((name, item),) = value.items()
        return {f"{name}__": self.serializer.tag(item)}

    def to_python(self, value: t.Any) -> t.Any:
        ((name, item),) = value.items()
        return {name[:-2]: item}


class PassDict(JSONTag):
    """A dict. Its keys must be strings, as JSON wants them."""

    __slots__ = ()

    def check(self, value: t.Any) -> bool:
        return isinstance(value, dict)

    def to_json(self, value: t.Any) -> t.Any:
        tag = self.serializer.tag
        return {name: tag(item) for name, item in value.items()}

    tag = to_json


class TagTuple(JSONTag):
    """A tuple."""

    __slots__ = ()
    key = " t"

    def check(self, value: t.Any) -> bool:
        return isinstance(value, tuple)

    def to_json(self, value: t.Any) -> t.Any:
        return list(map(self.serializer.tag, value))

    def to_python(self, value: t.Any) -> t.Any:
        return tuple(value)


class PassList(JSONTag):
    """A list."""

    __slots__ = ()

    def check(self, value: t.Any) -> bool:
        return isinstance(value, list)

    def to_json(self, value: t.Any) -> t.Any:
        return list(map(self.serializer.tag, value))

    tag = to_json


class TagBytes(JSONTag):
    """Bytes, as Base64."""

    __slots__ = ()
    key = " b"

    def check(self, value: t.Any) -> bool:
        return isinstance(value, bytes)

    def to_json(self, value: t.Any) -> t.Any:
        return b64encode(value).decode("ascii")

    def to_python(self, value: t.Any) -> t.Any:
        return b64decode(value)


class TagMarkup(JSONTag):
    """What has an ``__html__`` method; it is read as :class:`~markupsafe.Markup`."""

    __slots__ = ()
    key = " m"

    def check(self, value: t.Any) -> bool:
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: t.Any) -> t.Any:
        return str(value.__html__())

    def to_python(self, value: t.Any) -> t.Any:
        return Markup(value)


class TagUUID(JSONTag):
    """A UUID, as 32 hexadecimal digits."""

    __slots__ = ()
    key = " u"

    def check(self, value: t.Any) -> bool:
        return isinstance(value, UUID)

    def to_json(self, value: t.Any) -> t.Any:
        return value.hex

    def to_python(self, value: t.Any) -> t.Any:
        return UUID(value)


class TagDateTime(JSONTag):
    """A time to the second, written as in HTTP headers and read as UTC."""

    __slots__ = ()
    key = " d"

    def check(self, value: t.Any) -> bool:
        return isinstance(value, datetime)

    def to_json(self, value: t.Any) -> t.Any:
        return http_date(value)

    def to_python(self, value: t.Any) -> t.Any:
        return parse_date(value)


class TaggedJSONSerializer:
    """Writes and reads JSON with tags.

    It knows dicts, lists, tuples, bytes, markup, UUIDs and times.
    """

    __slots__ = ("order", "tags")

    #: The tags of a new serializer, in the order in which a value is shown to them.
    default_tags: t.ClassVar[list[type[JSONTag]]] = [
        TagDict,
        PassDict,
        TagTuple,
        PassList,
        TagBytes,
        TagMarkup,
        TagUUID,
        TagDateTime,
    ]

    def __init__(self) -> None:
        self.tags: dict[str, JSONTag] = {}
        self.order: list[JSONTag] = []
        for tag_class in self.default_tags:
            self.register(tag_class)

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Add a tag.

        :param tag_class: Its class, which is called with this serializer.
        :param force: Whether a key that is taken is replaced; otherwise it is a
            :exc:`KeyError`.
        :param index: The place in the order; without one, the end.
        """
        tag = tag_class(self)
        if tag.key:
            if tag.key in self.tags and not force:
                raise KeyError(f"Tag '{tag.key}' is already registered.")
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)

    def tag(self, value: t.Any) -> t.Any:
        """Turn a value into what JSON has a form for."""
        for tag in self.order:
            if tag.check(value):
                return tag.tag(value)
        return value

    def untag(self, value: dict[str, t.Any]) -> t.Any:
        """Turn an object back into the value, if it is a tagged one."""
        if len(value) == 1:
            ((key, item),) = value.items()
            if key in self.tags:
                return self.tags[key].to_python(item)
        return value

    def _untag_scan(self, value: t.Any) -> t.Any:
        # From the inside out: a tag is given what it holds in its final form.
        scan = self._untag_scan
        if isinstance(value, list):
            return [scan(item) for item in value]
        if isinstance(value, dict):
            return self.untag({name: scan(item) for name, item in value.items()})
        return value

    def dumps(self, value: t.Any) -> str:
        """Write a value as JSON without spaces."""
        return dumps(value if self._is_plain(value) else self.tag(value), separators=(",", ":"))

    def _is_plain(self, value: t.Any) -> bool:
        """Say whether all that the tags would do is to make a dict anew."""
        # PERF: most sessions hold texts and numbers (benches/apps.py, row `session`).
        return (
            type(value) is dict
            and all(map(_SCALARS.__contains__, map(type, value.values())))
            and not (len(value) == 1 and next(iter(value)) in self.tags)
            and type(self).tag is TaggedJSONSerializer.tag
            and list(map(type, self.order)) == _TAGS
            and list(map(_steps, _TAGS)) == _OWN_STEPS
        )

    def loads(self, value: str) -> t.Any:
        """Read a value that :meth:`dumps` wrote."""
        return self._untag_scan(loads(value))


#: Types of values that no tag is for.
_SCALARS = frozenset((str, int, float, bool, type(None)))
_TAGS = list(TaggedJSONSerializer.default_tags)
#: What a tag does to a value that is written.
_steps = attrgetter("check", "tag", "to_json")
_OWN_STEPS = list(map(_steps, _TAGS))
