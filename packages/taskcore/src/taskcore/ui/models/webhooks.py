"""Webhooks as pages show them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """What became of a delivery so far."""

    PENDING = "pending"
    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A message to an endpoint.

    Attributes:
        task: id of the task that it is about.
        event: what it tells, as in "completed".
        queue: of the task; "" when nobody knows it any more.
        endpoint: where it goes, without what may be secret.
        status_code, error: of the last answer.
        next_at: when it is tried next.
    """

    id: str
    task: str
    event: str
    queue: str = ""
    endpoint: str
    status: DeliveryStatus
    attempts: int = 0
    status_code: int | None = None
    error: str = ""
    created_at: datetime
    next_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries, newest first: those that meet every condition.

    Attributes:
        visible: the queues whose deliveries may be seen; None is all, also those of which nobody knows the queue.
        after: the ``older`` of another page.
    """

    status: DeliveryStatus | None = None
    endpoint: str = ""
    task: str = ""
    visible: frozenset[str] | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """``older`` leads to the next page; None when there is none."""

    rows: tuple[DeliveryRow, ...]
    older: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTry:
    """One attempt, and what was answered."""

    number: int
    started_at: datetime
    took: timedelta | None = None
    status_code: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """A delivery with its attempts, first to last, and the JSON document that it tells."""

    row: DeliveryRow
    tries: tuple[DeliveryTry, ...] = ()
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRow:
    """Where deliveries go, and how those of late went.

    Attributes:
        failures: in a row; since: when they began.
        is_open: whether its circuit is open: it is left alone, but for one attempt at ``next_at``.
    """

    url: str
    delivered: int = 0
    waiting: int = 0
    failed: int = 0
    last_at: datetime | None = None
    failures: int = 0
    since: datetime | None = None
    is_open: bool = False
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRow:
    """What messages are signed with, told by its fingerprint.

    Attributes:
        id: "" for one that is configured elsewhere, and cannot be ended here.
        ends_at: when it signs no more; None is never.
    """

    id: str
    fingerprint: str
    source: str = ""
    created_at: datetime | None = None
    ends_at: datetime | None = None
