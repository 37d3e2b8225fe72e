"""Pages hear of changes, each at its own pace, and none of them keeps the server."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from taskcore.errors import StoreUnavailable
from taskcore.testing import FakeClock, eventually
from taskcore.web.access import Access
from taskcore.web.sse import Broadcaster, topics_of
from taskcore.web.sse.client import QUEUE
from taskcore.web.sse.messages import MAX_BYTES
from taskcore.web.sse.pending import Pending

from .faces import ANN, BOB, Known, a_face
from .listening import Event, listening
from .serving import served

TOPICS = ("counts", "tasks")


@asynccontextmanager
async def broadcasting(broadcaster: Broadcaster, access: Access | None = None) -> AsyncIterator[str]:
    async def events(request: Request) -> Response:
        return broadcaster.stream(request, topics_of(request, TOPICS))

    async with served(a_face(access, routes=[Route("/events", events)])) as url:
        try:
            yield f"{url}/events"
        finally:
            broadcaster.close()


def told(event: Event | None) -> tuple[str, object]:
    assert event is not None
    return event.event, json.loads(event.data)


async def test_all_who_listen_to_a_topic_hear_of_it_and_nobody_else() -> None:
    broadcaster = Broadcaster()
    async with broadcasting(broadcaster) as url, listening(f"{url}?topics=counts") as one, listening(url) as both:
        await eventually(lambda: 2 == broadcaster.streams)
        broadcaster.publish("tasks", "<b>x</b>\n<i>y</i>", event="row")
        broadcaster.publish("counts", {"failed": 3})

        assert ("counts", {"failed": 3}) == told(await one.next())
        row = await both.next()
        assert row is not None
        assert ("row", "<b>x</b>\n<i>y</i>") == (row.event, row.data)
        assert ("counts", {"failed": 3}) == told(await both.next())

    headers = one.response.headers
    assert ("no-cache", "no") == (headers["cache-control"], headers["x-accel-buffering"])
    assert headers["content-type"].startswith("text/event-stream")
    assert "3000" == one.retry


async def test_within_a_second_only_the_newest_of_a_subject_is_told() -> None:
    broadcaster = Broadcaster(every=0.2)
    async with broadcasting(broadcaster) as url, listening(url) as listener:
        await eventually(lambda: 1 == broadcaster.streams)
        for number in range(100):
            broadcaster.publish("counts", number)
            broadcaster.publish("tasks", number, event="row", key=f"t{number % 2}")

        heard = [told(await listener.next()) for _ in range(5)]
        broadcaster.close()
        assert [] == [event for event in await listener.rest() if event.event != "bye"]

    assert [("counts", 0), ("row", 0), ("counts", 99)] == [heard[0], heard[1], heard[2]]
    assert {("row", 98), ("row", 99)} == set(heard[3:])


async def test_too_many_subjects_or_too_long_a_message_become_the_advice_to_look_again() -> None:
    broadcaster = Broadcaster(every=0.05)
    async with broadcasting(broadcaster) as url, listening(url) as listener:
        await eventually(lambda: 1 == broadcaster.streams)
        broadcaster.publish("counts", "x" * MAX_BYTES)
        for number in range(1_000):
            broadcaster.publish("tasks", number, event="row", key=str(number))

        heard = [told(await listener.next()) for _ in range(3)]

    assert ("invalidate", {"topic": "counts", "seq": 1}) == heard[0]
    assert ("row", 0) == heard[1]
    assert ("invalidate", {"topic": "tasks", "seq": 3}) == heard[2]


async def test_who_comes_back_hears_what_they_have_missed_once() -> None:
    broadcaster = Broadcaster(every=0)
    async with broadcasting(broadcaster) as url:
        async with listening(url) as listener:
            await eventually(lambda: 1 == broadcaster.streams)
            broadcaster.publish("counts", 1)
            last = await listener.next()
            assert last is not None
        await eventually(lambda: 0 == broadcaster.streams)
        for number in (2, 3):
            broadcaster.publish("counts", number)
            await asyncio.sleep(0.01)  # lets the topic's pause of no seconds end
        broadcaster.publish("tasks", "x", event="row")

        async with listening(f"{url}?topics=counts", **{"Last-Event-ID": last.id}) as again:
            assert [("counts", 2), ("counts", 3)] == [told(await again.next()) for _ in range(2)]
            position = broadcaster.position
        async with listening(f"{url}?since={position}") as nothing_missed:
            broadcaster.publish("counts", 4)
            assert ("counts", 4) == told(await nothing_missed.next())


@pytest.mark.parametrize("last", ["nonsense", "ffffffff-1", "{epoch}-999", "{epoch}--1", "-", "{epoch}-" + "9" * 30])
async def test_who_was_at_a_place_that_nobody_knows_looks_at_everything_again(last: str) -> None:
    broadcaster = Broadcaster()
    epoch = broadcaster.position.partition("-")[0]
    async with (
        broadcasting(broadcaster) as url,
        listening(url, **{"Last-Event-ID": last.format(epoch=epoch)}) as listener,
    ):
        assert ("invalidate", {"topic": "*", "seq": 0}) == told(await listener.next())


async def test_who_was_away_for_longer_than_the_memory_lasts_looks_at_everything_again() -> None:
    broadcaster = Broadcaster(every=0)
    start = broadcaster.position
    for number in range(QUEUE + 1):
        broadcaster.publish("counts", number, key=str(number))
        await asyncio.sleep(0)
    await eventually(lambda: broadcaster.position.endswith(f"-{QUEUE + 1}"))

    async with broadcasting(broadcaster) as url, listening(f"{url}?since={start}") as listener:
        assert ("invalidate", {"topic": "*", "seq": QUEUE + 1}) == told(await listener.next())


async def test_quiet_streams_are_kept_open_by_comments() -> None:
    broadcaster = Broadcaster(keep_alive=0.05)
    async with broadcasting(broadcaster) as url, listening(url) as listener:
        hearing = asyncio.create_task(listener.next())
        await eventually(lambda: 2 <= listener.comments)
        assert not hearing.done()
        broadcaster.publish("counts", 1)
        await hearing


async def test_a_client_that_leaves_is_forgotten_at_once() -> None:
    broadcaster = Broadcaster()
    async with broadcasting(broadcaster) as url:
        async with listening(url), listening(url):
            await eventually(lambda: 2 == broadcaster.streams)
            await asyncio.wait_for(broadcaster.until_watched(), 30)
        await eventually(lambda: 0 == broadcaster.streams)


async def test_one_caller_has_so_many_streams_and_others_theirs() -> None:
    broadcaster = Broadcaster(most_streams=2)
    access = Access(chain=Known())
    async with broadcasting(broadcaster, access) as url, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(listening(url, Cookie="tc_session=ann-session"))
        await eventually(lambda: 2 == broadcaster.streams)

        async with httpx2.AsyncClient() as client:
            refused = await client.get(url, headers={"Cookie": "tc_session=ann-session"})
        async with listening(url, **{"X-API-Key": "bob-key"}) as other:
            assert 200 == other.response.status_code

    assert (429, "15", "too_many_streams") == (
        refused.status_code,
        refused.headers["retry-after"],
        refused.json()["code"],
    )


async def test_a_stream_ends_when_its_session_does() -> None:
    clock, known = FakeClock(), Known()
    broadcaster = Broadcaster(clock=clock, every=0)
    async with (
        broadcasting(broadcaster, Access(chain=known)) as url,
        listening(url, Cookie="tc_session=ann-session") as listener,
    ):
        await eventually(lambda: 1 == broadcaster.streams)
        del known.sessions["ann-session"]
        broadcaster.publish("counts", 1)
        first = told(await listener.next())
        clock.advance(61)
        broadcaster.publish("counts", 2)
        rest = [told(event) for event in await listener.rest()]

    assert ("counts", 1) == first
    assert ("bye", {"reason": "session"}) == rest[-1]
    assert 2 == len(known.asked), "once to open it, and once after a minute"


async def test_a_stream_ends_when_its_credentials_are_somebody_elses() -> None:
    clock, known = FakeClock(), Known()
    broadcaster = Broadcaster(clock=clock, every=0)
    async with (
        broadcasting(broadcaster, Access(chain=known)) as url,
        listening(url, Cookie="tc_session=ann-session") as listener,
    ):
        await eventually(lambda: 1 == broadcaster.streams)
        known.sessions["ann-session"] = BOB
        clock.advance(61)
        broadcaster.publish("counts", 1)

        assert ("bye", {"reason": "session"}) == [told(event) for event in await listener.rest()][-1]


async def test_a_stream_ends_when_its_caller_may_do_other_things() -> None:
    clock, known = FakeClock(), Known()
    broadcaster = Broadcaster(clock=clock, every=0)
    async with (
        broadcasting(broadcaster, Access(chain=known)) as url,
        listening(url, Cookie="tc_session=ann-session") as listener,
    ):
        await eventually(lambda: 1 == broadcaster.streams)
        known.sessions["ann-session"] = replace(known.sessions["ann-session"], role="guest")
        clock.advance(61)
        broadcaster.publish("counts", 1)

        assert [("bye", {"reason": "rights"})] == [told(event) for event in await listener.rest()]


async def test_what_was_told_last_of_a_topic_goes_last() -> None:
    sent: list[list[tuple[str, str]] | None] = []
    pending = Pending(0.01, sent.append)
    for key in ("first", "a", "b", "a"):
        pending.add(key, ("row", key))

    await eventually(lambda: 2 == len(sent))
    assert [("row", "b"), ("row", "a")] == sent[1]


async def test_a_stream_goes_on_while_nobody_can_be_asked_whether_it_may() -> None:
    clock, known = FakeClock(), Known(sessions={"ann-session": ANN})
    broadcaster = Broadcaster(clock=clock, every=0)
    async with (
        broadcasting(broadcaster, Access(chain=known)) as url,
        listening(url, Cookie="tc_session=ann-session") as listener,
    ):
        await eventually(lambda: 1 == broadcaster.streams)
        known.fails = StoreUnavailable("away")
        clock.advance(61)
        broadcaster.publish("counts", 1)
        assert ("counts", 1) == told(await listener.next())


async def test_closing_says_bye_and_lets_nobody_in() -> None:
    broadcaster = Broadcaster()
    async with broadcasting(broadcaster) as url, listening(url) as listener:
        await eventually(lambda: 1 == broadcaster.streams)
        broadcaster.close()
        broadcaster.close()
        broadcaster.publish("counts", 1)

        assert [("bye", {"reason": "shutdown"})] == [told(event) for event in await listener.rest()]
        async with httpx2.AsyncClient() as client:
            assert 503 == (await client.get(url)).status_code


async def test_unknown_topics_are_refused_and_head_ends() -> None:
    broadcaster = Broadcaster()
    async with broadcasting(broadcaster) as url, httpx2.AsyncClient() as client:
        unknown = await client.get(f"{url}?topics=counts,secrets")
        head = await client.head(url)

    assert (422, 200) == (unknown.status_code, head.status_code)
    assert "counts, tasks" in unknown.json()["detail"]


async def test_a_client_that_does_not_read_is_told_to_look_again_and_holds_up_nobody() -> None:
    broadcaster = Broadcaster(every=0)
    async with broadcasting(broadcaster) as url, listening(url) as reader:
        host, port = url.removeprefix("http://").removesuffix("/events").split(":")
        slow_in, slow_out = await asyncio.open_connection(host, int(port), limit=1_024)
        slow_out.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await eventually(lambda: 2 == broadcaster.streams)

        async def read() -> int:
            events = 0
            while told(await reader.next()) != ("counts", "last"):
                events += 1
            return events

        reading = asyncio.create_task(read())
        started = time.monotonic()
        for number in range(6_000):  # more than the buffers of the kernel and the server hold
            broadcaster.publish("counts", f'"{number}' + "x" * 4_000 + '"')
            await asyncio.sleep(0)
        broadcaster.publish("counts", '"last"', key="last")
        await reading
        assert time.monotonic() - started < 30

        sent = b""
        while b'"last"' not in sent:
            sent += await asyncio.wait_for(slow_in.read(65_536), 30)
        slow_out.close()

    assert b'{"topic":"*"' in sent
