"""The table of the keys of accounts is complete; they vanish as it says, and work by the server's own clock."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from taskcore.adapters.accounts import area
from taskcore.adapters.redis import RedisStore
from taskcore.adapters.redis.accounts import RedisAccounts
from taskcore.adapters.redis.keys import stored_keys
from taskcore.auth.records import AuditQuery
from taskcore.errors import InvalidInput, SchemaMismatch, StoreUnavailable
from taskcore.testing import eventually
from taskcore.testing.accounts import HOUR, a_key, a_login, an_admin, an_entry, digest_of
from taskcore.testing.redis_accounts import no_account_is_left
from taskcore.testing.redis_keys import no_key_is_left

PAGE = Path(__file__).parents[3] / "docs" / "redis-keys.md"


@pytest.fixture
def prefix() -> str:
    return f"test_{uuid4().hex}"


def documented() -> set[str]:
    """What the names in the first column of the table begin with."""
    rows = re.findall(r"^\| (`.*?) \|", PAGE.read_text("utf-8").split("## Accounts")[1], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z]+:?)", row)}


async def test_every_key_is_in_the_documented_table_and_in_one_slot(redis_url: str, prefix: str) -> None:
    async with (
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix) as store,
    ):
        user = await store.add_user(an_admin("{other}"))
        await store.add_session(a_login(user))
        await store.add_key(a_key(owner=user.id, lifetime=HOUR))
        await store.add_entry(an_entry(actor="}{", target="{x}"))

        names = await stored_keys(redis_url, area(prefix))

    assert {match[0] for name in names if (match := re.match("[a-z]+:?", name))} == documented()
    assert 1 == len({key_slot(f"{{{area(prefix)}}}:{name}".encode()) for name in names})


async def test_a_session_vanishes_by_itself(redis_url: str, prefix: str) -> None:
    async with (
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix) as store,
    ):
        user = await store.add_user(an_admin())
        await store.add_session(a_login(user, "short", lifetime=timedelta(milliseconds=50)))

        async def is_gone() -> bool:
            names = await stored_keys(redis_url, area(prefix))
            return not [name for name in names if name.startswith("session")]

        await eventually(is_gone)
        assert await store.find_session(digest_of("short"), idle=HOUR) is None


async def test_the_oldest_entries_are_dropped_where_there_are_too_many(redis_url: str, prefix: str) -> None:
    async with (
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix, entries=3) as store,
    ):
        for number in range(5):
            await store.add_entry(an_entry(f"step {number}", actor="root"))

        for query in (AuditQuery(), AuditQuery(actor="root")):
            assert ["step 4", "step 3", "step 2"] == [entry.action for entry in await store.entries(query)]
        assert [] == list(await store.entries(AuditQuery(action="step 1")))


async def test_filters_find_what_is_far_behind(redis_url: str, prefix: str) -> None:
    """More entries than one script looks at meet one filter, and not the other."""
    async with (
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix) as store,
    ):
        first = await store.add_entry(an_entry("rare", actor="root"))
        for _ in range(5):
            await store.add_entry(an_entry("rare", actor="eve"))
        log = f"{{{area(prefix)}}}:log"
        # As if others had written 13,000 entries since, none of which meets both filters.
        rare = {f"8{number:015d}-000000": 0 for number in range(6_000)}
        root = {f"9{number:015d}-000000": 0 for number in range(7_000)}
        async with Redis.from_url(redis_url) as client:
            for name, members in ((log, rare | root), (f"{log}:action:rare", rare), (f"{log}:actor:root", root)):
                await client.zadd(name, members)

            assert [first] == list(await store.entries(AuditQuery(actor="root", action="rare")))

            for name, members in ((log, rare | root), (f"{log}:action:rare", rare), (f"{log}:actor:root", root)):
                await client.zrem(name, *members)


async def test_it_works_by_the_servers_own_clock(redis_url: str, prefix: str) -> None:
    async with (
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix) as store,
    ):
        before = await store.now()
        user = await store.add_user(an_admin())
        session = await store.add_session(a_login(user, lifetime=HOUR))
        key, over = await store.add_key(a_key(lifetime=HOUR)), await store.add_key(a_key("over", lifetime=0 * HOUR))
        entry = await store.add_entry(an_entry())

        assert session is not None
        assert before <= user.created_at <= session.created_at <= key.created_at <= entry.at <= await store.now()
        assert (key, None) == (await store.find_key(key.digest), await store.find_key(over.digest))
        assert 1 == await store.prune_keys(older_than=0 * HOUR)
        assert 1 == await store.prune_entries(older_than=0 * HOUR)
        assert 1 == await store.prune_sessions(idle=0 * HOUR)


async def test_tasks_and_accounts_of_one_prefix_do_not_meet(redis_url: str, prefix: str) -> None:
    async with (
        no_key_is_left(redis_url, prefix),
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix) as accounts,
        await RedisStore.open(redis_url, prefix=prefix) as tasks,
    ):
        await accounts.add_user(an_admin())

        assert [] == list(await tasks.counts())


async def test_keys_of_another_layout_are_left_alone(redis_url: str, prefix: str) -> None:
    async with (
        no_account_is_left(redis_url, prefix),
        await RedisAccounts.open(redis_url, prefix=prefix) as store,
        Redis.from_url(redis_url) as client,
    ):
        layout = f"{{{area(prefix)}}}:layout"
        await client.set(layout, "99 accounts")

        with pytest.raises(SchemaMismatch, match="99 accounts"):
            await RedisAccounts.open(redis_url, prefix=prefix)
        with pytest.raises(SchemaMismatch):
            await store.add_user(an_admin())
        await client.delete(layout)


async def test_what_cannot_be_opened_is_refused(redis_url: str) -> None:
    with pytest.raises(InvalidInput, match="prefix"):
        await RedisAccounts.open(redis_url, prefix="a b")
    with pytest.raises(InvalidInput, match="entries"):
        await RedisAccounts.open(redis_url, entries=0)
    with pytest.raises(StoreUnavailable) as caught:
        await RedisAccounts.open("redis://eve:secret@127.0.0.1:1/0")
    assert "secret" not in str(caught.value)


async def test_a_closed_store_says_so(redis_url: str, prefix: str) -> None:
    async with no_account_is_left(redis_url, prefix):
        store = await RedisAccounts.open(redis_url, prefix=prefix)
        await store.close()

        with pytest.raises(StoreUnavailable, match="closed"):
            await store.users()
