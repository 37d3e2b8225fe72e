"""Frozen records that are made as fast as ordinary ones.

A frozen dataclass sets each field through ``object.__setattr__``, because its own ``__setattr__`` refuses. For a record
of thirty fields that takes longer than everything else that happens to it between the database and its handler.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")

_INIT = """
def __init__(self, {parameters}):
    kind = self.__class__
    set_class(self, "__class__", twin)
    {assignments}
    self.__class__ = kind
    {afterwards}
"""


def quickly_made(cls: type[T]) -> type[T]:
    """Give a frozen dataclass with slots another ``__init__``, which does the same.

    While it runs, the object belongs to a twin class with the same slots that nothing protects, and from then on to its
    own. Fields must have plain defaults.
    """
    made: Any = cls
    twin = type(cls.__name__, (), {"__slots__": made.__slots__})
    names: dict[str, Any] = {"twin": twin, "set_class": object.__setattr__}
    source = _INIT.format(
        parameters=", ".join(_parameters(fields(made), names)),
        assignments="; ".join(f"self.{field.name} = {field.name}" for field in fields(made)),
        afterwards="self.__post_init__()" if hasattr(cls, "__post_init__") else "",
    )
    exec(source, names)  # noqa: S102 - from the names of fields alone, as dataclasses do it
    init = names["__init__"]
    init.__qualname__, init.__annotations__ = f"{cls.__qualname__}.__init__", made.__init__.__annotations__
    made.__init__ = init
    return cls


def _parameters(all_fields: "tuple[Field[Any], ...]", names: dict[str, Any]) -> Iterator[str]:
    """The parameters, positional ones first; their defaults go to ``names``."""
    positional = [field for field in all_fields if not field.kw_only]
    keywords = [field for field in all_fields if field.kw_only]
    yield from (_parameter(field, names) for field in positional)
    if keywords:
        yield "*"
    yield from (_parameter(field, names) for field in keywords)


def _parameter(field: "Field[Any]", names: dict[str, Any]) -> str:
    if field.default_factory is not MISSING:
        raise TypeError(f"quickly_made needs plain defaults, {field.name} has a factory")
    if field.default is MISSING:
        return field.name
    names[f"default_{field.name}"] = field.default
    return f"{field.name}=default_{field.name}"
