"""What a declaration says of its tasks, as the body of a request to enqueue."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec, Protocol, TypedDict, cast

from lapinq import registry

P = ParamSpec("P")


class Options(TypedDict, total=False):
    """What can be said of a task, where it is declared and with ``.options(...)``; see ``POST /api/v1/enqueue``."""

    queue_name: str
    scheduled_at: datetime | str | None
    max_retries: int | None
    priority: int
    ttl_seconds: float | None
    metadata: Mapping[str, Any] | None
    retry_delay: float | None
    retry_backoff: bool | None
    webhook_url: str | None
    idempotency_key: str | None


_OPTIONS = inspect.Signature(
    [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in Options.__annotations__]
)


def options_of(*given: Any, **named: Any) -> Options:
    """Options in their order, or by name.

    Raises:
        TypeError: there is no such option, or it comes twice.
    """
    return cast(Options, _OPTIONS.bind_partial(*given, **named).arguments)


class Declared(Protocol[P]):
    """A function that was declared as a task, by either client; or its ``options(...)``."""

    def order(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """The body of a request to enqueue a call of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOrder:
    """An order that lacks its arguments. What is None is left to the server.

    Attributes:
        max_retries: executions in all; 0 and 1 both mean one.
        ttl_seconds: 0 stores nothing.
        idempotency_key: of orders with the same key only the first stores a task, and all answer with that one's id.
    """

    task_name: str
    module_path: str
    queue_name: str
    scheduled_at: datetime | str | None = None
    max_retries: int | None = None
    priority: int = 0
    ttl_seconds: float | None = None
    metadata: Mapping[str, Any] | None = None
    retry_delay: float | None = None
    retry_backoff: bool | None = None
    webhook_url: str | None = None
    idempotency_key: str | None = None

    def body(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object for one call of the function."""
        at = self.scheduled_at
        optional = {
            "scheduled_at": at.isoformat() if isinstance(at, datetime) else at,
            "max_retries": self.max_retries,
            "ttl_seconds": self.ttl_seconds,
            "retry_delay": self.retry_delay,
            "retry_backoff": self.retry_backoff,
            "webhook_url": self.webhook_url,
            "metadata": dict(self.metadata) if self.metadata else None,
            "idempotency_key": self.idempotency_key,
        }
        return {
            "task_name": self.task_name,
            "queue_name": self.queue_name,
            "args": list(args),
            "kwargs": dict(kwargs),
            "module_path": self.module_path,
            "priority": self.priority,
            **{name: value for name, value in optional.items() if value is not None},
        }


def declare(
    function: Callable[..., Any], name: str | None, options: Options, queue_name: str, ttl_seconds: float | None
) -> ClientOrder:
    """Make a function a task: workers of this process find it by its name, whatever its own name is.

    Args:
        queue_name, ttl_seconds: where ``options`` say none.

    Raises:
        ValueError: no worker could import the module that it is in.
        AttributeError: the function has no attributes to set, as one that is built in.
    """
    task_name = function.__name__ if name is None else name
    function.task_name = task_name  # type: ignore[attr-defined]
    module_path = module_path_of(function)
    registry.register(function, module_path=module_path, task_name=task_name)
    said = {key: value for key, value in options.items() if value is not None}
    default: dict[str, Any] = {"queue_name": queue_name, "ttl_seconds": ttl_seconds}
    return ClientOrder(**default | said, task_name=task_name, module_path=module_path)


def module_path_of(function: Callable[..., Any]) -> str:
    """The name by which a worker imports the module of a function. That of a program is the one of its file.

    Raises:
        ValueError: there is none.
    """
    module = inspect.getmodule(function)
    name = module.__name__ if module is not None else None
    if module is not None and name == "__main__":
        name = _name_of_program(module)
    if not name:
        raise ValueError(
            f"Cannot resolve module for {getattr(function, '__qualname__', function)!r}: a task must be defined in a "
            "module that workers can import, not in an interactive session"
        )
    return name


def _name_of_program(module: ModuleType) -> str | None:
    spec = getattr(module, "__spec__", None)
    if spec is not None:  # python -m package.module
        return str(spec.name)
    file = getattr(module, "__file__", None)
    folder = Path(sys.path[0] or ".").resolve()
    is_found = file is not None and Path(file).resolve().parent == folder
    return Path(file).stem if file is not None and is_found else None
