"""What proves a system that is built on the core: a clock to turn by hand, sample values, and the kit for stores.

Names that need neither pytest nor hypothesis are here. The contract classes are in ``taskcore.testing.contracts``, the
state machine in ``taskcore.testing.machines``, the model check in ``taskcore.testing.model``.
"""

from taskcore.testing.clock import FakeClock
from taskcore.testing.factories import (
    a_claim,
    a_line,
    a_report,
    a_schedule,
    a_settlement,
    a_step,
    a_task,
    seconds,
)
from taskcore.testing.waiting import eventually

__all__ = [
    "FakeClock",
    "a_claim",
    "a_line",
    "a_report",
    "a_schedule",
    "a_settlement",
    "a_step",
    "a_task",
    "eventually",
    "seconds",
]
