"""The values that stores, engine and faces hand to each other; all frozen."""

from taskcore.models.control import QueueControl
from taskcore.models.schedule import Advance, FireRecord, ScheduleRecord, ScheduleSpec
from taskcore.models.task import (
    Attempt,
    Claim,
    LogLine,
    Order,
    QueueCounts,
    Receipt,
    Report,
    Settlement,
    TaskError,
    TaskQuery,
    TaskRecord,
    TaskSpec,
)

__all__ = [
    "Advance",
    "Attempt",
    "Claim",
    "FireRecord",
    "LogLine",
    "Order",
    "QueueControl",
    "QueueCounts",
    "Receipt",
    "Report",
    "ScheduleRecord",
    "ScheduleSpec",
    "Settlement",
    "TaskError",
    "TaskQuery",
    "TaskRecord",
    "TaskSpec",
]
