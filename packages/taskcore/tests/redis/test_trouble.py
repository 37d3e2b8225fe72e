"""Servers that go away, come back empty, are full, or are none of ours: what callers hear, and that it passes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis import exceptions as driver
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.errors import translated
from taskcore.errors import InvalidInput, SchemaMismatch, StoreError, StoreUnavailable
from taskcore.ids import IdScheme
from taskcore.lease import Renewal
from taskcore.models import TaskQuery
from taskcore.states import Event, TaskState
from taskcore.testing.contracts.steps import claim_one, present, put_one, run_one
from taskcore.testing.factories import a_claim, a_report, a_settlement, a_task, seconds

from .conftest import Server

SECRET = "geheim"


REASONS = {
    "Error 111 connecting to h:1. Connect call failed ('127.0.0.1', 1).": "connection refused",
    "Error Multiple exceptions: [Errno 111] Connect call failed ('::1', 1, 0, 0), [Errno 111] ('127.0.0.1', 1)": (
        "connection refused"
    ),
    "Error -2 connecting to h:1. Name or service not known.": "name or service not known",
    "Error 2 connecting to /x.sock. No such file or directory.": "no such file or directory",
    "Error 1 connecting to h:1. [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired (_ssl.c:1006).": (
        "TLS: certificate verify failed: expired"
    ),
    "Error 1 connecting to h:1. [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006).": (
        "TLS: wrong version number"
    ),
    "Connection closed by server.": "Connection closed by server.",
}


@pytest.mark.parametrize(("text", "reason"), REASONS.items())
def test_why_there_is_no_connection_is_said_in_a_few_words(text: str, reason: str) -> None:
    with pytest.raises(StoreUnavailable) as away, translated("Redis at h:1/0"):
        raise driver.ConnectionError(text)

    assert f"Redis at h:1/0 cannot be reached: {reason}" == str(away.value)


async def test_after_flushall_a_store_goes_on_and_old_fences_are_refused(server: Server) -> None:
    async with await RedisStore.open(server.url, ids=IdScheme.NUMBERED) as store:
        await put_one(store)
        held = await claim_one(store)
        server.client.flushall()

        assert [False] == list(await store.settle([a_settlement(held)]))
        assert [Renewal.LOST] == list(await store.renew([held.fence], seconds(30)))
        assert [False] == list(await store.report([a_report(held, "late", progress=0.5)]))
        assert ([], []) == (list(await store.find(TaskQuery())), list(await store.counts()))
        await store.check()
        await put_one(store, queue="q")
        assert 1 == len(await store.claim(a_claim("w2", "q")))


async def test_a_server_that_was_restarted_is_found_again(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        task = await put_one(store)
        await server.stop()
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{server.port}"):
            await put_one(store)
        with pytest.raises(StoreUnavailable):
            await store.check()

        await server.start()

        await store.check()
        assert await store.get(task) is None
        await put_one(store)
        assert TaskState.SUCCEEDED == (await run_one(store, Event.SUCCEED)).state


async def test_a_restart_with_persistence_loses_nothing(server: Server) -> None:
    await server.stop()
    server.options |= {"appendonly": "yes", "appendfsync": "always"}
    await server.start()
    async with await RedisStore.open(server.url) as store:
        pending, running = await put_one(store, priority=-1), await put_one(store, idempotency_key="k")
        held = await claim_one(store)
        await server.stop()
        await server.start()

        assert held == await present(store, running)
        assert [True] == list(await store.settle([a_settlement(held)]))
        assert pending == (await claim_one(store)).id
        assert not (await store.put([a_task(idempotency_key="k")]))[0].created


async def test_who_waits_is_told_again_after_a_restart(server: Server) -> None:
    async with await RedisStore.open(server.url) as store, await RedisStore.open(server.url) as another:
        waiting = asyncio.create_task(store.wait_for_work(["default"], 60))
        await asyncio.sleep(0.05)  # let it begin to wait; too short a pause makes the test easier, never wrong
        await server.stop()
        await server.start()

        await put_one(another)

        await asyncio.wait_for(waiting, 30)


async def test_who_waits_hears_that_the_server_is_away(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        await server.stop()

        with pytest.raises(StoreUnavailable):
            await store.wait_for_work(["default"], 60)


async def test_a_server_without_memory_stores_nothing_and_says_so(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        await put_one(store)
        held = await claim_one(store)
        server.client.config_set("maxmemory", "1")

        with pytest.raises(StoreUnavailable, match="no memory left"):
            await put_one(store)
        with pytest.raises(StoreUnavailable, match="no memory left"):
            await store.settle([a_settlement(held)])

        server.client.config_set("maxmemory", "0")
        assert held == await present(store, held.id)
        assert [held.id] == [record.id for record in await store.find(TaskQuery())]
        assert [True] == list(await store.settle([a_settlement(held)]))


async def test_a_replica_is_not_written(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        server.client.replicaof("127.0.0.1", "1")

        with pytest.raises(StoreUnavailable, match="replica"):
            await put_one(store)

        server.client.replicaof("NO", "ONE")
        await put_one(store)


async def test_a_cache_is_no_store(server: Server) -> None:
    server.client.config_set("maxmemory", "100mb")
    server.client.config_set("maxmemory-policy", "allkeys-lru")

    with pytest.raises(StoreError, match="noeviction"):
        await RedisStore.open(server.url)


async def test_a_password_is_never_shown(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    await server.stop()
    server.options["requirepass"] = SECRET
    await server.start()
    url = f"redis://:{SECRET}@127.0.0.1:{server.port}/0"
    async with await RedisStore.open(url) as store:
        await put_one(store)
        assert SECRET not in repr(store)
        assert SECRET not in repr(vars(store))
        await server.stop()
        for ask in (store.check, store.now):
            assert SECRET not in await told(ask)
    await server.start()

    for wrong in (f"redis://:{SECRET}2@127.0.0.1:{server.port}/0", server.url):
        message = await told(lambda wrong=wrong: RedisStore.open(wrong))  # type: ignore[misc]
        assert "password" in message
        assert SECRET not in message
    assert SECRET not in caplog.text


async def told(ask: Callable[[], Awaitable[object]]) -> str:
    """What a call that the store cannot serve says, with all causes."""
    with pytest.raises(StoreUnavailable) as caught:
        await ask()
    texts, error = [], caught.value
    while error is not None:
        texts.append(repr(error))
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return "\n".join(texts)


@pytest.mark.parametrize(
    "url", ["", "http://:geheim@localhost", "redis://:geheim@localhost:port/0", "redis://localhost:99999999/0?x=geheim"]
)
async def test_a_url_that_names_no_redis_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises((InvalidInput, StoreUnavailable)) as caught:
        await RedisStore.open(url)

    assert SECRET not in repr(caught.value)
    assert caught.value.__suppress_context__ or SECRET not in repr(caught.value.__context__)


@pytest.mark.parametrize("prefix", ["", "a b", "a:b", "{x}", "größe"])
async def test_a_prefix_that_is_no_name_is_refused(redis_url: str, prefix: str) -> None:
    with pytest.raises(InvalidInput, match="prefix"):
        await RedisStore.open(redis_url, prefix=prefix)


async def test_keys_for_other_ids_or_of_a_later_release_are_refused(server: Server) -> None:
    async with await RedisStore.open(server.url) as store:
        with pytest.raises(SchemaMismatch, match=r"'2 time_sorted'.*'2 numbered'"):
            await RedisStore.open(server.url, ids=IdScheme.NUMBERED)

        server.client.set("{taskcore}:layout", "3 time_sorted")
        with pytest.raises(SchemaMismatch, match="update taskcore"):
            await store.check()
        with pytest.raises(SchemaMismatch):
            await put_one(store)
        assert ["{taskcore}:layout"] == server.client.keys()


async def test_text_that_is_no_unicode_is_refused_before_anything_is_stored(store: RedisStore) -> None:
    with pytest.raises(InvalidInput, match="Unicode"):
        await store.put([a_task(), a_task(payload='"\ud800"')])
    await put_one(store)
    held = await claim_one(store)
    with pytest.raises(InvalidInput, match="Unicode"):
        await store.settle([a_settlement(held, result="\ud800")])

    assert [held] == list(await store.find(TaskQuery()))
    assert [True] == list(await store.settle([a_settlement(held)]))


async def test_a_store_that_is_closed_says_so(store: RedisStore) -> None:
    await store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        await store.now()


async def test_more_orders_than_a_server_reads_at_once_are_refused(store: RedisStore) -> None:
    with pytest.raises(InvalidInput, match="batches"):
        await store.put([a_task()] * 100_001)
