"""A schedule survives its way into a document."""

from datetime import UTC, datetime, timedelta

import pytest
from taskcore.adapters.documents import dump_schedule, load_schedule
from taskcore.errors import CorruptPayload
from taskcore.ids import ScheduleId, TaskId
from taskcore.models import ScheduleSpec, TaskSpec
from taskcore.retry import Fixed, RetryPolicy
from taskcore.schedule import Cron, Misfire, Once, Overlap
from taskcore.testing import a_schedule

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
FULL = ScheduleSpec(
    id=ScheduleId("größe"),
    when=Cron("0 3 * * 1", zone="Europe/Rome"),
    task=TaskSpec(
        id=TaskId("7"),
        name="send",
        payload='{"a":"größe"}',
        queue="mail",
        priority=-3,
        run_at=NOON,
        expires_at=NOON + timedelta(microseconds=1),
        timeout=timedelta(seconds=90, microseconds=5),
        retry=RetryPolicy(max_attempts=9, backoff=Fixed(2.5)),
        idempotency_key="k",
        schedule=ScheduleId("größe"),
        meta="m",
        concurrency_key="k",
        concurrency_limit=3,
    ),
    misfire=Misfire(timedelta(seconds=7), "skip"),
    overlap=Overlap.QUEUE_ONE,
    paused=True,
)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(FULL, id="every field"),
        pytest.param(a_schedule(), id="defaults"),
        pytest.param(ScheduleSpec(id=ScheduleId("once"), when=Once(NOON), task=TaskSpec(name="x")), id="once"),
    ],
)
def test_a_schedule_is_read_as_it_was_written(spec: ScheduleSpec) -> None:
    assert spec == load_schedule(dump_schedule(spec))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"misfire":[1,"skip"],"when":3}', "null"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(CorruptPayload, match="expected a schedule"):
        load_schedule(text)
