"""A worker as others see it."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from taskcore.ids import WorkerId


class WorkerState(StrEnum):
    """What a worker says of itself. One that is silent says nothing: how old its word is, ``seen_at`` tells."""

    ONLINE = "online"
    DRAINING = "draining"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """What a worker tells of itself every few seconds.

    Attributes:
        slots: handlers it runs at the same time, at the most.
        running: handlers that run now.
        memory: resident bytes of its process; None where nobody can say.
        registry: a digest of the handlers it knows; two workers with different ones run different code.
        started_at: by its own clock.
    """

    id: WorkerId
    host: str
    pid: int
    version: str
    queues: tuple[str, ...]
    state: WorkerState = WorkerState.ONLINE
    slots: int
    running: int = 0
    processed: int = 0
    failed: int = 0
    memory: int | None = None
    registry: str | None = None
    handlers: tuple[str, ...] = ()
    started_at: datetime

    def dump(self) -> str:
        """The fields as a JSON object."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values | {"started_at": self.started_at.isoformat()})

    @classmethod
    def load(cls, text: str) -> "WorkerInfo":
        """What ``dump`` wrote. A worker of another release may tell more; that is left out."""
        told = json.loads(text)
        fields = {name: told[name] for name in cls.__slots__ if name in told}
        fields |= {name: tuple(fields[name]) for name in ("queues", "handlers") if name in fields}
        fields |= {"state": WorkerState(fields["state"]), "started_at": datetime.fromisoformat(fields["started_at"])}
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A worker and when it last spoke, by the store's clock."""

    worker: WorkerInfo
    seen_at: datetime
