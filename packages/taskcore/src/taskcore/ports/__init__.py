"""What the core asks of the outside world, as Protocols whose docstrings are the obligations."""

from taskcore.ports.abilities import QueueControls, TransactionalEnqueue, Wakeup
from taskcore.ports.bus import EventBus
from taskcore.ports.leadership import LeaderStore
from taskcore.ports.schedules import ScheduleStore
from taskcore.ports.tasks import TaskQueue, TaskReader, TaskStore, TaskUpkeep, TaskWork

__all__ = [
    "EventBus",
    "LeaderStore",
    "QueueControls",
    "ScheduleStore",
    "TaskQueue",
    "TaskReader",
    "TaskStore",
    "TaskUpkeep",
    "TaskWork",
    "TransactionalEnqueue",
    "Wakeup",
]
