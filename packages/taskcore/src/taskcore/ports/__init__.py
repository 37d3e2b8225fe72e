"""What the core asks of the outside world, as Protocols whose docstrings are the obligations."""

from taskcore.ports.abilities import (
    ChangeAlerts,
    Changes,
    Notes,
    PerLoop,
    QueueControls,
    Rearranging,
    TaskArchive,
    TransactionalEnqueue,
    Wakeup,
)
from taskcore.ports.bus import EventBus
from taskcore.ports.leadership import LeaderStore
from taskcore.ports.presence import WorkerRegistry
from taskcore.ports.schedules import ScheduleStore
from taskcore.ports.statistics import StatisticsStore
from taskcore.ports.tasks import TaskQueue, TaskReader, TaskStore, TaskUpkeep, TaskWork

__all__ = [
    "ChangeAlerts",
    "Changes",
    "EventBus",
    "LeaderStore",
    "Notes",
    "PerLoop",
    "QueueControls",
    "Rearranging",
    "ScheduleStore",
    "StatisticsStore",
    "TaskArchive",
    "TaskQueue",
    "TaskReader",
    "TaskStore",
    "TaskUpkeep",
    "TaskWork",
    "TransactionalEnqueue",
    "Wakeup",
    "WorkerRegistry",
]
