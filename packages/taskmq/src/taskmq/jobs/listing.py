"""What can be said of the handlers of this process."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from taskmq.jobs import handlers
from taskmq.jobs.calling import is_coroutine_function


@dataclass(frozen=True, slots=True)
class HandlerInfo:
    """A handler of this process. ``source_hash`` is None where its source cannot be read."""

    name: str
    function: str
    is_async: bool
    source_hash: str | None
    summary: str


def registered() -> Sequence[HandlerInfo]:
    """The handlers that this process has registered, by name."""
    return [_handler_info(str(name), function) for name, function in sorted(handlers.HANDLERS.items(), key=_name)]


def _name(item: tuple[object, object]) -> str:
    return str(item[0])


def _handler_info(name: str, function: Callable[..., Any]) -> HandlerInfo:
    module, qualified = getattr(function, "__module__", "?"), getattr(function, "__qualname__", repr(function))
    lines = (inspect.getdoc(function) or "").splitlines()
    return HandlerInfo(
        name=name,
        function=f"{module}.{qualified}",
        is_async=is_coroutine_function(function),
        source_hash=handlers.get_handler_hash(name),
        summary=lines[0] if lines else "",
    )
