"""The values that stores, engine and faces hand to each other; all frozen."""

from taskcore.models.control import QueueControl
from taskcore.models.note import Note
from taskcore.models.schedule import Advance, FireRecord, ScheduleRecord, ScheduleSpec
from taskcore.models.statistics import HOUR, MINUTE, SPANS, TimedCount
from taskcore.models.task import (
    Attempt,
    Claim,
    LogLine,
    Order,
    Part,
    QueueCounts,
    Receipt,
    Report,
    Settlement,
    TaskError,
    TaskHistory,
    TaskQuery,
    TaskRecord,
    TaskSpec,
)
from taskcore.models.worker import Sighting, WorkerInfo, WorkerState

__all__ = [
    "HOUR",
    "MINUTE",
    "SPANS",
    "Advance",
    "Attempt",
    "Claim",
    "FireRecord",
    "LogLine",
    "Note",
    "Order",
    "Part",
    "QueueControl",
    "QueueCounts",
    "Receipt",
    "Report",
    "ScheduleRecord",
    "ScheduleSpec",
    "Settlement",
    "Sighting",
    "TaskError",
    "TaskHistory",
    "TaskQuery",
    "TaskRecord",
    "TaskSpec",
    "TimedCount",
    "WorkerInfo",
    "WorkerState",
]
