"""Scripts say what they take, are called so, and touch one slot of a cluster."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from redis.crc import key_slot
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.keys import stored_keys
from taskcore.adapters.redis.scripts import script
from taskcore.ids import TaskId
from taskcore.models.task import KEPT_ATTEMPTS
from taskcore.states import Event, TaskState
from taskcore.testing.contracts.presence import a_worker
from taskcore.testing.contracts.statistics import a_count
from taskcore.testing.contracts.steps import put, put_one, run_one
from taskcore.testing.factories import a_claim, a_line, a_task, seconds

from .conftest import Server

FOLDER = Path(str(files("taskcore.adapters.redis"))) / "scripts"
FILES = [path.relative_to(FOLDER).with_suffix("") for path in FOLDER.rglob("*.lua")]
SCRIPTS = sorted(file.as_posix() for file in FILES if file.parent.name != "parts")
ADAPTER = "\n".join(path.read_text("utf-8") for path in FOLDER.parent.rglob("*.py"))


def header(name: str) -> str:
    """The comment with which a script begins."""
    lines = (FOLDER / f"{name}.lua").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines[: lines.index("-- include parts/base.lua")])


def numbers(name: str, section: str) -> Iterator[str]:
    """What a section of a header counts up."""
    text = re.search(rf"-- {section} (.*?)(?=\n-- [A-Z]{{4,}} |\Z)", header(name), re.DOTALL)
    assert text is not None, f"{name}.lua says nothing of {section}"
    yield from re.findall(r"(?m)^(?:-- )?\s*(\d+(?:-\d+)?(?:\.\.\.)?) ", text[1])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_says_what_it_takes_and_returns(name: str) -> None:
    assert ["1"] == list(numbers(name, "KEYS"))
    assert "1-3" == next(numbers(name, "ARGV"))
    assert "-- RETURNS  " in header(name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_used_and_reads_the_arguments_that_it_tells_of(name: str) -> None:
    assert re.search(rf'run(_with)?\(\s*"{name}"', ADAPTER), f"nobody runs {name}.lua"
    told = [int(number.rstrip(".")) for number in list(numbers(name, "ARGV"))[1:]]
    body = (FOLDER / f"{name}.lua").read_text("utf-8").split("-- include", 1)[1]
    read = {int(number) for number in re.findall(r"ARGV\[(\d+)\]", body)}
    assert told == list(range(4, 4 + len(told)))
    assert read <= set(told)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_parts_of_a_script_are_there(name: str) -> None:
    assert "-- include" not in script(name).text
    assert re.fullmatch("[0-9a-f]{40}", script(name).sha)


def test_scripts_keep_as_many_attempts_as_the_port_promises() -> None:
    assert f"local KEPT = {KEPT_ATTEMPTS}\n" in (FOLDER / "parts" / "attempts.lua").read_text("utf-8")


async def test_all_keys_of_a_store_are_in_one_slot(store: RedisStore, redis_url: str, prefix: str) -> None:
    await put(store, a_task(idempotency_key="{other}", concurrency_key="}{"), a_task(queue="{q}"), a_task("{n}"))
    done = await run_one(store, Event.RETRY)
    await store.add_logs([a_line(done)])
    await store.limit("{q}", 3)
    await store.claim(a_claim("{w}", "default", "{q}"))
    await store.add_counts([a_count(queue="{q}", name="}{", what="{w}")])
    await store.sight(a_worker("{w}"), seconds(60))

    names = await stored_keys(redis_url, prefix)

    assert len(names) > 10
    assert 1 == len({key_slot(f"{{{prefix}}}:{name}".encode()) for name in names})


async def test_a_script_that_the_server_forgot_is_sent_anew(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        task = await put_one(store)
        server.client.script_flush()

        assert task == (await run_one(store, Event.SUCCEED)).id


async def test_strange_ids_are_nobodys(store: RedisStore) -> None:
    await put_one(store)

    for strange in ("", "\ud800", "a\nb", "*", "{x}"):
        assert await store.get(TaskId(strange)) is None
        assert [None] == list(await store.cancel([TaskId(strange)]))
    assert {TaskState.PENDING: 1} == (await store.counts())[0].by_state
