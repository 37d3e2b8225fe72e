"""The table of keys in the documentation is complete, and the leak checker finds what was left behind."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import stored_keys
from taskcore.states import AT_REST, Event
from taskcore.testing import FakeClock
from taskcore.testing.contracts.presence import a_worker
from taskcore.testing.contracts.statistics import a_count
from taskcore.testing.contracts.steps import bring_to, claim_one, put, put_one, run_one
from taskcore.testing.factories import a_claim, a_line, a_schedule, a_step, a_task, seconds
from taskcore.testing.redis_keys import no_key_is_left

TABLE = Path(__file__).parents[2] / "docs" / "redis-keys.md"
STATES = re.compile(r"(succeeded|failed|cancelled|expired|interrupted):")


def documented() -> set[str]:
    """What the names in the first column of the table begin with; accounts have a table of their own."""
    rows = re.findall(r"^\| (`.*?) \|", TABLE.read_text("utf-8").split("## Accounts")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z]+:?)", row)}


async def test_every_key_is_in_the_documented_table(redis_url: str) -> None:
    prefix, clock = f"test_{uuid4().hex}", FakeClock()
    async with (
        no_key_is_left(redis_url, prefix, clock=clock),
        await RedisStore.open(redis_url, prefix=prefix, clock=clock, keep=seconds(3600)) as store,
    ):
        for state in sorted(AT_REST):
            await bring_to(store, state)
        await put_one(store, idempotency_key="k")
        await store.add_logs([a_line(await run_one(store, Event.RETRY, delay=seconds(60)))])
        await put(store, *[a_task(concurrency_key="c", expires_at=clock.now() + seconds(9))] * 2, a_task(queue="q"))
        await store.cancel([(await claim_one(store)).id])
        await store.claim(a_claim())
        await store.pause("q")
        schedule = await store.save_schedule(a_schedule(), clock.now())
        await store.advance(a_step(schedule, clock.now()))
        await store.campaign("scheduler", "a", seconds(9))
        await store.add_counts([a_count()])
        await store.sight(a_worker(), seconds(9))
        await store.swap_note("n", None, "x", seconds(9))

        names = {re.match("[a-z]+:?", STATES.sub("pending:", name)) for name in await stored_keys(redis_url, prefix)}

    assert {name[0] for name in names if name} | {"number"} == documented()


async def test_a_key_that_is_left_behind_is_found(redis_url: str) -> None:
    prefix = f"test_{uuid4().hex}"

    async def leave_one_behind() -> None:
        async with no_key_is_left(redis_url, prefix), Redis.from_url(redis_url) as client:
            await client.set(f"{{{prefix}}}:slots:forgotten", "nobody")

    with pytest.raises(AssertionError, match="slots:forgotten"):
        await leave_one_behind()

    assert [] == await stored_keys(redis_url, prefix)
