"""Several processes on one file: made together, written together, and nobody hears of a lock."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import IdScheme, WorkerId
from taskcore.models import Claim, Settlement, TaskQuery, TaskSpec
from taskcore.states import Event, TaskState

PROCESSES = 4
ROUNDS = 30
SHARED_KEYS = 25


async def churn(path: str, ids: IdScheme, me: str) -> None:
    """Open the file, which may not exist yet; put, claim and settle without a pause; tell which attempts were ours."""
    rng = random.Random(me)
    async with await SQLiteStore.open(path, ids=ids) as store:
        for n in range(ROUNDS):
            await store.put([TaskSpec(name="own") for _ in range(rng.randrange(1, 20))])
            await store.put([TaskSpec(name="shared", idempotency_key=f"key {n % SHARED_KEYS}")])
            await _claim_and_settle(store, me, rng)
        while await _claim_and_settle(store, me, rng):
            pass


async def _claim_and_settle(store: SQLiteStore, me: str, rng: random.Random) -> bool:
    wanted = Claim(worker=WorkerId(me), queues=("default",), limit=rng.randrange(1, 40), lease_for=timedelta(minutes=5))
    held = await store.claim(wanted)
    for task in held:
        print(json.dumps([task.id, task.attempt]))
    events = [rng.choice([Event.SUCCEED, Event.SUCCEED, Event.RETRY, Event.RELEASE]) for _ in held]
    ends = [Settlement(fence=task.fence, event=event) for task, event in zip(held, events, strict=True)]
    assert all(await store.settle(ends))
    return bool(held)


def run_processes(path: Path, ids: IdScheme) -> Sequence[tuple[int, str, str]]:
    """How each process ended: exit code, what it printed, what it complained of."""
    commands = [[sys.executable, __file__, str(path), ids.name, f"w{n}"] for n in range(PROCESSES)]
    started = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for c in commands]
    ends = [process.communicate(timeout=100) for process in started]
    return [(process.returncode, *end) for process, end in zip(started, ends, strict=True)]


@pytest.mark.parametrize("ids", IdScheme, ids=lambda scheme: scheme.name.lower())
async def test_processes_share_a_file_without_error_and_each_attempt_is_handed_out_once(
    tmp_path: Path, ids: IdScheme
) -> None:
    path = tmp_path / "tasks.db"

    ended = await asyncio.to_thread(run_processes, path, ids)

    assert [(0, "")] * PROCESSES == [(code, complaint) for code, _, complaint in ended]
    claimed = Counter(line for _, printed, _ in ended for line in printed.splitlines())
    assert {1} == set(claimed.values())
    async with await SQLiteStore.open(path, ids=ids) as store:
        records = await store.find(TaskQuery(limit=1_000_000))
    assert {TaskState.SUCCEEDED} == {record.state for record in records}
    assert sum(record.attempt for record in records) == len(claimed)
    assert SHARED_KEYS == sum(record.name == "shared" for record in records)


if __name__ == "__main__":
    asyncio.run(churn(sys.argv[1], IdScheme[sys.argv[2]], sys.argv[3]))
