"""A server with open streams stops when it is told to, and idle streams cost next to nothing."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from types import FrameType

import httpx2
import pytest
from taskcore.testing import eventually
from taskcore.web.sse import signals

from .listening import listening
from .serving import process

PROGRAM = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from taskcore.web.sse import Broadcaster
from taskcore.web.stack import protected

broadcaster = Broadcaster(most_streams=100, keep_alive=3)

async def events(request):
    return broadcaster.stream(request)

async def streams(request):
    return PlainTextResponse(str(broadcaster.streams))

dashboard = Starlette(routes=[Route("/events", events), Route("/streams", streams)], middleware=protected(None))
app = Starlette(routes=[Mount("/below", dashboard)])  # so nobody runs the dashboard's own lifespan
"""


def processor_seconds(process: int) -> float:
    """What it has used so far, as Linux counts it."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_open_streams_do_not_keep_a_server_that_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with process(PROGRAM, tmp_path) as (child, url):
        async with AsyncExitStack() as stack:
            listeners = [await stack.enter_async_context(listening(f"{url}/below/events")) for _ in range(5)]
            child.send_signal(number)

            for listener in listeners:
                assert ["bye"] == [event.event for event in await listener.rest()]
            await eventually(lambda: child.poll() is not None)  # it would wait for them for ever

    assert child.returncode in (0, -number)


async def test_a_server_stops_as_usual_after_its_streams_have_ended(tmp_path: Path) -> None:
    with process(PROGRAM, tmp_path) as (child, url):
        async with listening(f"{url}/below/events"):
            pass
        async with httpx2.AsyncClient(timeout=30) as client:

            async def is_forgotten() -> bool:  # the stream, and with it the handler of signals
                return "0" == (await client.get(f"{url}/below/streams")).text

            await eventually(is_forgotten)
        child.terminate()

        await eventually(lambda: child.poll() is not None)


def test_whoever_handled_the_signal_before_handles_it_again_afterwards() -> None:
    heard: list[str] = []

    def one() -> None:
        heard.append("one")

    def other() -> None:
        heard.append("other")

    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))
    try:
        handler = signal.getsignal(signal.SIGTERM)
        signals.listen(one)
        signals.listen(other)
        signal.raise_signal(signal.SIGTERM)
        signals.forget(one)
        signal.raise_signal(signal.SIGTERM)
        signals.forget(other)
        signals.forget(other)
        assert handler is signal.getsignal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert ["one", "other", "server", "other", "server"] == heard


def test_a_handler_that_was_set_on_top_of_ours_stays_and_may_call_it_for_ever() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))

    def one() -> None:
        heard.append("one")

    def wrap() -> None:
        below = signal.getsignal(signal.SIGTERM)
        assert callable(below)

        def handler(number: int, frame: FrameType | None) -> None:
            heard.append("wrapper")
            below(number, frame)

        signal.signal(signal.SIGTERM, handler)

    try:
        signals.listen(one)
        wrap()
        signals.forget(one)
        signal.raise_signal(signal.SIGTERM)
        signals.listen(one)
        signal.raise_signal(signal.SIGTERM)
        signals.forget(one)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert ["wrapper", "server"] == heard[:2]
    assert ["one", "wrapper", "one", "server"] == heard[2:]


def test_where_nobody_handles_the_signal_it_ends_the_process_as_ever() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        signals.listen(print)
        assert signal.SIG_DFL == signal.getsignal(signal.SIGTERM)
        signals.forget(print)
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_fifty_idle_streams_take_less_than_two_percent_of_a_processor(tmp_path: Path) -> None:
    with process(PROGRAM, tmp_path) as (child, url):
        async with AsyncExitStack() as stack:
            for _ in range(50):
                await stack.enter_async_context(listening(f"{url}/below/events"))
            await asyncio.sleep(0.5)  # what opening them cost is over
            before, started = processor_seconds(child.pid), time.monotonic()
            await asyncio.sleep(5)  # a processor's ticks are 10 ms: long enough for one percent to be five
            used = (processor_seconds(child.pid) - before) / (time.monotonic() - started)

    assert used < 0.02, f"{used:.1%}"
