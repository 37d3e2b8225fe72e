"""An order for a task, checked in one place for HTTP, Python and schedules alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from taskcore.errors import InvalidInput
from taskcore.models import TaskSpec
from taskcore.models.quick import quickly_made
from taskcore.retry import MAX_CAP

from lapinq import documents
from lapinq.vocabulary import DEFAULT_RETRIES, ORDINARY, Terms, name_of

BATCH = 1_000
"""Tasks in one request at the most."""
_LISTS = (list, tuple)
_OBJECTS = (dict, type(None))
MAX_TTL = 36_525 * 86_400.0
"""A hundred years."""
MAX_RETRIES = 1_000_000
MAX_URL = 2_000


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody asks for. ``from_json`` checks; who makes one by hand keeps to the types.

    Attributes:
        scheduled_at: aware; None is at once.
        max_retries: executions in all; 0 and 1 both mean one.
        ttl_seconds: None is for ever, 0 stores nothing.
        idempotency_key: while a task with this key is kept, it is the answer, and none is stored.
    """

    task_name: str
    module_path: str
    queue_name: str = "default"
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] | None = None
    scheduled_at: datetime | None = None
    max_retries: int = DEFAULT_RETRIES
    priority: int = 0
    ttl_seconds: float | None = None
    metadata: Mapping[str, Any] | None = None
    retry_delay: float | None = None
    retry_backoff: bool = True
    webhook_url: str | None = None
    idempotency_key: str | None = None

    @classmethod
    def from_json(cls, found: object) -> Self:
        """Check a JSON object; unknown keys are ignored. ``scheduled_at`` may be a datetime as well.

        Raises:
            InvalidInput: in one sentence.
        """
        if not isinstance(found, Mapping):
            raise InvalidInput(f"a task must be a JSON object, got {_kind(found)}")
        return cls(
            **{name: check(found.get(name)) for name, check in _CHECKS.items() if name in found or name in _NEEDED}
        )

    @property
    def is_stored(self) -> bool:
        return self.ttl_seconds != 0

    def spec(self, now: datetime | None) -> TaskSpec:
        """The core's order.

        Args:
            now: the store's time; only a task with a TTL needs it.

        Raises:
            InvalidInput: a value is not allowed; the message says which ones are.
        """
        terms = ORDINARY if self._is_ordinary else self._terms()
        return TaskSpec(
            name=name_of(self.module_path, self.task_name),
            queue=self.queue_name,
            payload=documents.dump({"args": self.args, "kwargs": self.kwargs or {}}, "args and kwargs"),
            priority=self.priority,
            run_at=self.scheduled_at,
            expires_at=now + timedelta(seconds=self.ttl_seconds) if now and self.ttl_seconds else None,
            retry=terms.retry,
            idempotency_key=self.idempotency_key,
            meta=terms.dump(),
        )

    @property
    def _is_ordinary(self) -> bool:
        """Whether it is like most, which come by the thousand."""
        unsaid = self.ttl_seconds is None is self.retry_delay and self.webhook_url is None and not self.metadata
        return unsaid and self.retry_backoff and self.max_retries == DEFAULT_RETRIES

    def _terms(self) -> Terms:
        return Terms(
            ttl=self.ttl_seconds,
            metadata=self.metadata or {},
            webhook_url=self.webhook_url,
            max_retries=self.max_retries,
            retry_delay=self.retry_delay,
            retry_backoff=self.retry_backoff,
        )


def _kind(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"


def _required(name: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if value is None or value == "":
            raise InvalidInput(f"{name} is required")
        if not isinstance(value, str):
            raise InvalidInput(f"{name} must be text, got {_kind(value)}")
        return value

    return check


def _queue(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"queue_name must be text, got {_kind(value)}")
    return value  # its length and characters are checked by TaskSpec


def _args(value: object) -> Sequence[Any]:
    if value is not None and not isinstance(value, _LISTS):
        raise InvalidInput(f"args must be a JSON array, got {_kind(value)}")
    return value or ()


def _kwargs(value: object) -> Mapping[str, Any] | None:
    if not isinstance(value, _OBJECTS) or not all(isinstance(key, str) for key in value or ()):
        raise InvalidInput(f"kwargs must be a JSON object, got {_kind(value)}")
    return value


def _key(value: object) -> str | None:
    if not isinstance(value, str | None):
        raise InvalidInput(f"idempotency_key must be text, got {_kind(value)}")
    return value  # likewise


def _metadata(value: object) -> Mapping[str, Any] | None:
    if not isinstance(value, _OBJECTS):
        raise InvalidInput("metadata must be a JSON object")
    return value


def instant(value: object, name: str = "scheduled_at") -> datetime | None:
    """ISO 8601 text, a datetime or None; without a zone it is UTC.

    Raises:
        InvalidInput: it is none of them, or no instant that can be kept.
    """
    if value is None:
        return None
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)  # type: ignore[arg-type]
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"invalid {name} format") from error


def _whole(name: str, least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        if type(whole) is not int or not least <= whole <= most:
            raise InvalidInput(f"{name} must be a whole number from {least} to {most}, got {_kind(value)}")
        return whole

    return check


def _seconds(name: str, most: float) -> Callable[[object], float | None]:
    def check(value: object) -> float | None:
        if value is None:
            return None
        try:
            seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
        except (ValueError, OverflowError):
            seconds = -1.0
        if not isfinite(seconds) or not 0 <= seconds <= most:
            raise InvalidInput(f"invalid {name}")
        return seconds

    return check


def _backoff(value: object) -> bool:
    if not isinstance(value, bool | None):
        raise InvalidInput(f"retry_backoff must be true or false, got {_kind(value)}")
    return value is not False


def _webhook(value: object) -> str | None:
    if value is None or value == "":  # as from a setting that nobody has filled in
        return None
    parts = _url(value)
    if parts is None:
        told = f"must be an http or https URL of at most {MAX_URL} characters"
        raise InvalidInput(f"webhook_url {told}, got {_kind(value)}")
    if parts.username is not None:
        raise InvalidInput("webhook_url must not hold a user name or a password")
    return str(value)


def _url(value: object) -> SplitResult | None:
    """The parts of a URL of the web; None for anything else."""
    if not isinstance(value, str) or len(value) > MAX_URL or not value.isprintable() or " " in value:
        return None
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_usable else None


_NEEDED = ("task_name", "module_path")
_CHECKS: Mapping[str, Callable[[object], Any]] = {
    # In this order: clients know which of two mistakes they hear of first.
    "ttl_seconds": _seconds("ttl_seconds", MAX_TTL),
    "metadata": _metadata,
    "retry_delay": _seconds("retry_delay", MAX_CAP),
    "task_name": _required("task_name"),
    "module_path": _required("module_path"),
    "scheduled_at": instant,
    "queue_name": _queue,
    "args": _args,
    "kwargs": _kwargs,
    "max_retries": _whole("max_retries", 0, MAX_RETRIES),
    "priority": _whole("priority", -(2**31) + 1, 2**31 - 1),
    "retry_backoff": _backoff,
    "webhook_url": _webhook,
    "idempotency_key": _key,
}
